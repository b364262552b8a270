/* Which headers are secrets. Invariant: the one list of them, for targets, actions and channels. */
#include "fsops/secret_key.h"

#include <string.h>
#include <strings.h>

#include "fsops/mem.h"

static const char *const parts[] = {"auth", "bearer", "cookie", "credential", "key", "passphrase",
    "passwd", "password", "secret", "signature", "token"};

/* These have such a part in their name, and are shown in every log: nobody gets in by them. */
static const char *const open_names[] = {
    "Author", "X-Author", "Idempotency-Key", "Surrogate-Key", "X-Request-Key", "Sec-WebSocket-Key"};

bool secret_header_name(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(open_names); i++)
		if (strcasecmp(name, open_names[i]) == 0)
			return false;
	for (size_t i = 0; i < COUNT_OF(parts); i++)
		if (strcasestr(name, parts[i]))
			return true;
	return false;
}
