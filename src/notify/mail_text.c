/*
 * A message as a mail (RFC 5322, MIME).
 * Invariant: no text that is given can begin a header line: addresses were checked, the subject is
 * one line of encoded words (RFC 2047) or plain printable ASCII, and the body is quoted-printable.
 */
#include "kinds.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fsops/mem.h"

#define SUBJECT_MAX 200 /* bytes of the title that are shown */
#define WORD_MAX    45  /* bytes that one encoded word takes: 75 characters encoded, RFC 2047 */
#define LINE_MAX_QP 76  /* RFC 2045 */

static const char hex[] = "0123456789ABCDEF";

static bool is_plain(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || (unsigned char)*text > '~')
			return false;
	return true;
}

/* How many of the LEN bytes make whole characters and fit into one encoded word. */
static size_t word_len(const char *text, size_t len)
{
	size_t take = len < WORD_MAX / 3 ? len : WORD_MAX / 3;

	while (take < len && take && ((unsigned char)text[take] & 0xC0) == 0x80)
		take--;
	return take ? take : 1;
}

static void add_words(struct buf *out, const char *text)
{
	size_t left = strlen(text);

	while (left) {
		size_t len = word_len(text, left);

		buf_adds(out, "=?utf-8?Q?");
		for (size_t i = 0; i < len; i++)
			buf_addf(out, "=%02X", (unsigned char)text[i]);
		buf_adds(out, "?=");
		text += len;
		left -= len;
		if (left)
			buf_adds(out, "\r\n ");
	}
}

/* One line, whatever the title holds. */
static void add_subject(struct buf *out, const char *title)
{
	struct buf line;

	buf_init(&line, BUF_TEXT_MAX);
	add_cut(&line, title, SUBJECT_MAX);
	for (char *c = line.data; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = ' ';
	buf_adds(out, "Subject: ");
	if (is_plain(line.data) && !strstr(line.data, "=?") && line.len <= 78 - strlen("Subject: "))
		buf_adds(out, line.data);
	else
		add_words(out, line.data);
	buf_adds(out, "\r\n");
	buf_release(&line);
}

static void add_date(struct buf *out)
{
	time_t now = (time_t)(clock_system.wall(clock_system.ctx) / 1000);
	char text[64];
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S +0000", &tm); /* the C locale's names */
	buf_addf(out, "Date: %s\r\n", text);
}

/* Unique by the run, the event and the time; the domain is the sender's. */
static void add_id(struct buf *out, const char *from, const json_t *message)
{
	const char *domain = strchr(from, '@') + 1;

	buf_addf(out, "Message-ID: <fsops.%s.%lld@%s>\r\n", said(message, "rid"),
	    (long long)clock_system.wall(clock_system.ctx), domain);
}

static void add_recipients(struct buf *out, const json_t *to)
{
	buf_adds(out, "To: ");
	for (size_t i = 0; i < json_array_size(to); i++)
		buf_addf(out, "%s%s", i ? ",\r\n " : "", json_string_value(json_array_get(to, i)));
	buf_adds(out, "\r\n");
}

/* Whether the byte must be encoded where it stands; LAST: nothing follows it in its line. */
static bool is_encoded(unsigned char c, bool last)
{
	return c == '=' || c < ' ' || c > '~' ? !(c == '\t' && !last) : c == ' ' && last;
}

/* Quoted-printable, RFC 2045: lines of at most 76 characters, whatever they hold. */
static void add_body(struct buf *out, const char *text)
{
	size_t column = 0;

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		bool last = text[1] == '\0' || text[1] == '\n' || text[1] == '\r';
		bool encoded = is_encoded(c, last);

		if (c == '\r' && text[1] == '\n')
			continue;
		if (c == '\n') {
			buf_adds(out, "\r\n");
			column = 0;
			continue;
		}
		if (column + (encoded ? 3 : 1) > LINE_MAX_QP - 1) {
			buf_adds(out, "=\r\n");
			column = 0;
		}
		if (encoded)
			buf_addf(out, "=%c%c", hex[c >> 4], hex[c & 15]);
		else
			buf_addc(out, (char)c);
		column += encoded ? 3 : 1;
	}
	buf_adds(out, "\r\n");
}

char *mail_text(const char *from, const json_t *to, const json_t *message)
{
	const char *title = said(message, "title");
	struct buf out;

	buf_init(&out, BUF_TEXT_MAX);
	add_date(&out);
	buf_addf(&out, "From: %s\r\n", from);
	add_recipients(&out, to);
	add_subject(&out, *title ? title : said(message, "text"));
	add_id(&out, from, message);
	buf_adds(&out, "Auto-Submitted: auto-generated\r\n"
	               "MIME-Version: 1.0\r\n"
	               "Content-Type: text/plain; charset=utf-8\r\n"
	               "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
	add_body(&out, said(message, "text"));
	return buf_detach(&out);
}
