/*
 * S3's XML, read as it comes: a page of a listing, or an error.
 *
 * Invariant: nothing of the document is kept but the fields of the table below and the
 * objects handed on; each field, each token, the depth and the whole page have a ceiling, and a document
 * type (the door to entity bombs) is refused. The work is linear in the bytes, in pieces of any size:
 * expat reads a token that is not whole from its beginning again with every piece, so it gets large
 * pieces, and a token that does not end is refused.
 */
#include "s3.h"

#include <expat.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/value.h"

#define DEPTH_MAX 16
#define NAME_SIZE 40

/* A key has at most 1024 bytes; percent-encoded three times as many. */
#define FIELD_MAX ((size_t)4096)

/* Given to expat at once. */
#define PIECE_SIZE ((size_t)16 * 1024)

/* A tag, a comment and the like; text is no token, it is handed on as it comes. */
#define TOKEN_MAX ((size_t)64 * 1024)

enum field {
	FIELD_KEY,
	FIELD_MODIFIED,
	FIELD_SIZE,
	FIELD_ETAG,
	FIELD_TRUNCATED,
	FIELD_TOKEN,
	FIELD_ENCODING,
	FIELD_CODE,
	FIELD_MESSAGE,
	FIELD_REGION,
	FIELD_COUNT,
};

/* The fields that are read, by where they stand. */
static const struct place_row {
	const char *parent;
	const char *name;
	enum field field;
} rows[] = {
    {"Contents", "Key", FIELD_KEY},
    {"Contents", "LastModified", FIELD_MODIFIED},
    {"Contents", "Size", FIELD_SIZE},
    {"Contents", "ETag", FIELD_ETAG},
    {"ListBucketResult", "IsTruncated", FIELD_TRUNCATED},
    {"ListBucketResult", "NextContinuationToken", FIELD_TOKEN},
    {"ListBucketResult", "EncodingType", FIELD_ENCODING},
    {"Error", "Code", FIELD_CODE},
    {"Error", "Message", FIELD_MESSAGE},
    {"Error", "Region", FIELD_REGION},
};

struct s3_xml {
	XML_Parser parser;
	s3_object_fn *object;
	void *ctx;
	char names[DEPTH_MAX][NAME_SIZE]; /* the open elements */
	int depth;
	struct buf fields[FIELD_COUNT];
	struct buf *open; /* where text goes now; NULL: nowhere */
	json_t **objects; /* of this page: their encoding may be told after them */
	size_t object_count;
	struct buf piece;   /* what is to be given to expat next */
	size_t bytes;       /* of the document */
	size_t whole_bytes; /* those that had come when a token was last seen whole */
	bool known_root;
	struct s3_page page;
	struct err err; /* why a handler stopped the parser */
};

static void stop(struct s3_xml *xml, const char *why)
{
	if (xml->err.kind == ERR_NONE)
		err_set(&xml->err, ERR_REMOTE, "%s", why);
	XML_StopParser(xml->parser, XML_FALSE);
}

static void saw_token(struct s3_xml *xml)
{
	xml->whole_bytes = xml->bytes;
}

/* What no other handler is for: comments, instructions, white space. */
static void XMLCALL on_other(void *ctx, const XML_Char *text, int len)
{
	(void)text;
	(void)len;
	saw_token(ctx);
}

static struct buf *find_field(struct s3_xml *xml, const char *parent, const char *name)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (strcmp(rows[i].name, name) == 0 && strcmp(rows[i].parent, parent) == 0)
			return &xml->fields[rows[i].field];
	return NULL;
}

static void XMLCALL on_open(void *ctx, const XML_Char *name, const XML_Char **attributes)
{
	struct s3_xml *xml = ctx;

	(void)attributes;
	saw_token(xml);
	if (xml->depth == DEPTH_MAX) {
		stop(xml, "elements are nested too deep");
		return;
	}
	if (xml->depth == 0)
		xml->known_root =
		    strcmp(name, "ListBucketResult") == 0 || strcmp(name, "Error") == 0;
	snprintf(xml->names[xml->depth], NAME_SIZE, "%s", name);
	xml->open = xml->depth ? find_field(xml, xml->names[xml->depth - 1], name) : NULL;
	if (xml->open)
		buf_clear(xml->open);
	xml->depth++;
}

static void XMLCALL on_text(void *ctx, const XML_Char *text, int len)
{
	struct s3_xml *xml = ctx;

	saw_token(xml);
	if (xml->open && buf_add(xml->open, text, (size_t)len) < 0)
		stop(xml, "a field is too long");
}

/* "2026-11-20T03:04:05.000Z": then the order of the texts is the order in time. */
static bool is_time(const char *text)
{
	static const char form[] = "dddd-dd-ddTdd:dd:dd";
	size_t i;

	for (i = 0; form[i]; i++)
		if (form[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
			return false;
	return text[strlen(text) - 1] == 'Z';
}

static void take_object(struct s3_xml *xml)
{
	const struct buf *key = &xml->fields[FIELD_KEY];
	const char *modified = xml->fields[FIELD_MODIFIED].data;
	char *end;
	long long size = strtoll(xml->fields[FIELD_SIZE].data, &end, 10);

	if (!key->len || *end || end == xml->fields[FIELD_SIZE].data || size < 0 ||
	    !is_time(modified)) {
		stop(xml, "an object has no key, size or time");
		return;
	}
	MEM_PUSH_ROOM(xml->objects, xml->object_count);
	xml->objects[xml->object_count++] =
	    json_pack("{s:o, s:I, s:s, s:s}", "key", value_text(key->data, key->len), "size",
	        (json_int_t)size, "modified", modified, "etag", xml->fields[FIELD_ETAG].data);
	for (int field = FIELD_KEY; field <= FIELD_ETAG; field++)
		buf_clear(&xml->fields[field]);
}

static void XMLCALL on_close(void *ctx, const XML_Char *name)
{
	struct s3_xml *xml = ctx;

	saw_token(xml);
	xml->open = NULL;
	xml->depth--;
	if (xml->depth == 1 && strcmp(name, "Contents") == 0)
		take_object(xml);
}

static void XMLCALL on_doctype(
    void *ctx, const XML_Char *name, const XML_Char *sysid, const XML_Char *pubid, int internal)
{
	(void)name;
	(void)sysid;
	(void)pubid;
	(void)internal;
	stop(ctx, "it has a document type, which S3's answers never have");
}

struct s3_xml *s3_xml_new(s3_object_fn *object, void *ctx)
{
	static const XML_Memory_Handling_Suite memory = {mem_lib_malloc, mem_lib_realloc, free};
	struct s3_xml *xml = mem_alloc(sizeof(*xml));

	*xml = (struct s3_xml){
	    .parser = XML_ParserCreate_MM(NULL, &memory, NULL), .object = object, .ctx = ctx};
	for (size_t i = 0; i < FIELD_COUNT; i++)
		buf_init(&xml->fields[i], FIELD_MAX);
	buf_init(&xml->piece, PIECE_SIZE);
	XML_SetUserData(xml->parser, xml);
	XML_SetDefaultHandler(xml->parser, on_other);
	XML_SetElementHandler(xml->parser, on_open, on_close);
	XML_SetCharacterDataHandler(xml->parser, on_text);
	XML_SetStartDoctypeDeclHandler(xml->parser, on_doctype);
	return xml;
}

/* Why the parser gave up, in our words or its own. */
static int refuse(struct s3_xml *xml, struct err *err)
{
	if (xml->err.kind == ERR_NONE)
		err_set(
		    &xml->err, ERR_REMOTE, "%s", XML_ErrorString(XML_GetErrorCode(xml->parser)));
	return err_set(err, ERR_REMOTE, "what it answered is not S3's XML (%s): check the endpoint",
	    xml->err.text);
}

static int parse_piece(struct s3_xml *xml, bool last, struct err *err)
{
	enum XML_Status status;

	xml->bytes += xml->piece.len;
	status = XML_Parse(xml->parser, xml->piece.data, (int)xml->piece.len, last);
	buf_clear(&xml->piece);
	if (status == XML_STATUS_OK && xml->bytes - xml->whole_bytes > TOKEN_MAX)
		err_set(&xml->err, ERR_REMOTE, "one tag of it is over %zu KiB", TOKEN_MAX / 1024);
	return status == XML_STATUS_OK && xml->err.kind == ERR_NONE ? 0 : refuse(xml, err);
}

int s3_xml_add(struct s3_xml *xml, const char *data, size_t len, struct err *err)
{
	if (xml->bytes + xml->piece.len + len > WEB_BODY_MAX)
		return err_set(err, ERR_LIMIT,
		    "a page of its list is over %d MiB, the most that is read",
		    WEB_BODY_MAX / 1024 / 1024);
	while (len) {
		size_t room = PIECE_SIZE - xml->piece.len;
		size_t taken = len < room ? len : room;

		buf_add(&xml->piece, data, taken);
		data += taken;
		len -= taken;
		if (xml->piece.len == PIECE_SIZE && parse_piece(xml, false, err) < 0)
			return -1;
	}
	return 0;
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c | 0x20) : NULL;

	return at && (c >= '0') ? (int)(at - digits) : -1;
}

/* A key with `encoding-type=url`: %XX, and + for a blank. */
static json_t *decode(const char *text)
{
	struct buf out;
	json_t *value;

	buf_init(&out, FIELD_MAX);
	for (; *text; text++) {
		int high = *text == '%' ? hex_digit(text[1]) : -1;
		int low = high >= 0 ? hex_digit(text[2]) : -1;

		if (high == 0 && low == 0)
			low = -1; /* no key holds a NUL; ours are C strings */
		buf_addc(&out, low >= 0 ? (char)(high * 16 + low) : *text == '+' ? ' ' : *text);
		if (low >= 0)
			text += 2;
	}
	value = value_text(out.data, out.len);
	buf_release(&out);
	return value;
}

/* Hand the objects on, with their keys as they are. */
static int hand_on(struct s3_xml *xml, struct err *err)
{
	bool encoded = strcmp(xml->fields[FIELD_ENCODING].data, "url") == 0;
	int result = 0;

	for (size_t i = 0; i < xml->object_count; i++) {
		json_t *object = xml->objects[i];

		if (result < 0) {
			json_decref(object);
			continue;
		}
		if (encoded)
			json_object_set_new(object, "key", decode(value_get_text(object, "key")));
		result = xml->object(xml->ctx, object, err); /* transferred */
	}
	xml->object_count = 0;
	return result;
}

/* The field's text, NULL when it is empty. */
static char *field_text(struct s3_xml *xml, enum field field)
{
	return xml->fields[field].len ? xml->fields[field].data : NULL;
}

int s3_xml_finish(struct s3_xml *xml, const struct s3_page **page, struct err *err)
{
	bool more;

	if (parse_piece(xml, true, err) < 0)
		return -1;
	if (!xml->known_root) {
		err_set(&xml->err, ERR_REMOTE, "it is neither a list nor an error");
		return refuse(xml, err);
	}
	more = strcmp(xml->fields[FIELD_TRUNCATED].data, "true") == 0;
	xml->page = (struct s3_page){
	    .token = more ? field_text(xml, FIELD_TOKEN) : NULL,
	    .code = field_text(xml, FIELD_CODE),
	    .message = field_text(xml, FIELD_MESSAGE),
	    .region = field_text(xml, FIELD_REGION),
	};
	if (more && !xml->page.token) {
		err_set(&xml->err, ERR_REMOTE, "there is more of the list, but not said where");
		return refuse(xml, err);
	}
	*page = &xml->page;
	return hand_on(xml, err);
}

void s3_xml_free(struct s3_xml *xml)
{
	if (!xml)
		return;
	for (size_t i = 0; i < xml->object_count; i++)
		json_decref(xml->objects[i]);
	for (size_t i = 0; i < FIELD_COUNT; i++)
		buf_release(&xml->fields[i]);
	free(xml->objects);
	buf_release(&xml->piece);
	XML_ParserFree(xml->parser);
	free(xml);
}
