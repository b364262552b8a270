/* Base64. Invariant: what base64_encode() makes, base64_decode() takes back. */
#include "fsops/base64.h"

#include <stdint.h>
#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct buf *out, const void *data, size_t len)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < len; i += 3) {
		size_t left = len - i;
		uint32_t three = (uint32_t)bytes[i] << 16;

		three |= left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0;
		three |= left > 2 ? bytes[i + 2] : 0;
		buf_addc(out, digits[three >> 18]);
		buf_addc(out, digits[three >> 12 & 63]);
		buf_addc(out, left > 1 ? digits[three >> 6 & 63] : '=');
		buf_addc(out, left > 2 ? digits[three & 63] : '=');
	}
}

int base64_decode(struct buf *out, const char *text, size_t len)
{
	uint32_t bits = 0;
	int have = 0;
	size_t padding = 0;

	while (len > 0 && padding < 2 && text[len - 1] == '=') {
		len--;
		padding++;
	}
	if (len % 4 == 1 || (padding && (len + padding) % 4 != 0))
		return -1;
	for (size_t i = 0; i < len; i++) {
		const char *digit = text[i] ? strchr(digits, text[i]) : NULL;

		if (!digit)
			return -1;
		bits = bits << 6 | (uint32_t)(digit - digits);
		have += 6;
		if (have >= 8) {
			have -= 8;
			buf_addc(out, (char)(bits >> have & 0xFF));
		}
	}
	return 0;
}
