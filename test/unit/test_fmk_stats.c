/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "flexmock.h"
#include "fmk_device.h"
#include "fmk_stats.h"
#include "unit_card.h"
#include "unit_log.h"

#define NONE UINT64_MAX
#define NAMES_MAX 600

static char folder[64];
static char path[96];
static char args[160];

static int
make_folder(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/flexmock-stats-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/stats", folder);
	snprintf(args, sizeof(args), "gen(),stats=%s", path);
	return 0;
}

/* Names in the folder, one behind the other. */
static void
list_folder(char names[static NAMES_MAX])
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;

	names[0] = '\0';
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] != '.')
			snprintf(names + strlen(names), NAMES_MAX - strlen(names), "%s;",
				entry->d_name);
	}
	if (dir != NULL)
		closedir(dir);
}

static int
remove_folder(void **state)
{
	char names[NAMES_MAX], file[700];

	clean_up(state);
	list_folder(names);
	for (char *name = strtok(names, ";"); name != NULL; name = strtok(NULL, ";")) {
		snprintf(file, sizeof(file), "%s/%s", folder, name);
		remove(file);
	}
	rmdir(folder);
	return 0;
}

#define STATS_TEST(function) cmocka_unit_test_setup_teardown(function, make_folder, remove_folder)

static void
folder_has(const char *expected)
{
	char names[NAMES_MAX];

	list_folder(names);
	assert_string_equal(names, expected);
}

/* The value of a counter in the file, which has it once; NONE if it does not. */
static uint64_t
value_of(const char *wanted)
{
	FILE *file = fopen(path, "r");
	uint64_t value, found = NONE;
	char name[64];
	int n;

	assert_non_null(file);
	while ((n = fscanf(file, "%63s %" SCNu64 "\n", name, &value)) == 2) {
		if (strcmp(name, wanted) != 0)
			continue;
		assert_true(found == NONE);
		found = value;
	}
	assert_int_equal(n, EOF);
	fclose(file);
	return found;
}

static void
pause_ms(long ms)
{
	const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	nanosleep(&pause, NULL);
}

static void
wait_for(const char *name, uint64_t value)
{
	for (int i = 0; i < 1000 && value_of(name) != value; i++)
		pause_ms(10);
	assert_int_equal(value_of(name), value);
}

/* The file. */

static void
file_has_every_counter_once(void **state)
{
	struct fmk_device *device = create("card", args);
	const char *name;

	(void)state;
	for (unsigned int i = 0; (name = flexmock_counter_name(i)) != NULL; i++)
		assert_int_equal(value_of(name), 0);
	assert_true(value_of("time_ns") != NONE);
	assert_true(value_of("rx_packets") == NONE);
	folder_has("stats;");
	destroy(device);
	folder_has("stats;");
}

static void
file_follows_the_counters(void **state)
{
	struct fmk_device *device = create("card", args);
	uint64_t begin = value_of("time_ns");

	(void)state;
	fmk_count(&device->shared->count.pipe_lost, 7);
	fmk_count(&device->shared->nic_count.pkt_drop, 8);
	wait_for("tx_pipe_lost_packets", 7);
	wait_for("PKT_DROP", 8);
	assert_true(value_of("time_ns") > begin);
	destroy(device);
}

static void
file_is_written_a_last_time(void **state)
{
	struct fmk_device *device = create("card", args);

	(void)state;
	for (uint64_t i = 1; i < 20; i++) {
		fmk_count(&device->shared->count.pipe_lost, 1);
		destroy(device);
		assert_int_equal(value_of("tx_pipe_lost_packets"), 1);
		device = create("card", args);
		assert_int_equal(value_of("tx_pipe_lost_packets"), 0);
	}
	destroy(device);
	assert_int_equal(unit_mem_out, 0);
}

static void
queues_are_summed_and_outlived(void **state)
{
	struct fmk_device *device = create("card", args);

	(void)state;
	set_queues(device, lanes[0], 3);
	for (uint16_t q = 0; q < 3; q++) {
		fmk_count(&lanes[0][q].count.packets, 10 + q);
		fmk_count(&lanes[0][q].count.missed, 1);
	}
	wait_for("rx_packets", 33);
	wait_for("rx_missed_packets", 3);
	fmk_count(&lanes[0][1].count.packets, 100);
	remove_queues(device, lanes[0], 3);
	destroy(device);
	assert_int_equal(value_of("rx_packets"), 133);
}

static void
two_cards_have_two_files(void **state)
{
	struct fmk_device *a = create("a", args), *b;
	char other[200];

	(void)state;
	snprintf(other, sizeof(other), "gen(),stats=%s/b", folder);
	b = create("b", other);
	fmk_count(&a->shared->count.pipe_lost, 1);
	fmk_count(&b->shared->count.pipe_lost, 2);
	destroy(a);
	assert_int_equal(value_of("tx_pipe_lost_packets"), 1);
	destroy(b);
	snprintf(path, sizeof(path), "%s/b", folder);
	assert_int_equal(value_of("tx_pipe_lost_packets"), 2);
}

static void
program_may_change_its_folder(void **state)
{
	int before = open(".", O_RDONLY | O_DIRECTORY);
	struct fmk_device *device;

	(void)state;
	assert_int_equal(chdir(folder), 0);
	device = create("card", "stats=stats");
	assert_int_equal(chdir("/"), 0);
	fmk_count(&device->shared->count.pipe_lost, 5);
	destroy(device);
	assert_int_equal(fchdir(before), 0);
	close(before);
	assert_int_equal(value_of("tx_pipe_lost_packets"), 5);
}

/* Processes. */

static void
child_ends_well(pid_t child)
{
	int status;

	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void
exit_writes_it_too(void **state)
{
	pid_t child;

	(void)state;
	fflush(NULL);
	child = fork();
	if (child == 0) {
		fmk_count(&create("card", args)->shared->count.pipe_lost, 9);
		exit(0);
	}
	child_ends_well(child);
	assert_int_equal(value_of("tx_pipe_lost_packets"), 9);
	folder_has("stats;");
}

/* What a forked child counts in its copy is not the card's. */
static void
forked_child_writes_nothing(void **state)
{
	struct fmk_device *device = create("card", args);
	pid_t child;

	(void)state;
	fflush(NULL);
	child = fork();
	if (child == 0) {
		fmk_count(&device->shared->count.pipe_lost, 9);
		fmk_device_destroy(device, false);
		exit(0);
	}
	child_ends_well(child);
	assert_int_equal(value_of("tx_pipe_lost_packets"), 0);
	fmk_count(&device->shared->count.pipe_lost, 1);
	wait_for("tx_pipe_lost_packets", 1);
	destroy(device);
}

/* Refusals. */

static void
refuse(const char *file, int error, const char *reason)
{
	char text[500], option[450];
	struct fmk_device *device = NULL;
	int ret;

	snprintf(option, sizeof(option), "stats=%s", file);
	snprintf(text, sizeof(text), "gen(),%s", option);
	unit_log_begin();
	ret = fmk_device_create("card", text, &unit_mem, &device);
	unit_log_end(1, "card: ", option, reason);
	assert_int_equal(ret, error);
	assert_null(device);
	assert_null(fmk_device_find("card"));
	assert_int_equal(unit_mem_out, 0);
}

static void
file_that_cannot_be_is_refused(void **state)
{
	char fifo[96];

	(void)state;
	refuse("/nowhere/stats", -ENOENT, "No such file or directory; allowed");
	refuse(folder, -EISDIR, "Is a directory; allowed");
	refuse("/dev/null", -EINVAL, "Not a regular file; allowed");
	snprintf(fifo, sizeof(fifo), "%s/fifo", folder);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	refuse(fifo, -ENXIO, "allowed");
	folder_has("fifo;");
}

/* The file fits, the one it is renamed from does not. */
static void
name_too_long_leaves_nothing(void **state)
{
	char file[400], name[256];

	(void)state;
	memset(name, 'x', sizeof(name));
	name[255] = '\0';
	snprintf(file, sizeof(file), "%s/%s", folder, name);
	refuse(file, -ENAMETOOLONG, "");
	folder_has("");
}

static void
card_that_is_not_made_leaves_no_file(void **state)
{
	struct fmk_device *a = create("a", "gen()"), *b = NULL;
	char text[200];

	(void)state;
	snprintf(text, sizeof(text), "peer=a,stats=%s", path);
	unit_log_begin();
	assert_int_equal(fmk_device_create("b", text, &unit_mem, &b), -EBUSY);
	unit_log_end(1, "b: ", "peer=a", "allowed");
	folder_has("");
	destroy(a);
}

/* Told once; the card goes on. */
static void
trouble_while_it_runs_is_told_once(void **state)
{
	struct fmk_device *device = create("card", args);

	(void)state;
	unit_log_begin();
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
	pause_ms(6 * FMK_STATS_PERIOD_MS);
	destroy(device);
	unit_log_end(1, "card: ", path, "out of date");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		STATS_TEST(file_has_every_counter_once),
		STATS_TEST(file_follows_the_counters),
		STATS_TEST(file_is_written_a_last_time),
		STATS_TEST(queues_are_summed_and_outlived),
		STATS_TEST(two_cards_have_two_files),
		STATS_TEST(program_may_change_its_folder),
		STATS_TEST(exit_writes_it_too),
		STATS_TEST(forked_child_writes_nothing),
		STATS_TEST(file_that_cannot_be_is_refused),
		STATS_TEST(name_too_long_leaves_nothing),
		STATS_TEST(card_that_is_not_made_leaves_no_file),
		STATS_TEST(trouble_while_it_runs_is_told_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
