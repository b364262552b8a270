/*
 * Time zones: fixed offsets, and IANA names by the TZif files of the system.
 *
 * Invariant: only regular files below ZONE_DIR are read, and never past their
 * end: a name is made of plain segments, and every count in a file is checked
 * against its size before it is used.
 */
#include "time.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fsops/mem.h"
#include "rule.h"

#define ZONE_DIR      "/usr/share/zoneinfo"
#define ZONE_NAME_MAX 64
#define ZONE_FILE_MAX (256 * 1024)
#define ZONE_PATH_MAX (sizeof(ZONE_DIR) + ZONE_NAME_MAX + 2)

struct bytes {
	const uint8_t *data;
	size_t len;
};

/* The header of one block, as RFC 8536 has it. */
struct block {
	uint32_t isut, isstd, leap, times, types, chars;
	unsigned version;
};

#define HEADER_SIZE 44

static uint32_t big32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static int64_t big64(const uint8_t *at)
{
	return (int64_t)((uint64_t)big32(at) << 32 | big32(at + 4));
}

static int read_header(struct bytes file, struct block *out)
{
	if (file.len < HEADER_SIZE || memcmp(file.data, "TZif", 4) != 0)
		return -1;
	out->version = file.data[4];
	out->isut = big32(file.data + 20);
	out->isstd = big32(file.data + 24);
	out->leap = big32(file.data + 28);
	out->times = big32(file.data + 32);
	out->types = big32(file.data + 36);
	out->chars = big32(file.data + 40);
	return out->types == 0 ? -1 : 0;
}

static uint64_t block_size(const struct block *b, unsigned width)
{
	return (uint64_t)b->times * (width + 1) + (uint64_t)b->types * 6 + b->chars +
	       (uint64_t)b->leap * (width + 4) + b->isstd + b->isut;
}

/* The offset that type INDEX of the block has. */
static int type_offset(const uint8_t *types, uint32_t index, uint32_t count, int *offset)
{
	if (index >= count)
		return -1;
	*offset = (int)(int32_t)big32(types + (size_t)index * 6);
	return *offset > -DAY_SECONDS * 2 && *offset < DAY_SECONDS * 2 ? 0 : -1;
}

/* Before the first change, the first type that is not daylight saving time counts. */
static uint32_t first_type(const uint8_t *types, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (!types[(size_t)i * 6 + 4])
			return i;
	return 0;
}

/* How many of the changes are at or before SECONDS. */
static uint32_t changes_until(const uint8_t *times, uint32_t count, int64_t seconds)
{
	uint32_t low = 0;
	uint32_t high = count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (big64(times + (size_t)middle * 8) <= seconds)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The text after the block: what holds after the last change. */
static int footer_offset(struct bytes rest, int64_t seconds, int *offset)
{
	char rule[ZONE_RULE_MAX];
	const uint8_t *end;

	if (rest.len < 2 || rest.data[0] != '\n')
		return -1;
	end = memchr(rest.data + 1, '\n', rest.len - 1);
	if (!end || end == rest.data + 1 || (size_t)(end - rest.data) > sizeof(rule))
		return -1;
	memcpy(rule, rest.data + 1, (size_t)(end - rest.data) - 1);
	rule[end - rest.data - 1] = '\0';
	return zone_rule_offset(rule, seconds, offset);
}

static int block_offset(struct bytes file, const struct block *b, int64_t seconds, int *offset)
{
	uint64_t size = block_size(b, 8);
	const uint8_t *times = file.data + HEADER_SIZE;
	const uint8_t *indices = times + (size_t)b->times * 8;
	const uint8_t *types = indices + b->times;
	struct bytes rest;
	uint32_t done;

	if (size > file.len - HEADER_SIZE)
		return -1;
	rest = (struct bytes){file.data + HEADER_SIZE + size, file.len - HEADER_SIZE - size};
	done = changes_until(times, b->times, seconds);
	if (done == b->times && footer_offset(rest, seconds, offset) == 0)
		return 0;
	if (done == 0)
		return type_offset(types, first_type(types, b->types), b->types, offset);
	return type_offset(types, indices[done - 1], b->types, offset);
}

/* The first block has 32-bit times and is skipped; the second has 64-bit ones. */
static int file_offset(struct bytes file, int64_t seconds, int *offset)
{
	struct block b;
	uint64_t skip;

	if (read_header(file, &b) < 0 || b.version < '2')
		return -1;
	skip = HEADER_SIZE + block_size(&b, 4);
	if (skip > file.len)
		return -1;
	file = (struct bytes){file.data + skip, file.len - skip};
	if (read_header(file, &b) < 0)
		return -1;
	return block_offset(file, &b, seconds, offset);
}

/* Letters, digits, '_', '-', '+', in segments that '/' parts: no ".." can be written. */
static bool name_ok(const char *name, size_t len)
{
	static const char plain[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+";

	if (len == 0 || len > ZONE_NAME_MAX || name[0] == '/' || name[len - 1] == '/')
		return false;
	for (size_t i = 0; i < len; i++) {
		if (name[i] == '/' ? name[i - 1] == '/' : !name[i] || !strchr(plain, name[i]))
			return false;
	}
	return true;
}

static int read_file(const char *path, uint8_t **data, size_t *len)
{
	struct stat info;
	ssize_t got = -1;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return -1;
	if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size <= ZONE_FILE_MAX) {
		*data = mem_alloc((size_t)info.st_size);
		got = read(fd, *data, (size_t)info.st_size);
	}
	close(fd);
	*len = got > 0 ? (size_t)got : 0;
	return got > 0 ? 0 : -1;
}

/* "+02:00", "-02:30", "02:00" */
static int fixed_offset(const char *zone, size_t len, int *offset)
{
	char text[8] = "";
	int hours, minutes, used = 0;
	bool sign = len > 0 && (zone[0] == '+' || zone[0] == '-');

	if (len != (sign ? 6u : 5u))
		return -1;
	memcpy(text, zone + sign, 5);
	if (strspn(text, "0123456789:") != 5 || text[2] != ':' ||
	    sscanf(text, "%2d:%2d%n", &hours, &minutes, &used) != 2 || used != 5)
		return -1;
	if (hours > 23 || minutes > 59)
		return -1;
	*offset = (hours * 60 + minutes) * 60 * (zone[0] == '-' ? -1 : 1);
	return 0;
}

static int name_path(const char *name, size_t len, char path[ZONE_PATH_MAX])
{
	if (!name_ok(name, len))
		return -1;
	snprintf(path, ZONE_PATH_MAX, ZONE_DIR "/%.*s", (int)len, name);
	return 0;
}

struct zone {
	char *name;
	struct bytes file; /* no data: the offset is fixed */
	int fixed;
};

/* What it holds is looked at once, so that zone_at() cannot fail. */
static int load(struct zone *zone, const char *name, size_t len)
{
	char path[ZONE_PATH_MAX];
	uint8_t *data = NULL;
	size_t size = 0;
	int offset;

	if ((len == 3 && memcmp(name, "UTC", 3) == 0) || fixed_offset(name, len, &zone->fixed) == 0)
		return 0;
	if (name_path(name, len, path) < 0 || read_file(path, &data, &size) < 0) {
		free(data);
		return -1;
	}
	zone->file = (struct bytes){data, size};
	return file_offset(zone->file, 0, &offset) < 0 ||
	               file_offset(zone->file, TIME_MAX, &offset) < 0
	           ? -1
	           : 0;
}

struct zone *zone_open(const char *name, size_t len)
{
	struct zone *zone = mem_alloc(sizeof(*zone));

	zone->name = mem_textn(name, len);
	if (load(zone, name, len) == 0)
		return zone;
	zone_free(zone);
	return NULL;
}

void zone_free(struct zone *zone)
{
	if (!zone)
		return;
	free((void *)zone->file.data);
	free(zone->name);
	free(zone);
}

const char *zone_name(const struct zone *zone)
{
	return zone->name;
}

int zone_at(const struct zone *zone, int64_t seconds)
{
	int offset = zone->fixed;

	if (zone->file.data)
		file_offset(zone->file, seconds, &offset);
	return offset;
}

int zone_offset(const char *zone, size_t len, int64_t seconds, int *offset)
{
	struct zone *open = zone_open(zone, len);
	int result = open ? 0 : -1;

	*offset = open ? zone_at(open, seconds) : 0;
	zone_free(open);
	return result;
}
