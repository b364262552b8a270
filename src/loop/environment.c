/* The environment of a child. Invariant: what is withheld reaches a child only by its exact name in `inherit`,
 * or because its own `env` sets it. */
#include "environment.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "child_private.h"
#include "fsops/mem.h"

extern char **environ;

/* With `inherit`, this besides: what programs need to find themselves, their files and their language. */
const char *const child_always[] = {"PATH", "HOME", "USER", "LOGNAME", "SHELL", "PWD", "LANG",
    "LANGUAGE", "LC_*", "TERM", "TZ", "TMPDIR", "XDG_*", "SSL_CERT_FILE", "SSL_CERT_DIR",
    "KUBECONFIG", NULL};

static bool same_name(const char *a, const char *b)
{
	size_t len = strcspn(a, "=");

	return strncmp(a, b, len) == 0 && (b[len] == '=' || !b[len]);
}

static bool overridden(const char *variable, const char *const *env, const char *call)
{
	if (same_name(variable, call))
		return true;
	for (; env && *env; env++)
		if (same_name(variable, *env))
			return true;
	return false;
}

static bool matches(const char *name, const char *const *patterns)
{
	for (; patterns && *patterns; patterns++)
		if (fnmatch(*patterns, name, 0) == 0)
			return true;
	return false;
}

static bool is_listed(const char *name, const char *const *names)
{
	for (; names && *names; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

static bool passes(const char *variable, const struct child_spec *spec)
{
	char *name = mem_textn(variable, strcspn(variable, "="));
	bool asked = is_listed(name, spec->inherit);
	bool passes =
	    asked ||
	    (!is_listed(name, spec->withheld) &&
	        (!spec->inherit || matches(name, spec->inherit) || matches(name, child_always)));

	free(name);
	return passes;
}

const char *children_variable(
    const struct children *children, const char *const *inherit, const char *name)
{
	struct child_spec spec = {
	    .inherit = inherit, .withheld = (const char *const *)children->withheld};

	return passes(name, &spec) ? getenv(name) : NULL;
}

char **environment_for(const struct child_spec *spec, const char *call)
{
	size_t room = 2;
	size_t count = 0;
	char **all;

	for (char **own = environ; *own; own++)
		room++;
	for (const char *const *given = spec->env; given && *given; given++)
		room++;
	all = mem_alloc(room * sizeof(*all));
	for (char **own = environ; *own; own++)
		if (!overridden(*own, spec->env, call) && passes(*own, spec))
			all[count++] = *own;
	for (const char *const *given = spec->env; given && *given; given++)
		if (strchr(*given, '='))
			all[count++] = (char *)*given;
	all[count] = (char *)call;
	return all;
}
