/*
 * The fuzz target without a fuzzer: the distilled seeds, and the same ones bent by a
 * generator that always starts the same, so that a failure can be repeated.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fsops/buf.h"

#include "../../fuzz/fuzz_expr.c"

#define SEEDS         "tests/fuzz/corpus/fuzz_expr"
#define SEED_SIZE_MAX 4096
#define BENT_EACH     20

static uint32_t random_state = 12345;

static size_t random_below(size_t limit)
{
	random_state = random_state * 1664525u + 1013904223u;
	return limit ? (random_state >> 8) % limit : 0;
}

/* Change, drop or double a few bytes of DATA, which has room for twice SIZE. */
static size_t bend(uint8_t *data, size_t size)
{
	static const char signs[] = "()[]{}.,:?!&|=<>+-*/%'\"\\ \n019aexubr_\xc3";

	for (size_t times = 1 + random_below(4); times > 0 && size > 0; times--) {
		size_t at = random_below(size);

		switch (random_below(3)) {
		case 0:
			data[at] = (uint8_t)signs[random_below(sizeof(signs) - 1)];
			break;
		case 1:
			memmove(data + at, data + at + 1, --size - at);
			break;
		default:
			if (size + 1 < 2 * SEED_SIZE_MAX) {
				memmove(data + at + 1, data + at, size - at);
				size++;
			}
		}
	}
	return size;
}

static void run_seed(const char *name)
{
	char path[512];
	uint8_t data[2 * SEED_SIZE_MAX];
	struct buf seed;
	struct err err;

	snprintf(path, sizeof(path), "%s/%s", SEEDS, name);
	if (buf_read_file(&seed, path, SEED_SIZE_MAX, &err) < 0)
		fail_msg("%s", err.text);
	LLVMFuzzerTestOneInput((const uint8_t *)seed.data, seed.len);
	for (int i = 0; i < BENT_EACH; i++) {
		memcpy(data, seed.data, seed.len);
		LLVMFuzzerTestOneInput(data, bend(data, seed.len));
	}
	buf_release(&seed);
}

static int is_seed(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void test_seeds(void **state)
{
	struct dirent **seeds;
	int count = scandir(SEEDS, &seeds, is_seed, alphasort);

	(void)state;
	assert_true(count > 50);
	for (int i = 0; i < count; i++) {
		run_seed(seeds[i]->d_name);
		free(seeds[i]);
	}
	free(seeds);
	json_decref(context());
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_seeds)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
