/*
 * Fuzzing what an S3 server answers to a listing: the input's first byte is the size of the pieces that it arrives in.
 *
 * Invariant: the pieces don't matter: in one or in many, the same objects come or the same error. An object has a key,
 * a size that is not negative and a time.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/s3/s3.h"
#include "fsops/mem.h"
#include "fsops/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int keep(void *ctx, json_t *object, struct err *err)
{
	(void)err;
	if (!value_get_text(object, "key") || !value_get_text(object, "modified") ||
	    json_integer_value(json_object_get(object, "size")) < 0)
		abort();
	json_array_append_new(ctx, object);
	return 0;
}

/* {objects, token, code, error}, or null. */
static json_t *read_page(const char *text, size_t len, size_t piece)
{
	json_t *objects = json_array(), *found;
	struct s3_xml *xml = s3_xml_new(keep, objects);
	const struct s3_page *page = NULL;
	struct err err = {0};
	int result = 0;

	for (size_t at = 0; at < len && result == 0; at += piece)
		result = s3_xml_add(xml, text + at, len - at < piece ? len - at : piece, &err);
	if (result == 0)
		result = s3_xml_finish(xml, &page, &err);
	value_clean(err.text);
	found = result < 0 ? json_pack("{s:s}", "error", err.text)
	                   : json_pack("{s:O, s:s?, s:s?}", "objects", objects, "token",
	                         page->token, "code", page->code);
	if (!found)
		abort();
	s3_xml_free(xml);
	json_decref(objects);
	return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t piece = size && data[0] ? data[0] : 1;
	const char *text = (const char *)data + (size ? 1 : 0);
	size_t len = size ? size - 1 : 0;
	json_t *whole = read_page(text, len, len ? len : 1);
	json_t *pieces = read_page(text, len, piece);

	if (!json_equal(whole, pieces))
		abort();
	json_decref(whole);
	json_decref(pieces);
	return 0;
}
