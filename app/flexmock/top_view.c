/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "top.h"

/* Two answers to one question, and the time between them. */
struct pair {
	const json_t *before;
	const json_t *now;
	double seconds;
};

static double
number(const json_t *dict, const char *key)
{
	return json_number_value(json_object_get(dict, key));
}

static json_int_t
count(const json_t *dict, const char *key)
{
	return json_integer_value(json_object_get(dict, key));
}

/* How much a counter has grown; after a reset it has begun anew. */
static double
growth(const struct pair *pair, const char *key)
{
	const double before = number(pair->before, key), now = number(pair->now, key);

	return now >= before ? now - before : now;
}

static double
per_second(const struct pair *pair, const char *key)
{
	return growth(pair, key) / pair->seconds;
}

static double
gbps(const struct pair *pair)
{
	return per_second(pair, "bytes") * 8 / 1e9;
}

static struct pair
inside(const struct pair *pair, const char *key)
{
	return (struct pair){
		json_object_get(pair->before, key), json_object_get(pair->now, key), pair->seconds};
}

/* Batches. */

/* Mean of what a poll handed over; null if nobody has counted or nothing came. */
static json_t *
mean_batch(const struct pair *histograms, const char *kind, const char *number_of)
{
	const struct pair kinds = inside(histograms, kind);
	const struct pair one = inside(&kinds, number_of);
	const double batches = growth(&one, "batches");

	return batches > 0 ? json_real(growth(&one, "frames") / batches) : json_null();
}

/* Queues and pipes. */

/* Whether a queue's counter is one of drops: the card has a sum of it among those. */
static bool
is_drop(const json_t *drops, const char *way, const char *name)
{
	char sum[128];

	snprintf(sum, sizeof(sum), "%s_%s", way, name);
	return json_object_get(drops, sum) != NULL;
}

static double
queue_drops(const struct pair *queue, const json_t *drops, const char *way)
{
	const char *name;
	json_t *value;
	double sum = 0;

	json_object_foreach((json_t *)queue->now, name, value)
	{
		if (is_drop(drops, way, name))
			sum += per_second(queue, name);
	}
	return sum;
}

static json_t *
view_queue(const struct pair *queue, const char *number_of, const char *way, const json_t *drops,
	const struct pair *histograms)
{
	const bool rx = strcmp(way, "rx") == 0;

	return json_pack("{s:s, s:i, s:f, s:f, s:I, s:I, s:f, s:o}", "way", way, "number",
		atoi(number_of), "packets_per_s", per_second(queue, "packets"), "gbps", gbps(queue),
		"waiting", count(queue->now, "waiting"), "descriptors",
		count(queue->now, "descriptors"), "dropped_per_s", queue_drops(queue, drops, way),
		"mean_batch", rx ? mean_batch(histograms, "queues", number_of) : json_null());
}

static void
view_queues(const struct pair *card, const char *way, const struct pair *histograms, json_t *queues)
{
	const struct pair answer = inside(card, "queues"), all = inside(&answer, way);
	const json_t *drops =
		json_object_get(json_object_get(json_object_get(card->now, "stats"), way), "drops");
	const char *number_of;
	json_t *value;

	json_object_foreach((json_t *)all.now, number_of, value)
	{
		const struct pair queue = inside(&all, number_of);

		if (queue.before != NULL)
			json_array_append_new(
				queues, view_queue(&queue, number_of, way, drops, histograms));
	}
}

static json_t *
view_pipes(const struct pair *card, const struct pair *histograms)
{
	const struct pair answer = inside(card, "pipes"), all = inside(&answer, "pipes");
	json_t *pipes = json_array(), *value;
	const char *number_of;

	json_object_foreach((json_t *)all.now, number_of, value)
	{
		const struct pair pipe = inside(&all, number_of);

		if (pipe.before == NULL)
			continue;
		json_array_append_new(pipes,
			json_pack("{s:i, s:f, s:f, s:I, s:I, s:f, s:o}", "number", atoi(number_of),
				"packets_per_s", per_second(&pipe, "packets"), "gbps", gbps(&pipe),
				"used_flits", count(value, "used_flits"), "capacity_flits",
				count(value, "capacity_flits"), "dropped_per_s",
				per_second(&pipe, "dropped"), "mean_batch",
				mean_batch(histograms, "pipes", number_of)));
	}
	return pipes;
}

/* Cards. */

static json_t *
view_drops(const struct pair *way)
{
	const struct pair drops = inside(way, "drops");
	json_t *view = json_object(), *value;
	const char *name;

	json_object_foreach((json_t *)drops.now, name, value)
	{
		json_object_set_new(view, name,
			json_pack("{s:f, s:I}", "per_s", per_second(&drops, name), "total",
				json_integer_value(value)));
	}
	return view;
}

static json_t *
view_way(const struct pair *stats, const char *name, const char *delivered)
{
	const struct pair way = inside(stats, name);

	return json_pack("{s:f, s:f, s:I, s:f, s:I, s:o}", "offered_per_s",
		per_second(&way, "offered"), "delivered_per_s", per_second(&way, delivered),
		"waiting", count(way.now, "waiting"), "dropped_per_s", per_second(&way, "dropped"),
		"dropped", count(way.now, "dropped"), "drops", view_drops(&way));
}

static json_t *
view_card(const struct pair *card, const char *name)
{
	const struct pair stats = inside(card, "stats");
	const struct pair answer = inside(card, "histograms");
	const struct pair timed = {card->before, card->now, growth(&stats, "time_ns") / 1e9};
	const struct pair timed_stats = inside(&timed, "stats");
	const json_t *info = json_object_get(card->now, "info");
	json_t *queues = json_array();

	view_queues(&timed, "rx", &answer, queues);
	view_queues(&timed, "tx", &answer, queues);
	return json_pack("{s:s, s:O, s:O, s:f, s:o, s:o, s:o, s:o}", "card", name, "source",
		json_object_get(info, "source"), "up",
		json_object_get(json_object_get(info, "link"), "up"), "seconds", timed.seconds,
		"rx", view_way(&timed_stats, "rx", "delivered"), "tx",
		view_way(&timed_stats, "tx", "sent"), "queues", queues, "pipes",
		view_pipes(&timed, &answer));
}

json_t *
top_view(const struct top_link *link, const json_t *before, const json_t *now)
{
	json_t *cards = json_array(), *value;
	const char *name;

	json_object_foreach((json_t *)now, name, value)
	{
		const struct pair card = {json_object_get(before, name), value, 1};

		if (card.before != NULL)
			json_array_append_new(cards, view_card(&card, name));
	}
	return json_pack("{s:I, s:s, s:o}", "pid", (json_int_t)link->pid, "socket", link->path,
		"cards", cards);
}
