/* Which names say that what they name is a secret. Invariant: the one list of them, for the headers and keys of targets,
 * actions and channels, and for what login plugins are given. */
#include "fsops/secret_key.h"

#include <ctype.h>
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

/* A key that has one of these in its name holds a credential. */
static const char *const names[] = {"password", "passwd", "passphrase", "secret", "token", "bearer",
    "authorization", "api-key", "api_key", "apikey", "cookie", "credential"};

static bool names_credential(const char *key)
{
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (strcasestr(key, names[i]))
			return true;
	return false;
}

/* Whether LEN characters of KEY end with the word TEXT. */
static bool ends_with(const char *key, size_t len, const char *text)
{
	size_t word = strlen(text);

	return len >= word && strncasecmp(key + len - word, text, word) == 0;
}

/* _FILE, fileFile, and what has nothing before it but the credential's name: tokenfile. */
static bool word_begins(const char *key, size_t at)
{
	if (!at || !isalnum((unsigned char)key[at - 1]))
		return true;
	if (islower((unsigned char)key[at - 1]) && isupper((unsigned char)key[at]))
		return true;
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (ends_with(key, at, names[i]))
			return true;
	return false;
}

/* TOKEN_FILE, passwordFile, --token-cache-storage: where a credential lies is none. Its last word says so: FILE_TOKEN and
 * TOKEN_PROFILE are credentials. */
static bool names_file(const char *key)
{
	static const char *const words[] = {"file", "files", "path", "dir", "storage"};
	size_t len = strlen(key);

	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (ends_with(key, len, words[i]) && word_begins(key, len - strlen(words[i])))
			return true;
	return false;
}

bool secret_key_name(const char *name)
{
	return names_credential(name) && !names_file(name);
}

/* Does a word end at AT: before what is no letter, and in privateKeyData? */
static bool word_ends(const char *name, size_t at)
{
	return !isalnum((unsigned char)name[at]) ||
	       (islower((unsigned char)name[at - 1]) && isupper((unsigned char)name[at]));
}

/* ENCRYPTION_KEY, --private-key; neither a keyring nor a monkey. */
static bool names_key(const char *name)
{
	static const char key[] = "key";

	for (const char *at = strcasestr(name, key); at; at = strcasestr(at + 1, key)) {
		size_t begin = (size_t)(at - name);

		if (word_begins(name, begin) && word_ends(name, begin + strlen(key)))
			return true;
	}
	return false;
}

bool secret_option_name(const char *name)
{
	return (names_credential(name) || names_key(name)) && !names_file(name);
}
