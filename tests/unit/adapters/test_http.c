/* http: its forms, effects, command lines, results, and every way a server can fail. */
#include "web_fake.h"

#include <dlfcn.h>
#include <netdb.h>

#include "adapters/http/http.h"

static struct server web;
static struct server tls[5];

enum { TLS_GOOD, TLS_EXPIRED, TLS_STRANGER, TLS_WRONG_NAME, TLS_SELF };

static char folder[] = "/tmp/fsops-test-XXXXXX";

static const struct parse_case {
	const char *yaml;
	const char *args; /* or the problem */
} parse_cases[] = {
    {"https://a/b", "{\"method\":\"GET\",\"url\":\"https://a/b\"}"},
    {"HEAD https://a/b", "{\"method\":\"HEAD\",\"url\":\"https://a/b\"}"},
    {"delete /api/x", "{\"method\":\"DELETE\",\"url\":\"/api/x\"}"},
    {"/api/health", "{\"method\":\"GET\",\"url\":\"/api/health\"}"},
    {"[POST, '/x y']", "the path holds a blank"},
    {"${m} ${u}", "{\"method\":\"${m}\",\"url\":\"${u}\"}"},
    {"GTE https://a", "unknown HTTP method 'GTE': did you mean GET?"},
    {"BREW https://a", "unknown HTTP method 'BREW': use GET"},
    {"GET", "'GET' is no URL: it must begin with http:// or https://"},
    {"GET https://a b", "but this has 3 words"},
    {"ftp://a/b", "'ftp://a/b' is no URL"},
    {"GET https://user:pw@a/", "user name or password"},
    {"GET http://", "is no URL"},
    {"GET http://a:99999/", "is no URL"},
    {"{url: https://a, json: {a: [1, '${x}']}}",
        "{\"headers\":{},\"json\":{\"a\":[1,\"${x}\"]},\"method\":\"POST\",\"url\":\"https://a\"}"},
    {"{url: https://a, headers: {X-A: b}, follow: true}",
        "{\"follow\":true,\"headers\":{\"X-A\":\"b\"},\"method\":\"GET\",\"url\":\"https://a\"}"},
    {"{method: put, url: https://a, body: text}",
        "{\"body\":\"text\",\"headers\":{},\"method\":\"PUT\",\"url\":\"https://a\"}"},
    {"{url: https://a, body: b, json: 1}", "both `body` and `json`"},
    {"{method: POST, url: https://a, follow: true}", "`follow` is for GET"},
    {"{url: https://a, headers: {'A B': c}}", "no name for an HTTP header"},
    {"{url: https://a, headers: {A: \"b\\r\\nC: d\"}}", "line break"},
    {"{url: https://a, headers: {A: '${v}'}}",
        "{\"headers\":{\"A\":\"${v}\"},\"method\":\"GET\",\"url\":\"https://a\"}"},
    {"{url: https://a, head: {}}", "head"},
    {"{method: GET}", "url"},
    {"[[a]]", "http"},
};

static void test_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(parse_cases); i++) {
		char *text = parse_text(&adapter_http, parse_cases[i].yaml);

		assert_has(text, parse_cases[i].args);
		free(text);
	}
}

static const struct effect_case {
	const char *method;
	enum effect effect;
} effect_cases[] = {
    {"GET", EFFECT_READ},
    {"HEAD", EFFECT_READ},
    {"OPTIONS", EFFECT_READ},
    {"POST", EFFECT_CHANGE},
    {"PUT", EFFECT_CHANGE},
    {"PATCH", EFFECT_CHANGE},
    {"DELETE", EFFECT_DESTROY},
    {"${method}", EFFECT_DESTROY},
};

static void test_effects(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(effect_cases); i++) {
		json_t *args = json_pack("{s:s,s:s}", "method", effect_cases[i].method, "url", "/");

		assert_int_equal(adapter_http.effect(args), effect_cases[i].effect);
		json_decref(args);
	}
}

#define TARGET "{\"url\":\"https://api.example/v1/\"}"

static const struct describe_case {
	const char *args;
	const char *line;
} describe_cases[] = {
    {"{\"method\":\"GET\",\"url\":\"/health\"}", "curl -sS --fail https://api.example/v1/health"},
    {"{\"method\":\"HEAD\",\"url\":\"https://a/?q=1&r=2\"}",
        "curl -sS --fail -I 'https://a/?q=1&r=2'"},
    {"{\"method\":\"DELETE\",\"url\":\"https://a/[1]\"}",
        "curl -sS --fail -X DELETE --globoff 'https://a/[1]'"},
    {"{\"method\":\"POST\",\"url\":\"https://a/\"}", "curl -sS --fail --data-raw '' https://a/"},
    {"{\"method\":\"PUT\",\"url\":\"/"
     "x\",\"headers\":{\"X-A\":\"it's\",\"E\":\"\"},\"json\":{\"a\":1}}",
        "curl -sS --fail -X PUT -H 'X-A: it'\\''s' -H 'E;' -H 'Content-Type: application/json'"
        " --data-raw '{\"a\":1}' https://api.example/v1/x"},
    {"{\"method\":\"GET\",\"url\":\"${base}/x\",\"follow\":true}",
        "curl -sS --fail -L --max-redirs 10 --proto-redir =http,https '${base}/x'"},
    {"{\"method\":\"POST\",\"url\":\"https://a\",\"headers\":{\"content-type\":\"text/"
     "x\"},\"json\":[]}",
        "curl -sS --fail -H 'content-type: text/x' --data-raw '[]' https://a"},
};

static const struct embed_case embed_cases[] = {
    {{"w/a/", "fb", "w/c"}, "/a/b/c"},
    {{"w/a/", "f../b?c#d&e=f g%2f"}, "/a/..%2Fb%3Fc%23d%26e%3Df%20g%252f"},
    {{"w/a/", "s../b?c"}, "/a/../b?c"},
    {{"w/a?b=", "f", "w&c=", "f&?"}, "/a?b=&c=%26%3F"},
    {{"w/a#", "f#"}, "/a#%23"},
    {{"w/a/", "f"}, "an empty value was filled in as a whole part of the path, after '/a/'"},
    {{"w/a/", "f", "w/b"}, "an empty value was filled in"},
    {{"w/a/", "f", "w?b"}, "an empty value was filled in"},
    {{"w/a/", "f", "s/b"}, "an empty value was filled in"},
    {{"w/a/", "f.", "f."}, "the value '..' was filled in"},
    {{"w/a/", "f.", "w%2E/"}, "the value '.%2E' was filled in"},
    {{"w/a/%2e", "f", "w;v=1"}, "the value '%2e;v=1' was filled in"},
    {{"w/a/", "f..."}, "/a/..."},
    {{"w/a/", "f.", "u${x}", "w/b"}, "/a/.${x}/b"},
    {{"w/a/", "u${x}", "w/", "f"}, "an empty value was filled in"},
    {{"w/..//", "sx"}, "/..//x"},
    {{"fhttps://h:1/a/../b?c"}, "https://h:1/a/../b?c"},
    {{"fhttps://h/a", "w/", "fb/c"}, "https://h/a/b%2Fc"},
    {{"fhttps://h/a/.", "f."}, "the value '..' was filled in"},
    {{"fhttps://h", "f@evil"}, "as a part of the host"},
    {{"f"}, ""},
    {{"f", "w/x"}, "where the address begins"},
    {{"u${b}", "w/x/", "fa/b"}, "${b}/x/a%2Fb"},
    {{"u${b}", "w://", "fa/b"}, "as a part of the host"},
    {{"whttps://", "fh.x", "w/a"}, "https://h.x/a"},
    {{"whttps://x-", "fh/y", "w.z/a"}, "as a part of the host"},
    {{"whttps://", "fa@b"}, "as a part of the host"},
    {{"whttps://", "fa\\b"}, "as a part of the host"},
    {{"whttp", "fs://evil"}, "as a part of the host"},
    {{"whttp", "fs", "w://h/", "f/"}, "https://h/%2F"},
    {{"whttps://h?a=", "f/../"}, "https://h?a=%2F..%2F"},
};

static void test_embed(void **state)
{
	const char *plain;

	(void)state;
	check_embed(&adapter_http, embed_cases, COUNT_OF(embed_cases));
	free(embed_text(&adapter_http, (const char *const[]){"w/a/", "u${x}", NULL}, &plain));
	assert_string_equal(plain, "A-Za-z0-9._~-");
	free(embed_text(&adapter_http, (const char *const[]){"u${x}", NULL}, &plain));
	assert_null(plain);
}

static void test_describe(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(describe_cases); i++) {
		char *line = describe_text(&adapter_http, describe_cases[i].args, TARGET);

		assert_string_equal(line, describe_cases[i].line);
		free(line);
	}
}

/* A GET of PATH from the server at PORT, with HEADERS and more as JSON members. */
static void get(const char *scheme, int port, const char *path, const char *more, const char *wants)
{
	char *args =
	    mem_printf("{\"method\":\"GET\",\"url\":\"%s:%d%s\"%s}", scheme, port, path, more);

	run_call(&adapter_http, args, NULL, wants);
	free(args);
}

static void get_web(const char *path, const char *wants)
{
	get("http://127.0.0.1", web.port, path, "", wants);
}

static void test_result(void **state)
{
	const json_t *headers;

	(void)state;
	get_web("/ok", " body json ");
	assert_null(last.why);
	headers = json_object_get(last.result, "headers");
	assert_int_equal(value_get_number(last.result, "status", 0), 200);
	assert_string_equal(
	    value_get_text(last.result, "body"), "{\"status\":\"ok\",\"n\":[1,2.5]}");
	assert_string_equal(value_get_text(json_object_get(last.result, "json"), "status"), "ok");
	assert_string_equal(value_get_text(headers, "x-two"), "a, b");
	assert_string_equal(value_get_text(headers, "content-type"), "application/json");
	assert_true(value_get_number(last.result, "time", -1) > 0);
	assert_true(json_is_null(json_object_get(last.result, "tls_expires")));
	assert_string_equal(last.output.data, "{\"status\":\"ok\",\"n\":[1,2.5]}");
}

/* A path is joined to the target's URL. */
static void test_target(void **state)
{
	char *target = mem_printf("{\"url\":\"http://127.0.0.1:%d/\"}", web.port);

	(void)state;
	run_call(&adapter_http, "{\"method\":\"HEAD\",\"url\":\"/ok\"}", target, " json ");
	assert_null(last.why);
	assert_true(json_is_null(json_object_get(last.result, "json")));
	assert_int_equal(last.output_bytes, 0);
	run_call(&adapter_http, "{\"method\":\"HEAD\",\"url\":\"/status/503\"}", target, NULL);
	assert_has(last.why, ": status 503 Service Unavailable");
	assert_has(last.why, "HEAD http://127.0.0.1:");
	assert_int_equal(value_get_number(last.result, "status", 0), 503);
	run_call(&adapter_http, "{\"method\":\"GET\",\"url\":\"/ok\"}", NULL, NULL);
	assert_failed(ERR_INPUT, "'/ok' is only a path: name a `target`");
	free(target);
}

static void test_text_that_is_not_utf8(void **state)
{
	const json_t *body;

	(void)state;
	get_web("/text", " body json ");
	body = json_object_get(last.result, "body");
	assert_int_equal(json_string_length(body), 3 + 3 + 1 + 1 + 4);
	assert_true(json_is_null(json_object_get(last.result, "json")));
}

/* What the server was sent, seen by the server. */
static void send_to_echo(const char *method, const char *more)
{
	char *args = mem_printf(
	    "{\"method\":\"%s\",\"url\":\"http://127.0.0.1:%d/echo\"%s}", method, web.port, more);

	run_call(&adapter_http, args, NULL, " json ");
	assert_null(last.why);
	free(args);
}

static const char *echoed(const char *field)
{
	const json_t *json = json_object_get(last.result, "json");
	const json_t *headers = json_object_get(json, "headers");
	const char *text = value_get_text(json, field);

	return text ? text : value_get_text(headers, field);
}

static void test_request(void **state)
{
	(void)state;
	send_to_echo(
	    "POST", ",\"json\":{\"a\":\"\\u00e9\"},\"headers\":{\"X-Token\":\"t\",\"Empty\":\"\"}");
	assert_string_equal(echoed("method"), "POST");
	assert_string_equal(echoed("content-type"), "application/json");
	assert_string_equal(echoed("x-token"), "t");
	assert_string_equal(echoed("empty"), "");
	assert_has(echoed("user-agent"), "fsops/");
	assert_has(echoed("body"), "{\"a\":\"");
	send_to_echo("PATCH", ",\"body\":\"plain\"");
	assert_string_equal(echoed("method"), "PATCH");
	assert_string_equal(echoed("body"), "plain");
	send_to_echo("PUT", "");
	assert_string_equal(echoed("content-length"), "0");
	send_to_echo("DELETE", "");
	assert_string_equal(echoed("method"), "DELETE");
	assert_null(echoed("content-length"));
}

static void test_injection(void **state)
{
	(void)state;
	get("http://127.0.0.1", web.port, "/ok\\r\\nX: y", "", NULL);
	assert_failed(ERR_INPUT, "line break");
	get("http://127.0.0.1", web.port, "/ok", ",\"headers\":{\"A\":\"b\\nC: d\"}", NULL);
	assert_failed(ERR_INPUT, "the header 'A' holds a line break");
	get("http://127.0.0.1", web.port, "/ok", ",\"headers\":{\"A: b\\nC\":\"d\"}", NULL);
	assert_failed(ERR_INPUT, "is no name for an HTTP header");
	get("file:///etc/passwd?", web.port, "", "", NULL);
	assert_failed(ERR_INPUT, "it must begin with http:// or https://");
	run_call(&adapter_http, "{\"method\":\"GET\\r\\nX: y\",\"url\":\"http://a/\"}", NULL, NULL);
	assert_failed(ERR_INPUT, "unknown HTTP method");
}

/* More than what was approved is refused before anything is sent. */
static void test_approved_effect(void **state)
{
	json_t *args = json_pack("{s:s,s:s}", "method", "DELETE", "url", "http://127.0.0.1:1/");
	struct call call = {.adapter = &adapter_http,
	    .loop = loop,
	    .args = args,
	    .effect = EFFECT_READ,
	    .engine = &last};

	(void)state;
	fake_reset(&last, NULL);
	adapter_http.start(&call);
	assert_failed(ERR_INPUT, "DELETE is more than the read that was approved");
	adapter_http.release(&call);
	json_decref(args);
}

static const struct fault_case {
	const char *path;
	const char *why;
	enum err_kind kind;
} fault_cases[] = {
    {"/nothing", "closed the connection without an answer", ERR_REMOTE},
    {"/half", "closed the connection half-way, after 10 of 100 bytes", ERR_REMOTE},
    {"/reset", "closed the connection half-way, after 10 of 100 bytes", ERR_REMOTE},
    {"/head", "closed the connection half-way, among the headers", ERR_REMOTE},
    {"/garbage", "is not HTTP", ERR_REMOTE},
    {"/large/16777217", "over 16 MiB", ERR_LIMIT},
    {"/headers", "", ERR_LIMIT},
};

static void test_faults(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(fault_cases); i++) {
		get_web(fault_cases[i].path, " body ");
		assert_failed(fault_cases[i].kind, fault_cases[i].why);
		assert_has(last.why, "GET http://127.0.0.1:");
		assert_has(last.why, fault_cases[i].path);
	}
}

static void test_no_connection(void **state)
{
	(void)state;
	get("http://127.0.0.1", 1, "/", "", NULL);
	assert_failed(ERR_REMOTE, "connection refused by 127.0.0.1 port 1: is the service running");
	get("http://nowhere.invalid", 80, "/", "", NULL);
	assert_failed(ERR_REMOTE, "could not resolve host 'nowhere.invalid'");
}

/* As with curl; and the name is the proxy's to resolve. */
static void test_proxy(void **state)
{
	char *proxy = mem_printf("http://127.0.0.1:%d", web.port);

	(void)state;
	setenv("http_proxy", proxy, 1);
	get("http://nowhere.invalid", 8080, "/echo", "", " json ");
	assert_null(last.why);
	assert_string_equal(echoed("target"), "http://nowhere.invalid:8080/echo");
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	get("http://nowhere.invalid", 8080, "/echo", "", NULL);
	assert_failed(ERR_REMOTE, "the proxy 127.0.0.1:1 refused the connection");
	setenv("http_proxy", "http://proxy.invalid:1", 1);
	get("http://nowhere.invalid", 8080, "/echo", "", NULL);
	assert_failed(ERR_REMOTE, "could not resolve the proxy's name");
	unsetenv("http_proxy");
	free(proxy);
}

static void test_dribble(void **state)
{
	(void)state;
	get_web("/dribble", " body ");
	assert_string_equal(value_get_text(last.result, "body"), "hello");
}

/* Nobody looks at it: it passes through, nothing is kept. */
static void test_large_unwanted(void **state)
{
	(void)state;
	get_web("/large/50000000", " status ");
	assert_null(last.why);
	assert_int_equal(last.output_bytes, 50000000);
	assert_true(json_is_null(json_object_get(last.result, "body")));
}

static void test_redirects(void **state)
{
	char *to = mem_printf("/to?http%%3A//127.0.0.1%%3A%d/echo", web.port);
	char *away = mem_printf("/to?http%%3A//localhost%%3A%d/echo", web.port);

	(void)state;
	get_web(to, NULL);
	assert_non_null(strstr(last.why, "status 302 Found: it leads to http://127.0.0.1:"));
	assert_non_null(strstr(last.why, "into the target"));
	assert_int_equal(value_get_number(last.result, "status", 0), 302);
	get("http://127.0.0.1", web.port, to, ",\"follow\":true,\"headers\":{\"X-Key\":\"k\"}",
	    " json ");
	assert_string_equal(echoed("target"), "/echo");
	assert_string_equal(echoed("x-key"), "k");
	get("http://127.0.0.1", web.port, away, ",\"follow\":true,\"headers\":{\"X-Key\":\"k\"}",
	    " json ");
	assert_string_equal(echoed("target"), "/echo");
	assert_null(echoed("x-key"));
	get("http://127.0.0.1", web.port, "/to?file%3A///etc/passwd", ",\"follow\":true", NULL);
	assert_failed(ERR_INPUT, "it must begin with http:// or https://");
	get("http://127.0.0.1", web.port, "/circle", ",\"follow\":true", NULL);
	assert_failed(ERR_REMOTE, "redirected more than 10 times");
	free(to);
	free(away);
}

static void test_cancel(void **state)
{
	static const char *const paths[] = {"/hang", "/slow/500", "/large/4000000000"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(paths); i++)
		for (msec delay = 0; delay <= 40; delay += 20) {
			char *args =
			    mem_printf("{\"method\":\"GET\",\"url\":\"http://127.0.0.1:%d%s\"}",
			        web.port, paths[i]);

			cancel_call(&adapter_http, args, NULL, delay);
			free(args);
		}
}

/* libcurl's resolver thread comes here: a name server that does not answer. */
int getaddrinfo(
    const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
	int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

	*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	if (host && strcmp(host, "hanging.test") == 0) {
		sleep(2);
		return EAI_AGAIN;
	}
	return real(host, service, hints, out);
}

static void test_cancel_while_resolving(void **state)
{
	(void)state;
	cancel_call(
	    &adapter_http, "{\"method\":\"GET\",\"url\":\"http://hanging.test/\"}", NULL, 50);
	get("http://hanging.test", 80, "/", "", NULL);
	assert_failed(ERR_REMOTE, "could not resolve host 'hanging.test'");
}

/* The engine may give up while it is shown output, with libcurl on the stack. */
static void test_cancel_on_output(void **state)
{
	char *url = mem_printf("http://127.0.0.1:%d/large/9000000", web.port);
	json_t *args = json_pack("{s:s,s:s}", "method", "GET", "url", url);
	struct call call = {.adapter = &adapter_http,
	    .loop = loop,
	    .args = args,
	    .effect = EFFECT_READ,
	    .engine = &last};

	(void)state;
	fake_reset(&last, NULL);
	last.cancel_on_output = &call;
	adapter_http.start(&call);
	run_loop();
	assert_int_equal(last.gone, 1);
	adapter_http.release(&call);
	loop_after(loop, 50, on_stop, loop);
	run_loop();
	assert_int_equal(last.outcomes, 0);
	json_decref(args);
	free(url);
}

#define AT_ONCE 20

/* 20 requests of 300 ms take as long as one (at most 1.3 times). */
static void test_many_at_once(void **state)
{
	char *url = mem_printf("http://127.0.0.1:%d/slow/300", web.port);
	json_t *args = json_pack("{s:s,s:s}", "method", "GET", "url", url);
	struct call_engine engines[AT_ONCE] = {0};
	struct call calls[AT_ONCE];
	size_t running = AT_ONCE;
	msec before = loop_now(loop);

	(void)state;
	for (size_t i = 0; i < AT_ONCE; i++) {
		fake_reset(&engines[i], NULL);
		engines[i].running = &running;
		calls[i] = (struct call){
		    .adapter = &adapter_http, .loop = loop, .args = args, .engine = &engines[i]};
		adapter_http.start(&calls[i]);
	}
	run_loop();
	print_message(
	    "%d requests of 300 ms at once: %d ms\n", AT_ONCE, (int)(loop_now(loop) - before));
	assert_true(loop_now(loop) - before < 600);
	for (size_t i = 0; i < AT_ONCE; i++) {
		assert_null(engines[i].why);
		adapter_http.release(&calls[i]);
		fake_reset(&engines[i], NULL);
		buf_release(&engines[i].output);
	}
	json_decref(args);
	free(url);
}

/* TLS. The certificates are made by `openssl`, in a folder that goes away. */

static void shell(const char *script)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		assert_int_equal(chdir(folder), 0);
		execl("/bin/sh", "sh", "-euc", script, (char *)NULL);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
}

static const char make_certificates[] =
    "exec 2>log\n"
    "key() { openssl ecparam -name prime256v1 -genkey -noout -out $1.key; }\n"
    "ca() { key $1; openssl req -x509 -new -key $1.key -subj /CN=$1 -days 30 -out $1.pem; }\n"
    "cert() {\n" /* name, authority, subject alternative name, not after */
    "  key $1; openssl req -new -key $1.key -subj /CN=test -out $1.csr\n"
    "  printf 'subjectAltName=%s\\n' $3 >$1.ext; mkdir -p $1.db; : >$1.db/index; echo 01 "
    ">$1.db/serial\n"
    "  printf '[ca]\\ndefault_ca=d\\n[d]\\ndatabase=%s.db/index\\nserial=%s.db/serial\\n"
    "new_certs_dir=%s.db\\ndefault_md=sha256\\npolicy=p\\n[p]\\ncommonName=supplied\\n' $1 $1 $1 "
    ">$1.cnf\n"
    "  openssl ca -batch -config $1.cnf -cert $2.pem -keyfile $2.key -in $1.csr -out $1.pem"
    "    -extfile $1.ext -startdate 20200101000000Z -enddate $4 -notext\n"
    "}\n"
    "ca root; ca stranger\n"
    "cert good root IP:127.0.0.1 20401120120000Z\n"
    "cert expired root IP:127.0.0.1 20211120120000Z\n"
    "cert unknown stranger IP:127.0.0.1 20401120120000Z\n"
    "cert other root DNS:other.example 20401120120000Z\n"
    "key self; openssl req -x509 -new -key self.key -subj /CN=127.0.0.1 -days 30 -out self.pem\n";

static void start_tls(struct server *server, const char *name)
{
	char *cert = mem_printf("%s/%s.pem", folder, name);
	char *key = mem_printf("%s/%s.key", folder, name);

	server_start(server, "web", cert, key);
	free(cert);
	free(key);
}

static void get_tls(int which, const char *why, const char *expires)
{
	get("https://127.0.0.1", tls[which].port, "/ok", "", " tls_expires ");
	assert_int_equal(last.kind, ERR_NONE);
	if (why) {
		assert_has(last.why, "TLS certificate not valid: ");
		assert_has(last.why, why);
		assert_true(json_is_null(json_object_get(last.result, "status")));
	} else {
		assert_null(last.why);
		assert_int_equal(value_get_number(last.result, "status", 0), 200);
	}
	assert_has(value_get_text(last.result, "tls_expires"), expires);
}

static void test_tls(void **state)
{
	(void)state;
	get_tls(TLS_GOOD, NULL, "2040-11-20T12:00:00");
	get_tls(
	    TLS_EXPIRED, "certificate has expired (2021-11-20): renew it", "2021-11-20T12:00:00");
	get_tls(TLS_STRANGER, "signed by an authority that is not known here", "2040-11-20");
	get_tls(TLS_WRONG_NAME, "for another name (DNS:other.example), not for '127.0.0.1'",
	    "2040-11-20");
	get_tls(TLS_SELF, "self-signed", "20");
}

/* A bundle that is not there is told, not passed over. */
static void test_tls_no_bundle(void **state)
{
	char *bundle = mem_text(getenv("CURL_CA_BUNDLE"));

	(void)state;
	setenv("CURL_CA_BUNDLE", "/nowhere/ca.pem", 1);
	get("https://127.0.0.1", tls[TLS_GOOD].port, "/ok", "", NULL);
	assert_failed(ERR_SYSTEM, "the file of trusted certificates can't be used");
	unsetenv("CURL_CA_BUNDLE");
	setenv("SSL_CERT_FILE", bundle, 1);
	get_tls(TLS_GOOD, NULL, "2040");
	setenv("SSL_CERT_DIR", "/nowhere", 1);
	get_tls(TLS_GOOD, NULL, "2040");
	unsetenv("SSL_CERT_FILE");
	get_tls(TLS_GOOD, "authority that is not known here", "2040");
	unsetenv("SSL_CERT_DIR");
	get_tls(TLS_GOOD, "authority that is not known here", "2040");
	setenv("CURL_CA_BUNDLE", bundle, 1);
	free(bundle);
}

static void test_tls_mismatch(void **state)
{
	(void)state;
	get("https://127.0.0.1", web.port, "/ok", "", NULL);
	assert_failed(ERR_REMOTE, "Try http://");
	get("http://127.0.0.1", tls[TLS_GOOD].port, "/ok", "", NULL);
	assert_null(last.result);
}

static int setup(void **state)
{
	static const char *const names[] = {"good", "expired", "unknown", "other", "self"};
	char *bundle;

	(void)state;
	loop = loop_new(&clock_system);
	assert_non_null(mkdtemp(folder));
	shell(make_certificates);
	bundle = mem_printf("%s/root.pem", folder);
	setenv("CURL_CA_BUNDLE", bundle, 1);
	unsetenv("SSL_CERT_DIR");
	unsetenv("SSL_CERT_FILE");
	free(bundle);
	server_start(&web, "web", NULL, NULL);
	for (size_t i = 0; i < COUNT_OF(names); i++)
		start_tls(&tls[i], names[i]);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(tls); i++)
		server_stop(&tls[i]);
	server_stop(&web);
	shell("rm -rf \"$PWD\"");
	fake_reset(&last, NULL);
	buf_release(&last.output);
	loop_free(loop);
	return 0;
}

/* Descriptors that are open now: what a test opened it must have closed. */
static int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	while (dir && readdir(dir))
		count++;
	if (dir)
		closedir(dir);
	return count;
}

/* Last, when everything else has run: no descriptor is left open by a request. */
static void test_nothing_left_open(void **state)
{
	int before = count_fds();

	(void)state;
	for (int i = 0; i < 20; i++) {
		get_web("/ok", NULL);
		get_tls(TLS_EXPIRED, "expired", "2021");
		get_web("/half", NULL);
	}
	assert_int_equal(count_fds(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_parse),
	    cmocka_unit_test(test_effects),
	    cmocka_unit_test(test_describe),
	    cmocka_unit_test(test_embed),
	    cmocka_unit_test(test_result),
	    cmocka_unit_test(test_target),
	    cmocka_unit_test(test_text_that_is_not_utf8),
	    cmocka_unit_test(test_request),
	    cmocka_unit_test(test_injection),
	    cmocka_unit_test(test_approved_effect),
	    cmocka_unit_test(test_faults),
	    cmocka_unit_test(test_no_connection),
	    cmocka_unit_test(test_proxy),
	    cmocka_unit_test(test_dribble),
	    cmocka_unit_test(test_large_unwanted),
	    cmocka_unit_test(test_redirects),
	    cmocka_unit_test(test_cancel),
	    cmocka_unit_test(test_cancel_while_resolving),
	    cmocka_unit_test(test_cancel_on_output),
	    cmocka_unit_test(test_many_at_once),
	    cmocka_unit_test(test_tls),
	    cmocka_unit_test(test_tls_no_bundle),
	    cmocka_unit_test(test_tls_mismatch),
	    cmocka_unit_test(test_nothing_left_open),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
