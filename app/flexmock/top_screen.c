/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "top.h"

#define WIDTH 80

/* Lines that may still be printed. */
struct screen {
	unsigned int left;
	bool limited;
};

static void line(struct screen *screen, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void
line(struct screen *screen, const char *fmt, ...)
{
	char text[WIDTH + 1];
	va_list ap;

	if (screen->limited && screen->left == 0)
		return;
	screen->left--;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	puts(text);
}

static double
number(const json_t *dict, const char *key)
{
	return json_number_value(json_object_get(dict, key));
}

static const char *
text(const json_t *dict, const char *key)
{
	return json_string_value(json_object_get(dict, key));
}

/* At most 5 characters, three digits or more. */
static const char *
amount(double value, char out[static 16])
{
	static const char *const units[] = {"", "k", "M", "G", "T", "P", "E"};
	unsigned int i = 0;

	for (; value >= 9999.5 && i + 1 < sizeof(units) / sizeof(units[0]); i++)
		value /= 1000;
	snprintf(out, 16, "%.*f%s",
		value == floor(value) || value >= 99.95 ? 0
			: value < 9.995			? 2
							: 1,
		value, units[i]);
	return out;
}

/* Ways. */

static void
print_way(struct screen *screen, const json_t *card, const char *name)
{
	const json_t *way = json_object_get(card, name);
	char offered[16], delivered[16], dropped[16], waiting[16], total[16];

	line(screen, "  %-10s%11s%11s%11s%11s%16s", name,
		amount(number(way, "offered_per_s"), offered),
		amount(number(way, "delivered_per_s"), delivered),
		amount(number(way, "dropped_per_s"), dropped),
		amount(number(way, "waiting"), waiting), amount(number(way, "dropped"), total));
}

/* Which counters of drops have grown, now or before. */
static void
print_drops(struct screen *screen, const json_t *card, const char *name)
{
	const json_t *drops = json_object_get(json_object_get(card, name), "drops");
	char rate[16], total[16];
	const char *counter;
	json_t *value;

	json_object_foreach((json_t *)drops, counter, value)
	{
		if (number(value, "total") > 0)
			line(screen, "    %-30s%11s%27s", counter,
				amount(number(value, "per_s"), rate),
				amount(number(value, "total"), total));
	}
}

/* Queues and pipes. */

static const char *
batch(const json_t *entry, char out[static 16])
{
	const json_t *mean = json_object_get(entry, "mean_batch");

	if (json_is_null(mean))
		return "-";
	snprintf(out, 16, "%.1f", json_number_value(mean));
	return out;
}

static void
print_entry(struct screen *screen, const char *name, const json_t *entry, const char *used,
	const char *room)
{
	char rate[16], full[16], of[16], dropped[16], mean[16];
	const bool has_room = number(entry, room) > 0;

	line(screen, "  %-10s%11s%10.3f%10s%10s%11s%10s", name,
		amount(number(entry, "packets_per_s"), rate), number(entry, "gbps"),
		has_room ? amount(number(entry, used), full) : "-",
		has_room ? amount(number(entry, room), of) : "-",
		amount(number(entry, "dropped_per_s"), dropped), batch(entry, mean));
}

static void
print_head(struct screen *screen, const char *what, const char *unit)
{
	line(screen, "  %-10s%11s%10s%10s%10s%11s%10s", what, "packets/s", "Gbit/s", unit, "of",
		"drops/s", "batch");
}

static int
busier_first(const void *a, const void *b)
{
	const double x = number(*(json_t *const *)a, "packets_per_s");
	const double y = number(*(json_t *const *)b, "packets_per_s");

	return (x < y) - (x > y);
}

/* The busiest pipes, as there may be thousands. */
static void
print_pipes(struct screen *screen, const json_t *pipes, size_t most)
{
	const size_t nb = json_array_size(pipes);
	json_t **sorted = calloc(nb + 1, sizeof(*sorted));
	char name[32];

	if (sorted == NULL)
		return;
	for (size_t i = 0; i < nb; i++)
		sorted[i] = json_array_get(pipes, i);
	qsort(sorted, nb, sizeof(*sorted), busier_first);
	if (nb > 0)
		print_head(screen, "pipe", "flits");
	for (size_t i = 0; i < nb && i < most; i++) {
		snprintf(name, sizeof(name), "%.0f", number(sorted[i], "number"));
		print_entry(screen, name, sorted[i], "used_flits", "capacity_flits");
	}
	if (nb > most)
		line(screen, "  and %zu pipes with less", nb - most);
	free(sorted);
}

static void
print_queues(struct screen *screen, const json_t *queues)
{
	char name[32];
	json_t *queue;
	size_t i;

	if (json_array_size(queues) > 0)
		print_head(screen, "queue", "waiting");
	json_array_foreach(queues, i, queue)
	{
		snprintf(
			name, sizeof(name), "%s %.0f", text(queue, "way"), number(queue, "number"));
		print_entry(screen, name, queue, "waiting", "descriptors");
	}
}

static void
print_card(struct screen *screen, const json_t *card)
{
	line(screen, "%s", "");
	line(screen, "%.40s  %s  link %s", text(card, "card"), text(card, "source"),
		number(card, "up") > 0 ? "up" : "down");
	line(screen, "  %-10s%11s%11s%11s%11s%16s", "frames/s", "offered", "delivered", "dropped",
		"waiting", "dropped so far");
	print_way(screen, card, "rx");
	print_drops(screen, card, "rx");
	print_way(screen, card, "tx");
	print_drops(screen, card, "tx");
	print_queues(screen, json_object_get(card, "queues"));
	print_pipes(screen, json_object_get(card, "pipes"), 16);
}

void
top_print(const json_t *view, unsigned int rows)
{
	struct screen screen = {.left = rows, .limited = rows > 0};
	const json_t *cards = json_object_get(view, "cards");
	json_t *card;
	size_t i;

	line(&screen, "dpdk-flexmock top: pid %.0f, cards %zu", number(view, "pid"),
		json_array_size(cards));
	json_array_foreach(cards, i, card)
	{
		print_card(&screen, card);
	}
	fflush(stdout);
}
