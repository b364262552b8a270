/* What several adapters are alike in. Invariant: no state, so that an entry that names one of these
 * says all there is to know of that slot. */
#include "share.h"

#include <string.h>

#include "fsops/mem.h"

enum effect effect_read(const json_t *args)
{
	(void)args;
	return EFFECT_READ;
}

enum effect effect_unstated(const json_t *args)
{
	(void)args;
	return EFFECT_UNSTATED;
}

void host_cancel(struct call *call)
{
	call->host->give_up(call, call_gone);
}

void release_nothing(struct call *call)
{
	(void)call;
}

/* The last ':' that is in no `${…}`; NULL: there is none. */
static const char *last_colon(const char *text)
{
	const char *found = NULL;
	bool inside = false;

	for (; *text; text++) {
		if (text[0] == '$' && text[1] == '{')
			inside = true;
		else if (*text == '}')
			inside = false;
		else if (*text == ':' && !inside)
			found = text;
	}
	return found;
}

bool share_address(const char *text, char **host, char **port)
{
	const char *colon = last_colon(text);
	size_t len = colon ? (size_t)(colon - text) : 0;
	bool brackets = len > 2 && *text == '[' && text[len - 1] == ']';

	if (!len || !colon[1])
		return false;
	*host = brackets ? mem_textn(text + 1, len - 2) : mem_textn(text, len);
	*port = mem_text(colon + 1);
	return true;
}
