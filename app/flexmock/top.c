/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <rte_common.h>

#include "app.h"
#include "compare.h"
#include "top.h"

#define INTERVAL_MAX 3600
#define INSTANCE_MAX 1024

/* Another screen than the shell's, and back; a new one from its front. */
#define ENTER "\033[?1049h\033[?25l"
#define LEAVE "\033[?25h\033[?1049l"
#define AGAIN "\033[H\033[J"

/* X("name", short letter, argument, help) */
#define OPTIONS(X)                                                                     \
	X("file-prefix", 'p', "NAME", "--file-prefix of the process (default: rte)")   \
	X("instance", 'n', "N", "of several processes with --in-memory that share it") \
	X("card", 'c', "NAME", "show this card alone")                                 \
	X("interval", 'i', "SECONDS", "between two looks, 0.1 and more (default: 1)")  \
	X("once", 'o', NULL, "show one interval and end")                              \
	X("json", 'j', NULL, "as JSON, a line an interval")                            \
	X("help", 'h', NULL, "show this")

#define LONG(name, letter, argument, help) \
	{name, (argument) == NULL ? no_argument : required_argument, NULL, letter},
#define HELP(name, letter, argument, help) {name, argument, help},

static const struct app_option_help help_rows[] = {OPTIONS(HELP)};
static const struct option long_options[] = {OPTIONS(LONG){NULL, 0, NULL, 0}};

struct conf {
	const char *prefix;
	unsigned int instance;
	const char *card;
	double interval;
	bool once;
	bool json;
};

static volatile sig_atomic_t stop;

static void
on_signal(int signal)
{
	RTE_SET_USED(signal);
	stop = 1;
}

/* The terminal. */

struct terminal {
	bool live; /* Keys are read and the screen is drawn anew. */
	struct termios before;
};

static void
enter(struct terminal *terminal, const struct conf *conf)
{
	struct termios raw;

	terminal->live = !conf->once && !conf->json && isatty(STDIN_FILENO) &&
		isatty(STDOUT_FILENO) && tcgetattr(STDIN_FILENO, &terminal->before) == 0;
	if (!terminal->live)
		return;
	raw = terminal->before;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	fputs(ENTER, stdout);
	fflush(stdout);
}

static void
leave(const struct terminal *terminal)
{
	if (!terminal->live)
		return;
	tcsetattr(STDIN_FILENO, TCSANOW, &terminal->before);
	fputs(LEAVE, stdout);
	fflush(stdout);
}

static unsigned int
rows_of(const struct terminal *terminal)
{
	struct winsize size;

	if (!terminal->live || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row < 2)
		return 0;
	return size.ws_row - 1u;
}

static double
seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Wait for the next look, or for q. */
static void
wait_until(const struct terminal *terminal, double end)
{
	struct pollfd keys = {.fd = terminal->live ? STDIN_FILENO : -1, .events = POLLIN};
	double left;
	char key;

	while (!stop && (left = end - seconds_now()) > 0) {
		if (poll(&keys, 1, (int)(left * 1000) + 1) <= 0)
			continue;
		if (read(STDIN_FILENO, &key, 1) != 1 || key == 'q')
			stop = 1;
	}
}

/* Looking. */

static void
show(const struct conf *conf, const struct terminal *terminal, const json_t *view)
{
	if (conf->json) {
		json_dumpf(view, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
		putchar('\n');
		fflush(stdout);
		return;
	}
	if (terminal->live)
		fputs(AGAIN, stdout);
	top_print(view, rows_of(terminal));
}

static int
watch(const struct conf *conf, const struct terminal *terminal, struct top_link *link)
{
	double next = seconds_now();
	json_t *before = top_look(link, conf->card), *now, *view;

	while (before != NULL && !stop) {
		next += conf->interval;
		wait_until(terminal, next);
		if (stop)
			break;
		now = top_look(link, conf->card);
		if (now != NULL) {
			view = top_view(link, before, now);
			show(conf, terminal, view);
			json_decref(view);
		}
		json_decref(before);
		before = now;
		stop |= conf->once;
	}
	json_decref(before);
	return before == NULL ? 1 : 0;
}

/* Options. */

static void
help(void)
{
	printf("usage: dpdk-flexmock top [OPTION...]\n\n"
	       "Shows the FlexMock cards of a running process with EAL: what comes and goes, drops "
	       "by\n"
	       "reason, queues and pipes. q ends it.\n\n");
	app_print_options(help_rows, RTE_DIM(help_rows), 12, 8);
	printf("\nExit status: 0; 1 if there is no such process or card, or the process ends;\n"
	       "2 if an option is wrong.\n");
}

static int
parse_number(const char *name, const char *value, double least, double most, double *number)
{
	char *end;

	*number = strtod(value, &end);
	if (end != value && *end == '\0' && *number >= least && *number <= most)
		return 0;
	return compare_fail("top: --%s=%s: allowed %g to %g", name, value, least, most);
}

static int
take_option(struct conf *conf, int letter, char **argv)
{
	double n = 0;

	switch (letter) {
	case 'p':
		conf->prefix = optarg;
		return 0;
	case 'n':
		if (parse_number("instance", optarg, 0, INSTANCE_MAX, &n) != 0)
			return -1;
		conf->instance = (unsigned int)n;
		return 0;
	case 'c':
		conf->card = optarg;
		return 0;
	case 'i':
		return parse_number("interval", optarg, 0.1, INTERVAL_MAX, &conf->interval);
	case 'o':
		conf->once = true;
		return 0;
	case 'j':
		conf->json = true;
		return 0;
	case 'h':
		help();
		return 1;
	case ':':
		return compare_fail("top: %s: an argument is missing", argv[optind - 1]);
	default:
		return compare_fail("top: %s: no such option, see --help", argv[optind - 1]);
	}
}

/* @return 0, 1 to end well, -1 after one line on standard error */
static int
parse(struct conf *conf, int argc, char **argv)
{
	int letter, ret;

	opterr = 0;
	while ((letter = getopt_long(argc, argv, ":", long_options, NULL)) != -1) {
		ret = take_option(conf, letter, argv);
		if (ret != 0)
			return ret;
	}
	if (optind < argc)
		return compare_fail("top: %s: no arguments but options, see --help", argv[optind]);
	return 0;
}

int
app_top(int argc, char **argv)
{
	struct conf conf = {.prefix = "rte", .interval = 1};
	const struct sigaction action = {.sa_handler = on_signal};
	struct terminal terminal;
	struct top_link link;
	int ret = parse(&conf, argc, argv);

	if (ret != 0)
		return ret > 0 ? 0 : 2;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	ret = top_connect(&link, conf.prefix, conf.instance) == 0 ? 0 : 1;
	if (ret == 0) {
		enter(&terminal, &conf);
		ret = watch(&conf, &terminal, &link);
		leave(&terminal);
	}
	if (ret != 0)
		fprintf(stderr, "dpdk-flexmock top: %s\n", link.error);
	top_disconnect(&link);
	return ret;
}
