/* A run's report as HTML. Invariant: what comes from the run is text in it, never markup. */
#include "fsops/report.h"

#include "fsops/value.h"

static void add_text(struct buf *out, const char *text)
{
	static const char *const marks[128] = {
	    ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;", ['\''] = "&#39;"};

	for (; text && *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < 128 && marks[c])
			buf_adds(out, marks[c]);
		else
			buf_addc(out, *text);
	}
}

void print_report_html(struct buf *out, const struct record *record)
{
	buf_adds(out, "<!DOCTYPE html>\n<meta charset=\"utf-8\">\n<title>");
	add_text(out, value_get_text(record->started, "run"));
	buf_adds(out, "</title>\n");
}
