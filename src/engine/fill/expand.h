/*
 * Filling `${…}` into texts and JSON. A text that is one `${…}` and nothing else
 * keeps the type of its value; in any other text the value is written as
 * value_to_text() does.
 */
#ifndef FSOPS_ENGINE_EXPAND_H
#define FSOPS_ENGINE_EXPAND_H

#include "fsops/err.h"
#include "fsops/redact.h"
#include "scope.h"

struct plan;

enum expand_mode {
	EXPAND_ALL,   /* a name that is not known is an error */
	EXPAND_KNOWN, /* … stays as its `${…}`: dry runs, plans */
};

struct expander {
	const struct scope *scope;
	enum expand_mode mode;
	struct redact *redact; /* told of values that must be masked; or NULL */
	const struct plan
	    *plan; /* that it is of: who says what a name is (people.h); NULL: not known */
	bool said; /* there is no plan, and none but people say what any name is */
};

/* Bytes, as JSON, that all `${…}` of one value may be filled with: one name can stand in it many times. */
#define EXPAND_MAX ((size_t)16 * 1024 * 1024)

/* 0 when VALUE, of the expression TEXT, reaches whoever is given it as it is. Not one with a zero byte in it,
 * where a C string ends, so that `prod\0x` would be `prod`; nor a whole number over 64 bits, which is a
 * double by now, with other digits than were written. */
int expand_may_give(const json_t *value, const char *text, size_t len, struct err *err);

/* A copy of VALUE with every text in it filled in (keys are left); a new reference or NULL. */
json_t *expand_json(const struct expander *expander, const json_t *value, struct err *err);

/* One text; a new C string or NULL. */
char *expand_text(const struct expander *expander, const char *text, struct err *err);

/* The value of one hole, the expression TEXT; a new reference or NULL. When it is not KNOWN (EXPAND_KNOWN), its
 * `${…}` as a text. */
json_t *expand_hole(
    const struct expander *expander, const char *text, size_t len, bool *known, struct err *err);

#endif
