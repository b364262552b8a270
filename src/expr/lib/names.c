/* Kubernetes' named formats: format.dns1123Label().validate(name).hasValue(). */
#include <string.h>

#include "expr/function.h"
#include "expr/syntax/names.h"

static struct expr_value value_of(const struct name_format *format)
{
	return (struct expr_value){.type = VALUE_FORMAT, .as.format = format};
}

static int named(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	const struct name_format *format =
	    name_format_find(args[0].as.text.data, args[0].as.text.len);
	struct expr_value value = value_of(format);

	(void)count;
	return calc_optional(calc, format ? &value : NULL, out);
}

/* format.uuid(): the function that is called says which one is meant. */
static int constant(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	const char *name = calc->node->name + strlen("format.");

	(void)args;
	(void)count;
	*out = value_of(name_format_find(name, strlen(name)));
	return 0;
}

static int validate(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	const char *wrong[WRONGS_MAX];
	struct list_build list = {0};
	size_t wrongs;

	(void)count;
	if (calc_step_bytes(calc, args[1].as.text.len) < 0)
		return -1;
	wrongs = args[0].as.format->check(args[1].as.text.data, args[1].as.text.len, wrong);
	if (wrongs == 0)
		return calc_optional(calc, NULL, out);
	for (size_t i = 0; i < wrongs; i++)
		if (list_add(calc, &list, cel_string(wrong[i], strlen(wrong[i]))) < 0)
			return -1;
	return list_take(calc, &list, out) < 0 ? -1 : calc_optional(calc, out, out);
}

const struct overload lib_names[] = {
    {"format.named", "s", named, "a format of Kubernetes by its name, as an optional"},
    {"format.dns1123Label", "", constant, "the form of most names: my-name"},
    {"format.dns1123Subdomain", "", constant, "the form of names with dots: a.my-name"},
    {"format.dns1035Label", "", constant, "the form of a Service's name: begins with a letter"},
    {"format.qualifiedName", "", constant, "the form of a label's key: example.com/my_name"},
    {"format.dns1123LabelPrefix", "", constant, "of a name that something follows: my-name-"},
    {"format.dns1123SubdomainPrefix", "", constant, "of a name with dots that something follows"},
    {"format.dns1035LabelPrefix", "", constant, "of a Service's name that something follows"},
    {"format.labelValue", "", constant, "the form of a label's value"},
    {"format.uri", "", constant, "what isURL() takes"},
    {"format.uuid", "", constant, "a UUID"},
    {"format.byte", "", constant, "base64"},
    {"format.date", "", constant, "a date: 2026-11-23"},
    {"format.datetime", "", constant, "a date and time: 2026-11-23T09:00:00Z"},
    {"validate", "f.s", validate,
        "what is wrong with a string by a format, an optional with a list: "
        "format.uuid().validate(id).hasValue()"},
    {0},
};
