/*
 * Fuzzing an object that is verified: the input's first byte is the size of the pieces that it arrives in, the second
 * which name it has.
 *
 * Invariant: the pieces don't matter to the verdict nor to what is told of it. What is told is JSON.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/s3/s3.h"
#include "fsops/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* "": it is good, and RESULT says more; else the error. */
static char *verify(const char *name, const char *data, size_t len, size_t piece, json_t *result)
{
	struct s3_gzip *gzip = s3_gzip_new(name);
	struct err err = {0};
	bool bad = false;

	for (size_t at = 0; at < len && !bad;) {
		size_t left = len - at < piece ? len - at : piece;
		size_t taken = s3_gzip_add(gzip, data + at, left, &err);

		if (taken > left)
			abort();
		at += taken;
		bad = taken == 0;
	}
	bad = bad || s3_gzip_finish(gzip, &err) < 0;
	if (!bad)
		s3_gzip_result(gzip, result);
	s3_gzip_free(gzip);
	return mem_text(bad ? "bad" : "");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"x", "x.sql.gz", "x.zst", "x.tar"};
	const char *text = (const char *)data + 2;
	json_t *whole = json_object(), *pieces = json_object();
	char *one, *many, *shown;

	if (size < 2) {
		json_decref(whole);
		json_decref(pieces);
		return 0;
	}
	one = verify(names[data[1] % COUNT_OF(names)], text, size - 2, size, whole);
	many =
	    verify(names[data[1] % COUNT_OF(names)], text, size - 2, data[0] ? data[0] : 1, pieces);
	shown = json_dumps(whole, 0);
	if (strcmp(one, many) != 0 || !json_equal(whole, pieces) || !shown)
		abort();
	free(shown);
	free(many);
	free(one);
	json_decref(whole);
	json_decref(pieces);
	return 0;
}
