/*
 * The credentials that fsops reads by itself: secrets without being listed.
 *
 * Those of the environment are known at once (own.c names them); those of targets and actions when
 * these are filled in; those of files and of libpq when a call uses them (call_secret()); those of channels
 * by channels_mask().
 */
#ifndef FSOPS_ENGINE_OWN_SECRETS_H
#define FSOPS_ENGINE_OWN_SECRETS_H

#include <jansson.h>

#include "fsops/model.h"
#include "fsops/redact.h"

/* A new redact that masks the values of what the platform's `secrets:` names, and the environment's that fsops
 * reads by itself; NULL when one that is named cannot be masked. */
struct redact *redact_for_platform(const struct platform *platform, struct err *err);

/* Mask what is a credential in CONFIG, the filled-in arguments of an action or a target: passwords in
 * addresses and connection strings, and what keys such as `Authorization` and `password` hold. Both may be
 * NULL. */
void own_secrets_of(struct redact *redact, const json_t *config);

/* The same of HEADERS, {name: value}: of those that let somebody in (secret_header_name()) the whole value. */
void own_secrets_of_headers(struct redact *redact, const json_t *headers);

#endif
