/*
 * What somebody was asked for (a role, a process, a container …), kept for the calls that follow.
 * Invariant: nothing is given out that ends within REFRESH_BEFORE; a call that begins then looks it up
 * anew, so that credentials are renewed within a run.
 */
#include "private.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"

/* botocore must renew them then (its mandatory refresh). */
#define REFRESH_BEFORE ((msec)10 * 60 * 1000)

struct kept {
	struct kept *next;
	char *key;
	struct aws_credentials credentials;
};

/* One for each profile and region that the platform names: few. */
static struct kept *all;

char *aws_cache_key(const struct aws_config *config, const char *region)
{
	return mem_printf("%d %s %s", config->named, region, config->profile);
}

static struct kept **find(const char *key)
{
	struct kept **link = &all;

	while (*link && strcmp((*link)->key, key) != 0)
		link = &(*link)->next;
	return link;
}

static void drop(struct kept **link)
{
	struct kept *old = *link;

	if (!old)
		return;
	*link = old->next;
	aws_credentials_release(&old->credentials);
	free(old->key);
	free(old);
}

const struct aws_credentials *aws_cache_find(const char *key, msec wall)
{
	struct kept **link = find(key);

	if (*link && (*link)->credentials.expires &&
	    (*link)->credentials.expires - REFRESH_BEFORE <= wall)
		drop(link);
	return *link && strcmp((*link)->key, key) == 0 ? &(*link)->credentials : NULL;
}

void aws_cache_keep(const char *key, const struct aws_credentials *credentials)
{
	struct kept *kept;

	drop(find(key));
	kept = mem_alloc(sizeof(*kept));
	*kept = (struct kept){.next = all, .key = mem_text(key)};
	aws_credentials_copy(&kept->credentials, credentials);
	all = kept;
}

bool aws_cache_drop(const struct aws_config *config, const char *region)
{
	char *key = aws_cache_key(config, region);
	struct kept **link = find(key);
	bool found = *link;

	drop(link);
	free(key);
	return found;
}

void aws_cache_clear(void)
{
	while (all)
		drop(&all);
}

/* --- credentials --- */

/* explicit_bzero() is not everywhere; through a volatile pointer no store is optimised away. */
void aws_wipe(char *text, size_t len)
{
	volatile char *at = text;

	while (len--)
		*at++ = '\0';
}

static void wipe_text(char *text)
{
	if (text)
		aws_wipe(text, strlen(text));
	free(text);
}

void aws_credentials_release(struct aws_credentials *credentials)
{
	wipe_text(credentials->id);
	wipe_text(credentials->secret);
	wipe_text(credentials->token);
	*credentials = (struct aws_credentials){0};
}

void aws_credentials_copy(struct aws_credentials *to, const struct aws_credentials *from)
{
	*to = (struct aws_credentials){.id = mem_text(from->id),
	    .secret = mem_text(from->secret),
	    .token = mem_text(from->token),
	    .expires = from->expires};
}
