/*
 * Fuzzing the reader of journals: any bytes as one. Nothing may crash or leak, every line is an event
 * or is named, and whoever builds on the events (record, story) must stand whatever is in them.
 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fsops/journal.h"
#include "fsops/record.h"
#include "fsops/ui.h"
#include "state/journal/reader.h"
#include "ui/story/story.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct journal_reader *open_bytes(const uint8_t *data, size_t size)
{
	int fd = memfd_create("journal", MFD_CLOEXEC);
	struct journal_reader *reader;
	char path[64];

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	reader = journal_open_file(path, NULL);
	close(fd);
	return reader;
}

static void read_all(struct journal_reader *reader, struct record *record, struct story *story)
{
	struct buf text;
	json_t *event;
	struct err err;
	int got;

	while ((got = journal_next(reader, &event, &err)) != 0) {
		if (got < 0) {
			if (!err.text[0] || !journal_facts(reader)->bad_line)
				abort(); /* not named */
			continue;
		}
		buf_init(&text, UI_TEXT_MAX);
		story_event(story, event, &text);
		buf_release(&text);
		record_add(record, event);
		json_decref(event);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct sink_options options = {.verbose = true};
	struct journal_reader *reader = open_bytes(data, size);
	struct record *record = record_new();
	char digest[SHA256_TEXT];
	struct story story;

	story_init(&story, &options, true);
	if (reader) {
		json_decref(reader_last(reader, digest));
		read_all(reader, record, &story);
	}
	json_decref(record_interrupted(record));
	story_release(&story);
	record_free(record);
	journal_close(reader);
	return 0;
}
