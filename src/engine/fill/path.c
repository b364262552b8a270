/* Fills in the paths of files that are written. Invariant: what a value adds stays inside the name that it is
 * a part of, so that the folder is the one that the runbook's author, or who runs it, wrote. */
#include "path.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/template.h"
#include "fsops/value.h"
#include "people.h"

struct filling {
	const struct expander *expander;
	struct buf out;
	size_t fixed;
	bool filled;  /* something was filled in, after which nothing is fixed */
	bool open;    /* the name at the end of OUT has something of that */
	bool holed;   /* it has something that was filled in, be it a folder */
	bool unknown; /* it has what is not known yet */
	struct err *err;
};

/* The name at the end of OUT is whole. */
static int end_name(struct filling *filling)
{
	const char *slash = strrchr(filling->out.data, '/');
	const char *name = slash ? slash + 1 : filling->out.data;
	bool known = filling->holed && !filling->unknown;
	/* An empty folder in front would make `${folder}/x` a path from the root. */
	bool missing = known && !*name && (filling->open || !filling->out.len);
	bool wrong = known && filling->open && (strcmp(name, ".") == 0 || strcmp(name, "..") == 0);

	filling->open = filling->holed = filling->unknown = false;
	if (missing)
		return err_set(filling->err, ERR_INPUT,
		    "an empty value was filled in where the name of a file or folder is meant%s%s",
		    *filling->out.data ? ", after " : "", filling->out.data);
	if (wrong)
		return err_set(filling->err, ERR_INPUT,
		    "the value '%s' was filled in where the name of a file is meant", name);
	return 0;
}

static int too_long(struct filling *filling)
{
	return err_set(filling->err, ERR_LIMIT, "the path is too long");
}

static int add_text(struct filling *filling, const char *text)
{
	return buf_adds(&filling->out, text) < 0 ? too_long(filling) : 0;
}

static int add_literal(void *ctx, const char *text, size_t len)
{
	struct filling *filling = ctx;
	const char *end = text + len;

	for (; text < end; text++) {
		if (*text == '/' && end_name(filling) < 0)
			return -1;
		if (buf_add(&filling->out, text, 1) < 0)
			return too_long(filling);
		if (*text == '/' && !filling->filled)
			filling->fixed = filling->out.len;
	}
	return 0;
}

static int not_a_name(const struct filling *filling, const char *text)
{
	return err_set(filling->err, ERR_INPUT,
	    "the value '%s' was filled in as a part of the path '%s…': it must be (part of) one "
	    "name, without '/' (X.substring(X.lastIndexOf(\"/\") + 1) is the last name of X)",
	    text, filling->out.data);
}

static int add_value(struct filling *filling, const json_t *value, bool folder)
{
	char *text = value_to_text(value);
	int result = 0;

	if (folder && *text)
		result = add_literal(filling, text, strlen(text));
	else if (strchr(text, '/') ||
	         (json_is_string(value) && strlen(text) != json_string_length(value)))
		result = not_a_name(filling, text);
	else
		result = add_text(filling, text);
	free(text);
	return result;
}

static int add_hole(void *ctx, const char *text, size_t len)
{
	struct filling *filling = ctx;
	bool known;
	json_t *value = expand_hole(filling->expander, text, len, &known, filling->err);
	bool folder =
	    !filling->out.len && !filling->filled && people_say(filling->expander, text, len);
	int result = -1;

	if (value && !known)
		result = add_text(filling, json_string_value(value));
	else if (value)
		result = add_value(filling, value, folder);
	filling->filled = filling->filled || !known || !folder;
	filling->open = filling->open || !folder;
	filling->holed = true;
	filling->unknown = filling->unknown || !known;
	json_decref(value);
	return result;
}

char *path_fill(
    const struct expander *expander, const char *template, size_t *fixed, struct err *err)
{
	struct filling filling = {.expander = expander, .err = err};
	char *path = NULL;

	buf_init(&filling.out, BUF_TEXT_MAX);
	buf_adds(&filling.out, "");
	if (template_each(template, add_literal, add_hole, &filling) == 0 &&
	    end_name(&filling) == 0)
		path = buf_detach(&filling.out);
	*fixed = filling.filled ? filling.fixed : SIZE_MAX;
	buf_release(&filling.out);
	return path;
}
