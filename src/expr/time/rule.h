/* The rule at the end of a TZif file, "CET-1CEST,M3.5.0,M10.5.0/3": what holds for ever after. */
#ifndef EXPR_ZONE_RULE_H
#define EXPR_ZONE_RULE_H

#include <stdint.h>

#define ZONE_RULE_MAX 128
#define DAY_SECONDS   86400

/* Seconds east of UTC at SECONDS; -1 when RULE is not understood. */
int zone_rule_offset(const char *rule, int64_t seconds, int *offset);

#endif
