/* What the words of a kubectl command mean, without running it. WORDS end with NULL; they begin after
 * "kubectl". */
#ifndef FSOPS_ADAPTERS_KUBECTL_H
#define FSOPS_ADAPTERS_KUBECTL_H

#include <stdbool.h>

#include "fsops/adapter.h"

enum effect kubectl_effect(char *const *words);

/* The one object that the command names ("web" of `delete pod web`, `scale deployment/web`): a new
 * string, or NULL when it names none or several. */
char *kubectl_object(char *const *words);

/* Is the flag LONG_NAME ("--namespace") or SHORT_NAME ("-n", may be NULL) among kubectl's own words? */
bool kubectl_has_flag(char *const *words, const char *long_name, const char *short_name);

/* The value of the last LONG_NAME, NULL when it is not there; "" when it has none. */
const char *kubectl_flag(char *const *words, const char *long_name);

#define KUBECTL_PLACES_MAX 64

/* The words that are neither flags nor values of flags. words.c */
struct kubectl_places {
	const char *items[KUBECTL_PLACES_MAX];
	size_t count;
	/* From this place on it is not sure, because of a flag that is not known; SIZE_MAX: all are. */
	size_t unsure_from;
};
void kubectl_places_find(char *const *words, struct kubectl_places *places);
/* NULL: there is none, or it is not sure. */
const char *kubectl_place(const struct kubectl_places *places, size_t at);

#endif
