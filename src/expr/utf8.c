/* Decoding that accepts nothing malformed: no overlong forms, no surrogates. */
#include "utf8.h"

#include "fsops/mem.h"

/* For each first byte: how long, and what the second byte may be. */
struct lead {
	uint8_t first, last; /* the first byte */
	uint8_t len;
	uint8_t low, high; /* the second byte */
};

static const struct lead leads[] = {
    {0x00, 0x7F, 1, 0, 0},
    {0xC2, 0xDF, 2, 0x80, 0xBF},
    {0xE0, 0xE0, 3, 0xA0, 0xBF},
    {0xE1, 0xEC, 3, 0x80, 0xBF},
    {0xED, 0xED, 3, 0x80, 0x9F},
    {0xEE, 0xEF, 3, 0x80, 0xBF},
    {0xF0, 0xF0, 4, 0x90, 0xBF},
    {0xF1, 0xF3, 4, 0x80, 0xBF},
    {0xF4, 0xF4, 4, 0x80, 0x8F},
};

static const struct lead *find_lead(uint8_t byte)
{
	for (size_t i = 0; i < COUNT_OF(leads); i++)
		if (byte >= leads[i].first && byte <= leads[i].last)
			return &leads[i];
	return NULL;
}

static uint32_t decode_long(const uint8_t *bytes, size_t left, size_t *len)
{
	const struct lead *lead = find_lead(bytes[0]);
	uint32_t code;

	*len = 1;
	if (!lead || lead->len > left || bytes[1] < lead->low || bytes[1] > lead->high)
		return UTF8_INVALID;
	code = bytes[0] & (0x7Fu >> lead->len);
	for (size_t i = 1; i < lead->len; i++) {
		if ((bytes[i] & 0xC0) != 0x80)
			return UTF8_INVALID;
		code = code << 6 | (bytes[i] & 0x3Fu);
	}
	*len = lead->len;
	return code;
}

uint32_t utf8_decode(const char *text, size_t left, size_t *len)
{
	const uint8_t *bytes = (const uint8_t *)text;

	if (bytes[0] < 0x80) {
		*len = 1;
		return bytes[0];
	}
	return decode_long(bytes, left, len);
}

size_t utf8_encode(uint32_t code, char out[UTF8_MAX])
{
	static const uint8_t marks[] = {0, 0, 0xC0, 0xE0, 0xF0};
	size_t len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

	for (size_t i = len; i-- > 1; code >>= 6)
		out[i] = (char)(0x80 | (code & 0x3F));
	out[0] = (char)(marks[len] | code);
	return len;
}

bool utf8_valid(const char *text, size_t len)
{
	size_t step;

	for (size_t i = 0; i < len; i += step)
		if (utf8_decode(text + i, len - i, &step) == UTF8_INVALID)
			return false;
	return true;
}

size_t utf8_count(const char *text, size_t len)
{
	size_t count = 0;

	for (size_t i = 0; i < len; i++)
		count += ((uint8_t)text[i] & 0xC0) != 0x80;
	return count;
}

size_t utf8_offset(const char *text, size_t len, size_t index)
{
	size_t i = 0;

	for (; i < len; i++)
		if (((uint8_t)text[i] & 0xC0) != 0x80 && index-- == 0)
			return i;
	return len;
}

bool utf8_is_space(uint32_t code)
{
	return (code >= 0x09 && code <= 0x0D) || code == ' ' || code == 0x85 || code == 0xA0 ||
	       code == 0x1680 || (code >= 0x2000 && code <= 0x200A) || code == 0x2028 ||
	       code == 0x2029 || code == 0x202F || code == 0x205F || code == 0x3000;
}
