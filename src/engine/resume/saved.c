/* Looks at a file that an action saved. Invariant: it is whole only when every byte is as it was. */
#include "saved.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "fsops/sha256.h"
#include "fsops/value.h"

static bool has_digest(FILE *file, const char *wanted)
{
	unsigned char digest[SHA256_SIZE];
	char hex[SHA256_TEXT];
	char data[16384];
	struct sha256 *hash = sha256_new();
	size_t got;

	while ((got = fread(data, 1, sizeof(data), file)) > 0)
		sha256_update(hash, data, got);
	sha256_end(hash, digest);
	sha256_hex(digest, hex);
	return !ferror(file) && wanted && strcmp(hex, wanted) == 0;
}

bool saved_is_whole(const json_t *saved)
{
	const char *path = value_get_text(saved, "path");
	struct stat info;
	FILE *file;
	bool whole;

	if (!path || !json_is_true(json_object_get(saved, "complete")) || lstat(path, &info) < 0 ||
	    !S_ISREG(info.st_mode) || (double)info.st_size != value_get_number(saved, "bytes", -1))
		return false;
	file = fopen(path, "re");
	whole = file && has_digest(file, value_get_text(saved, "sha256"));
	if (file)
		fclose(file);
	return whole;
}
