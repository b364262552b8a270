/*
 * Login plugins: a command that prints who we are (k8s.io/client-go, plugin/pkg/client/auth/exec; its data:
 * pkg/apis/clientauthentication/v1).
 *
 * Invariant: however many wait, it runs once. What it prints is kept until it expires or the server does not take it,
 * and is nowhere but in memory. It never gets a terminal: nor has kubectl one here.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "expr/time/time.h"
#include "fsops/base64.h"
#include "fsops/json_read.h"
#include "fsops/mem.h"
#include "fsops/secret_key.h"
#include "fsops/value.h"
#include "login.h"

#define ANSWER_MAX ((size_t)1024 * 1024)
/* A number with more digits may be a secret. */
#define ORDINARY_MAX 7

static const char *const versions[] = {
    "client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"};

static const char install_help[] =
    "\n\nIt looks like you are trying to use a client-go credential plugin that is not "
    "installed.\n\nTo learn more about this feature, consult the documentation available at:\n"
    "      https://kubernetes.io/docs/reference/access-authn-authz/authentication/"
    "#client-go-credential-plugins";

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = value_get_text(object, key);

	return text ? text : "";
}

/* --- What the kubeconfig says of it --- */

static bool is_version(const char *text)
{
	for (size_t i = 0; i < COUNT_OF(versions); i++)
		if (strcmp(text, versions[i]) == 0)
			return true;
	return false;
}

/* v1 has no default. */
static const char *mode_of(const json_t *exec)
{
	const char *mode = text_of(exec, "interactiveMode");

	if (!*mode && strcmp(text_of(exec, "apiVersion"), versions[1]) == 0)
		return "IfAvailable";
	return mode;
}

static bool has_mode(const json_t *exec)
{
	static const char *const modes[] = {"Never", "IfAvailable", "Always"};

	for (size_t i = 0; i < COUNT_OF(modes); i++)
		if (strcmp(mode_of(exec), modes[i]) == 0)
			return true;
	return false;
}

int kube_plugin_check(const struct kube_config *config, struct err *err)
{
	const json_t *exec = config->exec;
	size_t i;
	json_t *variable;

	if (!exec)
		return 0;
	if (!*text_of(exec, "command") || !is_version(text_of(exec, "apiVersion")) ||
	    !has_mode(exec))
		return err_set(
		    err, ERR_UNKNOWN, "its login plugin is of a kind that is not known here");
	json_array_foreach(json_object_get(exec, "env"), i, variable)
		if (!*text_of(variable, "name") || strchr(text_of(variable, "name"), '='))
			return err_set(
			    err, ERR_UNKNOWN, "a variable for its login plugin has no name");
	return 0;
}

/* --- What it is told --- */

static void set_text(json_t *object, const char *key, const char *text)
{
	if (text)
		json_object_set_new(object, key, json_string(text));
}

/* The authorities, from memory or the file, in base64. */
static void set_authorities(json_t *cluster, const struct kube_config *config)
{
	struct buf file, text;
	bool read = !config->ca.data && config->ca_file &&
	            buf_read_file(&file, config->ca_file, ANSWER_MAX, NULL) == 0;

	if (!read && !config->ca.data)
		return;
	buf_init(&text, 2 * ANSWER_MAX);
	base64_encode(&text, read ? file.data : config->ca.data, read ? file.len : config->ca.len);
	json_object_set_new(cluster, "certificate-authority-data", json_string(text.data));
	buf_release(&text);
	if (read)
		buf_release(&file);
}

static json_t *cluster_info(const struct kube_config *config)
{
	json_t *cluster = json_object();

	set_text(cluster, "server", config->server);
	set_text(cluster, "tls-server-name", config->tls_name);
	if (config->insecure)
		json_object_set_new(cluster, "insecure-skip-tls-verify", json_true());
	set_authorities(cluster, config);
	set_text(cluster, "proxy-url", config->proxy);
	json_object_set_new(cluster, "config",
	    config->plugin_config ? json_incref(config->plugin_config) : json_null());
	return cluster;
}

/* KUBERNETES_EXEC_INFO as Go writes it, with the newline at its end. */
static char *exec_info(const struct kube_config *config)
{
	json_t *spec = json_object();
	json_t *info;
	char *text, *line;

	if (json_is_true(json_object_get(config->exec, "provideClusterInfo")))
		json_object_set_new(spec, "cluster", cluster_info(config));
	json_object_set_new(spec, "interactive", json_false());
	info = json_pack("{s:s, s:s, s:o}", "kind", "ExecCredential", "apiVersion",
	    text_of(config->exec, "apiVersion"), "spec", spec);
	text = json_dumps(info, JSON_COMPACT);
	line = mem_printf("KUBERNETES_EXEC_INFO=%s\n", text);
	json_decref(info);
	free(text);
	return line;
}

/* [{name, value}, …] and KUBERNETES_EXEC_INFO as "NAME=value"; owned, as its texts are. */
static char **plugin_env(const struct kube_config *config)
{
	const json_t *list = json_object_get(config->exec, "env");
	char **env = mem_alloc((json_array_size(list) + 2) * sizeof(*env));
	size_t i;
	json_t *variable;

	json_array_foreach(list, i, variable)
		env[i] = mem_printf("%s=%s", text_of(variable, "name"), text_of(variable, "value"));
	env[json_array_size(list)] = exec_info(config);
	return env;
}

static const char **plugin_argv(const json_t *exec)
{
	const json_t *args = json_object_get(exec, "args");
	const char **argv = mem_alloc((json_array_size(args) + 2) * sizeof(*argv));
	size_t i;
	json_t *arg;

	argv[0] = text_of(exec, "command");
	json_array_foreach(args, i, arg)
		argv[i + 1] = json_string_value(arg);
	return argv;
}

/* --- What of it nobody may see, whatever it prints --- */

/* Nobody gets in by a switch, a number or a span of time ("--token-ttl 3600s"), which stand in every output. */
static bool is_ordinary(const char *value)
{
	size_t digits = strspn(value, "0123456789.");

	if (strcmp(value, "true") == 0 || strcmp(value, "false") == 0)
		return true;
	return digits && digits < ORDINARY_MAX && strlen(value + digits) <= 1;
}

static void tell_option(struct kube_caller *caller, const char *name, const char *value)
{
	if (secret_option_name(name) && !is_ordinary(value))
		kube_secret(caller, value);
}

/* --token=VALUE, TOKEN=VALUE for env(1), --token VALUE. */
static void tell_argument(struct kube_caller *caller, const char *arg, const char *next)
{
	static const char letters[] = "-_.0123456789abcdefghijklmnopqrstuvwxyz"
	                              "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	size_t len = strspn(arg, letters);
	char *name = mem_textn(arg, len);

	if (arg[len] == '=')
		tell_option(caller, name, arg + len + 1);
	else if (!arg[len] && *arg == '-' && next && *next != '-')
		tell_option(caller, name, next);
	free(name);
}

void kube_plugin_secrets(const struct kube_login *login, struct kube_caller *caller)
{
	const json_t *exec = login->kube->config.exec;
	const json_t *args = json_object_get(exec, "args");
	size_t i;
	json_t *item;

	json_array_foreach(args, i, item)
		tell_argument(caller, json_string_value(item),
		    json_string_value(json_array_get(args, i + 1)));
	json_array_foreach(json_object_get(exec, "env"), i, item)
		tell_option(caller, text_of(item, "name"), text_of(item, "value"));
}

/* What stands under KEY, with its quotes, in what it has printed: also when it has failed, and that is no JSON. */
static void tell_printed(const struct kube_login *login, const char *key)
{
	const char *at = login->answer.len ? strstr(login->answer.data, key) : NULL;

	for (; at; at = strstr(at, key)) {
		json_t *value;

		at += strlen(key);
		at += strspn(at, " \t\r\n:");
		value = json_loads(at, JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK, NULL);
		for (struct kube_waiter *waiter = login->waiters; waiter; waiter = waiter->next)
			kube_secret(waiter->caller, json_string_value(value));
		json_decref(value);
	}
}

/* --- What comes of it --- */

void kube_plugin_forget(struct kube_login *login)
{
	struct kube_blob *const blobs[] = {&login->cert, &login->key};

	for (size_t i = 0; i < COUNT_OF(blobs); i++) {
		if (blobs[i]->data)
			explicit_bzero(blobs[i]->data, blobs[i]->len);
		free(blobs[i]->data);
		*blobs[i] = (struct kube_blob){.data = NULL};
	}
	if (login->token)
		explicit_bzero(login->token, strlen(login->token));
	free(login->token);
	login->token = NULL;
	login->there = false;
}

/* Each may begin or end other requests, or wait again. */
static void tell_waiters(struct kube_login *login, const char *why)
{
	struct kube *kube = login->kube;

	kube_use(kube);
	login->telling = login->waiters;
	login->waiters = NULL;
	while (login->telling) {
		struct kube_waiter *waiter = login->telling;

		login->telling = waiter->next;
		waiter->ready(waiter->ctx, why);
	}
	kube_unuse(kube);
}

static struct kube_blob text_blob(const char *text)
{
	return *text ? (struct kube_blob){.data = mem_text(text), .len = strlen(text)}
	             : (struct kube_blob){.data = NULL};
}

/* The time of its end; -1: it is none. */
static int read_expiry(const json_t *status, msec *expires)
{
	const char *text = value_get_text(status, "expirationTimestamp");
	int64_t seconds;
	int32_t nanos;

	*expires = 0;
	if (!text)
		return 0;
	if (time_parse(text, strlen(text), &seconds, &nanos) != TIME_OK)
		return -1;
	*expires = seconds * 1000 + nanos / 1000000;
	return 0;
}

/* STATUS into LOGIN; a reason why not, owned, or NULL. */
static char *take_status(struct kube_login *login, const json_t *status)
{
	const char *token = text_of(status, "token");
	const char *cert = text_of(status, "clientCertificateData");
	const char *key = text_of(status, "clientKeyData");
	struct kube_blob pair[2] = {{(char *)cert, strlen(cert)}, {(char *)key, strlen(key)}};
	msec expires;

	if (!json_is_object(status))
		return mem_text("exec plugin didn't return a status field");
	if (!*token && !*cert && !*key)
		return mem_text("exec plugin didn't return a token or cert/key pair");
	if (!*cert != !*key)
		return mem_text("exec plugin returned only certificate or key, not both");
	if (*cert && !kube_pem_pair(&pair[0], &pair[1]))
		return mem_text(
		    "failed parsing client key/certificate: tls: they are no pair of PEM");
	if (token[strcspn(token, "\r\n")])
		return mem_text("net/http: invalid header field value for \"Authorization\"");
	if (read_expiry(status, &expires) < 0)
		return mem_text("decoding stdout: its expirationTimestamp is no time");
	kube_plugin_forget(login);
	login->token = *token ? mem_text(token) : NULL;
	login->cert = text_blob(cert);
	login->key = text_blob(key);
	login->expires = expires;
	login->there = true;
	login->number++;
	return NULL;
}

static char *take_answer(struct kube_login *login)
{
	const char *wanted = text_of(login->kube->config.exec, "apiVersion");
	struct err err;
	json_t *answer;
	char *why;

	if (login->answer.full)
		return mem_printf("decoding stdout: it is over %zu bytes", ANSWER_MAX);
	answer = json_read("it", login->answer.data, login->answer.len, ANSWER_MAX, &err);
	if (!answer)
		why = mem_text("decoding stdout: it is no ExecCredential in JSON");
	else if (strcmp(text_of(answer, "kind"), "ExecCredential") != 0)
		why = mem_printf("decoding stdout: no kind \"%s\" is registered for version \"%s\"",
		    text_of(answer, "kind"), text_of(answer, "apiVersion"));
	else if (strcmp(text_of(answer, "apiVersion"), wanted) != 0)
		why = mem_printf(
		    "exec plugin is configured to use API version %s, plugin returned version %s",
		    wanted, text_of(answer, "apiVersion"));
	else
		why = take_status(login, json_object_get(answer, "status"));
	json_decref(answer);
	return why;
}

static void end(struct kube_login *login, char *why)
{
	char *whole = why ? mem_printf("getting credentials: %s", why) : NULL;

	if (login->answer.data)
		explicit_bzero(login->answer.data, login->answer.len);
	buf_release(&login->answer);
	free(why);
	tell_waiters(login, whole);
	free(whole);
}

static bool is_first_of_caller(const struct kube_waiter *all, const struct kube_waiter *waiter)
{
	while (all->caller != waiter->caller)
		all = all->next;
	return all == waiter;
}

static void on_output(void *ctx, enum child_stream stream, const char *data, size_t len)
{
	struct kube_login *login = ctx;

	if (stream == CHILD_STDOUT) {
		buf_add(&login->answer, data, len);
		return;
	}
	for (struct kube_waiter *waiter = login->waiters; waiter; waiter = waiter->next)
		if (is_first_of_caller(login->waiters, waiter))
			kube_said(waiter->caller, data, len);
}

static void on_ended(void *ctx, int status)
{
	struct kube_login *login = ctx;
	int signo = child_signal(login->child);

	login->child = NULL;
	tell_printed(login, "\"token\"");
	tell_printed(login, "\"clientKeyData\"");
	/* Go has no exit status for who was killed. */
	end(login, status ? mem_printf("exec: executable %s failed with exit code %d",
	                        text_of(login->kube->config.exec, "command"), signo ? -1 : status)
	                  : take_answer(login));
}

/* Whoever ended it needs nothing of it any more; LOGIN may be gone. */
static void on_gone(void *ctx)
{
	(void)ctx;
}

static void on_missing(void *ctx)
{
	struct kube_login *login = ctx;
	char *why = login->why;

	login->missing = NULL;
	login->why = NULL;
	end(login, why);
}

/* In Go's words: a command with a "/" is run and fails, one without is not found. */
static char *missing_text(struct kube_login *login, const char *command)
{
	const char *hint = text_of(login->kube->config.exec, "installHint");
	bool hinted = login->hinted;

	if (strchr(command, '/'))
		return mem_printf("exec: fork/exec %s: %s", command,
		    access(command, F_OK) < 0 ? "no such file or directory" : "permission denied");
	login->hinted = true;
	if (hinted)
		return mem_printf("exec: executable %s not found", command);
	return mem_printf("exec: executable %s not found%s%s%s", command, install_help,
	    *hint ? "\n\n" : "", hint);
}

static char *start(struct kube_login *login)
{
	const json_t *exec = login->kube->config.exec;
	const char **argv = plugin_argv(exec);
	char **env = plugin_env(&login->kube->config);
	struct child_spec spec = {
	    .argv = argv,
	    .env = (const char *const *)env,
	    .inherit = (const char *const *)login->kube->inherit,
	    .output = on_output,
	    .ended = on_ended,
	    .gone = on_gone,
	    .ctx = login,
	};
	struct err err;

	login->child = child_start(login->kube->children, &spec, &err);
	free(argv);
	for (char **variable = env; *variable; variable++)
		free(*variable);
	free(env);
	return login->child ? NULL : missing_text(login, text_of(exec, "command"));
}

void kube_plugin_start(struct kube_login *login)
{
	buf_init(&login->answer, ANSWER_MAX);
	if (strcmp(mode_of(login->kube->config.exec), "Always") == 0)
		login->why = mem_text("exec plugin cannot support interactive mode: standard input "
		                      "is not a terminal");
	else
		login->why = start(login);
	if (login->why)
		login->missing = loop_after(login->kube->loop, 0, on_missing, login);
}

void kube_plugin_stop(struct kube_login *login)
{
	if (login->child || login->missing) {
		buf_release(&login->answer);
		loop_cancel(login->missing);
	}
	if (login->child)
		child_kill(login->child);
	login->child = NULL;
	login->missing = NULL;
	free(login->why);
	login->why = NULL;
}
