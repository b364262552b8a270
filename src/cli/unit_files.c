/* The units of a timetable as files. Invariant: systemd never reads half a unit. */
#include "unit_files.h"

#include <stdlib.h>

#include "fsops/atomic.h"
#include "fsops/mem.h"

static int write_kind(const struct timetable *table, const struct timed *timed, enum unit_kind kind,
    const char *folder, struct err *err)
{
	struct buf name;
	struct buf text;
	char *path;
	int result;

	buf_init(&name, BUF_TEXT_MAX);
	buf_init(&text, BUF_TEXT_MAX);
	print_unit_name(&name, timed, kind);
	path = mem_printf("%s/%s", folder, name.data);
	result = print_unit(&text, table, timed, kind, err);
	if (result == 0)
		result = atomic_write(path, text.data, text.len, err);
	free(path);
	buf_release(&text);
	buf_release(&name);
	return result;
}

int unit_files_write(
    const struct timetable *table, const char *folder, struct buf *said, struct err *err)
{
	buf_addf(said,
	    "Written into %s. Now type:\n  systemctl daemon-reload\n"
	    "  systemctl enable --now",
	    folder);
	for (size_t i = 0; i < table->count; i++) {
		for (enum unit_kind kind = 0; kind < UNIT_KINDS; kind++)
			if (write_kind(table, &table->items[i], kind, folder, err) < 0)
				return -1;
		buf_addc(said, ' ');
		print_unit_name(said, &table->items[i], UNIT_TIMER);
	}
	buf_addc(said, '\n');
	return 0;
}
