/* Whom to trust, for handshakes that are not libcurl's. Invariant: a context has its authorities when it is handed out,
 * and nobody changes it any more. */
#include "fsops/authorities.h"

#include <stdlib.h>
#include <unistd.h>

#include "fsops/buf.h"
#include "fsops/keep.h"
#include "fsops/mem.h"
#include "fsops/web.h"

/* A context with the authorities of one file or folder: they are read once for all that look at about the same time,
 * since reading the machine's takes longer than a handshake. */
struct authorities {
	SSL_CTX *context;
	struct keep_birth birth;
};

static void free_authorities(void *thing)
{
	struct authorities *held = thing;

	SSL_CTX_free(held->context);
	free(held);
}

static const struct keep_kind kind = {"authorities", free_authorities, false};

static int load(SSL_CTX *context, const char *file, const char *dir, struct err *err)
{
	if (file && access(file, R_OK) == 0 && buf_check_file(file, err) < 0)
		return err_prefix(err, "the authorities");
	if ((file && SSL_CTX_load_verify_file(context, file) != 1) ||
	    (dir && SSL_CTX_load_verify_dir(context, dir) != 1) ||
	    (!file && !dir && SSL_CTX_set_default_verify_paths(context) != 1))
		return err_set(err, ERR_SYSTEM,
		    "the authorities in '%s' can't be read: check `ca`, CURL_CA_BUNDLE, "
		    "SSL_CERT_FILE "
		    "and SSL_CERT_DIR",
		    file  ? file
		    : dir ? dir
		          : "the usual place");
	return 0;
}

/* NULL and ERR: OpenSSL or the authorities cannot be used. */
static struct authorities *make_authorities(
    struct loop *loop, const char *file, const char *dir, struct err *err)
{
	struct authorities *held = mem_alloc(sizeof(*held));

	*held = (struct authorities){
	    .context = SSL_CTX_new(TLS_client_method()), .birth = keep_birth(loop, &kind)};
	if (held->context && load(held->context, file, dir, err) == 0)
		return held;
	if (!held->context)
		err_set(err, ERR_SYSTEM,
		    "OpenSSL can't be used on this machine: check its openssl.cnf");
	free_authorities(held);
	return NULL;
}

SSL_CTX *authorities_take(struct loop *loop, const char *file, struct err *err)
{
	const char *dir = NULL;
	struct authorities *held;
	SSL_CTX *context;
	char *key;

	if (!file)
		web_trusted(&file, &dir);
	key = mem_printf("%s\n%s", file ? file : "", dir ? dir : "");
	held = keep_take(loop, &kind, key);
	if (!held)
		held = make_authorities(loop, file, dir, err);
	context = held ? held->context : NULL;
	if (held) {
		SSL_CTX_up_ref(context);
		keep_give(loop, &kind, key, held, -1, held->birth);
	}
	free(key);
	return context;
}
