/* What the words of a kubectl command mean, without running it. Used by kubectl.c only. */
#ifndef FSOPS_ADAPTERS_KUBECTL_H
#define FSOPS_ADAPTERS_KUBECTL_H

#include <stdbool.h>

#include "fsops/adapter.h"

/* WORDS end with NULL; they begin after "kubectl". */
enum effect kubectl_effect(char *const *words);

/* The one object that the command names ("web" of `delete pod web`, `scale deployment/web`): a new
 * string, or NULL when it names none or several. */
char *kubectl_object(char *const *words);

/* Is the flag LONG_NAME ("--namespace") or SHORT_NAME ("-n", may be NULL) among kubectl's own words? */
bool kubectl_has_flag(char *const *words, const char *long_name, const char *short_name);

#endif
