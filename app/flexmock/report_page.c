/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "published.h"
#include "report_page.h"

/* The plots know two inks and one grey, which follow the page's colours. */
static const char style[] =
	":root{color-scheme:light dark;--bg:#fff;--fg:#1b1f24;--muted:#57606a;--line:#d0d7de;"
	"--soft:#f6f8fa;--accent:#0b63b5;--grid:#d8dee4;--warn:#9a3c00}\n"
	"@media (prefers-color-scheme:dark){:root{--bg:#14181d;--fg:#e6e9ed;--muted:#a3adb8;"
	"--line:#39424d;--soft:#1d232a;--accent:#6cb6ff;--grid:#333c46;--warn:#ffa657}}\n"
	"@page{size:landscape;margin:12mm}\n"
	"@media print{:root{color-scheme:light;--bg:#fff;--fg:#000;--muted:#444;--line:#bbb;"
	"--soft:#f4f4f4;--accent:#0b4f92;--grid:#ddd;--warn:#9a3c00}"
	"figure,aside,tr{break-inside:avoid}h2,h3{break-after:avoid}"
	".wide{overflow:visible}table{font-size:7.5pt}body{max-width:none;padding:0}}\n"
	"body{margin:0 auto;max-width:1140px;padding:28px 24px 60px;background:var(--bg);"
	"color:var(--fg);font:16px/1.5 system-ui,'DejaVu Sans',sans-serif}\n"
	"h1{font-size:1.7rem;line-height:1.2;margin:0 0 .4rem}"
	"h2{font-size:1.25rem;margin:2.4rem 0 .5rem;padding-bottom:.25rem;"
	"border-bottom:1px solid var(--line)}h3{font-size:1rem;margin:1.4rem 0 .3rem}\n"
	"p{margin:.5rem 0;max-width:84ch}a{color:var(--accent)}.muted{color:var(--muted)}"
	".warn{color:var(--warn);font-weight:600}\n"
	"dl{display:flex;flex-wrap:wrap;gap:.3rem 1.8rem;margin:.6rem 0 0;font-size:.9rem}"
	"dl div{display:flex;gap:.4rem}dt{color:var(--muted)}dd{margin:0}\n"
	"figure{margin:1rem 0 1.6rem}figure svg{display:block;width:100%;height:auto}"
	"figcaption{color:var(--muted);font-size:.88rem;max-width:100ch;margin-top:.3rem}\n"
	"aside{border:1px solid var(--line);border-left:5px solid var(--accent);border-radius:6px;"
	"background:var(--soft);padding:.6rem 1.2rem .8rem;margin:1.6rem 0}"
	"aside h2{border:0;margin:.3rem 0 .2rem}aside ul{margin:.3rem 0;padding-left:1.2rem}"
	"aside li{margin:.3rem 0;max-width:100ch}\n"
	".wide{overflow-x:auto}table{border-collapse:collapse;font-size:.8rem;line-height:1.35;"
	"width:100%;font-variant-numeric:tabular-nums}"
	"th,td{padding:.25rem .5rem;text-align:left;vertical-align:top;"
	"border-bottom:1px solid var(--line)}thead th{background:var(--soft);white-space:nowrap}"
	"td.n,th.n{text-align:right;white-space:nowrap}td small{color:var(--muted);display:block}"
	"#results td:nth-child(-n+3){white-space:nowrap}tbody tr:hover{background:var(--soft)}\n"
	".plot [color=black]{color:var(--fg)}.plot [stroke=black]{stroke:var(--fg)}"
	".plot [fill=black]{fill:var(--fg)}.plot [fill='rgb(90,90,90)']{fill:var(--muted)}"
	".plot [stroke='rgb( 90,  90,  90)']{stroke:var(--muted)}"
	".plot [color='rgb( 90,  90,  90)']{color:var(--muted)}"
	".plot [color='rgb(  0,   0,   0)']{color:var(--fg)}.plot [color=white]{color:var(--bg)}"
	".plot [stroke='rgb(  0,   0,   0)']{stroke:var(--fg)}"
	".plot [stroke='rgb(204, 204, 204)']{stroke:var(--grid)}"
	".plot g{font-family:inherit}\n";

static void
text(FILE *page, const char *string)
{
	for (; *string != '\0'; string++) {
		switch (*string) {
		case '&':
			fputs("&amp;", page);
			break;
		case '<':
			fputs("&lt;", page);
			break;
		case '>':
			fputs("&gt;", page);
			break;
		case '"':
			fputs("&quot;", page);
			break;
		case '\'':
			fputs("&#39;", page);
			break;
		default:
			fputc(*string, page);
		}
	}
}

/* An element with a text that is not ours. */
static void
element(FILE *page, const char *tag, const char *string)
{
	fprintf(page, "<%s>", tag);
	text(page, string);
	fprintf(page, "</%.*s>", (int)strcspn(tag, " "), tag);
}

/* The exact value stands beside what people read. */
static void
number(FILE *page, const char *name, int digits, double value)
{
	fprintf(page, "<span data-name=\"%s\" data-value=\"%.17g\">%.*f</span>", name, value,
		digits, value);
}

static void
term(FILE *page, const char *name, const char *value)
{
	fputs("<div>", page);
	element(page, "dt", name);
	element(page, "dd", value);
	fputs("</div>", page);
}

static void __attribute__((format(printf, 3, 4)))
term_number(FILE *page, const char *name, const char *format, ...)
{
	char value[128];
	va_list args;

	va_start(args, format);
	vsnprintf(value, sizeof(value), format, args);
	va_end(args);
	term(page, name, value);
}

static void
head(FILE *page, const struct report *report)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	      "<link rel=\"icon\" href=\"data:,\">\n<title>FlexMock performance, ",
		page);
	text(page, report->date);
	fprintf(page, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<header>\n", style);
	element(page, "h1", "FlexMock performance report");
	fputs("\n<p class=\"muted\">", page);
	text(page, report->date);
	fputs(" on ", page);
	text(page, report->cpu);
	fputs("</p>\n<dl>", page);
	term_number(page, "cores", "%" PRId64, report->machine_cores);
	term_number(page, "TSC", "%.2f GHz", report->tsc_ghz);
	term_number(page, "L1d", "%" PRId64 " KiB", report->l1d >> 10);
	term_number(page, "L2", "%" PRId64 " KiB", report->l2 >> 10);
	term_number(page, "L3", "%.1f MiB", report->l3 / 1048576.0);
	term(page, "huge pages", report->huge_pages ? "yes" : "no");
	term_number(page, "slices", "%g ms", report->slice_ms);
	term_number(page, "pairs", "%" PRId64, report->pairs);
	term(page, "run", report->quick ? "quick" : "full");
	fputs("</dl>\n", page);
}

/* A wrong answer has no speed. */
static void
warn_unchecked(FILE *page, const struct report *report)
{
	size_t wrong = 0;

	for (size_t i = 0; i < report->n_results; i++)
		wrong += !report->results[i].checked;
	if (wrong > 0)
		fprintf(page,
			"<p><span class=\"warn\">%zu of %zu results are not checked.</span> "
			"Packets of net_null "
			"and of ports of this machine cannot be, Maglev's on several pipes or "
			"cores are not, "
			"and a failed check counts as none. They are marked in the table.</p>\n",
			wrong, report->n_results);
}

struct change {
	const char *from, *to;
};

/* Names in a plot's file are unique there only: on the page they get the plot's own. */
static const struct change *
change_at(const char *at)
{
	static const struct change changes[] = {
		{"'#gpPt", "'#%s-pt"},
		{"'gpPt", "'%s-pt"},
		{"'#gpDot", "'#%s-dot"},
		{"'gpDot", "'%s-dot"},
		{"'textbox'", "'%s-textbox'"},
		{"'greybox'", "'%s-greybox'"},
		{"\"gnuplot_canvas\"", "\"%s-canvas\""},
	};

	for (unsigned int i = 0; i < RTE_DIM(changes); i++) {
		if (strncmp(at, changes[i].from, strlen(changes[i].from)) == 0)
			return &changes[i];
	}
	return NULL;
}

static void
svg_line(FILE *page, const char *line, const char *name)
{
	/* A browser shows gnuplot's names of curves as tooltips. */
	const char *end = strstr(line, "<title>");

	for (const char *at = line; *at != '\0' && at != end; at++) {
		const struct change *change = change_at(at);

		if (change == NULL) {
			fputc(*at, page);
			continue;
		}
		fprintf(page, change->to, name);
		at += strlen(change->from) - 1;
	}
	if (end != NULL)
		fputc('\n', page);
}

/* The plot without what only a file needs: declaration and name spaces. */
static int
inline_svg(FILE *page, const struct plot *plot, const char *dir)
{
	char path[PLOT_PATH_SIZE], line[4096];
	bool inside = false;
	FILE *svg;
	int rc;

	snprintf(path, sizeof(path), "%s/%s", dir, plot->file);
	svg = fopen(path, "r");
	if (svg == NULL) {
		rc = -errno;
		report_say("gnuplot drew no %s", plot->file);
		return rc;
	}
	while (fgets(line, sizeof(line), svg) != NULL) {
		if (inside && strncmp(line, "<desc>", 6) != 0)
			svg_line(page, line, plot->name);
		else if (strncmp(line, " viewBox=", 9) == 0)
			fprintf(page, "<svg class=\"plot\" role=\"img\" aria-label=\"%s\"%s",
				plot->name, line);
		else if (line[0] == '>')
			inside = fputs(">\n", page) >= 0;
	}
	fclose(svg);
	return 0;
}

static const struct {
	const char *title, *intro, *caption;
} sections[PLOT_KINDS] = {
	[PLOT_BARS] = {"Echo and Maglev, the poster's figure",
		"One core unless a row says so. Speed is a range: it depends on where the frame "
		"lies "
		"when the application touches it first.",
		"A strong bar reaches from the slowest cache state to the fastest, a mark is the "
		"median "
		"of a state, its whiskers are p5 to p95. A thin bar is a subject without states. "
		"Diamonds are published figures, measured on other machines."},
	[PLOT_SIZE] = {"Throughput against frame size",
		"A curve above the line rate is a program that a 100 GbE port could not keep busy.",
		"Whiskers are p5 to p95. A subject without cache states stands in every panel. "
		"Ensō "
		"is published at 100 Gbps for 64 to 1518 B on 1, 2, 4 and 8 cores [1.13]."},
	[PLOT_PIPES] = {"Throughput against number of pipes",
		"Each pipe is a buffer of its own: many of them do not fit the caches.",
		"Published: Ensō carries line rate over more than 1000 pipes with 4 cores; with 1 "
		"core "
		"and the most pessimistic traffic it falls above 32 pipes [1.12]."},
	[PLOT_BATCH] = {"Throughput against batch",
		"What is paid once for a batch shows at the left; the fits below tell it apart.",
		"Whiskers are p5 to p95."},
	[PLOT_CORES] = {"Throughput against cores", "Each core has a device or a queue of its own.",
		"Whiskers are p5 to p95. Published figures are from other machines."},
};

static int
figures(FILE *page, const struct plots *plots, enum plot_kind kind, const char *dir)
{
	bool first = true;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < plots->n; i++) {
		const struct plot *plot = &plots->all[i];

		if (plot->kind != kind || !plot->drawn)
			continue;
		if (first)
			fprintf(page, "<section>\n<h2>%s</h2>\n<p>%s</p>\n", sections[kind].title,
				sections[kind].intro);
		first = false;
		element(page, "h3", plot->app);
		fprintf(page, "\n<figure id=\"%s\">\n", plot->name);
		rc = inline_svg(page, plot, dir);
		fprintf(page, "<figcaption>%s</figcaption>\n</figure>\n", sections[kind].caption);
	}
	if (!first)
		fputs("</section>\n", page);
	return rc;
}

static const char meaning[] =
	"<aside id=\"meaning\">\n<h2>What these Mpps mean, and what they do not</h2>\n<ul>\n"
	"<li>Performance mode adds nothing per packet, so what is measured is the application "
	"and the memory it touches. There is no PCIe, no wire and no limit of a NIC: what a "
	"card costs or cannot do comes on top.</li>\n"
	"<li>Hot delivery flatters. A card's frames come from its DMA, not from this core's L1: "
	"read <b>llc</b> and <b>mem</b> before you believe <b>hot</b>.</li>\n"
	"<li>A conclusion that holds in only one cache state is not a conclusion.</li>\n"
	"<li>The <b>control</b> is a subject against itself, measured in the same way (A/A). A "
	"ratio that is no farther from 1 than its control is no difference.</li>\n"
	"<li>Bars are ranges over cache states; whiskers are p5 to p95 within one state.</li>\n"
	"<li>net_null writes nothing: it delivers its few mbufs as they are. Frames were written "
	"there beforehand, and the application finds what it left: only echo and the cached load "
	"balancer run on it.</li>\n"
	"<li>Published figures are from other machines, with other clocks, cards and methods: "
	"they show the scale and prove nothing about this one.</li>\n"
	"</ul>\n</aside>\n";

static void
range_part(FILE *page, const char *name, const char *part, int digits, double value)
{
	char full[64];

	snprintf(full, sizeof(full), "%s.%s", name, part);
	number(page, full, digits, value);
}

static void
range_cell(FILE *page, const char *name, int digits, const struct report_range *range)
{
	if (!range->there) {
		fputs("<td class=\"n\">–</td>", page);
		return;
	}
	fputs("<td class=\"n\">", page);
	range_part(page, name, "median", digits, range->median);
	fputs("<small>", page);
	range_part(page, name, "p5", digits, range->p5);
	fputs(" – ", page);
	range_part(page, name, "p95", digits, range->p95);
	fputs("</small></td>", page);
}

static void
whole_cell(FILE *page, int64_t value)
{
	fprintf(page, "<td class=\"n\">%" PRId64 "</td>", value);
}

static void
result_row(FILE *page, const struct report *report, const struct report_result *result)
{
	fprintf(page, "<tr data-result=\"%zu\">", (size_t)(result - report->results));
	element(page, "td", result->app);
	element(page, "td", result->subject);
	element(page, "td", result->cache);
	if (result->size == REPORT_IMIX)
		fputs("<td class=\"n\">IMIX</td>", page);
	else
		whole_cell(page, result->size);
	whole_cell(page, result->batch);
	whole_cell(page, result->pipes);
	whole_cell(page, result->cores);
	range_cell(page, "mpps", 2, &result->mpps);
	range_cell(page, "to_bare", 3, &result->to_bare);
	range_cell(page, "to_net_null", 3, &result->to_net_null);
	range_cell(page, "control", 3, &result->control);
	fputs("<td class=\"n\">", page);
	number(page, "cycles_per_packet", 2, result->cycles);
	fputs(result->checked ? "</td><td>yes</td>" : "</td><td class=\"warn\">no</td>", page);
	element(page, "td", result->note);
	fputs("</tr>\n", page);
}

static void
result_table(FILE *page, const struct report *report, const char *sweep)
{
	fputs("<h3>Sweep: ", page);
	text(page, sweep);
	fputs("</h3>\n<div class=\"wide\"><table>\n<thead><tr><th>app</th><th>subject</th>"
	      "<th>cache</th><th class=\"n\">size</th><th class=\"n\">batch</th>"
	      "<th class=\"n\">pipes</th><th class=\"n\">cores</th><th class=\"n\">Mpps</th>"
	      "<th class=\"n\">to bare</th><th class=\"n\">to net_null</th>"
	      "<th class=\"n\">control</th><th class=\"n\">cycles/packet</th><th>checked</th>"
	      "<th>note</th></tr></thead>\n<tbody>\n",
		page);
	for (size_t i = 0; i < report->n_results; i++) {
		if (strcmp(report->results[i].sweep, sweep) == 0)
			result_row(page, report, &report->results[i]);
	}
	fputs("</tbody>\n</table></div>\n", page);
}

/* Is it the first result of its sweep? */
static bool
starts_sweep(const struct report *report, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		if (strcmp(report->results[k].sweep, report->results[i].sweep) == 0)
			return false;
	}
	return true;
}

static void
results(FILE *page, const struct report *report)
{
	fputs("<section id=\"results\">\n<h2>All results</h2>\n<p>Median, below it p5 – p95. "
	      "Ratios "
	      "are of throughput, from pairs that took turns in one process; above 1 is faster "
	      "than what it is compared with.</p>\n",
		page);
	for (size_t i = 0; i < report->n_results; i++) {
		if (starts_sweep(report, i))
			result_table(page, report, report->results[i].sweep);
	}
	fputs("</section>\n", page);
}

static void
fits(FILE *page, const struct report *report)
{
	if (report->n_fits == 0)
		return;
	fputs("<section id=\"fits\">\n<h2>Cycles per batch and per packet</h2>\n"
	      "<p>A batch of n packets costs about a + n b cycles, fitted over the batches that "
	      "were run.</p>\n<div class=\"wide\"><table>\n<thead><tr><th>app</th><th>subject</th>"
	      "<th>cache</th><th class=\"n\">a, cycles per batch</th>"
	      "<th class=\"n\">b, cycles per packet</th></tr></thead>\n<tbody>\n",
		page);
	for (size_t i = 0; i < report->n_fits; i++) {
		const struct report_fit *fit = &report->fits[i];

		fprintf(page, "<tr data-fit=\"%zu\">", i);
		element(page, "td", fit->app);
		element(page, "td", fit->subject);
		element(page, "td", fit->cache);
		fputs("<td class=\"n\">", page);
		number(page, "cycles_per_batch", 2, fit->per_batch);
		fputs("</td><td class=\"n\">", page);
		number(page, "cycles_per_packet", 2, fit->per_packet);
		fputs("</td></tr>\n", page);
	}
	fputs("</tbody>\n</table></div>\n</section>\n", page);
}

static void
count_or_unknown(FILE *page, int value)
{
	if (value > 0)
		whole_cell(page, value);
	else
		fputs("<td class=\"n\">–</td>", page);
}

static void
published_row(FILE *page, const struct published *figure)
{
	fprintf(page, "<tr><td>%s</td>", figure->ref);
	element(page, "td", figure->app);
	element(page, "td", figure->system);
	element(page, "td", figure->machine);
	count_or_unknown(page, figure->cores);
	count_or_unknown(page, figure->size);
	if (figure->low < figure->high)
		fprintf(page, "<td class=\"n\">%g – %g</td>", figure->low, figure->high);
	else
		fprintf(page, "<td class=\"n\">%s%g</td>",
			figure->use & PUBLISHED_LEAST ? "≥ " : "", figure->high);
	element(page, "td", figure->source);
	element(page, "td", figure->note);
	fputs("</tr>\n", page);
}

static void
published_figures(FILE *page)
{
	fputs("<section id=\"published\">\n<h2>Published figures</h2>\n<p>None of them is from "
	      "this "
	      "machine, and none was measured by FlexMock. The number in brackets is the one the "
	      "plots use.</p>\n<div class=\"wide\"><table>\n<thead><tr><th>no.</th><th>app</th>"
	      "<th>system</th><th>machine</th><th class=\"n\">cores</th><th class=\"n\">size</th>"
	      "<th class=\"n\">Mpps</th><th>source</th><th>note</th></tr></thead>\n<tbody>\n",
		page);
	for (size_t i = 0; i < n_published; i++)
		published_row(page, &published[i]);
	fputs("</tbody>\n</table></div>\n<h3>What is published without a rate</h3>\n<ul>\n", page);
	for (size_t i = 0; i < n_published_claims; i++) {
		fprintf(page, "<li>[%s] ", published_claims[i].ref);
		text(page, published_claims[i].text);
		element(page, "span class=\"muted\"", published_claims[i].source);
		fputs("</li>\n", page);
	}
	fputs("</ul>\n</section>\n", page);
}

static int
write_page(FILE *page, const struct report *report, const struct plots *plots, const char *dir)
{
	int rc;

	head(page, report);
	warn_unchecked(page, report);
	fputs("</header>\n<main>\n", page);
	rc = figures(page, plots, PLOT_BARS, dir);
	fputs(meaning, page);
	for (unsigned int kind = PLOT_SIZE; rc == 0 && kind < PLOT_KINDS; kind++)
		rc = figures(page, plots, kind, dir);
	results(page, report);
	fits(page, report);
	published_figures(page);
	fputs("</main>\n</body>\n</html>\n", page);
	return rc;
}

int
page_write(const struct report *report, const struct plots *plots, const char *dir)
{
	char path[PLOT_PATH_SIZE];
	FILE *page;
	int rc;

	snprintf(path, sizeof(path), "%s/" PAGE_FILE, dir);
	page = fopen(path, "w");
	if (page == NULL) {
		rc = -errno;
		report_say("%s: %s", path, strerror(-rc));
		return rc;
	}
	rc = write_page(page, report, plots, dir);
	if (fflush(page) != 0 || ferror(page)) {
		report_say("%s: not written", path);
		rc = -EIO;
	}
	fclose(page);
	return rc;
}
