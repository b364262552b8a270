/* `kubectl get`: one question after the other, as kubectl asks them. Invariant: little is printed before all was
 * answered, so that kubectl can still do it all; of much, whole pages. */
#include "get.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/text.h"
#include "fsops/web.h"

static void go_on(struct get *get);

static const char error_prefix[] = "error: ";

/* That is the server's, though it begins so, too. */
static bool is_login_refused(const char *line)
{
	static const char refused[] = "error: You must be logged in to the server";

	return strncmp(line, refused, strlen(refused)) == 0;
}

/* One alone, and not of tables, begins with "error: " when it is none of the server's. */
void get_add_error(struct get *get, const char *line)
{
	size_t len = sizeof(error_prefix) - 1;
	bool own = strncmp(line, error_prefix, len) == 0 && !is_login_refused(line);

	buf_addf(&get->errors, "%s\n", line + (own ? len : 0));
	get->error_count++;
	get->error_is_own = own;
}

static void complain(struct get *get)
{
	if (get->error_count == 1 && get->error_is_own && get->style != GET_TABLE)
		api_complain(get->api, error_prefix, sizeof(error_prefix) - 1);
	api_complain(get->api, get->errors.data, get->errors.len);
}

/* What is printed while more is to come: from so much on. */
#define PRINTED_AT ((size_t)1024 * 1024)

static void flush(struct get *get)
{
	api_print(get->api, get->printed.data, get->printed.len);
	buf_clear(&get->printed);
	get->flushed = true;
}

/* kubectl must do it, or it is too late for that. */
static void leave(struct get *get)
{
	if (!get->flushed) {
		api_leave(get->api);
		return;
	}
	complain(get);
	api_fail(get->api, "error: the rest of the list is nothing that is understood");
}

static void finish(struct get *get)
{
	if (get_print_end(get) < 0 || get->printed.full) {
		leave(get);
		return;
	}
	flush(get);
	complain(get);
	api_end(get->api, get->error_count ? 1 : 0);
}

/* ---- answers ---- */

/* A list that is not there, or that is asked for in a wrong way, is told with what was asked for. */
static void refused_list(struct get *get, const struct kube_reply *reply)
{
	const struct kube_kind *kind = get->asks[get->at].kind;
	const char *labels = native_value(&get->api->native, NATIVE_SELECTOR);
	const char *fields = native_value(&get->api->native, NATIVE_FIELD_SELECTOR);
	char *about =
	    mem_printf("\"%s/%s, Resource=%s\"", kind->group, kind->version, kind->plural);
	char *line;

	if ((labels && *labels) || (fields && *fields))
		line = mem_printf("Error from server (%s): Unable to find %s that match label "
		                  "selector \"%s\", field selector \"%s\": %s",
		    reply->reason, about, labels ? labels : "", fields ? fields : "",
		    reply->message);
	else
		line = mem_printf("Error from server (%s): Unable to list %s: %s", reply->reason,
		    about, reply->message);
	get_add_error(get, line);
	free(about);
	free(line);
}

static void take_refusal(struct get *get, const struct kube_reply *reply)
{
	bool missing = strcmp(reply->reason, "NotFound") == 0;
	bool list = !get->asks[get->at].name;

	if (missing && native_on(&get->api->native, NATIVE_IGNORE_NOT_FOUND))
		return;
	if (reply->end == KUBE_REFUSED && list &&
	    (missing || strcmp(reply->reason, "BadRequest") == 0))
		refused_list(get, reply);
	else
		get_add_error(get, reply->line);
}

/* -1: it must be left to kubectl. */
static int keep_table(struct get *get, char **next)
{
	const struct get_ask *ask = &get->asks[get->at];
	struct get_piece piece = {.kind = ask->kind};
	size_t len = get->body.len;

	if (kube_doc_read(&piece.doc, buf_detach(&get->body), len, NULL) < 0) {
		kube_doc_release(&piece.doc);
		return -1;
	}
	if (!ask->name)
		*next = kube_doc_text(
		    &piece.doc, kube_doc_at(&piece.doc, piece.doc.nodes, "metadata.continue"));
	get->kept += len;
	MEM_PUSH_ROOM(get->pieces, get->piece_count);
	get->pieces[get->piece_count++] = piece; /* transferred */
	return get->kept > API_KEPT_MAX ? -1 : 0;
}

static int take_answer(struct get *get)
{
	char *next = NULL;
	int result;

	if (get->style == GET_TABLE)
		result = keep_table(get, &next);
	else if (get->asks[get->at].name)
		result = get_print_one(get);
	else
		result = get_print_page(get, &next);
	buf_clear(&get->body);
	free(get->next);
	get->next = next && *next ? next : NULL;
	if (!get->next)
		free(next);
	if (result == 0 && get->style != GET_PATH && !get->printed.full &&
	    get->printed.len > PRINTED_AT)
		flush(get);
	return get->printed.full ? -1 : result;
}

static int on_data(void *ctx, const char *data, size_t len, struct err *err)
{
	struct get *get = ctx;

	if (buf_add(&get->body, data, len) < 0)
		return err_set(
		    err, ERR_LIMIT, "the answer is over %zu MiB", KUBE_ANSWER_MAX / 1024 / 1024);
	return 0;
}

static void next_ask(struct get *get)
{
	free(get->next);
	get->next = NULL;
	get->at++;
	go_on(get);
}

/* What is not there is told by its namespace when that is not there. */
static void on_namespace(void *ctx, json_t *object, const struct kube_reply *reply)
{
	struct get *get = ctx;

	(void)object;
	get->request = NULL;
	get_add_error(get, reply->end == KUBE_REFUSED && strcmp(reply->reason, "NotFound") == 0
	                       ? reply->line
	                       : get->missing);
	free(get->missing);
	get->missing = NULL;
	next_ask(get);
}

static void ask_namespace(struct get *get, const char *line)
{
	char *name = web_encode(get->api->namespace, "");
	char *path = mem_printf("/api/v1/namespaces/%s", name);

	get->missing = mem_text(line);
	get->request = kube_get(get->api->kube, &get->api->caller, path, NULL, on_namespace, get);
	free(name);
	free(path);
}

static bool is_in_doubt(const struct get *get, const struct kube_reply *reply)
{
	const struct get_ask *ask = &get->asks[get->at];

	return reply->end == KUBE_REFUSED && strcmp(reply->reason, "NotFound") == 0 && ask->name &&
	       ask->kind->namespaced && strcmp(get->api->namespace, "default") != 0 &&
	       !native_on(&get->api->native, NATIVE_IGNORE_NOT_FOUND);
}

static void on_done(void *ctx, const struct kube_reply *reply)
{
	struct get *get = ctx;

	get->request = NULL;
	if (is_in_doubt(get, reply)) {
		ask_namespace(get, reply->line);
		return;
	}
	if (reply->end == KUBE_FAILED && get->body.full) {
		leave(get);
		return;
	}
	if (reply->end == KUBE_DONE) {
		if (take_answer(get) < 0) {
			leave(get);
			return;
		}
	} else {
		take_refusal(get, reply);
		free(get->next);
		get->next = NULL;
	}
	if (get->next)
		go_on(get);
	else
		next_ask(get);
}

/* ---- questions ---- */

static long chunk_of(const struct get *get)
{
	const char *chunk = native_value(&get->api->native, NATIVE_CHUNK_SIZE);

	return chunk ? strtol(chunk, NULL, 10) : KUBE_CHUNK;
}

static char *list_query(const struct get *get)
{
	static const struct {
		enum native_flag flag;
		const char *name;
	} selectors[] = {
	    {NATIVE_FIELD_SELECTOR, "fieldSelector"}, {NATIVE_SELECTOR, "labelSelector"}};
	long chunk = get->sort ? 0 : chunk_of(get);
	struct buf query;

	buf_init(&query, BUF_TEXT_MAX);
	if (get->next)
		kube_query_add(&query, "continue", get->next);
	for (size_t i = 0; i < COUNT_OF(selectors); i++) {
		const char *value = native_value(&get->api->native, selectors[i].flag);

		if (value && *value)
			kube_query_add(&query, selectors[i].name, value);
	}
	if (chunk > 0) {
		char *text = mem_printf("%ld", chunk);

		kube_query_add(&query, "limit", text);
		free(text);
	}
	return buf_detach(&query);
}

/* What is sorted is sorted by what is in the objects. */
static char *query_of(const struct get *get, const struct get_ask *ask)
{
	char *query = ask->name ? mem_text("") : list_query(get);
	char *more;

	if (!get->sort || get->style != GET_TABLE)
		return query;
	more = mem_printf("%s%sincludeObject=Object", query, *query ? "&" : "");
	free(query);
	return more;
}

static void ask(struct get *get)
{
	const struct get_ask *ask = &get->asks[get->at];
	bool all = native_on(&get->api->native, NATIVE_ALL_NAMESPACES);
	char *query = query_of(get, ask);
	char *path =
	    kube_path(ask->kind, ask->kind->namespaced && !all ? get->api->namespace : NULL,
	        ask->name, NULL, *query ? query : NULL);

	buf_clear(&get->body);
	get->request = kube_start(get->api->kube, &get->api->caller,
	    &(struct kube_ask){.path = path,
	        .accept = get->style == GET_TABLE ? kube_accept_table : NULL,
	        .data = on_data,
	        .done = on_done,
	        .ctx = get});
	free(query);
	free(path);
}

/* ---- kinds ---- */

static void add_ask(struct get *get, const struct kube_kind *kind, char *type, char *name)
{
	MEM_PUSH_ROOM(get->asks, get->ask_count);
	get->asks[get->ask_count++] = (struct get_ask){kind, type, name}; /* transferred */
}

/* A list of a kind that was found before under another of its names is not asked for again. */
static bool is_known(const struct get *get, const struct kube_kind *kind, size_t before)
{
	for (size_t i = 0; i < before; i++)
		if (get->asks[i].kind == kind)
			return true;
	return false;
}

/* The one at AT was looked for and is KINDS: it stands for all of them. */
static void put_kinds(struct get *get, size_t at, const struct kube_kind *kinds)
{
	struct get_ask *rest = mem_alloc(get->ask_count * sizeof(*rest));
	size_t rest_count = get->ask_count - at - 1;

	memcpy(rest, get->asks + at + 1, rest_count * sizeof(*rest));
	free(get->asks[at].type);
	get->ask_count = at;
	for (; kinds; kinds = kinds->next)
		if (!is_known(get, kinds, get->ask_count))
			add_ask(get, kinds, mem_text(kinds->plural), NULL);
	get->at = get->ask_count;
	for (size_t i = 0; i < rest_count; i++)
		add_ask(get, rest[i].kind, rest[i].type, rest[i].name);
	free(rest);
}

/* "all/web" and `get pod web -A` are errors, which kubectl tells. */
static bool names_one(const struct get *get, const struct kube_kind *kind)
{
	const char *type = get->asks[get->at].type;

	return !kind->next && !text_has_word(kind->categories, type) &&
	       !(kind->namespaced && native_on(&get->api->native, NATIVE_ALL_NAMESPACES));
}

static void on_found(void *ctx, const struct kube_found *found)
{
	struct get *get = ctx;

	get->find = NULL;
	/* kubectl has an error for each kind then. */
	if (!found->kinds && is_login_refused(found->line)) {
		leave(get);
		return;
	}
	if (!found->kinds) {
		api_fail(get->api, found->line);
		return;
	}
	if (!get->by_name) {
		put_kinds(get, get->at, found->kinds);
	} else if (names_one(get, found->kinds)) {
		get->asks[get->at++].kind = found->kinds;
	} else {
		leave(get);
		return;
	}
	go_on(get);
}

/* First what all are, then each. */
static void go_on(struct get *get)
{
	if (get->api->ended)
		return;
	if (get->at < get->ask_count && !get->asks[get->at].kind) {
		get->find = kube_find(
		    get->api->kube, &get->api->caller, get->asks[get->at].type, on_found, get);
		return;
	}
	if (get->at == get->ask_count && !get->asked) {
		get->asked = true;
		get->at = 0;
	}
	if (get->at < get->ask_count)
		ask(get);
	else
		finish(get);
}

/* ---- words ---- */

static void add_types(struct get *get, const char *list)
{
	while (*list) {
		size_t len = strcspn(list, ",");

		add_ask(get, NULL, mem_textn(list, len), NULL);
		list += len + (list[len] == ',');
	}
}

static void add_names(struct get *get, const struct native *native)
{
	const char *list = native->args[0];

	while (*list) {
		size_t len = strcspn(list, ",");
		bool again = get->ask_count && strlen(get->asks[0].type) == len &&
		             strncmp(get->asks[0].type, list, len) == 0;

		for (size_t i = 1; !again && i < native->arg_count; i++)
			add_ask(get, NULL, mem_textn(list, len), mem_text(native->args[i]));
		list += len + (list[len] == ',');
	}
}

static void read_args(struct get *get)
{
	const struct native *native = &get->api->native;

	get->by_name = true;
	if (strchr(native->args[0], '/')) {
		for (size_t i = 0; i < native->arg_count; i++) {
			const char *slash = strchr(native->args[i], '/');

			add_ask(get, NULL,
			    mem_textn(native->args[i], (size_t)(slash - native->args[i])),
			    mem_text(slash + 1));
		}
	} else if (native->arg_count > 1) {
		add_names(get, native);
	} else {
		get->by_name = false;
		add_types(get, native->args[0]);
	}
}

/* They were read before. */
static void read_output(struct get *get, const char *output)
{
	static const struct {
		const char *output;
		enum get_style style;
	} styles[] = {{"", GET_TABLE}, {"wide", GET_TABLE}, {"json", GET_JSON}, {"name", GET_NAME}};

	for (size_t i = 0; i < COUNT_OF(styles); i++)
		if (strcmp(output, styles[i].output) == 0) {
			get->style = styles[i].style;
			return;
		}
	if (strncmp(output, NATIVE_PATH, strlen(NATIVE_PATH)) == 0) {
		get->style = GET_PATH;
		get->path = kube_jsonpath_read(output + strlen(NATIVE_PATH));
	} else {
		get->style = GET_COLUMNS;
		get->columns = kube_columns_read(output + strlen(NATIVE_COLUMNS));
	}
}

static void read_flags(struct get *get, const struct native *native)
{
	const char *output = native_value(native, NATIVE_OUTPUT);
	const char *sort = native_value(native, NATIVE_SORT_BY);

	read_output(get, output ? output : "");
	if (sort && *sort)
		get->sort = kube_jsonpath_read_relaxed(sort, strlen(sort));
}

static void *start(struct api *api)
{
	struct get *get = mem_alloc(sizeof(*get));

	get->api = api;
	read_flags(get, &api->native);
	kube_tabs_init(&get->tabs, API_KEPT_MAX);
	buf_init(&get->body, KUBE_ANSWER_MAX);
	buf_init(&get->printed, API_KEPT_MAX);
	buf_init(&get->errors, BUF_TEXT_MAX);
	read_args(get);
	go_on(get);
	return get;
}

static void stop(void *state)
{
	struct get *get = state;

	kube_find_cancel(get->find);
	get->find = NULL;
	kube_cancel(get->request);
	get->request = NULL;
}

static void free_get(void *state)
{
	struct get *get = state;

	stop(get);
	for (size_t i = 0; i < get->ask_count; i++) {
		free(get->asks[i].type);
		free(get->asks[i].name);
	}
	for (size_t i = 0; i < get->piece_count; i++)
		kube_doc_release(&get->pieces[i].doc);
	for (size_t i = 0; i < get->kept_count; i++) {
		kube_doc_release(get->kept_docs[i]);
		free(get->kept_docs[i]);
	}
	free(get->kept_docs);
	kube_jsonpath_free(get->path);
	kube_jsonpath_free(get->sort);
	kube_columns_free(get->columns);
	kube_tabs_release(&get->tabs);
	free(get->asks);
	free(get->pieces);
	free(get->next);
	free(get->missing);
	buf_release(&get->body);
	buf_release(&get->printed);
	buf_release(&get->errors);
	free(get);
}

const struct api_form api_get = {.start = start, .stop = stop, .free = free_get};
