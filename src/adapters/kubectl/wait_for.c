/* The words of --for, and whether an object is so (k8s.io/kubectl/pkg/cmd/wait, condition.go and json.go). */
#include "wait_for.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fsops/kube.h"
#include "fsops/kube_print.h"
#include "fsops/mem.h"
#include "fsops/value.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
/* In which strings.EqualFold() and strcasecmp() agree. */
#define CONDITION_LETTERS LETTERS "0123456789._-/"
/* Of a key in a path that is read in one way only. */
#define KEY_LETTERS LETTERS "0123456789_/-"

/* ---- words ---- */

static bool read_condition(struct wait_for *what, const char *text)
{
	size_t len = strcspn(text, "=");

	if (!len || strspn(text, CONDITION_LETTERS "=") != strlen(text))
		return false;
	what->name = mem_textn(text, len);
	what->value = mem_text(text[len] ? text + len + 1 : "true");
	return true;
}

/* "a" of "a.b", and "x.y" of "x\.y.z": to PATH. AT goes behind it. */
static bool read_key(json_t *path, const char **at)
{
	char *key = mem_alloc(strlen(*at) + 1);
	size_t len = 0;
	bool good = **at && strchr(LETTERS, **at);

	while (good && **at && (strchr(KEY_LETTERS, **at) || strncmp(*at, "\\.", 2) == 0)) {
		*at += **at == '\\';
		key[len++] = *(*at)++;
	}
	key[len] = '\0';
	if (good)
		json_array_append_new(path, json_string(key));
	free(key);
	return good;
}

/* "{.a.b}", and what kubectl takes for the same: "{a.b}", ".a.b", "a.b". AT goes behind it. */
static bool read_path(struct wait_for *what, const char **at)
{
	bool braced = **at == '{';

	what->path = json_array();
	*at += braced;
	*at += **at == '.';
	for (;;) {
		if (!read_key(what->path, at))
			return false;
		if (**at != '.')
			break;
		(*at)++;
	}
	if (braced && **at != '}')
		return false;
	*at += braced;
	return true;
}

/* Without the quotation marks that a shell would have taken, as kubectl has it. */
static bool read_value(struct wait_for *what, const char *text)
{
	size_t len;

	text += strspn(text, "'\"");
	len = strlen(text);
	while (len && strchr("'\"", text[len - 1]))
		len--;
	what->value = mem_textn(text, len);
	return len > 0 && !strchr(text, '=');
}

static bool read_jsonpath(struct wait_for *what, const char *text)
{
	if (!read_path(what, &text))
		return false;
	return !*text || (*text == '=' && read_value(what, text + 1));
}

static const struct {
	const char *begin;
	enum wait_kind kind;
	bool (*read)(struct wait_for *what, const char *rest); /* NULL: that is all, in any case */
} forms[] = {
    {"condition=", WAIT_CONDITION, read_condition},
    {"jsonpath=", WAIT_PATH, read_jsonpath},
    {"delete", WAIT_DELETE, NULL},
    {"create", WAIT_CREATE, NULL},
};

bool wait_for_read(struct wait_for *what, const char *text)
{
	*what = (struct wait_for){.kind = WAIT_CONDITION};
	for (size_t i = 0; i < COUNT_OF(forms); i++) {
		size_t len = strlen(forms[i].begin);

		what->kind = forms[i].kind;
		if (!forms[i].read && strcasecmp(text, forms[i].begin) == 0)
			return true;
		if (forms[i].read && strncmp(text, forms[i].begin, len) == 0)
			return forms[i].read(what, text + len);
	}
	return false;
}

void wait_for_release(struct wait_for *what)
{
	free(what->name);
	free(what->value);
	json_decref(what->path);
	*what = (struct wait_for){0};
}

/* ---- a condition ---- */

/* Is what CONDITION tells about OBJECT as it is now? */
static bool is_observed(const json_t *object, const json_t *condition)
{
	const json_t *generation =
	    json_object_get(json_object_get(object, "metadata"), "generation");
	const json_t *observed = json_object_get(condition, "observedGeneration");

	if (!json_is_integer(observed))
		observed = json_object_get(json_object_get(object, "status"), "observedGeneration");
	return !json_is_integer(generation) || !json_is_integer(observed) ||
	       json_integer_value(observed) >= json_integer_value(generation);
}

static bool has_condition(const struct wait_for *what, const json_t *object)
{
	const json_t *condition = kube_condition(object, what->name);
	const char *status = value_get_text(condition, "status");

	return status && is_observed(object, condition) && strcasecmp(status, what->value) == 0;
}

/* ---- what a path leads to ---- */

/* A number as fmt.Sprint() shows it; owned; NULL: beyond what Go reads. */
static char *shown_number(const json_t *number)
{
	char *written = json_dumps(number, JSON_ENCODE_ANY);
	struct kube_doc doc;
	struct buf out;
	bool good;

	buf_init(&out, BUF_TEXT_MAX);
	good = kube_doc_read(&doc, written, strlen(written), NULL) == 0 &&
	       kube_print_number(&doc, doc.nodes, false, &out) == 0;
	kube_doc_release(&doc);
	if (good)
		return buf_detach(&out);
	buf_release(&out);
	return NULL;
}

/* The same for all that is no list and no object. */
static char *shown(const json_t *value)
{
	if (json_is_string(value))
		return mem_text(json_string_value(value));
	if (json_is_boolean(value))
		return mem_text(json_is_true(value) ? "true" : "false");
	return json_is_null(value) ? mem_text("<nil>") : shown_number(value);
}

/* What strings.TrimSpace() takes away, of what is ASCII. */
#define BLANKS " \t\n\v\f\r"

static bool is_same(const char *a, const char *b)
{
	size_t len_a, len_b;

	a += strspn(a, BLANKS);
	b += strspn(b, BLANKS);
	len_a = strlen(a);
	len_b = strlen(b);
	while (len_a && strchr(BLANKS, a[len_a - 1]))
		len_a--;
	while (len_b && strchr(BLANKS, b[len_b - 1]))
		len_b--;
	return len_a == len_b && memcmp(a, b, len_a) == 0;
}

static enum wait_met leads_to(const struct wait_for *what, const json_t *object, const char **why)
{
	const json_t *value = object;
	char *text;
	bool met;
	size_t i;
	json_t *key;

	json_array_foreach(what->path, i, key)
		value = json_object_get(value, json_string_value(key));
	if (!value)
		return WAIT_NOT_YET;
	if (!what->value)
		return WAIT_MET;
	if (json_is_object(value) || json_is_array(value)) {
		*why = "jsonpath leads to a nested object or list which is not supported";
		return WAIT_NEVER;
	}
	text = shown(value);
	met = text && is_same(text, what->value);
	free(text);
	return met ? WAIT_MET : WAIT_NOT_YET;
}

enum wait_met wait_for_met(const struct wait_for *what, const json_t *object, const char **why)
{
	if (what->kind == WAIT_PATH)
		return leads_to(what, object, why);
	return has_condition(what, object) ? WAIT_MET : WAIT_NOT_YET;
}
