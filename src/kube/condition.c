/* What the status of an object says of it, whatever its kind is. */
#include <string.h>
#include <strings.h>

#include "fsops/kube.h"
#include "fsops/value.h"

const json_t *kube_condition(const json_t *object, const char *type)
{
	const json_t *status = json_object_get(object, "status");
	size_t i;
	json_t *condition;

	json_array_foreach(json_object_get(status, "conditions"), i, condition) {
		const char *other = value_get_text(condition, "type");

		if (other && strcasecmp(other, type) == 0)
			return condition;
	}
	return NULL;
}
