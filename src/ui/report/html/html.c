/* A run's report as HTML: the page around its parts. Invariants: one file that asks for nothing else and
 * runs nothing (its policy forbids both), and what comes from the run is text in it, never markup. */
#include "fsops/report.h"

#include <string.h>

#include "fsops/base64.h"
#include "fsops/mem.h"
#include "fsops/sha256.h"
#include "fsops/value.h"
#include "html.h"
#include "ui/report/facts.h"

/* So many bytes of output in all are shown, shared out evenly when there is more: escaped several
 * times that, which a phone still opens. */
#define OUTPUT_MAX   ((size_t)8 * 1024 * 1024)
#define OUTPUT_LEAST ((size_t)2 * 1024) /* of one, however many there are */

/* ---- sections ---- */

static const struct page_section {
	const char *id;
	const char *heading;
	bool (*wanted)(const struct page *page); /* NULL: always */
	void (*print)(struct page *page);
} sections[] = {
    {"summary", "Summary", NULL, page_summary},
    {"left", "Left to people, not done", page_has_left, page_left},
    {"metrics", "Metrics before and after", page_has_metrics, page_metrics},
    {"timeline", "Timeline", NULL, page_chart},
    {"approvals", "Approvals", page_has_approvals, page_approvals},
    {"escalations", "Budgets and escalations", page_has_escalations, page_escalations},
    {"steps", "Steps and commands", NULL, page_steps},
    {"files", "Saved files", page_has_files, page_files},
    {"events", "What happened, in order", NULL, page_events},
};

static bool is_wanted(const struct page *page, const struct page_section *section)
{
	return !section->wanted || section->wanted(page);
}

static void add_contents(struct page *page)
{
	html_add(&page->html, "<nav aria-label=\"Contents\"><ul>\n");
	for (size_t i = 0; i < COUNT_OF(sections); i++)
		if (is_wanted(page, &sections[i]))
			html_add(&page->html, "<li><a href=\"#%s\">%s</a></li>\n", sections[i].id,
			    sections[i].heading);
	html_add(&page->html, "</ul></nav>\n");
}

static void add_section(struct page *page, const struct page_section *section)
{
	html_add(&page->html,
	    "<section id=\"%s\" aria-labelledby=\"%s-heading\">\n"
	    "<h2 id=\"%s-heading\">%s</h2>\n",
	    section->id, section->id, section->id, section->heading);
	section->print(page);
	html_add(&page->html, "</section>\n");
}

/* ---- head ---- */

/* Only this style sheet, known by its digest, and nothing else: no script, no image, no font. */
static void add_policy(struct page *page)
{
	unsigned char digest[SHA256_SIZE];
	struct buf text;

	sha256_bytes(report_html_css, strlen(report_html_css), digest);
	buf_init(&text, BUF_TEXT_MAX);
	base64_encode(&text, digest, sizeof(digest));
	html_add(&page->html,
	    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
	    "style-src 'sha256-%s'; base-uri 'none'; form-action 'none'\">\n",
	    text.data);
	buf_release(&text);
}

static const char *title_of(const struct record *record)
{
	const char *title = report_field(record, "title");

	return *title ? title : report_field(record, "run");
}

static void add_head(struct page *page)
{
	const struct record *record = page->record;

	html_add(&page->html, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
	                      "<meta charset=\"utf-8\">\n");
	add_policy(page);
	html_add(&page->html,
	    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	    "<meta name=\"color-scheme\" content=\"light dark\">\n"
	    "<meta name=\"referrer\" content=\"no-referrer\">\n"
	    "<title>%s: %s, run %s</title>\n<style>",
	    title_of(record), report_word(report_run_outcome(record)), report_field(record, "run"));
	buf_adds(page->html.out, report_html_css); /* ours, and as it was hashed */
	html_add(&page->html, "</style>\n</head>\n");
}

/* ---- header ---- */

static void add_verdict(struct page *page)
{
	const struct record *record = page->record;

	html_add(&page->html, "<p class=\"verdict\">");
	page_outcome(page, report_run_outcome(record));
	if (record->finished) {
		html_add(&page->html, " level ");
		page_level(page, record->finished);
		html_add(&page->html, " exit status <b>%.0f</b>",
		    value_get_number(record->finished, "exit", 0));
	} else if (record->live) {
		html_add(
		    &page->html, " It goes on: this is what was known when the report was made.");
	} else {
		html_add(&page->html,
		    " The run has no end on record. What was still open is shown as "
		    "interrupted: nobody knows how it ended.");
	}
	html_add(&page->html, "</p>\n");
}

static void add_problems(struct page *page)
{
	json_t *text;
	size_t i;

	json_array_foreach(page->record->problems, i, text) {
		html_add(&page->html,
		    "<p class=\"notice\"><b>The journal is not as it was written.</b> %s</p>\n",
		    json_string_value(text));
	}
}

static void add_header(struct page *page)
{
	html_add(&page->html, "<header>\n<p class=\"kicker\">Run report</p>\n<h1>%s</h1>\n",
	    title_of(page->record));
	add_verdict(page);
	add_problems(page);
	page_run_facts(page);
	html_add(&page->html, "</header>\n");
}

static void add_footer(struct page *page)
{
	html_add(&page->html,
	    "<footer><p>Made by fsops " FSOPS_VERSION " from the journal of run <code>%s</code>. "
	    "Secrets were masked as *** when it was written. Times are UTC unless a zone is named."
	    "</p></footer>\n",
	    report_field(page->record, "run"));
}

/* ---- the whole ---- */

static size_t output_share(const struct record *record)
{
	size_t all = 0, count = 0, share;
	json_t *event;
	size_t i;

	json_array_foreach(record->events, i, event) {
		if (!report_is(event, "action.output"))
			continue;
		all += json_string_length(json_object_get(event, "text"));
		count++;
	}
	share = all > OUTPUT_MAX ? OUTPUT_MAX / count : OUTPUT_MAX;
	return share < OUTPUT_LEAST ? OUTPUT_LEAST : share;
}

void print_report_html(struct buf *out, const struct record *record)
{
	struct page page = {{out}, record, output_share(record)};

	add_head(&page);
	html_add(&page.html, "<body>\n");
	add_header(&page);
	add_contents(&page);
	html_add(&page.html, "<main>\n");
	for (size_t i = 0; i < COUNT_OF(sections); i++)
		if (is_wanted(&page, &sections[i]))
			add_section(&page, &sections[i]);
	html_add(&page.html, "</main>\n");
	add_footer(&page);
	html_add(&page.html, "</body>\n</html>\n");
}
