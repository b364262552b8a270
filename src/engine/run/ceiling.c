/* Ceilings of a run. Invariant: kept_vars and kept_results are the sums of what `sizes` says. */
#include "ceiling.h"

#include "fsops/value.h"

#define SHORT_MAX ((size_t)256) /* bytes of a value that is kept in any case */

/* Count SIZE for KEY in TOTAL, in place of what was counted before; false, and nothing, over MAX. */
static bool count(json_t **sizes, const char *key, size_t size, size_t *total, size_t max)
{
	size_t before = (size_t)json_integer_value(json_object_get(*sizes, key));

	if (size > max || *total - before > max - size)
		return false;
	*total += size - before;
	if (!*sizes)
		*sizes = json_object();
	json_object_set_new(*sizes, key, json_integer((json_int_t)size));
	return true;
}

void ceiling_release(struct ceiling *ceiling)
{
	json_decref(ceiling->var_sizes);
	json_decref(ceiling->result_sizes);
}

int ceiling_variable(
    struct ceiling *ceiling, const char *name, const json_t *value, struct err *err)
{
	if (count(&ceiling->var_sizes, name, value_size(value), &ceiling->kept_vars, RUN_VARS_MAX))
		return 0;
	return err_set(err, ERR_LIMIT,
	    "all variables of a run together are over %zu MiB (RUN_VARS_MAX)",
	    RUN_VARS_MAX / 1024 / 1024);
}

int ceiling_items(const json_t *items, const char *text, struct err *err)
{
	size_t items_max = FOR_EACH_MAX;

	if (!json_is_array(items))
		return 0;
	if (json_array_size(items) > items_max)
		return err_set(err, ERR_LIMIT,
		    "for_each: %zu items, over %zu (FOR_EACH_MAX), in '%s'", json_array_size(items),
		    items_max, text);
	if (value_size(items) > RUN_VARS_MAX)
		return err_set(err, ERR_LIMIT,
		    "for_each: the items are over %zu MiB (RUN_VARS_MAX), in '%s'",
		    RUN_VARS_MAX / 1024 / 1024, text);
	return 0;
}

static json_t *what_is_short(const json_t *result)
{
	json_t *kept = json_object();
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)result, key, value)
		if (value_size(value) <= SHORT_MAX)
			json_object_set(kept, key, value);
	json_object_set_new(kept, "left_out",
	    json_sprintf("too large to be kept: all results of a run together are over %zu MiB "
	                 "(RUN_RESULTS_MAX)",
	        RUN_RESULTS_MAX / 1024 / 1024));
	return kept;
}

json_t *ceiling_result(struct ceiling *ceiling, const char *id, json_t *result, bool more)
{
	size_t before = (size_t)json_integer_value(json_object_get(ceiling->result_sizes, id));
	size_t size = value_size(result) + (more ? before : 0);

	if (count(&ceiling->result_sizes, id, size, &ceiling->kept_results, RUN_RESULTS_MAX))
		return json_incref(result);
	return what_is_short(result);
}
