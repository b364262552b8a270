/* Semantic versions (semver.org 2.0.0). */
#ifndef EXPR_SEMVER_H
#define EXPR_SEMVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct semver {
	int64_t numbers[3];     /* major, minor, patch */
	const char *prerelease; /* "alpha.1", borrowed from the text; "" when there is none */
	size_t prerelease_len;
	const char *build;
	size_t build_len;
};

/* TEXT, which must live as long as OUT. LENIENT: as Kubernetes normalizes it: a 'v' in front,
 * zeros in front, and no minor or patch number are allowed. -1 when it is no version. */
int semver_parse(const char *text, size_t len, bool lenient, struct semver *out);

/* -1, 0, 1 by precedence: what comes after '+' does not count. */
int semver_compare(const struct semver *a, const struct semver *b);

#endif
