/*
 * Requests, lists, watches and discovery against a server of canned answers, which runs on the same loop. It speaks
 * one answer a connection, to whatever is asked, in their order.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fsops/buf.h"
#include "fsops/kube.h"
#include "fsops/mem.h"

#define NEVER_MIND ((msec)60000)

struct peer {
	struct peer *next;
	struct loop_watch *watch;
	struct buf head;
	int fd;
};

static struct loop *loop;
static struct children *children;
static struct kube *kube;
static char path[] = "/tmp/fsops-kube-XXXXXX";
static int listener;
static struct loop_watch *listening;
static struct peer *peers;
static const char *const *answers; /* ends with NULL; "": closes without one */
static struct buf asked;           /* a line for each request: its path */
static struct buf told;            /* what callbacks were told */
static struct loop_timer *guard;

static void on_head(void *ctx, int fd, int ready)
{
	struct peer *peer = ctx;
	char data[4096];
	ssize_t got = read(fd, data, sizeof(data));
	const char *end;

	(void)ready;
	if (got > 0)
		buf_add(&peer->head, data, (size_t)got);
	if (got > 0 && !strstr(peer->head.data, "\r\n\r\n"))
		return;
	end = strstr(peer->head.data, " HTTP/");
	if (end) {
		assert_non_null(*answers);
		buf_addf(&asked, "%.*s\n", (int)(end - peer->head.data), peer->head.data);
		assert_int_equal(write(fd, *answers, strlen(*answers)), strlen(*answers));
		answers++;
	}
	loop_unwatch(peer->watch);
	peer->watch = NULL;
	close(fd);
	peer->fd = -1;
}

static void on_connection(void *ctx, int fd, int ready)
{
	struct peer *peer = mem_alloc(sizeof(*peer));

	(void)ctx;
	(void)ready;
	*peer = (struct peer){.next = peers, .fd = accept(fd, NULL, NULL)};
	peers = peer;
	buf_init(&peer->head, BUF_TEXT_MAX);
	peer->watch = loop_watch(loop, peer->fd, LOOP_READ, on_head, peer);
}

static void on_late(void *ctx)
{
	(void)ctx;
	guard = NULL;
	loop_stop(loop);
}

/* Until loop_stop(), with these answers. */
static void serve(const char *const *list)
{
	answers = list;
	guard = loop_deadline(loop, NEVER_MIND, on_late, NULL);
	loop_run(loop);
	assert_non_null(guard);
	loop_cancel(guard);
	guard = NULL;
}

#define OK         "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
#define SAYS(code) "HTTP/1.1 " code "\r\nContent-Type: application/json\r\nConnection: close\r\n"

static void on_said(void *ctx, const char *text, size_t len)
{
	(void)ctx;
	buf_addf(&told, "%.*s", (int)len, text);
}

static struct kube_caller caller = {.said = on_said};

static void on_got(void *ctx, json_t *object, const struct kube_reply *reply)
{
	(void)ctx;
	buf_addf(&told, "%d %s\n", reply->status, object ? "object" : reply->line);
	loop_stop(loop);
}

static void get(const char *const *list)
{
	kube_get(kube, &caller, "/api/v1/x", NULL, on_got, NULL);
	serve(list);
}

static void a_server_that_says_when_is_asked_again(void **state)
{
	(void)state;
	get((const char *const[]){SAYS("429 Too Many Requests") "Retry-After: 0\r\n\r\n",
	    SAYS("503 Unavailable") "Retry-After: 0\r\nWarning: 299 - \"busy\"\r\n\r\n",
	    SAYS("200 OK") "Warning: 299 - \"busy\"\r\n\r\n{\"kind\":\"X\"}", NULL});
	assert_string_equal(told.data, "Warning: busy\n200 object\n");
	assert_string_equal(asked.data, "GET /api/v1/x\nGET /api/v1/x\nGET /api/v1/x\n");
}

static void a_server_that_does_not_say_when_is_not(void **state)
{
	(void)state;
	get((const char *const[]){SAYS("503 Unavailable") "\r\n{}", NULL});
	assert_string_equal(told.data, "503 Error from server (ServiceUnavailable): the server is "
	                               "currently unable to handle the request (get x)\n");
}

static void a_connection_that_breaks_before_an_answer_is_made_again(void **state)
{
	(void)state;
	get((const char *const[]){"", OK "{\"kind\":\"X\"}", NULL});
	assert_string_equal(told.data, "200 object\n");
}

static void an_answer_that_is_torn_is_not(void **state)
{
	(void)state;
	get((const char *const[]){"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", NULL});
	assert_string_equal(told.data, "200 error: unexpected error when reading response body. "
	                               "Please retry. Original error: unexpected EOF\n");
}

static void an_answer_that_is_no_json_is_an_error(void **state)
{
	(void)state;
	get((const char *const[]){OK "hello", NULL});
	assert_non_null(strstr(told.data, "200 error: the answer is not JSON"));
}

static void a_refusal_is_one_with_status_200_too(void **state)
{
	(void)state;
	get((const char *const[]){OK
	    "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"reason\":"
	    "\"InternalError\",\"message\":\"etcd is gone\"}",
	    NULL});
	get((const char *const[]){OK "[]", NULL});
	get((const char *const[]){
	    OK "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Success\"}", NULL});
	assert_string_equal(told.data,
	    "200 Error from server (InternalError): etcd is gone\n"
	    "200 error: the answer is no object of the API: does something else answer at "
	    "its address?\n"
	    "200 object\n");
}

/* --- Lists --- */

static int on_page(void *ctx, json_t *page, struct err *err)
{
	(void)ctx;
	(void)err;
	buf_addf(&told, "page %zu\n", json_array_size(json_object_get(page, "items")));
	return 0;
}

static void on_done(void *ctx, const struct kube_reply *reply)
{
	(void)ctx;
	buf_addf(&told, "end %s\n", reply->end == KUBE_DONE ? "well" : reply->line);
	loop_stop(loop);
}

static void list(const char *where, const char *const *canned)
{
	kube_list(kube, &caller,
	    &(struct kube_list_spec){.path = where, .chunk = 2, .page = on_page, .done = on_done});
	serve(canned);
}

static void a_list_comes_in_pieces(void **state)
{
	(void)state;
	list("/api/v1/pods",
	    (const char *const[]){OK
	        "{\"kind\":\"PodList\",\"metadata\":{\"continue\":\"a=/b\"},\"items\":[1,2]}",
	        OK "{\"kind\":\"PodList\",\"metadata\":{},\"items\":[3]}", NULL});
	assert_string_equal(told.data, "page 2\npage 1\nend well\n");
	assert_string_equal(
	    asked.data, "GET /api/v1/pods?limit=2\nGET /api/v1/pods?continue=a%3D%2Fb&limit=2\n");
}

static void a_list_whose_pieces_are_forgotten_ends(void **state)
{
	(void)state;
	list("/api/v1/pods",
	    (const char *const[]){OK
	        "{\"kind\":\"PodList\",\"metadata\":{\"continue\":\"a\"},\"items\":[1]}",
	        SAYS("410 Gone") "\r\n{\"kind\":\"Status\",\"reason\":\"Expired\",\"message\":"
	                         "\"too old\"}",
	        NULL});
	assert_string_equal(told.data, "page 1\nend Error from server (Expired): too old\n");
}

static void a_list_that_cannot_be_says_which_it_was(void **state)
{
	static const char *const bad[] = {
	    SAYS("400 Bad Request") "\r\n{\"kind\":\"Status\",\"reason\":\"BadRequest\","
	                            "\"message\":\"no\"}",
	    NULL};

	(void)state;
	list("/apis/apps/v1/namespaces/shop/deployments?fieldSelector=a%3Db+c", bad);
	assert_string_equal(told.data,
	    "end Error from server (BadRequest): Unable to find \"apps/v1, Resource=deployments\" "
	    "that match label selector \"\", field selector \"a=b c\": no\n");
	buf_clear(&told);
	list("/api/v1/pods", bad);
	assert_string_equal(told.data,
	    "end Error from server (BadRequest): Unable to list \"/v1, Resource=pods\": no\n");
}

/* --- Kinds --- */

static void on_found(void *ctx, const struct kube_found *found)
{
	(void)ctx;
	for (const struct kube_kind *kind = found->kinds; kind; kind = kind->next)
		buf_addf(&told, "%s/%s %s %s%s\n", kind->group, kind->version, kind->plural,
		    kind->kind, kind->namespaced ? "" : " (cluster)");
	if (!found->kinds)
		buf_addf(&told, "%s\n", found->line);
	if (found->unknown)
		buf_adds(&told, "(unknown)\n");
	if (found->partial)
		buf_adds(&told, "(partial)\n");
	loop_stop(loop);
}

static void find(const char *name, const char *const *canned)
{
	kube_find(kube, &caller, name, on_found, NULL);
	serve(canned);
}

#define AGGREGATED_CORE                                                                            \
	OK "{\"kind\":\"APIGroupDiscoveryList\",\"items\":[{\"metadata\":{},\"versions\":[{"       \
	   "\"version\":\"v1\",\"resources\":[{"                                                   \
	   "\"resource\":\"pods\",\"responseKind\":{\"kind\":\"Pod\"},\"scope\":\"Namespaced\","   \
	   "\"singularResource\":\"pod\",\"shortNames\":[\"po\"],\"categories\":[\"all\"],"        \
	   "\"verbs\":[\"list\"]}]}]}]}"
#define AGGREGATED_GROUPS                                                                          \
	OK "{\"kind\":\"APIGroupDiscoveryList\",\"items\":[{\"metadata\":{\"name\":\"shop."        \
	   "example\"},\"versions\":[{\"version\":"                                                \
	   "\"v2\",\"resources\":[{\"resource\":\"carts\",\"responseKind\":{\"kind\":\"Cart\"},"   \
	   "\"scope\":\"Cluster\",\"categories\":[\"all\"]}]},{\"version\":\"v1\",\"resources\":[" \
	   "{\"resource\":\"carts\",\"responseKind\":{\"kind\":\"Cart\"},\"categories\":[\"all\"]" \
	   "}]},{\"version\":\"v0\",\"freshness\":\"Stale\",\"resources\":[{\"resource\":\"old\"," \
	   "\"responseKind\":{\"kind\":\"Old\"}}]}]}]}"

static void what_is_not_stable_is_asked_for_once(void **state)
{
	(void)state;
	/* Both roots are asked at once: their order is not sure, and each has an answer that is good for both. */
	find("carts", (const char *const[]){AGGREGATED_GROUPS, AGGREGATED_GROUPS, NULL});
	assert_string_equal(told.data, "shop.example/v2 carts Cart (cluster)\n");
	buf_clear(&told);
	find("cart.v1.shop.example", (const char *const[]){NULL});
	find("deploy", (const char *const[]){NULL});
	find("all", (const char *const[]){NULL});
	assert_string_equal(told.data, "shop.example/v1 carts Cart (cluster)\napps/v1 deployments "
	                               "Deployment\nshop.example/v2 carts Cart (cluster)\n");
	buf_clear(&told);
	find("old", (const char *const[]){AGGREGATED_CORE, AGGREGATED_CORE, NULL});
	assert_string_equal(
	    told.data, "error: the server doesn't have a resource type \"old\"\n(unknown)\n");
}

static void all_is_asked_for_each_time(void **state)
{
	static const char whole[] = OK
	    "{\"kind\":\"APIGroupDiscoveryList\",\"items\":[{\"metadata\":{\"name\":\"shop."
	    "example\"},\"versions\":[{\"version\":"
	    "\"v1\",\"resources\":[{\"resource\":\"bags\",\"responseKind\":{\"kind\":\"Bag\"}}]}]"
	    "}]}";

	(void)state;
	kube_find_all(kube, &caller, on_found, NULL);
	serve((const char *const[]){AGGREGATED_GROUPS, AGGREGATED_GROUPS, NULL});
	assert_string_equal(told.data, "shop.example/v2 carts Cart (cluster)\n(partial)\n");
	buf_clear(&told);
	kube_find_all(kube, &caller, on_found, NULL);
	serve((const char *const[]){whole, whole, NULL});
	assert_string_equal(told.data, "shop.example/v1 bags Bag (cluster)\n");
}

static void on_posted(void *ctx, json_t *object, const struct kube_reply *reply)
{
	(void)ctx;
	(void)reply;
	buf_addf(&told, "%s\n", json_string_value(json_object_get(object, "a")));
	loop_stop(loop);
}

static void a_review_is_posted(void **state)
{
	json_t *review = json_pack("{s:s}", "kind", "Review");

	(void)state;
	kube_post(kube, &caller, "/apis/reviews", review, on_posted, NULL);
	json_decref(review);
	serve((const char *const[]){OK "{\"kind\":\"X\",\"a\":\"b\"}", NULL});
	assert_string_equal(told.data, "b\n");
	assert_string_equal(asked.data, "POST /apis/reviews\n");
}

static void an_older_server_tells_each_version_by_itself(void **state)
{
	static const char both[] =
	    OK "{\"kind\":\"APIGroupList\",\"versions\":[],\"groups\":[{\"name\":\"shop.example\","
	       "\"preferredVersion\":{"
	       "\"version\":\"v2\"},\"versions\":[{\"version\":\"v1\"},{\"version\":\"v2\"}]}]}";
	static const char resources[] =
	    OK "{\"kind\":\"APIResourceList\",\"resources\":[{\"name\":\"carts\",\"singularName\":"
	       "\"\",\"namespaced\":true,"
	       "\"kind\":\"Cart\",\"shortNames\":[\"ct\"]},{\"name\":\"carts/"
	       "status\",\"kind\":\"Cart\"}]}";

	(void)state;
	find("ct",
	    (const char *const[]){both, both, resources, resources, resources, resources, NULL});
	assert_string_equal(told.data, "shop.example/v2 carts Cart\n");
}

static void who_may_not_ask_is_told(void **state)
{
	(void)state;
	find("carts.other",
	    (const char *const[]){SAYS("403 Forbidden") "\r\n{\"kind\":\"Status\",\"reason\":"
	                                                "\"Forbidden\",\"message\":\"no\"}",
	        SAYS("403 Forbidden") "\r\n", NULL});
	assert_string_equal(told.data, "Error from server (Forbidden): unknown\n");
}

/* --- Watches --- */

static struct kube_watch *watch;
static const char *last; /* the name whose change ends it */

static void on_changed(void *ctx, enum kube_change change, json_t *object)
{
	static const char *const names[] = {"+", "~", "-"};
	const char *name =
	    json_string_value(json_object_get(json_object_get(object, "metadata"), "name"));

	(void)ctx;
	buf_addf(&told, "%s%s ", names[change], name);
	if (last && strcmp(name, last) == 0) {
		kube_watch_cancel(watch);
		loop_stop(loop);
	}
}

static void on_listed(void *ctx)
{
	(void)ctx;
	buf_adds(&told, "listed ");
}

static void on_failed(void *ctx, const struct kube_reply *reply)
{
	(void)ctx;
	buf_addf(&told, "failed %s", reply->line);
	loop_stop(loop);
}

static void look(const char *until, const char *const *canned)
{
	last = until;
	watch = kube_watch(kube, &caller,
	    &(struct kube_watch_spec){.path = "/api/v1/pods",
	        .changed = on_changed,
	        .listed = on_listed,
	        .failed = on_failed});
	serve(canned);
}

#define ITEM(name, version)                                                                        \
	"{\"metadata\":{\"name\":\"" name "\",\"resourceVersion\":\"" version "\"}}"
#define EVENT(type, object) "{\"type\":\"" type "\",\"object\":" object "}\n"
#define LIST(version, items)                                                                       \
	OK "{\"kind\":\"PodList\",\"metadata\":{\"resourceVersion\":\"" version                    \
	   "\"},\"items\":[" items "]}"

static void changes_are_told_after_what_was_there(void **state)
{
	(void)state;
	look("end",
	    (const char *const[]){LIST("5", ITEM("a", "3") "," ITEM("b", "4")),
	        OK EVENT("MODIFIED", ITEM("a", "6")) EVENT("DELETED", ITEM("b", "7"))
	            EVENT("DELETED", ITEM("nobody", "7"))
	                EVENT("BOOKMARK", "{\"metadata\":{\"resourceVersion\":\"9\"}}"),
	        OK EVENT("ADDED", ITEM("end", "10")) EVENT("ADDED", ITEM("late", "11")), NULL});
	assert_string_equal(told.data, "+a +b listed ~a -b +end ");
	assert_string_equal(asked.data,
	    "GET /api/v1/pods?limit=500\n"
	    "GET "
	    "/api/v1/"
	    "pods?allowWatchBookmarks=true&resourceVersion=5&timeoutSeconds=300&watch=true\n"
	    "GET "
	    "/api/v1/"
	    "pods?allowWatchBookmarks=true&resourceVersion=9&timeoutSeconds=300&watch=true\n");
}

static void a_version_that_is_too_old_is_a_new_list(void **state)
{
	(void)state;
	look("end",
	    (const char *const[]){LIST("5", ITEM("a", "3") "," ITEM("b", "4") "," ITEM("c", "4")),
	        OK EVENT("ERROR", "{\"kind\":\"Status\",\"code\":410}"),
	        LIST("20", ITEM("b", "18") "," ITEM("c", "4")), SAYS("410 Gone") "\r\n",
	        LIST("30", ITEM("c", "4") "," ITEM("end", "29")), NULL});
	assert_string_equal(told.data, "+a +b +c listed ~b -a listed +end ");
}

/* Its second piece is refused: what the first has told is known. */
static void what_a_torn_list_has_told_is_not_told_again(void **state)
{
	(void)state;
	look("end", (const char *const[]){OK
	                "{\"kind\":\"PodList\",\"metadata\":{\"continue\":\"c\"},\"items\":[" ITEM(
	                    "a", "1") "," ITEM("b", "1") "]}",
	                SAYS("410 Gone") "\r\n", LIST("5", ITEM("a", "2") "," ITEM("c", "3")),
	                OK EVENT("ADDED", ITEM("end", "6")), NULL});
	assert_string_equal(told.data, "+a +b ~a +c -b listed +end ");
}

/* An event comes in as many pieces as it likes. */
static void an_event_may_come_in_pieces(void **state)
{
	(void)state;
	look("end",
	    (const char *const[]){LIST("5", ""),
	        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	        "4\r\n{\"ty\r\n2e\r\npe\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"a\"}}\r\n"
	        "4\r\n}\n{\"\r\n34\r\ntype\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"end\"}}"
	        "}"
	        "\n\r\n",
	        NULL});
	assert_string_equal(told.data, "listed +a +end ");
}

static void a_watch_outlives_its_connection(void **state)
{
	(void)state;
	look("end",
	    (const char *const[]){LIST("5", ""),
	        "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" EVENT("ADDED", ITEM("a", "6")),
	        LIST("8", ITEM("a", "7")), OK EVENT("ADDED", ITEM("end", "10")), NULL});
	assert_string_equal(told.data, "listed +a ~a listed +end ");
}

static void a_watch_that_is_refused_ends(void **state)
{
	(void)state;
	look(NULL, (const char *const[]){LIST("5", ""),
	               SAYS("403 Forbidden") "\r\n{\"kind\":\"Status\",\"reason\":\"Forbidden\","
	                                     "\"message\":\"no\"}",
	               NULL});
	assert_string_equal(told.data, "listed failed Error from server (Forbidden): no");
}

static int begin(void **state)
{
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	struct err err;
	FILE *file;

	(void)state;
	loop = loop_new(&clock_system);
	children = children_new(loop, &err);
	buf_init(&asked, BUF_TEXT_MAX);
	buf_init(&told, BUF_TEXT_MAX);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(listener, (struct sockaddr *)&address, size) < 0 || listen(listener, 10) < 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &size) < 0)
		return -1;
	listening = loop_watch(loop, listener, LOOP_READ, on_connection, NULL);
	file = fopen(path, "w");
	fprintf(file,
	    "current-context: x\nclusters: [{name: c, cluster: {server: "
	    "'http://127.0.0.1:%d'}}]\nusers: [{name: u, user: {}}]\ncontexts: [{name: x, context: "
	    "{cluster: c, user: u}}]\n",
	    ntohs(address.sin_port));
	fclose(file);
	kube = kube_open(loop, children, &(struct kube_spec){.kubeconfig = path}, &err);
	return kube ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	loop_unwatch(listening);
	close(listener);
	while (peers) {
		struct peer *peer = peers;

		peers = peer->next;
		loop_unwatch(peer->watch);
		if (peer->fd >= 0)
			close(peer->fd);
		buf_release(&peer->head);
		free(peer);
	}
	kube_caller_release(&caller);
	kube_close(kube);
	children_free(children);
	loop_free(loop);
	buf_release(&asked);
	buf_release(&told);
	return 0;
}

static int make_file(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_server_that_says_when_is_asked_again),
	    TEST(a_server_that_does_not_say_when_is_not),
	    TEST(a_connection_that_breaks_before_an_answer_is_made_again),
	    TEST(an_answer_that_is_torn_is_not),
	    TEST(an_answer_that_is_no_json_is_an_error),
	    TEST(a_refusal_is_one_with_status_200_too),
	    TEST(a_list_comes_in_pieces),
	    TEST(a_list_whose_pieces_are_forgotten_ends),
	    TEST(a_list_that_cannot_be_says_which_it_was),
	    TEST(what_is_not_stable_is_asked_for_once),
	    TEST(all_is_asked_for_each_time),
	    TEST(a_review_is_posted),
	    TEST(an_older_server_tells_each_version_by_itself),
	    TEST(who_may_not_ask_is_told),
	    TEST(changes_are_told_after_what_was_there),
	    TEST(a_version_that_is_too_old_is_a_new_list),
	    TEST(what_a_torn_list_has_told_is_not_told_again),
	    TEST(an_event_may_come_in_pieces),
	    TEST(a_watch_outlives_its_connection),
	    TEST(a_watch_that_is_refused_ends),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
