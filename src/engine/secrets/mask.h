/*
 * Values that are secrets because of where they stand in the platform's file: what a channel's or a target's
 * keys for passwords hold, whether `secrets:` names the variable or not.
 */
#ifndef FSOPS_ENGINE_MASK_H
#define FSOPS_ENGINE_MASK_H

#include <jansson.h>

#include "engine/fill/scope.h"
#include "fsops/model.h"
#include "fsops/redact.h"
#include "fsops/secret_key.h"

struct masking;

/* For any number of mask_keys(): SCOPE has what their `${…}` may name. mask_end() masks what PLATFORM's variables that
 * they use take from the environment. */
struct masking *mask_begin(
    struct redact *redact, const struct scope *scope, const struct platform *platform);
/* Mask what the KEYS (ends with a NULL) of CONFIG hold, as secret_key.h says, as far as it is known. */
void mask_keys(struct masking *masking, const json_t *config, const struct secret_key *keys);
void mask_end(struct masking *masking);

/* The same for all targets of PLATFORM; NAMES: what their `${…}` may name. */
void mask_targets(struct redact *redact, const struct platform *platform, const json_t *names);

/* Take the secrets out of NAMES, the environment's among them, and of VARS (the same as members of `vars`), so that their `${…}` stays as it is: a
 * script names variables instead of showing values, and instead of masks that nobody could run. */
void mask_forget(const struct redact *redact, json_t *names, json_t *vars);

#endif
