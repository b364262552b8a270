/*
 * The timeline of a report in HTML: rows, each an SVG of its own beside its label, so that text keeps its
 * size on every screen. Places across are per cent of the width, places down are pixels.
 */
#ifndef FSOPS_UI_REPORT_HTML_CHART_H
#define FSOPS_UI_REPORT_HTML_CHART_H

#include "html.h"
#include "scale.h"

struct chart {
	struct page *page;
	struct scale scale;
};

/* Begin the picture of a row: its height, what it shows, the grid and the gaps; ends with </svg>. */
void chart_begin_picture(struct chart *chart, int height, const char *title);
/* A bar; ends with </rect>, so that it can have a title. */
void chart_begin_bar(
    struct chart *chart, const char *class, msec begin, msec end, int y, int height);

/* rows.c */
void chart_approvals(struct chart *chart);
void chart_escalations(struct chart *chart);
/* curves.c */
void chart_curves(struct chart *chart);
/* lanes.c */
void chart_step(struct chart *chart, size_t index);

#endif
