/*
 * A fuzz target without a fuzzer: each file that is named is given to it once. So `make test` builds every target and
 * tries what was ever found, with the compiler that is there.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "fsops/mem.h"

#define SEED_MAX ((size_t)1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* What a target does once before the first input, if it has it. */
__attribute__((weak)) int LLVMFuzzerInitialize(int *argc, char ***argv);

static int replay(const char *path, uint8_t *data)
{
	FILE *file = fopen(path, "rb");
	size_t size;

	if (!file) {
		perror(path);
		return -1;
	}
	size = fread(data, 1, SEED_MAX, file);
	fclose(file);
	LLVMFuzzerTestOneInput(data, size);
	return 0;
}

int main(int argc, char **argv)
{
	uint8_t *data = mem_alloc(SEED_MAX);
	int result = EXIT_SUCCESS;

	if (LLVMFuzzerInitialize)
		LLVMFuzzerInitialize(&argc, &argv);
	replay("/dev/null", data);
	for (int i = 1; i < argc; i++)
		if (replay(argv[i], data) != 0)
			result = EXIT_FAILURE;
	printf("%d inputs\n", argc);
	free(data);
	return result;
}
