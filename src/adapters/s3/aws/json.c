/* Credentials as JSON, which processes, containers, instances and IAM Identity Center give in words of
 * their own. Invariant: what is taken is whole; a value is never guessed. */
#include "private.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/value.h"

/* "2026-11-29T12:00:00" and, of what follows, a fraction and a zone: "Z", "UTC", "+00:00", "+0000". */
int aws_time(const char *text, msec *wall)
{
	size_t len = strlen(text), seconds = strlen("2026-11-29T12:00:00");
	char plain[CLOCK_TEXT_MAX];
	const char *zone = text + (len < seconds ? len : seconds);
	char sign = 0;
	int hours = 0, minutes = 0, end = 0;

	if (len < seconds)
		return -1;
	if (*zone == '.')
		zone += 1 + strspn(zone + 1, "0123456789");
	if (*zone && strcmp(zone, "Z") != 0 && strcmp(zone, "UTC") != 0) {
		if ((sscanf(zone, "%c%2d:%2d%n", &sign, &hours, &minutes, &end) < 3 &&
		        sscanf(zone, "%c%2d%2d%n", &sign, &hours, &minutes, &end) < 3) ||
		    (sign != '+' && sign != '-') || zone[end])
			return -1;
	}
	snprintf(plain, sizeof(plain), "%.*sZ", (int)seconds, text);
	plain[10] = 'T';
	if (clock_parse_rfc3339(plain, wall) < 0)
		return -1;
	*wall -= (sign == '-' ? -1 : 1) * ((msec)hours * 60 + minutes) * 60000;
	return 0;
}

static int take_time(const json_t *value, msec *wall)
{
	if (!value || json_is_null(value))
		return 0;
	if (json_is_integer(value))
		*wall = (msec)json_integer_value(value);
	else if (!json_is_string(value) || aws_time(json_string_value(value), wall) < 0)
		return -1;
	return 0;
}

const char *aws_json_take(
    struct aws_lookup *lookup, const json_t *json, const struct aws_members *members)
{
	const char *id = value_get_text(json, members->id);
	const char *secret = value_get_text(json, members->secret);
	const char *token = value_get_text(json, members->token);
	msec expires = 0;

	if (!json_is_object(json))
		return "it is no JSON object";
	if (!id || !*id)
		return "AccessKeyId is missing";
	if (!secret || !*secret)
		return "SecretAccessKey is missing";
	if (take_time(json_object_get(json, members->expires), &expires) < 0)
		return "Expiration is no time that can be read";
	aws_credentials_release(&lookup->found);
	lookup->found = (struct aws_credentials){.id = mem_text(id),
	    .secret = mem_text(secret),
	    .token = mem_text(token && *token ? token : NULL),
	    .expires = expires};
	lookup->dear = true;
	if (expires && expires <= clock_system.wall(NULL))
		return "they have ended already (look at Expiration, and at this machine's clock)";
	return NULL;
}
