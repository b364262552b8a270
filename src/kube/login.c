/*
 * Who we are to the API server: a token, a password, a certificate, from the kubeconfig or from its login plugin.
 * Invariant: as kubectl does it (k8s.io/client-go/transport, round_trippers.go): nobody is told over plain HTTP, and
 * a plugin is asked only when the kubeconfig says nothing itself.
 */
#include "login.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/base64.h"
#include "fsops/mem.h"
#include "fsops/value.h"

#define FILE_MAX ((size_t)1024 * 1024)

/* --- Making and freeing --- */

static bool file_is(const char *path, bool (*check)(const char *data, size_t len))
{
	struct buf buf;
	bool good;

	if (buf_read_file(&buf, path, FILE_MAX, NULL) < 0)
		return false;
	good = check(buf.data, buf.len);
	buf_release(&buf);
	return good;
}

/* BLOB, or what the file at PATH holds; a new one. */
static struct kube_blob copy_blob(const struct kube_blob *blob, const char *path)
{
	struct kube_blob copy = {.data = NULL};
	struct buf buf;

	if (blob->data) {
		copy =
		    (struct kube_blob){.data = mem_textn(blob->data, blob->len), .len = blob->len};
	} else if (path && buf_read_file(&buf, path, FILE_MAX, NULL) == 0) {
		copy.len = buf.len;
		copy.data = buf_detach(&buf);
	}
	return copy;
}

static void wipe(struct kube_blob *blob)
{
	if (blob->data)
		explicit_bzero(blob->data, blob->len);
	free(blob->data);
	*blob = (struct kube_blob){.data = NULL};
}

static bool same_blob(const struct kube_blob *a, const struct kube_blob *b)
{
	return a->data && b->data && a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

static void replace(struct kube_blob *blob, struct kube_blob *by)
{
	wipe(blob);
	*blob = *by; /* transferred */
	*by = (struct kube_blob){.data = NULL};
}

/* The client certificate as it is now: its files are replaced before it expires. When they are gone, or only one was
 * replaced yet, what was in them counts, as with kubectl. False: there is none that is good. */
static bool read_pair(struct kube_login *login)
{
	const struct kube_config *config = &login->kube->config;
	struct kube_blob cert, key;
	bool same, good;

	if (!config->cert.data && !config->cert_file)
		return true;
	cert = copy_blob(&config->cert, config->cert_file);
	key = copy_blob(&config->key, config->key_file);
	same = same_blob(&cert, &login->cert) && same_blob(&key, &login->key);
	good = same || kube_pem_pair(&cert, &key);
	if (good && !same) {
		replace(&login->cert, &cert);
		replace(&login->key, &key);
	}
	wipe(&cert);
	wipe(&key);
	return good;
}

/* What libcurl would complain of in its own words kubectl says in its own. */
static int check_certificates(struct kube_login *login, struct err *err)
{
	const struct kube_config *config = &login->kube->config;

	if ((config->ca.data && !kube_pem_authorities(config->ca.data, config->ca.len)) ||
	    (config->ca_file && !file_is(config->ca_file, kube_pem_authorities)))
		return err_set(err, ERR_UNKNOWN, "its authority is no certificate");
	if (!read_pair(login))
		return err_set(err, ERR_UNKNOWN, "its client certificate and key are no pair");
	return 0;
}

/* May it stand in a header? */
static bool is_plain(const char *text)
{
	for (; text && *text; text++)
		if (iscntrl((unsigned char)*text) && *text != '\t')
			return false;
	return true;
}

static const char *read_token(struct kube_login *login, struct err *err);

static int check(struct kube_login *login, struct err *err)
{
	const struct kube_config *config = &login->kube->config;

	if (!is_plain(config->token) || !is_plain(config->as) || !is_plain(config->as_uid))
		return err_set(err, ERR_UNKNOWN, "its user cannot stand in a header");
	if (!login->secure)
		return 0;
	if (check_certificates(login, err) < 0 || kube_plugin_check(config, err) < 0)
		return -1;
	return config->token_file && !read_token(login, err) ? -1 : 0;
}

struct kube_login *kube_login_new(struct kube *kube, struct err *err)
{
	const struct kube_config *config = &kube->config;
	bool said = config->token || config->token_file || config->user || config->cert_file ||
	            config->cert.data;
	struct kube_login *login = mem_alloc(sizeof(*login));

	login->kube = kube;
	login->secure = strncmp(config->server, "https:", 6) == 0;
	login->plugin = login->secure && config->exec && !said;
	if (check(login, err) == 0)
		return login;
	kube_login_free(login);
	return NULL;
}

void kube_login_free(struct kube_login *login)
{
	if (!login)
		return;
	kube_plugin_stop(login);
	kube_plugin_forget(login);
	free(login->file_token);
	free(login);
}

/* --- Waiting for the plugin --- */

static bool is_good(const struct kube_login *login)
{
	return login->there &&
	       (!login->expires || clock_system.wall(clock_system.ctx) <= login->expires);
}

bool kube_login_get(struct kube_login *login, struct kube_waiter *waiter)
{
	struct kube_waiter **link = &login->waiters;

	if (!login->plugin || is_good(login))
		return true;
	while (*link)
		link = &(*link)->next;
	waiter->next = NULL;
	*link = waiter;
	kube_plugin_secrets(login, waiter->caller);
	if (!login->child && !login->missing)
		kube_plugin_start(login);
	return false;
}

static void take_out(struct kube_waiter **link, const struct kube_waiter *waiter)
{
	while (*link && *link != waiter)
		link = &(*link)->next;
	if (*link)
		*link = waiter->next;
}

void kube_login_forget(struct kube_login *login, struct kube_waiter *waiter)
{
	take_out(&login->waiters, waiter);
	take_out(&login->telling, waiter);
	/* Nobody waits for it any more. */
	if (!login->waiters)
		kube_plugin_stop(login);
}

unsigned kube_login_number(const struct kube_login *login)
{
	return login->number;
}

bool kube_login_refused(struct kube_login *login, unsigned number)
{
	if (!login->plugin)
		return false;
	if (number == login->number)
		login->there = false;
	return true;
}

/* --- What goes with a request --- */

static void add_line(char ***lines, size_t *count, char *line)
{
	MEM_PUSH_ROOM(*lines, *count + 1);
	(*lines)[*count] = line;
	(*lines)[++*count] = NULL;
}

/* The token that TEXT, a file's, is; within it. NULL: it is none. */
static const char *token_in(char *text, const char *path, struct err *err)
{
	text += strspn(text, " \t\r\n");
	while (*text && isspace((unsigned char)text[strlen(text) - 1]))
		text[strlen(text) - 1] = '\0';
	if (*text && is_plain(text))
		return text;
	err_set(err, ERR_SYSTEM, "the kubeconfig's tokenFile '%s' %s", path,
	    *text ? "holds a control character: that is no token"
	          : "is empty: there is no token in it");
	return NULL;
}

/* The token in the file, read each time: it is replaced before it expires. Once it could be read, what it was counts
 * when it cannot be any more. NULL: it never could; nobody may be asked as nobody then. */
static const char *read_token(struct kube_login *login, struct err *err)
{
	const struct kube_config *config = &login->kube->config;
	const char *token = NULL;
	struct buf buf;

	if (!config->token_file)
		return config->token;
	if (buf_read_file(&buf, config->token_file, FILE_MAX, err) < 0) {
		err_prefix(err, "the kubeconfig's tokenFile");
	} else {
		token = token_in(buf.len ? buf.data : (char[]){""}, config->token_file, err);
		if (token) {
			free(login->file_token);
			login->file_token = mem_text(token);
		}
		if (buf.data)
			explicit_bzero(buf.data, buf.len);
		buf_release(&buf);
	}
	return login->file_token ? login->file_token : config->token;
}

static char *basic_line(const struct kube_config *config)
{
	char *plain = mem_printf("%s:%s", config->user, config->password ? config->password : "");
	struct buf line;

	buf_init(&line, BUF_TEXT_MAX);
	buf_adds(&line, "Authorization: Basic ");
	base64_encode(&line, plain, strlen(plain));
	explicit_bzero(plain, strlen(plain));
	free(plain);
	return buf_detach(&line);
}

static void add_authorization(struct kube_login *login, char ***lines, size_t *count)
{
	const struct kube_config *config = &login->kube->config;
	const char *token = login->plugin ? login->token : read_token(login, NULL);

	if (token && *token)
		add_line(lines, count, mem_printf("Authorization: Bearer %s", token));
	else if (config->user)
		add_line(lines, count, basic_line(config));
}

/* The name of what else somebody is, as a header's: what may not stand in one is percent-encoded. */
static char *extra_name(const char *name)
{
	static const char legal[] = "!#$&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
	                            "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	struct buf text;

	buf_init(&text, BUF_TEXT_MAX);
	for (; *name; name++)
		buf_addf(&text, strchr(legal, *name) ? "%c" : "%%%02X", (unsigned char)*name);
	return buf_detach(&text);
}

static void add_texts(char ***lines, size_t *count, const char *name, const json_t *texts)
{
	size_t i;
	json_t *text;

	json_array_foreach(texts, i, text)
		if (is_plain(json_string_value(text)))
			add_line(lines, count, mem_printf("%s: %s", name, json_string_value(text)));
}

static void add_impersonation(const struct kube_config *config, char ***lines, size_t *count)
{
	const char *key;
	json_t *texts;

	if (!config->as)
		return;
	add_line(lines, count, mem_printf("Impersonate-User: %s", config->as));
	if (config->as_uid)
		add_line(lines, count, mem_printf("Impersonate-Uid: %s", config->as_uid));
	add_texts(lines, count, "Impersonate-Group", config->as_groups);
	json_object_foreach(config->as_extra, key, texts) {
		char *escaped = extra_name(key);
		char *name = mem_printf("Impersonate-Extra-%s", escaped);

		add_texts(lines, count, name, texts);
		free(name);
		free(escaped);
	}
}

char **kube_login_lines(struct kube_login *login, size_t *count)
{
	char **lines = NULL;

	*count = 0;
	if (login->secure)
		add_authorization(login, &lines, count);
	add_impersonation(&login->kube->config, &lines, count);
	return lines;
}

static struct web_blob web_blob(const struct kube_blob *blob)
{
	return (struct web_blob){.data = blob->data, .len = blob->len};
}

void kube_login_certificate(struct kube_login *login, struct web_spec *spec)
{
	const struct kube_config *config = &login->kube->config;

	if (!login->secure)
		return;
	read_pair(login);
	spec->ca = config->ca_file;
	spec->ca_data = web_blob(&config->ca);
	spec->cert_data = web_blob(&login->cert);
	spec->key_data = web_blob(&login->key);
	spec->tls_name = config->tls_name;
	spec->unverified = config->insecure;
}

void kube_login_secrets(const struct kube_login *login, struct kube_caller *caller)
{
	const struct kube_config *config = &login->kube->config;
	const char *const secrets[] = {config->token, config->password, config->key.data,
	    config->proxy, login->file_token, login->token, login->key.data};

	for (size_t i = 0; i < COUNT_OF(secrets); i++)
		kube_secret(caller, secrets[i]);
}

char *kube_waits_for(const struct kube *kube)
{
	return kube->login->child
	           ? mem_printf("the login plugin '%s' of the kubeconfig has not ended",
	                 value_get_text(kube->config.exec, "command"))
	           : NULL;
}
