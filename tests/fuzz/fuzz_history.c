/*
 * Fuzzing the file behind the history: any bytes as one. Nothing may crash or leak; what is made of it is
 * nothing but lines that can be read again, and mending it once more changes nothing.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "state/journal/history_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void mend(const char *data, size_t size, struct buf *out)
{
	struct buf old;

	buf_init(&old, HISTORY_MAX);
	buf_add(&old, data, size);
	buf_init(out, HISTORY_MAX);
	history_mend(&old, out);
	buf_release(&old);
}

static void check_lines(struct buf *lines)
{
	char *line = lines->data;
	char *end;

	while ((end = memchr(line, '\n', (size_t)(lines->data + lines->len - line)))) {
		struct history_line out;

		if (history_parse(line, (size_t)(end - line), &out) < 0)
			abort();
		line = end + 1;
	}
	if (line != lines->data + lines->len)
		abort(); /* the last line has no end */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf once, again;

	setenv("FSOPS_STATE", "/nonexistent", 1); /* there are no journals */
	mend((const char *)data, size, &once);
	mend(once.data, once.len, &again);
	if (once.len != again.len || memcmp(once.data, again.data, once.len) != 0)
		abort();
	check_lines(&again);
	buf_release(&once);
	buf_release(&again);
	return 0;
}
