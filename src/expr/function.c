/*
 * Finding functions and calling them.
 *
 * Invariant: the summary that expr_functions() gives is made from the overloads
 * themselves, so what is documented is what can be called.
 */
#include "function.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "expr/syntax/macro.h"
#include "fsops/mem.h"
#include "fsops/text.h"
#include "written.h"

#define FUNCTIONS_MAX 300

static const struct overload *const libraries[] = {lib_base, lib_convert, lib_text, lib_edit,
    lib_format, lib_regex, lib_list, lib_sets, lib_math, lib_bits, lib_time, lib_encode,
    lib_quantity, lib_optional, lib_network, lib_url, lib_names, lib_semver, lib_ready,
    lib_releases, lib_managers};

/* Which types each letter takes. */
static const char type_letters[VALUE_TYPES] = {
    [VALUE_NULL] = 'n',
    [VALUE_BOOL] = 'b',
    [VALUE_INT] = 'i',
    [VALUE_UINT] = 'u',
    [VALUE_DOUBLE] = 'd',
    [VALUE_STRING] = 's',
    [VALUE_BYTES] = 'y',
    [VALUE_LIST] = 'l',
    [VALUE_MAP] = 'm',
    [VALUE_TIMESTAMP] = 't',
    [VALUE_DURATION] = 'r',
    [VALUE_TYPE] = 'T',
    [VALUE_QUANTITY] = 'q',
    [VALUE_OPTIONAL] = 'o',
    [VALUE_IP] = 'p',
    [VALUE_CIDR] = 'c',
    [VALUE_URL] = 'h',
    [VALUE_FORMAT] = 'f',
    [VALUE_SEMVER] = 'v',
};

static const char *form_start(const struct overload *overload)
{
	return overload->form + (overload->form[0] == '!');
}

static bool form_receiver(const struct overload *overload)
{
	return strchr(overload->form, '.') != NULL;
}

/* Arguments, the receiver counted; *REPEATS tells whether there may be more. */
static size_t form_count(const struct overload *overload, bool *repeats)
{
	const char *form = form_start(overload);
	size_t count = strlen(form) - form_receiver(overload);

	*repeats = count > 0 && form[strlen(form) - 1] == '+';
	return count - *repeats;
}

static bool letter_takes(char letter, const struct expr_value *value)
{
	if (letter == '*')
		return true;
	if (letter == '#')
		return compare_is_number(value);
	return type_letters[value->type] == (letter == 'x' ? 's' : letter);
}

static bool form_takes(const struct overload *overload, const struct expr_value *args, size_t count)
{
	const char *letter = form_start(overload);

	for (size_t i = 0; i < count; i++) {
		if (*letter == '.')
			letter++;
		if (!letter_takes(*letter, &args[i]))
			return false;
		if (letter[1] != '+')
			letter++;
	}
	return true;
}

size_t function_pattern(const struct overload *overload, size_t count)
{
	const char *form = form_start(overload);
	const char *found = strchr(form, 'x');

	if (!found)
		return count;
	return (size_t)(found - form) - (form_receiver(overload) && strchr(form, '.') < found);
}

size_t function_find(const char *name, bool receiver, size_t count, const struct overload **out)
{
	size_t found = 0;

	for (size_t i = 0; i < COUNT_OF(libraries); i++)
		for (const struct overload *o = libraries[i]; o->name; o++) {
			bool repeats;
			size_t wanted;

			if (!text_same(o->name, name) || form_receiver(o) != receiver)
				continue;
			wanted = form_count(o, &repeats);
			if ((count == wanted || (repeats && count > wanted)) &&
			    found < OVERLOADS_MAX)
				out[found++] = o;
		}
	return found;
}

/* "string, int" */
static void describe_args(const struct expr_value *args, size_t count, struct buf *out)
{
	for (size_t i = 0; i < count; i++)
		buf_addf(out, "%s%s", i ? ", " : "", cel_type_name(&args[i]));
}

static int no_overload(struct calc *calc, const struct node *node, const struct expr_value *args)
{
	struct buf text;
	int result;

	buf_init(&text, EXPR_ERROR_TEXT_MAX / 2);
	if (node->receiver)
		buf_addf(&text, "%s.", cel_type_name(&args[0]));
	buf_addf(&text, "%s(", node->name);
	describe_args(args + node->receiver, node->count - node->receiver, &text);
	buf_addc(&text, ')');
	result = calc_no_overload(calc, "%s", text.data);
	buf_release(&text);
	return result;
}

/* The overload that takes the arguments; NULL when none does. */
static const struct overload *taking(const struct node *node, const struct expr_value *args)
{
	for (size_t i = 0; i < node->overload_count; i++)
		if (form_takes(node->overloads[i], args, node->count))
			return node->overloads[i];
	return NULL;
}

/* Functions of numbers, which make them of texts or take whatever there is: a text that is written
 * is its number to them. */
static bool wants_number(const struct node *node)
{
	static const char *const names[] = {"int", "uint", "double"};

	if (strncmp(node->name, "math.", strlen("math.")) == 0)
		return true;
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (!node->receiver && strcmp(node->name, names[i]) == 0)
			return true;
	return false;
}

/* Whether any of ARGS was written; PLAIN gets them as the numbers that they are. */
static bool as_numbers(
    const struct node *node, const struct expr_value *args, struct expr_value *plain)
{
	bool any = false;

	for (size_t i = 0; i < node->count; i++) {
		plain[i] = written_value(args[i]);
		any |= plain[i].type != args[i].type;
	}
	return any;
}

int function_call(struct calc *calc, const struct node *node, const struct expr_value *args,
    struct expr_value *out)
{
	const struct overload *overload = taking(node, args);
	struct expr_value *plain = NULL;

	if (!overload || wants_number(node)) {
		plain = calc_alloc(calc, node->count * sizeof(*plain));
		if (!plain)
			return -1;
		if (as_numbers(node, args, plain) && taking(node, plain)) {
			overload = taking(node, plain);
			args = plain;
		}
	}
	return overload ? overload->run(calc, args, node->count, out)
	                : no_overload(calc, node, args);
}

static struct expr_function *summary_find(
    struct expr_function *functions, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (text_same(functions[i].name, name))
			return &functions[i];
	return NULL;
}

static void widen(struct expr_function *function, int args, bool repeats)
{
	if (args < function->min_args)
		function->min_args = args;
	if (repeats)
		function->max_args = -1;
	else if (function->max_args >= 0 && args > function->max_args)
		function->max_args = args;
}

static void add_overload(
    struct expr_function *functions, size_t *count, const struct overload *overload)
{
	struct expr_function *function = summary_find(functions, *count, overload->name);
	bool repeats;
	int args = (int)form_count(overload, &repeats) - form_receiver(overload);

	if (!function && *count < FUNCTIONS_MAX) {
		function = &functions[(*count)++];
		*function = (struct expr_function){.name = overload->name,
		    .min_args = args,
		    .max_args = repeats ? -1 : args,
		    .help = overload->help};
	}
	if (!function)
		return;
	function->receiver |= form_receiver(overload);
	function->global |= !form_receiver(overload);
	widen(function, args, repeats);
}

static void add_macro(struct expr_function *functions, size_t *count, const struct macro *macro)
{
	struct expr_function *known = summary_find(functions, *count, macro->name);
	bool receiver = !strchr(macro->name, '.');

	if (known) {
		widen(known, (int)macro->max_args, false);
		return;
	}
	functions[(*count)++] = (struct expr_function){.name = macro->name,
	    .global = !receiver,
	    .receiver = receiver,
	    .min_args = (int)macro->min_args,
	    .max_args = (int)macro->max_args,
	    .help = macro->help};
}

static void add_macros(struct expr_function *functions, size_t *count)
{
	size_t macros;
	const struct macro *macro = macro_table(&macros);

	functions[(*count)++] = (struct expr_function){.name = "has",
	    .global = true,
	    .min_args = 1,
	    .max_args = 1,
	    .help = "whether a map has a field: has(a.b)"};
	for (size_t i = 0; i < macros; i++)
		add_macro(functions, count, &macro[i]);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(
	    ((const struct expr_function *)a)->name, ((const struct expr_function *)b)->name);
}

const struct expr_function *expr_functions(size_t *count)
{
	static struct expr_function functions[FUNCTIONS_MAX];
	static size_t made;

	if (made == 0) {
		add_macros(functions, &made);
		for (size_t i = 0; i < COUNT_OF(libraries); i++)
			for (const struct overload *o = libraries[i]; o->name; o++)
				add_overload(functions, &made, o);
		qsort(functions, made, sizeof(functions[0]), compare_names);
	}
	*count = made;
	return functions;
}

const struct expr_function *function_named(const char *name)
{
	size_t count;
	const struct expr_function *functions = expr_functions(&count);

	for (size_t i = 0; i < count; i++)
		if (text_same(functions[i].name, name))
			return &functions[i];
	return NULL;
}

bool function_is_namespace(const char *name)
{
	size_t len = strlen(name);
	size_t count;
	const struct expr_function *functions = expr_functions(&count);

	for (size_t i = 0; i < count; i++)
		if (strncmp(functions[i].name, name, len) == 0 && functions[i].name[len] == '.')
			return true;
	return false;
}

void function_suggest(struct expr_error *error, const char *name, bool receiver)
{
	const char *names[FUNCTIONS_MAX];
	size_t found = 0;
	size_t count;
	const struct expr_function *functions = expr_functions(&count);

	for (size_t i = 0; i < count; i++)
		if (receiver ? functions[i].receiver : functions[i].global)
			names[found++] = functions[i].name;
	expr_error_suggest(error, name, names, found);
}
