/* dns: the addresses of a name, as every program on this machine would find them. Invariant: a name
 * that can't be resolved is a result without addresses, so that `expect` may ask for just that. */
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/value.h"
#include "fsops/work.h"
#include "share.h"

static json_t *parse(const struct node *value, struct problems *list)
{
	const char *name = node_want_text(value, "a host name", list);

	if (!name)
		return NULL;
	if (!*name || strpbrk(name, "/ \t\n")) {
		NODE_PROBLEM(list, value, "'%s' is no host name: give the name alone", name);
		return NULL;
	}
	return json_pack("{s:s}", "name", name);
}

static void describe(const json_t *args, const json_t *target, enum effect effect, struct buf *out)
{
	char *name = value_to_text(json_object_get(args, "name"));

	(void)target;
	(void)effect;
	buf_adds(out, "getent ahosts ");
	buf_add_shell_word(out, name);
	free(name);
}

static void on_resolved(void *ctx, const char *const *addresses, size_t count, const char *why)
{
	struct call *call = ctx;
	char *name = value_to_text(json_object_get(call->args, "name"));
	char *unexpected = why ? mem_printf("unable to resolve '%s': %s", name, why) : NULL;
	json_t *list = json_array();

	call->state = NULL;
	for (size_t i = 0; i < count; i++) {
		call_output(call, CHILD_STDOUT, addresses[i], strlen(addresses[i]));
		call_output(call, CHILD_STDOUT, "\n", 1);
		json_array_append_new(list, json_string(addresses[i]));
	}
	call_done(call, json_pack("{s:o}", "addresses", list), unexpected);
	free(unexpected);
	free(name);
}

static void start(struct call *call)
{
	char *name = value_to_text(json_object_get(call->args, "name"));

	call->state = resolve_start(call->loop, name, on_resolved, call);
	free(name);
}

static void cancel(struct call *call)
{
	resolve_cancel(call->state);
	call->state = NULL;
	call_gone(call);
}

static const struct adapter_field fields[] = {
    {"addresses", "list", "the numeric addresses, IPv4 and IPv6, in the order to try them"},
    {NULL, NULL, NULL},
};

const struct adapter adapter_dns = {
    .name = "dns",
    .help = "look up the addresses of a name",
    .forms = "a name",
    .fields = fields,
    .succeeds = "an address",
    .takes = ADAPTER_TEXT,
    .parse = parse,
    .effect = effect_read,
    .describe = describe,
    .start = start,
    .cancel = cancel,
    .release = release_nothing,
};
