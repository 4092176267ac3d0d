/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_bitops.h>
#include <rte_dev.h>
#include <rte_errno.h>

#include "app.h"
#include "compare.h"
#include "report.h"

#define PAIRS_FULL 300
#define PAIRS_QUICK 40
#define MAKES_FULL 3u
#define MAKES_QUICK 1u
#define PAIRS_MAX 100000
#define FRAME_MIN 64
#define FRAME_MAX 1518
#define SECONDS_MAX 3600

/* X(name, short letter, argument, help) */
#define OPTIONS(X)                                                                              \
	X(apps, 'A', "LIST", "echo, maglev-cached, maglev-syn (default: all)")                  \
	X(subjects, 's', "LIST", "what they run on, see below (default: all)")                  \
	X(caches, 'c', "LIST", "hot, ring, llc, mem: where a frame is found (default: all)")    \
	X(sizes, 'S', "LIST", "64 to 1518 bytes on the wire, or imix (7:4:1 of 64, 594, 1518)") \
	X(batches, 'b', "LIST", "1 to 1024 packets")                                            \
	X(pipes, 'p', "LIST", "1 to 256, powers of two")                                        \
	X(cores, 'C', "LIST", "1 to those of this machine, powers of two")                      \
	X(pairs, 'n', "N", "rounds of turns that each subject takes")                           \
	X(seconds, 't', "S", "instead of --pairs: time for each group of subjects")             \
	X(quick, 'q', NULL, "few pairs, one or two minutes in all")                             \
	X(json, 'j', "FILE", "write all figures")                                               \
	X(report, 'r', "DIR", "write a page with plots")                                        \
	X(allow, 'a', "ADDR", "compare the port of this PCI address too")                       \
	X(vdev, 'v', "ARGS", "compare the port of this virtual device too")                     \
	X(help, 'h', NULL, "show this")

static const struct app_option_help help_rows[] = {OPTIONS(APP_OPTION_HELP)};

static const struct option long_options[] = {OPTIONS(APP_OPTION_LONG){NULL, 0, NULL, 0}};

static const uint32_t all_sizes[] = {64, 128, 256, 512, 1024, 1518, COMPARE_IMIX};
static const uint32_t all_batches[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024};
static const uint32_t all_pipes[] = {1, 2, 4, 8, 16, 32, 64, 128, 256};

static const char *vdevs[COMPARE_PORTS_MAX];
static unsigned int nb_vdevs;

static void
help(void)
{
	printf("usage: dpdk-flexmock compare [OPTION...]\n\n"
	       "Echo and Maglev on DPDK and on Norman's API, beside a loop without a library.\n"
	       "Subjects take turns of %u us on one core. Lists are separated by commas; of "
	       "sizes,\n"
	       "batches, pipes and cores one is varied at a time. Echo increments byte 63, which "
	       "of\n"
	       "the shortest packets lies behind the end, so that each subject touches each "
	       "packet.\n\n",
		MEASURE_SLICE_US);
	app_print_options(help_rows, RTE_DIM(help_rows), 9, 5);
	printf("\nWith two --app it compares two programs instead: compare --app A --help\n"
	       "\nSubjects:\n");
	for (unsigned int i = 0; i < compare_nb_kinds; i++)
		printf("  %-18s %s\n", compare_kinds[i].name, compare_kinds[i].text);
	printf("\nExit status: 0; 1 if a subject could not be measured; 2 for wrong options.\n");
}

static int
wrong(const char *option, const char *value, const char *allowed)
{
	return compare_fail("compare: --%s=%s: allowed %s", option, value, allowed);
}

static int
parse_number(const char *option, const char *text, uint32_t min, uint32_t max, uint32_t *value)
{
	char *end, allowed[64];
	unsigned long number;

	errno = 0;
	number = strtoul(text, &end, 10);
	if (text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 && number >= min &&
		number <= max) {
		*value = (uint32_t)number;
		return 0;
	}
	snprintf(allowed, sizeof(allowed), "%u to %u", min, max);
	return wrong(option, text, allowed);
}

/* One word of a list. */
typedef int (*word_t)(struct compare_conf *conf, const char *word);

static int
parse_list(struct compare_conf *conf, const char *option, const char *text, word_t word)
{
	char copy[1024], *save = NULL;
	int ret = 0;

	if (text[0] == '\0' || strlen(text) >= sizeof(copy))
		return wrong(option, text, "a list separated by commas");
	strcpy(copy, text);
	for (char *w = strtok_r(copy, ",", &save); w != NULL && ret == 0;
		w = strtok_r(NULL, ",", &save))
		ret = word(conf, w);
	return ret;
}

static int
find_word(const char *option, const char *word, const char *const *names, unsigned int nb)
{
	char allowed[256] = "";

	for (unsigned int i = 0; i < nb; i++) {
		if (strcmp(word, names[i]) == 0)
			return (int)i;
		strcat(strcat(allowed, i == 0 ? "" : ", "), names[i]);
	}
	return wrong(option, word, allowed);
}

static int
app_word(struct compare_conf *conf, const char *word)
{
	int app = find_word("apps", word, compare_app_names, COMPARE_NB_APPS);

	if (app < 0)
		return -1;
	conf->apps |= COMPARE_APP_BIT(app);
	return 0;
}

static int
cache_word(struct compare_conf *conf, const char *word)
{
	int cache = find_word("caches", word, fmk_cache_names, FMK_NB_CACHES);

	if (cache < 0)
		return -1;
	conf->caches |= 1u << cache;
	return 0;
}

static int
subject_word(struct compare_conf *conf, const char *word)
{
	int kind = compare_kind_find(word);

	if (kind < 0)
		return wrong("subjects", word, "those that --help shows");
	conf->subjects |= UINT64_C(1) << kind;
	return 0;
}

static int
add_value(const char *option, uint32_t *list, unsigned int *nb, uint32_t value)
{
	if (*nb == COMPARE_LIST_MAX)
		return wrong(option, "...", "at most 32 values");
	list[(*nb)++] = value;
	return 0;
}

static int
size_word(struct compare_conf *conf, const char *word)
{
	uint32_t size = COMPARE_IMIX;

	if (strcmp(word, "imix") != 0 &&
		parse_number("sizes", word, FRAME_MIN, FRAME_MAX, &size) < 0)
		return -1;
	return add_value("sizes", conf->sizes, &conf->nb_sizes, size);
}

static int
batch_word(struct compare_conf *conf, const char *word)
{
	uint32_t batch = 1;

	if (parse_number("batches", word, 1, COMPARE_BATCH_MAX, &batch) < 0)
		return -1;
	return add_value("batches", conf->batches, &conf->nb_batches, batch);
}

static int
power_word(const char *option, const char *word, uint32_t max, uint32_t *list, unsigned int *nb)
{
	uint32_t value = 1;

	if (parse_number(option, word, 1, max, &value) < 0)
		return -1;
	if (!rte_is_power_of_2(value))
		return wrong(option, word, "powers of two, as the card spreads packets by a mask");
	return add_value(option, list, nb, value);
}

static int
pipes_word(struct compare_conf *conf, const char *word)
{
	return power_word("pipes", word, COMPARE_PIPES_MAX, conf->pipes, &conf->nb_pipes);
}

static int
cores_word(struct compare_conf *conf, const char *word)
{
	return power_word("cores", word,
		RTE_MIN(compare_nb_cores(), (unsigned int)COMPARE_CORES_MAX), conf->cores,
		&conf->nb_cores);
}

static int
parse_seconds(struct compare_conf *conf, const char *text)
{
	char *end;

	conf->seconds = strtod(text, &end);
	if (end == text || *end != '\0' || !(conf->seconds > 0) || conf->seconds > SECONDS_MAX)
		return wrong("seconds", text, "more than 0, at most 3600");
	return 0;
}

static int
add_port(const char *option, const char **list, unsigned int *nb, const char *text)
{
	if (*nb == COMPARE_PORTS_MAX)
		return wrong(option, text, "at most 8 times");
	list[(*nb)++] = text;
	return 0;
}

static int
parse_one(struct compare_conf *conf, int letter, const char *text)
{
	switch (letter) {
	case 'A':
		return parse_list(conf, "apps", text, app_word);
	case 's':
		return parse_list(conf, "subjects", text, subject_word);
	case 'c':
		return parse_list(conf, "caches", text, cache_word);
	case 'S':
		return parse_list(conf, "sizes", text, size_word);
	case 'b':
		return parse_list(conf, "batches", text, batch_word);
	case 'p':
		return parse_list(conf, "pipes", text, pipes_word);
	case 'C':
		return parse_list(conf, "cores", text, cores_word);
	case 'n':
		return parse_number("pairs", text, 1, PAIRS_MAX, &conf->pairs);
	case 't':
		return parse_seconds(conf, text);
	case 'q':
		conf->quick = true;
		return 0;
	case 'j':
		conf->json = text;
		return 0;
	case 'r':
		conf->report = text;
		return 0;
	case 'a':
		return add_port("allow", conf->pci, &conf->nb_pci, text);
	default:
		return add_port("vdev", vdevs, &nb_vdevs, text);
	}
}

/* Returns 1 if the help was asked for. */
static int
parse(struct compare_conf *conf, int argc, char **argv)
{
	int letter;

	opterr = 0;
	while ((letter = getopt_long(argc, argv, ":a:h", long_options, NULL)) != -1) {
		if (letter == 'h') {
			help();
			return 1;
		}
		if (letter == ':')
			return compare_fail(
				"compare: %s: an argument is missing", argv[optind - 1]);
		if (letter == '?')
			return compare_fail(
				"compare: %s: no such option, see --help", argv[optind - 1]);
		if (parse_one(conf, letter, optarg) < 0)
			return -1;
	}
	if (optind < argc)
		return compare_fail(
			"compare: %s: no arguments but options, see --help", argv[optind]);
	return 0;
}

static void
set_list(uint32_t *list, unsigned int *nb, const uint32_t *values, unsigned int nb_values)
{
	if (*nb > 0)
		return;
	memcpy(list, values, nb_values * sizeof(*list));
	*nb = nb_values;
}

/* What was not asked for, but for the ports: they become subjects when EAL runs. */
static void
set_defaults(struct compare_conf *conf)
{
	if (conf->apps == 0)
		conf->apps = COMPARE_ALL_APPS;
	if (conf->caches == 0)
		conf->caches = (1u << FMK_NB_CACHES) - 1;
	if (conf->subjects == 0)
		conf->subjects = (UINT64_C(1) << compare_nb_kinds) - 1;
	set_list(conf->sizes, &conf->nb_sizes, all_sizes, RTE_DIM(all_sizes));
	set_list(conf->batches, &conf->nb_batches, all_batches, RTE_DIM(all_batches));
	set_list(conf->pipes, &conf->nb_pipes, all_pipes, RTE_DIM(all_pipes));
	for (uint32_t n = 1, own = conf->nb_cores; own == 0 && n <= 8 && n <= compare_nb_cores();
		n *= 2)
		conf->cores[conf->nb_cores++] = n;
	if (conf->pairs == 0)
		conf->pairs = conf->quick ? PAIRS_QUICK : PAIRS_FULL;
	conf->makes = conf->quick ? MAKES_QUICK : RTE_MIN(MAKES_FULL, conf->pairs);
}

static int
add_kind(struct compare_conf *conf, const char *port)
{
	struct compare_kind *kind = &compare_kinds[compare_nb_kinds];
	char *name;

	if (compare_nb_kinds == COMPARE_SUBJECTS_MAX || asprintf(&name, "dpdk-%s", port) < 0)
		return compare_fail("no room for port %s", port);
	*kind = compare_kinds[COMPARE_NET_NULL];
	kind->name = name;
	kind->text = "a port of this machine";
	kind->note = "its own frames";
	kind->args = NULL;
	kind->apps = COMPARE_ALL_APPS;
	kind->writes_none = false;
	kind->real = true;
	kind->one_core = true;
	conf->subjects |= UINT64_C(1) << compare_nb_kinds++;
	return 0;
}

static int
add_vdev(struct compare_conf *conf, const char *text)
{
	char name[RTE_DEV_NAME_MAX_LEN];
	const size_t len = strcspn(text, ",");
	int ret;

	if (len == 0 || len >= sizeof(name))
		return wrong("vdev", text, "name,key=value,...");
	snprintf(name, sizeof(name), "%.*s", (int)len, text);
	ret = rte_eal_hotplug_add("vdev", name, text[len] == ',' ? text + len + 1 : "");
	if (ret != 0)
		return compare_fail("compare: --vdev=%s: %s", text, rte_strerror(-ret));
	return add_kind(conf, name);
}

static bool
needs_eal(const struct compare_conf *conf)
{
	bool need = conf->nb_pci + nb_vdevs > 0;

	for (unsigned int i = 0; i < compare_nb_kinds; i++)
		need |= (conf->subjects >> i & 1) != 0 && compare_kinds[i].dpdk;
	return need;
}

static int
start(struct compare_conf *conf)
{
	int ret = needs_eal(conf) ? compare_eal_start(conf->pci, conf->nb_pci) : 0;

	for (unsigned int i = 0; i < conf->nb_pci && ret == 0; i++)
		ret = add_kind(conf, conf->pci[i]);
	for (unsigned int i = 0; i < nb_vdevs && ret == 0; i++)
		ret = add_vdev(conf, vdevs[i]);
	compare_pin(0);
	return ret;
}

static int
write_all(const struct compare_conf *conf, const struct compare_results *results)
{
	json_t *root = compare_json(conf, results);
	int ret = root == NULL ? compare_fail("no memory for the figures") : 0;

	if (ret == 0 && conf->json != NULL && json_dump_file(root, conf->json, JSON_INDENT(1)) != 0)
		ret = compare_fail("cannot write %s: %s", conf->json, strerror(errno));
	if (ret == 0 && conf->report != NULL)
		ret = report_write(root, conf->report);
	json_decref(root);
	return ret;
}

/* Better now than when all has been measured. */
static int
check_json(const struct compare_conf *conf)
{
	FILE *file = conf->json == NULL ? NULL : fopen(conf->json, "a");

	if (conf->json != NULL && file == NULL)
		return compare_fail("cannot write %s: %s", conf->json, strerror(errno));
	if (file != NULL)
		fclose(file);
	return 0;
}

static void
print_method(const struct compare_conf *conf)
{
	printf("Turns of %u us, medians of ", MEASURE_SLICE_US);
	if (conf->seconds > 0)
		printf("%g s for each group", conf->seconds);
	else
		printf("%u rounds", conf->pairs);
	printf("; subjects made anew %u times; %s.\n", conf->makes,
		compare_huge_pages() ? "huge pages"
				     : "no huge pages: for these, 1 GiB of them free "
				       "(echo 1024 > /proc/sys/vm/nr_hugepages)");
	fflush(stdout);
}

static bool
has_app(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--app") == 0 || strncmp(argv[i], "--app=", 6) == 0)
			return true;
	return false;
}

int
app_compare(int argc, char **argv)
{
	struct compare_conf conf = {0};
	struct compare_results results = {0};
	int ret;

	if (has_app(argc, argv))
		return compare_app_main(argc, argv);
	ret = parse(&conf, argc, argv);
	if (ret != 0)
		return ret > 0 ? 0 : 2;
	set_defaults(&conf);
	if (check_json(&conf) != 0 || start(&conf) != 0)
		return 1;
	print_method(&conf);
	ret = compare_run(&conf, &results);
	if (ret == 0) {
		compare_print(&results);
		ret = write_all(&conf, &results);
	}
	ret = ret != 0 || results.failed > 0;
	free(results.list);
	compare_eal_stop();
	return ret;
}
