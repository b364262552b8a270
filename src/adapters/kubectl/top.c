/*
 * `kubectl top pod` and `top node`: metrics.k8s.io, laid out as kubectl does it. Invariant: amounts are added up
 * exactly, and rounded up once.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "fsops/kube_print.h"
#include "fsops/mem.h"
#include "fsops/value.h"
#include "fsops/web.h"
#include "amount.h"

/* sort.Sort() keeps the order of what is the same up to so many. */
#define SORT_STABLE 12

struct usage {
	const char *namespace;
	const char *pod; /* with --containers: whose it is */
	const char *name;
	struct amount cpu;
	struct amount memory;
};

struct top {
	struct api *api;
	bool nodes;
	struct kube_request *request;
	json_t *metrics; /* what the list holds; owned */
	char *line;      /* of an answer that is perhaps for want of metrics */
	struct usage *usages;
	size_t count;
};

static void stop(void *state)
{
	struct top *top = state;

	kube_cancel(top->request);
	top->request = NULL;
}

static void free_top(void *state)
{
	struct top *top = state;

	stop(top);
	json_decref(top->metrics);
	free(top->line);
	free(top->usages);
	free(top);
}

static void ask(
    struct top *top, const char *prefix, const char *plural, bool namespaced, kube_got_fn *got)
{
	const struct native *native = &top->api->native;
	const char *name = native->arg_count ? native->args[0] : NULL;
	const char *labels = native_value(native, NATIVE_SELECTOR);
	bool all = !namespaced || native_on(native, NATIVE_ALL_NAMESPACES);
	char *space = web_encode(top->api->namespace, "");
	char *own = name ? web_encode(name, "") : NULL;
	struct buf path;

	buf_init(&path, BUF_TEXT_MAX);
	if (labels && *labels && !name) {
		struct buf query;

		buf_init(&query, BUF_TEXT_MAX);
		kube_query_add(&query, "labelSelector", labels);
		buf_addf(&path, "%s%s%s/%s?%s", prefix, all ? "" : "/namespaces/", all ? "" : space,
		    plural, query.data);
		buf_release(&query);
	} else {
		buf_addf(&path, "%s%s%s/%s%s%s", prefix, all ? "" : "/namespaces/",
		    all ? "" : space, plural, own ? "/" : "", own ? own : "");
	}
	top->request = kube_get(top->api->kube, &top->api->caller, path.data, NULL, got, top);
	buf_release(&path);
	free(space);
	free(own);
}

/* ---- amounts ---- */

static bool add_usage(struct usage *usage, const json_t *from)
{
	const json_t *of = json_object_get(from, "usage");
	const char *texts[] = {value_get_text(of, "cpu"), value_get_text(of, "memory")};
	struct amount *to[] = {&usage->cpu, &usage->memory};

	for (size_t i = 0; i < COUNT_OF(to); i++) {
		struct amount amount;

		if (texts[i] && (!amount_read(texts[i], &amount) || !amount_add(to[i], &amount)))
			return false;
	}
	return true;
}

static struct usage *new_usage(struct top *top)
{
	MEM_PUSH_ROOM(top->usages, top->count);
	top->usages[top->count] = (struct usage){0};
	return &top->usages[top->count++];
}

static const char *meta_text(const json_t *item, const char *key)
{
	const char *text = value_get_text(json_object_get(item, "metadata"), key);

	return text ? text : "";
}

/* A pod: the sum of its containers, or each. */
static bool add_pod(struct top *top, const json_t *pod)
{
	bool each = native_on(&top->api->native, NATIVE_CONTAINERS);
	struct usage *usage = each ? NULL : new_usage(top);
	size_t i;
	json_t *container;

	if (usage) {
		usage->namespace = meta_text(pod, "namespace");
		usage->name = meta_text(pod, "name");
	}
	json_array_foreach(json_object_get(pod, "containers"), i, container) {
		if (each) {
			const char *name = value_get_text(container, "name");

			usage = new_usage(top);
			usage->namespace = meta_text(pod, "namespace");
			usage->pod = meta_text(pod, "name");
			usage->name = name ? name : "";
		}
		if (!add_usage(usage, container))
			return false;
	}
	return true;
}

static bool add_all(struct top *top)
{
	size_t i;
	json_t *item;

	json_array_foreach(top->metrics, i, item) {
		if (!top->nodes && !add_pod(top, item))
			return false;
		if (top->nodes) {
			struct usage *usage = new_usage(top);

			usage->name = meta_text(item, "name");
			if (!add_usage(usage, item))
				return false;
		}
	}
	return true;
}

/* ---- their order ---- */

static int by_name(const void *a, const void *b)
{
	const struct usage *x = a, *y = b;
	int order = x->namespace ? strcmp(x->namespace, y->namespace) : 0;

	if (order == 0 && x->pod)
		order = strcmp(x->pod, y->pod);
	return order ? order : strcmp(x->name, y->name);
}

static int by_amount(int64_t x, int64_t y)
{
	return x == y ? 0 : x > y ? -1 : 1;
}

static int by_cpu(const void *a, const void *b)
{
	const struct usage *x = a, *y = b;

	return by_amount(amount_milli(&x->cpu), amount_milli(&y->cpu));
}

static int by_memory(const void *a, const void *b)
{
	const struct usage *x = a, *y = b;

	return by_amount(amount_value(&x->memory), amount_value(&y->memory));
}

static void insert_sorted(struct top *top, int (*order)(const void *, const void *))
{
	for (size_t i = 1; i < top->count; i++) {
		struct usage moved = top->usages[i];
		size_t at = i;

		for (; at > 0 && order(&top->usages[at - 1], &moved) > 0; at--)
			top->usages[at] = top->usages[at - 1];
		top->usages[at] = moved;
	}
}

/* False: what kubectl makes of it hangs on how it sorts. */
static bool sort(struct top *top)
{
	const char *by = native_value(&top->api->native, NATIVE_SORT_BY);
	int (*order)(const void *, const void *) = by_name;

	if (by && *by)
		order = strcmp(by, "cpu") == 0 ? by_cpu : by_memory;
	if (order != by_name && native_on(&top->api->native, NATIVE_CONTAINERS))
		return false; /* pods by their sum, and in each its containers */
	if (top->count <= SORT_STABLE) {
		insert_sorted(top, order);
		return true;
	}
	qsort(top->usages, top->count, sizeof(*top->usages), order);
	for (size_t i = 1; i < top->count; i++)
		if (order(&top->usages[i - 1], &top->usages[i]) == 0)
			return false;
	return true;
}

/* ---- printing ---- */

static void add_value(struct kube_tabs *tabs, const char *text)
{
	kube_tabs_add(tabs, text, strlen(text));
	kube_tabs_add(tabs, "\t", 1);
}

static void add_usage_line(struct kube_tabs *tabs, const struct usage *usage)
{
	char text[64];

	add_value(tabs, usage->name);
	snprintf(text, sizeof(text), "%" PRId64 "m", amount_milli(&usage->cpu));
	add_value(tabs, text);
	snprintf(text, sizeof(text), "%" PRId64 "Mi", amount_value(&usage->memory) / 1048576);
	add_value(tabs, text);
}

static void end(struct top *top, struct kube_tabs *tabs)
{
	struct buf out;

	buf_init(&out, API_KEPT_MAX);
	kube_tabs_flush(tabs, &out);
	api_print(top->api, out.data, out.len);
	buf_release(&out);
	api_end(top->api, 0);
}

static void print_pods(struct top *top)
{
	const struct native *native = &top->api->native;
	bool spaces = native_on(native, NATIVE_ALL_NAMESPACES);
	struct kube_tabs tabs;

	kube_tabs_init(&tabs, API_KEPT_MAX);
	if (!native_on(native, NATIVE_NO_HEADERS)) {
		if (spaces)
			add_value(&tabs, "NAMESPACE");
		if (native_on(native, NATIVE_CONTAINERS))
			add_value(&tabs, "POD");
		kube_tabs_add(&tabs, "NAME\tCPU(cores)\tMEMORY(bytes)\t\n", 31);
	}
	for (size_t i = 0; i < top->count; i++) {
		if (spaces)
			add_value(&tabs, top->usages[i].namespace);
		if (top->usages[i].pod)
			add_value(&tabs, top->usages[i].pod);
		add_usage_line(&tabs, &top->usages[i]);
		kube_tabs_add(&tabs, "\n", 1);
	}
	end(top, &tabs);
	kube_tabs_release(&tabs);
}

/* ---- pods ---- */

static void say_none(struct top *top)
{
	char *line = native_on(&top->api->native, NATIVE_ALL_NAMESPACES)
	                 ? mem_text("No resources found\n")
	                 : mem_printf("No resources found in %s namespace.\n", top->api->namespace);

	api_complain(top->api, line, strlen(line));
	api_end(top->api, 0);
	free(line);
}

/* Pods without metrics: kubectl tells how old they are, or that there are none yet. */
static void on_pods(void *ctx, json_t *list, const struct kube_reply *reply)
{
	struct top *top = ctx;

	top->request = NULL;
	if (reply->end != KUBE_DONE)
		api_fail(top->api, reply->line);
	else if (json_array_size(json_object_get(list, "items")) == 0)
		say_none(top);
	else
		api_leave(top->api);
}

static void show_pods(struct top *top)
{
	if (json_array_size(top->metrics) == 0)
		ask(top, "/api/v1", "pods", true, on_pods);
	else if (add_all(top) && sort(top))
		print_pods(top);
	else
		api_leave(top->api);
}

/* ---- nodes ---- */

static const json_t *find_node(const json_t *nodes, const char *name)
{
	size_t i;
	json_t *node;

	json_array_foreach((json_t *)nodes, i, node)
		if (strcmp(meta_text(node, "name"), name) == 0)
			return node;
	return NULL;
}

/* "12%", of what the node has for pods. */
static bool percent(int64_t used, const json_t *node, const char *key, char *text, size_t size)
{
	const char *all =
	    value_get_text(json_object_get(json_object_get(node, "status"), "allocatable"), key);
	struct amount amount;
	double fraction = 0;

	text[0] = '\0';
	if (!all)
		return true;
	if (!amount_read(all, &amount))
		return false;
	if (amount.whole || amount.nano)
		fraction = (double)used / (double)amount_milli(&amount) * 100;
	snprintf(text, size, "%" PRId64 "%%", (int64_t)fraction);
	return true;
}

static bool add_node_line(struct kube_tabs *tabs, const struct usage *usage, const json_t *node)
{
	char cpu[64], cpu_part[64], memory[64], memory_part[64];

	snprintf(cpu, sizeof(cpu), "%" PRId64 "m", amount_milli(&usage->cpu));
	snprintf(memory, sizeof(memory), "%" PRId64 "Mi", amount_value(&usage->memory) / 1048576);
	if (!percent(amount_milli(&usage->cpu), node, "cpu", cpu_part, sizeof(cpu_part)) ||
	    !percent(
	        amount_milli(&usage->memory), node, "memory", memory_part, sizeof(memory_part)))
		return false;
	add_value(tabs, usage->name);
	add_value(tabs, cpu);
	if (*cpu_part)
		add_value(tabs, cpu_part);
	add_value(tabs, memory);
	if (*memory_part)
		add_value(tabs, memory_part);
	kube_tabs_add(tabs, "\n", 1);
	return true;
}

static bool is_measured(const struct top *top, const char *name)
{
	for (size_t i = 0; i < top->count; i++)
		if (strcmp(top->usages[i].name, name) == 0)
			return true;
	return false;
}

static bool add_nodes(struct top *top, struct kube_tabs *tabs, const json_t *nodes)
{
	size_t i;
	json_t *node;

	if (!native_on(&top->api->native, NATIVE_NO_HEADERS))
		kube_tabs_add(tabs, "NAME\tCPU(cores)\tCPU(%)\tMEMORY(bytes)\tMEMORY(%)\t\n", 48);
	for (size_t u = 0; u < top->count; u++)
		if (!add_node_line(tabs, &top->usages[u], find_node(nodes, top->usages[u].name)))
			return false;
	json_array_foreach((json_t *)nodes, i, node) {
		if (is_measured(top, meta_text(node, "name")))
			continue;
		add_value(tabs, meta_text(node, "name"));
		kube_tabs_add(tabs, "<unknown>\t<unknown>\t<unknown>\t<unknown>\t\n", 41);
	}
	return true;
}

static void print_nodes(struct top *top, const json_t *nodes)
{
	struct kube_tabs tabs;

	kube_tabs_init(&tabs, API_KEPT_MAX);
	if (add_all(top) && sort(top) && add_nodes(top, &tabs, nodes))
		end(top, &tabs);
	else
		api_leave(top->api);
	kube_tabs_release(&tabs);
}

static void on_nodes(void *ctx, json_t *object, const struct kube_reply *reply)
{
	struct top *top = ctx;
	json_t *items = json_object_get(object, "items");
	json_t *nodes;

	top->request = NULL;
	if (reply->end != KUBE_DONE) {
		api_fail(top->api, reply->line);
		return;
	}
	nodes = top->api->native.arg_count ? json_pack("[O]", object) : json_incref(items);
	print_nodes(top, nodes);
	json_decref(nodes);
}

/* ---- metrics ---- */

static bool has_metrics(const json_t *groups)
{
	size_t i, v;
	json_t *group, *version;

	json_array_foreach(json_object_get(groups, "groups"), i, group) {
		const char *name = value_get_text(group, "name");

		if (!name || strcmp(name, "metrics.k8s.io") != 0)
			continue;
		json_array_foreach(json_object_get(group, "versions"), v, version) {
			const char *own = value_get_text(version, "version");

			if (own && strcmp(own, "v1beta1") == 0)
				return true;
		}
	}
	return false;
}

static void on_groups(void *ctx, json_t *object, const struct kube_reply *reply)
{
	struct top *top = ctx;

	top->request = NULL;
	if (reply->end != KUBE_DONE)
		api_fail(top->api, reply->line);
	else
		api_fail(
		    top->api, has_metrics(object) ? top->line : "error: Metrics API not available");
}

static void on_metrics(void *ctx, json_t *object, const struct kube_reply *reply)
{
	struct top *top = ctx;

	top->request = NULL;
	/* kubectl finds out before that it is not known at all. */
	if (reply->end == KUBE_REFUSED && reply->status == 401) {
		api_fail(top->api, "error: You must be logged in to the server (the server has "
		                   "asked for the client to provide credentials)");
		return;
	}
	if (reply->end == KUBE_REFUSED && reply->status == 404) {
		top->line = mem_text(reply->line);
		top->request =
		    kube_get(top->api->kube, &top->api->caller, "/apis", NULL, on_groups, top);
		return;
	}
	if (reply->end != KUBE_DONE) {
		api_fail(top->api, reply->line);
		return;
	}
	top->metrics = top->api->native.arg_count ? json_pack("[O]", object)
	                                          : json_incref(json_object_get(object, "items"));
	if (!top->nodes)
		show_pods(top);
	else if (json_array_size(top->metrics) == 0)
		api_fail(top->api, "error: metrics not available yet");
	else
		ask(top, "/api/v1", "nodes", false, on_nodes);
}

static void *start(struct api *api, bool nodes)
{
	struct top *top = mem_alloc(sizeof(*top));

	top->api = api;
	top->nodes = nodes;
	ask(top, "/apis/metrics.k8s.io/v1beta1", nodes ? "nodes" : "pods", !nodes, on_metrics);
	return top;
}

static void *start_pods(struct api *api)
{
	return start(api, false);
}

static void *start_nodes(struct api *api)
{
	return start(api, true);
}

const struct api_form api_top_pods = {.start = start_pods, .stop = stop, .free = free_top};
const struct api_form api_top_nodes = {.start = start_nodes, .stop = stop, .free = free_top};
