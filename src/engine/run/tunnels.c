/* Opens and keeps tunnels. Invariants: a tunnel has at most one `kubectl port-forward`, as an attempt
 * of the kubectl adapter; a use is told once, from the loop, whatever happens to its tunnel. */
#include "tunnels.h"

#include <stdlib.h>
#include <string.h>

#include "engine/fill/tunnel_spec.h"
#include "attempt.h"
#include "fsops/mem.h"
#include "fsops/value.h"
#include "fsops/work.h"

/* What is kept of kubectl's output while the address has not come. */
#define HEARD_MAX ((size_t)16 * 1024)
#define SAID_MAX  300

#define ANNOUNCEMENT "Forwarding from " TUNNEL_ADDRESS ":"

enum state {
	SHUT,
	RESOLVING, /* an automatic one: does the name resolve here? */
	OPENING,
	OPEN,
	UNNEEDED, /* it does resolve */
	BROKEN,   /* dropped too often */
};

struct tunnel {
	struct tunnels *all;
	struct tunnel *next;
	json_t *spec;
	enum state state;
	struct resolve *resolve;
	struct attempt *attempt;
	struct buf heard; /* kubectl's output up to the announcement */
	char *port;       /* as text, while OPEN */
	char *said;       /* kubectl's last line of complaint, or NULL */
	unsigned complaints;
	unsigned drops;
};

struct tunnel_use {
	struct tunnel *tunnel;
	struct tunnel_use *next;
	tunnel_ready_fn *ready; /* NULL: told */
	void *ctx;
	char *why; /* it can't be opened: to be told */
	struct loop_timer *telling;
	unsigned complaints; /* of the tunnel, when this use was told */
	unsigned drops;
};

struct tunnels {
	struct loop *loop;
	struct children *children;
	struct events *events;
	struct tunnel *first;
	struct tunnel_use *uses;
};

static const char *text_of(const struct tunnel *tunnel, const char *key)
{
	return value_get_text(tunnel->spec, key);
}

static void note(const struct tunnel *tunnel, const char *level, const char *text)
{
	if (tunnel->all->events)
		event_emit(tunnel->all->events, "note",
		    json_pack("{s:o, s:s, s:O}", "text", value_text(text, strlen(text)), "level",
		        level, "target", json_object_get(tunnel->spec, "target")));
}

/* ---- telling those that wait ---- */

static void begin(struct tunnel *tunnel);

static void tell(struct tunnel_use *use, const char *host, const char *port, const char *why)
{
	tunnel_ready_fn *ready = use->ready;

	use->ready = NULL;
	use->complaints = use->tunnel->complaints;
	use->drops = use->tunnel->drops;
	ready(use->ctx, host, port, why);
}

static char *broken_text(const struct tunnel *tunnel)
{
	return mem_printf(
	    "the tunnel to %s dropped %u times%s%s: see whether its pod keeps running, "
	    "or try `%s` by hand",
	    text_of(tunnel, "to"), tunnel->drops, tunnel->said ? ", the last time with: " : "",
	    tunnel->said ? tunnel->said : "", text_of(tunnel, "command"));
}

static void on_telling(void *ctx)
{
	struct tunnel_use *use = ctx;
	struct tunnel *tunnel = use->tunnel;
	char *why = use->why;

	use->telling = NULL;
	use->why = NULL;
	if (!why && tunnel->state == BROKEN)
		why = broken_text(tunnel);
	if (why)
		tell(use, NULL, NULL, why);
	else if (tunnel->state == OPEN)
		tell(use, TUNNEL_ADDRESS, tunnel->port, NULL);
	else if (tunnel->state == UNNEEDED)
		tell(use, NULL, NULL, NULL);
	else if (tunnel->state == SHUT)
		begin(tunnel); /* it has dropped in between */
	free(why);
}

static void tell_soon(struct tunnel_use *use)
{
	if (use->ready && !use->telling)
		use->telling = loop_after(use->tunnel->all->loop, 0, on_telling, use);
}

/* Everybody who waits for TUNNEL; WHY: it can't be opened. */
static void tell_all(const struct tunnel *tunnel, const char *why)
{
	for (struct tunnel_use *use = tunnel->all->uses; use; use = use->next) {
		if (use->tunnel != tunnel || !use->ready)
			continue;
		if (why && !use->why)
			use->why = mem_text(why);
		tell_soon(use);
	}
}

/* ---- kubectl ---- */

/* The last line of what it complained of. */
static void take_complaint(struct tunnel *tunnel, const char *data, size_t len)
{
	size_t from;

	while (len && (data[len - 1] == '\n' || data[len - 1] == '\r'))
		len--;
	for (from = len; from && data[from - 1] != '\n';)
		from--;
	if (from == len)
		return;
	free(tunnel->said);
	tunnel->said = mem_textn(data + from, len - from < SAID_MAX ? len - from : SAID_MAX);
	value_clean(tunnel->said);
	tunnel->complaints++;
}

/* The port of "Forwarding from 127.0.0.1:PORT -> …"; NULL while it is not there. */
static char *announced_port(const struct buf *heard)
{
	const char *at = strstr(heard->data, ANNOUNCEMENT);
	size_t digits = at ? strspn(at + strlen(ANNOUNCEMENT), "0123456789") : 0;

	if (!digits || at[strlen(ANNOUNCEMENT) + digits] != ' ')
		return NULL;
	return mem_textn(at + strlen(ANNOUNCEMENT), digits);
}

static void opened(struct tunnel *tunnel)
{
	char *text = mem_printf("the tunnel to %s is open at %s:%s: %s", text_of(tunnel, "to"),
	    TUNNEL_ADDRESS, tunnel->port, text_of(tunnel, "command"));

	tunnel->state = OPEN;
	attempt_set_deadline(tunnel->attempt, 0, 0);
	note(tunnel, "info", text);
	free(text);
	tell_all(tunnel, NULL);
}

static void on_output(void *ctx, enum child_stream stream, const char *data, size_t len)
{
	struct tunnel *tunnel = ctx;

	if (stream == CHILD_STDERR) {
		take_complaint(tunnel, data, len);
		return;
	}
	if (tunnel->state != OPENING)
		return;
	buf_add(&tunnel->heard, data, len);
	tunnel->port = announced_port(&tunnel->heard);
	if (tunnel->port)
		opened(tunnel);
}

static void not_opened(struct tunnel *tunnel, const char *why)
{
	char *text = mem_printf("the tunnel to %s can't be opened: %s", text_of(tunnel, "to"), why);

	tunnel->state = SHUT;
	tell_all(tunnel, text);
	free(text);
}

static void dropped(struct tunnel *tunnel, const char *why)
{
	bool again = ++tunnel->drops < TUNNEL_DROPS_MAX;
	char *text = mem_printf("the tunnel to %s dropped (%s)%s", text_of(tunnel, "to"),
	    tunnel->said ? tunnel->said : why,
	    again ? ": it is opened once more" : " a second time: it is not opened any more");

	tunnel->state = again ? SHUT : BROKEN;
	note(tunnel, "warning", text);
	free(text);
	if (again)
		begin(tunnel);
	else
		tell_all(tunnel, NULL);
}

static void on_ended(void *ctx, const struct attempt_end *end)
{
	struct tunnel *tunnel = ctx;
	const char *why = end->why;

	if (!why)
		why = end->outcome == ATTEMPT_TIMED_OUT ? "it is not ready, for over a minute"
		                                        : "kubectl ended";
	tunnel->attempt = NULL;
	free(tunnel->port);
	tunnel->port = NULL;
	if (tunnel->state == OPEN)
		dropped(tunnel, why);
	else
		not_opened(tunnel, why);
}

static void start_kubectl(struct tunnel *tunnel)
{
	const struct tunnels *all = tunnel->all;

	tunnel->state = OPENING;
	buf_clear(&tunnel->heard);
	tunnel->attempt = attempt_start(&(struct attempt_spec){
	    .adapter = adapter_find("kubectl"),
	    .loop = all->loop,
	    .children = all->children,
	    .args = json_incref(json_object_get(tunnel->spec, "args")),
	    .target = json_incref(json_object_get(tunnel->spec, "cluster")),
	    .effect = EFFECT_READ,
	    .deadline = loop_now(all->loop) + TUNNEL_OPEN_MAX,
	    .output = on_output,
	    .ended = on_ended,
	    .ctx = tunnel,
	});
}

static void on_resolved(void *ctx, const char *const *addresses, size_t count, const char *why)
{
	struct tunnel *tunnel = ctx;

	(void)addresses;
	(void)why;
	tunnel->resolve = NULL;
	if (!count) {
		start_kubectl(tunnel);
		return;
	}
	tunnel->state = UNNEEDED;
	tell_all(tunnel, NULL);
}

static void begin(struct tunnel *tunnel)
{
	const char *name = text_of(tunnel, "name");

	if (!name) {
		start_kubectl(tunnel);
		return;
	}
	tunnel->state = RESOLVING;
	tunnel->resolve = resolve_start(tunnel->all->loop, name, on_resolved, tunnel);
}

/* ---- uses ---- */

static struct tunnel *tunnel_for(struct tunnels *tunnels, const json_t *spec)
{
	const char *command = value_get_text(spec, "command");
	bool automatic = json_is_true(json_object_get(spec, "automatic"));
	struct tunnel *tunnel = tunnels->first;

	while (tunnel && (strcmp(text_of(tunnel, "command"), command) != 0 ||
	                     json_is_true(json_object_get(tunnel->spec, "automatic")) != automatic))
		tunnel = tunnel->next;
	if (tunnel)
		return tunnel;
	tunnel = mem_alloc(sizeof(*tunnel));
	tunnel->all = tunnels;
	tunnel->spec = json_incref((json_t *)spec);
	buf_init(&tunnel->heard, HEARD_MAX);
	tunnel->next = tunnels->first;
	tunnels->first = tunnel;
	return tunnel;
}

struct tunnel_use *tunnel_use(
    struct tunnels *tunnels, const json_t *spec, tunnel_ready_fn *ready, void *ctx)
{
	struct tunnel_use *use = mem_alloc(sizeof(*use));

	use->tunnel = tunnel_for(tunnels, spec);
	use->ready = ready;
	use->ctx = ctx;
	use->next = tunnels->uses;
	tunnels->uses = use;
	if (use->tunnel->state == SHUT)
		begin(use->tunnel);
	else
		tell_soon(use);
	return use;
}

bool tunnel_dropped(const struct tunnel_use *use)
{
	return !use->ready && use->tunnel->drops != use->drops;
}

char *tunnel_remark(const struct tunnel_use *use)
{
	const struct tunnel *tunnel = use->tunnel;

	if (use->ready)
		return mem_printf("the tunnel to %s is not ready%s%s: see whether its pod runs, or "
		                  "try `%s` by hand",
		    text_of(tunnel, "to"), tunnel->said ? ", kubectl says: " : "",
		    tunnel->said ? tunnel->said : "", text_of(tunnel, "command"));
	if (tunnel_dropped(use))
		return mem_printf("the tunnel to %s dropped meanwhile", text_of(tunnel, "to"));
	if (tunnel->complaints != use->complaints)
		return mem_printf("the tunnel to %s says: %s", text_of(tunnel, "to"), tunnel->said);
	return NULL;
}

void tunnel_use_end(struct tunnel_use *use)
{
	struct tunnel_use **at;

	if (!use)
		return;
	for (at = &use->tunnel->all->uses; *at != use;)
		at = &(*at)->next;
	*at = use->next;
	loop_cancel(use->telling);
	free(use->why);
	free(use);
}

/* ---- the whole ---- */

struct tunnels *tunnels_new(struct loop *loop, struct children *children, struct events *events)
{
	struct tunnels *tunnels = mem_alloc(sizeof(*tunnels));

	tunnels->loop = loop;
	tunnels->children = children;
	tunnels->events = events;
	return tunnels;
}

static void tunnel_free(struct tunnel *tunnel)
{
	resolve_cancel(tunnel->resolve);
	attempt_forget(tunnel->attempt);
	json_decref(tunnel->spec);
	buf_release(&tunnel->heard);
	free(tunnel->port);
	free(tunnel->said);
	free(tunnel);
}

void tunnels_free(struct tunnels *tunnels)
{
	if (!tunnels)
		return;
	while (tunnels->uses)
		tunnel_use_end(tunnels->uses);
	while (tunnels->first) {
		struct tunnel *tunnel = tunnels->first;

		tunnels->first = tunnel->next;
		tunnel_free(tunnel);
	}
	free(tunnels);
}
