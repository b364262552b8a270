/*
 * verify: an object goes through gunzip and is forgotten.
 * Invariant: constant memory and a bounded piece of work at a time, whatever the object's size and
 * however well it is packed. What passed has every member's checksum and length right, nothing
 * behind the last member but padding, and something in it that can be restored: also where that is packed again.
 */
#include "s3.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "fsops/mem.h"
#include "fsops/value.h"

#define BLOCK ((size_t)64 * 1024)

/* So much is unpacked in one go: some 10 ms. A megabyte of gzip can hold a gigabyte. */
#define TURN_MAX ((long long)4 * 1024 * 1024)

/* Of the head, for people: more of a line than this is left out, and "…" says so. */
#define LINE_MAX_SHOWN 512

/* So much of the end is kept to take the last lines from. */
#define TAIL_SIZE 4096

/* What the stream is in front of. */
enum state {
	STATE_START,   /* the first byte: is it gzip at all? */
	STATE_SECOND,  /* the first one may be gzip's: so tells the second */
	STATE_MEMBER,  /* in a member */
	STATE_BETWEEN, /* a member has ended: another one, padding, or the end */
	STATE_PLAIN,   /* it is not gzip; only its size is looked at */
};

/* Of the beginning, so that it tells what it is and whether there is anything in it. */
#define FIRST_MAX 13

/* A gzip may hold a gzip. Not without end: there are those that unpack to themselves. */
#define LAYERS_MAX 8

/* Where a file of a format says that there is no data: these bytes stand where the first data would be, and it
 * has so many bytes at most. */
struct nothing {
	long long size_max;
	size_t at;
	const char *bytes;
	size_t len;
};

/* How a backup may be packed, by its first bytes and by its name. Only gzip is looked into. */
static const struct format {
	const char *name;
	const char *magic;
	const char *endings[3];
	struct nothing nothing;
} formats[] = {
    {"gzip", "\x1f\x8b", {".gz", ".tgz"}, {0}},
    {"zstd", "\x28\xb5\x2f\xfd", {".zst", ".zstd", ".tzst"}, {13, 6, "\x01\0\0", 3}},
    {"xz",
        "\xfd"
        "7zXZ",
        {".xz", ".txz"}, {32, 12, "\0", 1}},
    {"bzip2", "BZh", {".bz2", ".tbz2", ".tbz"}, {14, 4, "\x17\x72\x45\x38\x50\x90", 6}},
    {"lz4", "\x04\x22\x4d\x18", {".lz4"}, {15, 7, "\0\0\0\0", 4}},
    {"zip", "PK\x03\x04", {".zip"}, {0}},
    /* Without a file it has only its end, and whatever comment that brings. */
    {"zip", "PK\x05\x06", {NULL}, {LLONG_MAX, 0, "", 0}},
    {"pg_dump's own format", "PGDMP", {NULL}, {0}},
};

struct s3_gzip {
	z_stream stream;
	enum state state;
	const struct format *named;     /* what the key says that it is; NULL: nothing */
	bool padding;                   /* zeros were seen behind the last member */
	bool something;                 /* a byte came that is neither zero nor a blank */
	unsigned char first[FIRST_MAX]; /* the object's first bytes */
	long long taken;                /* bytes of the object */
	long long bytes;                /* bytes that came out */
	long long lines;
	struct buf line; /* the line of the head that is being read */
	json_t *head;
	size_t tail_len;
	char tail[TAIL_SIZE]; /* the last bytes that came out */
	unsigned char block[BLOCK];
};

static bool ends_in(const char *text, const char *end)
{
	size_t len = strlen(text), tail = strlen(end);

	return len >= tail && strcmp(text + len - tail, end) == 0;
}

static const struct format *format_by_name(const char *key)
{
	for (size_t i = 0; i < COUNT_OF(formats); i++)
		for (size_t j = 0; j < COUNT_OF(formats[i].endings) && formats[i].endings[j]; j++)
			if (ends_in(key, formats[i].endings[j]))
				return &formats[i];
	return NULL;
}

/* By the first bytes; NULL: none that is known, SQL as text for one. */
static const struct format *format_by_magic(const struct s3_gzip *gzip)
{
	for (size_t i = 0; i < COUNT_OF(formats); i++) {
		size_t len = strlen(formats[i].magic);

		if (gzip->taken >= (long long)len &&
		    memcmp(gzip->first, formats[i].magic, len) == 0)
			return &formats[i];
	}
	return NULL;
}

static void *take_memory(void *ctx, unsigned count, unsigned size)
{
	(void)ctx;
	return mem_lib_calloc(count, size);
}

static void give_memory(void *ctx, void *memory)
{
	(void)ctx;
	free(memory);
}

struct s3_gzip *s3_gzip_new(const char *key)
{
	struct s3_gzip *gzip = mem_alloc(sizeof(*gzip));

	gzip->named = format_by_name(key);
	gzip->head = json_array();
	buf_init(&gzip->line, LINE_MAX_SHOWN);
	gzip->stream.zalloc = take_memory;
	gzip->stream.zfree = give_memory;
	/* 16: gzip's own header and trailer, with CRC and length. */
	if (inflateInit2(&gzip->stream, MAX_WBITS + 16) != Z_OK) {
		s3_gzip_free(gzip);
		return NULL;
	}
	return gzip;
}

static void end_line(struct s3_gzip *gzip)
{
	bool cut = gzip->line.full;

	gzip->line.full = false;
	json_array_append_new(gzip->head, value_text(gzip->line.data, gzip->line.len));
	if (cut) {
		json_t *last = json_array_get(gzip->head, json_array_size(gzip->head) - 1);

		json_array_set_new(gzip->head, json_array_size(gzip->head) - 1,
		    json_sprintf("%s\xE2\x80\xA6", json_string_value(last)));
	}
	buf_clear(&gzip->line);
}

/* Collect the first lines; what does not fit into one is marked, not kept. */
static void take_head(struct s3_gzip *gzip, const unsigned char *data, size_t len)
{
	for (size_t i = 0; i < len && json_array_size(gzip->head) < S3_HEAD_LINES; i++) {
		if (data[i] == '\n')
			end_line(gzip);
		else
			buf_addc(&gzip->line, (char)data[i]);
	}
}

/* What does not fit any more goes out at the front. */
static void take_tail(struct s3_gzip *gzip, const unsigned char *data, size_t len)
{
	size_t taken = len < TAIL_SIZE ? len : TAIL_SIZE;
	size_t kept = TAIL_SIZE - taken < gzip->tail_len ? TAIL_SIZE - taken : gzip->tail_len;

	memmove(gzip->tail, gzip->tail + gzip->tail_len - kept, kept);
	memcpy(gzip->tail + kept, data + len - taken, taken);
	gzip->tail_len = kept + taken;
}

/* Zeros and blanks are nothing in every format: a tar without a member, a dump that printed a line break. */
static void look_for_something(struct s3_gzip *gzip, const unsigned char *data, size_t len)
{
	for (size_t i = 0; i < len && !gzip->something; i++)
		gzip->something = !memchr("\0 \t\r\n", data[i], 5);
}

static void take_output(struct s3_gzip *gzip, size_t len)
{
	const unsigned char *at = gzip->block;
	const unsigned char *end = at + len;

	gzip->bytes += (long long)len;
	look_for_something(gzip, at, len);
	take_head(gzip, at, len);
	take_tail(gzip, at, len);
	while ((at = memchr(at, '\n', (size_t)(end - at)))) {
		gzip->lines++;
		at++;
	}
}

static int damaged(const struct s3_gzip *gzip, const char *why, struct err *err)
{
	return err_set(err, ERR_REMOTE,
	    "gzip is damaged near byte %lld (%s): the backup can't be restored from this object",
	    gzip->taken - gzip->stream.avail_in, why ? why : "wrong data");
}

/* Unpack what is in the stream's input until it is used up, the member ends or BYTES have come out. */
static int inflate_input(struct s3_gzip *gzip, long long bytes, struct err *err)
{
	z_stream *stream = &gzip->stream;

	do {
		int code;

		stream->next_out = gzip->block;
		stream->avail_out = BLOCK;
		code = inflate(stream, Z_NO_FLUSH);
		if (code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR)
			take_output(gzip, BLOCK - stream->avail_out);
		if (code == Z_STREAM_END) {
			gzip->state = STATE_BETWEEN;
			return 0;
		}
		if (code != Z_OK && code != Z_BUF_ERROR)
			return damaged(gzip, stream->msg, err);
	} while (stream->avail_in ? gzip->bytes < bytes : stream->avail_out == 0);
	return 0;
}

/* Behind a member: tape blocks are padded with zeros, files may be concatenated. */
static int begin_member(struct s3_gzip *gzip, struct err *err)
{
	z_stream *stream = &gzip->stream;

	while (stream->avail_in && *stream->next_in == 0) {
		stream->next_in++;
		stream->avail_in--;
		gzip->padding = true;
	}
	if (!stream->avail_in)
		return 0;
	if (gzip->padding || *stream->next_in != 0x1f)
		return damaged(gzip, "something else follows the packed data", err);
	inflateReset(stream);
	gzip->state = STATE_MEMBER;
	return 0;
}

static int begin(struct s3_gzip *gzip, unsigned char first, unsigned char second, struct err *err)
{
	bool packed = first == 0x1f && second == 0x8b;

	if (!packed && gzip->named == &formats[0])
		return err_set(err, ERR_REMOTE,
		    "it is not gzip, although its name says so: the backup can't be restored as "
		    "one");
	gzip->state = packed ? STATE_MEMBER : STATE_PLAIN;
	return 0;
}

/* The object's first bytes tell what it is. -1: it is not what it has to be. */
static int begin_object(
    struct s3_gzip *gzip, const unsigned char *data, size_t len, struct err *err)
{
	unsigned char first = gzip->first[0];
	bool half = gzip->state == STATE_SECOND;

	if (!half && *data == 0x1f && len == 1) {
		gzip->state = STATE_SECOND;
		return 0;
	}
	if (begin(gzip, half ? first : data[0], half ? data[0] : len > 1 ? data[1] : 0, err) < 0)
		return -1;
	if (!half)
		return 0;
	gzip->something = gzip->state == STATE_PLAIN;
	gzip->stream.next_in = &first;
	gzip->stream.avail_in = 1;
	return gzip->state == STATE_PLAIN ? 0 : inflate_input(gzip, TURN_MAX, err);
}

/* Keep the object's first bytes, which may come one by one. */
static void take_first(struct s3_gzip *gzip, const char *data, size_t len)
{
	for (size_t i = 0; i < len && gzip->taken + (long long)i < FIRST_MAX; i++)
		gzip->first[gzip->taken + (long long)i] = (unsigned char)data[i];
}

size_t s3_gzip_add(struct s3_gzip *gzip, const char *data, size_t len, struct err *err)
{
	z_stream *stream = &gzip->stream;
	long long turn = gzip->bytes + TURN_MAX;

	if (gzip->state <= STATE_SECOND &&
	    begin_object(gzip, (const unsigned char *)data, len, err) < 0)
		return 0;
	take_first(gzip, data, len);
	if (gzip->state == STATE_PLAIN || gzip->state == STATE_SECOND) {
		look_for_something(gzip, (const unsigned char *)data, len);
		gzip->taken += (long long)len;
		return len;
	}
	gzip->taken += (long long)len;
	stream->next_in = (unsigned char *)(uintptr_t)data; /* zlib only reads it */
	stream->avail_in = (unsigned)len;
	while (stream->avail_in && gzip->bytes < turn)
		if (gzip->state == STATE_BETWEEN ? begin_member(gzip, err)
		                                 : inflate_input(gzip, turn, err))
			return 0;
	gzip->taken -= (long long)stream->avail_in;
	return len - stream->avail_in;
}

/* Does it say of itself that there is nothing in it? */
static bool is_nothing(const struct s3_gzip *gzip, const struct format *format)
{
	const struct nothing *nothing = &format->nothing;

	return gzip->taken >= (long long)(nothing->at + nothing->len) &&
	       gzip->taken <= nothing->size_max &&
	       memcmp(gzip->first + nothing->at, nothing->bytes, nothing->len) == 0;
}

/* Whole, but is it anything? */
static int check_layer(const struct s3_gzip *gzip, struct err *err)
{
	const struct format *format = format_by_magic(gzip);

	if (gzip->state == STATE_BETWEEN && gzip->bytes == 0)
		return err_set(err, ERR_REMOTE,
		    "it is empty, a gzip of nothing (%lld bytes): there is nothing to restore "
		    "from; look at what the job that wrote it says",
		    gzip->taken);
	if (format && is_nothing(gzip, format))
		return err_set(err, ERR_REMOTE,
		    "it is empty, %s %s of nothing (%lld bytes): there is nothing to restore from; "
		    "look at what the job that wrote it says",
		    strchr("xl", *format->name) ? "an" : "a", format->name, gzip->taken);
	if (!gzip->something)
		return err_set(err, ERR_REMOTE,
		    "it holds nothing but zeros and blanks: there is nothing to restore from; look "
		    "at what the job that wrote it says");
	return 0;
}

/* What GZIP unpacked to as an object of its own, NULL when that is too much to be nothing, or cannot be unpacked.
 * The tail is all of it then. */
static struct s3_gzip *next_layer(const struct s3_gzip *gzip)
{
	struct s3_gzip *inner = NULL;
	struct err err;

	if (gzip->state == STATE_BETWEEN && gzip->bytes == (long long)gzip->tail_len)
		inner = s3_gzip_new("");
	if (!inner || s3_gzip_add(inner, gzip->tail, gzip->tail_len, &err) == gzip->tail_len)
		return inner;
	s3_gzip_free(inner);
	return NULL;
}

/* A job that packs what is packed already makes something of nothing. */
static int check_content(const struct s3_gzip *gzip, struct err *err)
{
	int result = check_layer(gzip, err);
	struct s3_gzip *layer = result == 0 ? next_layer(gzip) : NULL;

	for (int i = 1; layer && i < LAYERS_MAX; i++) {
		struct s3_gzip *inner = NULL;

		result = check_layer(layer, err);
		if (result < 0)
			err_prefix(err, "what it unpacks to");
		else
			inner = next_layer(layer);
		s3_gzip_free(layer);
		layer = inner;
	}
	s3_gzip_free(layer);
	return result;
}

int s3_gzip_finish(struct s3_gzip *gzip, struct err *err)
{
	const struct format *format;

	if (gzip->line.len && json_array_size(gzip->head) < S3_HEAD_LINES)
		end_line(gzip);
	if (gzip->taken == 0)
		return err_set(err, ERR_REMOTE, "it is empty: there is nothing to restore from");
	if (gzip->state == STATE_MEMBER ||
	    (gzip->state == STATE_SECOND && gzip->named == &formats[0]))
		return err_set(err, ERR_REMOTE,
		    "gzip ends early after %lld bytes: the backup is torn", gzip->taken);
	format = format_by_magic(gzip);
	if (gzip->named && (!format || strcmp(format->name, gzip->named->name) != 0))
		return err_set(err, ERR_REMOTE,
		    "it is not %s, although its name says so: the backup can't be restored as one",
		    gzip->named->name);
	return check_content(gzip, err);
}

/* The last lines, whole ones; of a longer one than is kept, the end behind a "…". */
static json_t *tail_lines(const struct s3_gzip *gzip)
{
	json_t *lines = json_array();
	const char *end = gzip->tail + gzip->tail_len;

	if (end > gzip->tail && end[-1] == '\n')
		end--;
	while (gzip->tail_len && json_array_size(lines) < S3_TAIL_LINES) {
		const char *from = memrchr(gzip->tail, '\n', (size_t)(end - gzip->tail));
		json_t *line = value_text(
		    from ? from + 1 : gzip->tail, (size_t)(end - (from ? from + 1 : gzip->tail)));
		bool cut = !from && gzip->bytes > (long long)gzip->tail_len;

		if (!cut || json_array_size(lines) == 0)
			json_array_insert_new(lines, 0,
			    cut ? json_sprintf("\xE2\x80\xA6%s", json_string_value(line))
			        : json_incref(line));
		json_decref(line);
		if (!from)
			break;
		end = from;
	}
	return lines;
}

void s3_gzip_result(const struct s3_gzip *gzip, json_t *result)
{
	const struct format *format = format_by_magic(gzip);
	bool packed = gzip->state == STATE_BETWEEN;

	json_object_set_new(result, "format", format ? json_string(format->name) : json_null());
	json_object_set_new(result, "gzip", json_boolean(packed));
	json_object_set_new(result, "bytes", packed ? json_integer(gzip->bytes) : json_null());
	json_object_set_new(result, "lines", packed ? json_integer(gzip->lines) : json_null());
	json_object_set(result, "head", gzip->head);
	json_object_set_new(result, "tail", tail_lines(gzip));
}

void s3_gzip_free(struct s3_gzip *gzip)
{
	if (!gzip)
		return;
	inflateEnd(&gzip->stream);
	json_decref(gzip->head);
	buf_release(&gzip->line);
	free(gzip);
}
