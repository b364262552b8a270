/*
 * Fuzzing of what kubectl would print of an answer that refuses: the input's first byte says of what kind and status
 * it is, its rest is the body.
 *
 * Invariant: there is a reason, a message, and a line that begins as kubectl's do. All of it is UTF-8.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "fsops/buf.h"
#include "fsops/mem.h"
#include "kube/private.h"

#define MAX ((size_t)64 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text)
{
	json_t *utf8 = json_string(text);

	if (!utf8)
		abort();
	json_decref(utf8);
}

static void check(const struct kube_status *status)
{
	check_text(status->reason);
	check_text(status->message);
	check_text(status->line);
	if (strncmp(status->line, "Error from server", 17) != 0 &&
	    strncmp(status->line, "error: You must", 15) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const types[] = {
	    "application/json", "text/plain", "application/x", NULL};
	static const int codes[] = {400, 401, 403, 404, 409, 418, 422, 429, 500, 503, 504};
	uint8_t how = size ? data[0] : 0;
	struct kube_status status;
	struct buf body;

	buf_init(&body, MAX);
	if (size)
		buf_add(&body, data + 1, size - 1);
	kube_status_read(&status, how & 1, codes[(how >> 3) % COUNT_OF(codes)], "GET",
	    "/apis/apps/v1/namespaces/a/deployments/b", types[(how >> 1) % COUNT_OF(types)], &body);
	check(&status);
	kube_status_release(&status);
	buf_release(&body);
	return 0;
}
