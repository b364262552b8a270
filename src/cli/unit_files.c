/* The units of a timetable as files. Invariant: systemd never reads half a unit: each is written
 * beside its place and then put there. */
#include "unit_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fsops/mem.h"

#define UNIT_MODE 0644

static int fail(struct err *err, const char *path)
{
	return err_set(err, ERR_SYSTEM, "unable to write '%s': %s", path, strerror(errno));
}

static int write_new(const char *path, const struct buf *text, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, UNIT_MODE);
	struct out out;
	int result = 0;

	if (fd < 0)
		return fail(err, path);
	out_init(&out, fd);
	out_write(&out, text->data, text->len);
	errno = out.error;
	if (out.error || fsync(fd) < 0)
		result = fail(err, path);
	out_release(&out);
	close(fd);
	return result;
}

static int write_unit(const char *path, const struct buf *text, struct err *err)
{
	char *beside = mem_printf("%s.%ld", path, (long)getpid());
	int result = write_new(beside, text, err);

	if (result == 0 && rename(beside, path) < 0)
		result = fail(err, path);
	if (result < 0)
		unlink(beside);
	free(beside);
	return result;
}

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
		result = write_unit(path, &text, err);
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
