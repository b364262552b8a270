/*
 * Fuzzing of reports: the input is the text of a journal, a line an event, as far as it can be read as
 * JSON.
 *
 * Invariant: whatever the events are, nothing crashes or leaks, and what is printed for people holds no
 * control character but newlines.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/record.h"
#include "fsops/report.h"
#include "fsops/ui.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add_lines(struct record *record, const char *text, size_t size)
{
	const char *end = text + size;

	while (text < end) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		size_t len = (size_t)((stop ? stop : end) - text);
		json_t *event = json_loadb(text, len, JSON_ALLOW_NUL, NULL);

		/* What the reader of journals lets through. */
		if (json_is_object(event) && json_is_string(json_object_get(event, "type")))
			record_add(record, event);
		json_decref(event);
		text += len + 1;
	}
}

static void check(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if ((c < ' ' && c != '\n') || c == 0x7F)
			abort();
	}
}

/* The style sheet is ours and has tabs. Behind it no element is begun that the page does not have. */
static void check_page(const struct buf *page)
{
	static const char *const never[] = {"<script", "<img", "<style", "<iframe", "<!--"};
	const char *body = strstr(page->data, "</style>");

	if (page->full)
		return;
	if (!body || strlen(body) != page->len - (size_t)(body - page->data))
		abort();
	check(body, strlen(body));
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		if (strstr(body, never[i]))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const printers[])(struct buf *, const struct record *) = {
	    print_report_markdown, print_report_junit, print_report_json, print_report_html};
	struct record *record = record_new();
	struct buf text;

	add_lines(record, (const char *)data, size);
	for (size_t i = 0; i < sizeof(printers) / sizeof(printers[0]); i++) {
		buf_init(&text, UI_TEXT_MAX);
		printers[i](&text, record);
		if (i < 2)
			check(text.data, text.len);
		if (printers[i] == print_report_html)
			check_page(&text);
		buf_release(&text);
	}
	buf_init(&text, UI_TEXT_MAX);
	print_report_prom(&text, record, 0);
	buf_release(&text);
	record_free(record);
	return 0;
}
