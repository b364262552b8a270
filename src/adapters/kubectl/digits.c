/* Digits → a number. Invariant: no digit is passed over. */
#include "digits.h"

int digits_read(const char **at, int max, int64_t *value)
{
	int count = 0;

	*value = 0;
	for (; **at >= '0' && **at <= '9'; (*at)++, count++) {
		if (count == max)
			return -1;
		*value = *value * 10 + (**at - '0');
	}
	return count;
}
