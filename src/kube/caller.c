/*
 * Whoever asks, and what it is told besides the answer. Invariant: nobody is told the same warning twice, as kubectl's
 * own process prints it once (k8s.io/client-go/rest, warnings.go).
 */
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/value.h"
#include "private.h"

/* More warnings than this are not told. */
#define WARNINGS_MAX 100

void kube_caller_release(struct kube_caller *caller)
{
	json_decref(caller->warned);
	caller->warned = NULL;
}

void kube_said(struct kube_caller *caller, const char *text, size_t len)
{
	if (caller->said && len)
		caller->said(caller->ctx, text, len);
}

void kube_secret(struct kube_caller *caller, const char *text)
{
	if (caller->secret && text && *text)
		caller->secret(caller->ctx, text);
}

static void tell(struct kube_caller *caller, const char *text)
{
	char *line;

	if (!caller->warned)
		caller->warned = json_object();
	if (!*text || json_object_get(caller->warned, text) ||
	    json_object_size(caller->warned) >= WARNINGS_MAX)
		return;
	json_object_set_new(caller->warned, text, json_true());
	line = mem_printf("Warning: %s\n", text);
	kube_said(caller, line, strlen(line));
	free(line);
}

/* A quoted string (RFC 9110, 5.6.4) at *AT; a new text, *AT behind it. NULL: there is none. */
static char *quoted(const char **at)
{
	const char *in = *at + (**at == '"');
	char *text, *out;

	if (in == *at)
		return NULL;
	text = out = mem_alloc(strlen(in) + 1);
	for (; *in && *in != '"'; in++) {
		in += *in == '\\' && in[1];
		*out++ = *in;
	}
	if (*in == '"') {
		*at = in + 1;
		return text;
	}
	free(text);
	return NULL;
}

/* One warning, `299 - "text"`, with a date in quotes behind it or none; *AT is behind it and its comma. */
static int next_warning(struct kube_caller *caller, const char **at)
{
	bool told = strncmp(*at, "299 ", 4) == 0;
	char *text;

	*at += strcspn(*at, " ");
	*at += strspn(*at, " ");
	*at += strcspn(*at, " ");
	*at += strspn(*at, " ");
	text = quoted(at);
	if (!text)
		return -1;
	if (told)
		tell(caller, text);
	free(text);
	*at += strspn(*at, " ");
	free(quoted(at));
	*at += strspn(*at, ", ");
	return 0;
}

void kube_tell_warnings(struct kube_caller *caller, const json_t *headers)
{
	const char *at = value_get_text(headers, "warning");

	while (at && *at && next_warning(caller, &at) == 0)
		;
}
