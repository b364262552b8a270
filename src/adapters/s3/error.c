/*
 * What S3 refuses, as a sentence that says what to do.
 * Invariant: of the server's answer only the code and the message are shown, never what it
 * quotes of the request.
 */
#include "s3.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/value.h"

#define MESSAGE_SHOWN 300

static const struct remedy {
	const char *code;
	const char *text;
} remedies[] = {
    {"AccessDenied", "check what these credentials may do (s3:GetObject, s3:ListBucket)"},
    {"NoSuchBucket", "check the bucket's name, and the target's endpoint and region"},
    {"NoSuchKey", "look at what is there with `s3: ls`"},
    {"SignatureDoesNotMatch", "check the secret access key, and this machine's clock"},
    {"RequestTimeTooSkewed", "set this machine's clock"},
    {"InvalidAccessKeyId", "check AWS_ACCESS_KEY_ID, or the profile"},
    {"ExpiredToken", "the session has ended: log in again and renew AWS_SESSION_TOKEN"},
    {"TokenRefreshRequired", "renew AWS_SESSION_TOKEN"},
    {"InvalidToken", "renew AWS_SESSION_TOKEN, or unset it"},
    {"PermanentRedirect", "set the target's `region` to where the bucket is"},
    {"TemporaryRedirect", "set the target's `region` to where the bucket is"},
    {"AuthorizationHeaderMalformed", "set the target's `region` to where the bucket is"},
    {"IllegalLocationConstraintException", "set the target's `region` to where the bucket is"},
    {"InvalidObjectState", "it is archived: restore it from the archive first"},
    {"SlowDown", "the server is busy: try again"},
    {"ServiceUnavailable", "the server is busy: try again"},
    {"InternalError", "the server has a fault: try again"},
    {"KMS.DisabledException", "the key it is encrypted with is disabled"},
};

/* When there is no body to tell (HEAD), the status alone. */
static const struct status_row {
	int status;
	const char *code;
	const char *message;
} statuses[] = {
    {301, "PermanentRedirect", "the bucket is in another region"},
    {307, "TemporaryRedirect", "the bucket is in another region"},
    {400, "BadRequest",
        "the request was refused; expired credentials or a wrong region can be the cause"},
    {403, "AccessDenied", "access denied"},
    {404, "NoSuchKey", "there is no such object, or no such bucket"},
    {503, "SlowDown", "the server is busy"},
};

static const char *find_remedy(const char *code)
{
	for (size_t i = 0; i < COUNT_OF(remedies); i++)
		if (strcmp(remedies[i].code, code) == 0)
			return remedies[i].text;
	return NULL;
}

static const struct status_row *find_status(int status)
{
	static const struct status_row other = {0, "", "the request was refused"};

	for (size_t i = 0; i < COUNT_OF(statuses); i++)
		if (statuses[i].status == status)
			return &statuses[i];
	return &other;
}

void s3_explain(const struct s3_place *place, int status, const struct s3_page *page,
    const json_t *headers, struct err *err)
{
	const struct status_row *row = find_status(status);
	const char *code = page && page->code ? page->code : row->code;
	const char *message = page && page->message ? page->message : row->message;
	const char *region =
	    page && page->region ? page->region : value_get_text(headers, "x-amz-bucket-region");
	const char *remedy = find_remedy(code);
	bool moved = region && strcmp(region, place->region) != 0;

	err_set(err, ERR_REMOTE, "%s: status %d%s%s: %.*s%s%.40s%s%s%s", place->url, status,
	    *code ? " " : "", code, MESSAGE_SHOWN, message, moved ? " (the bucket is in " : "",
	    moved ? region : "", moved ? ")" : "", remedy ? ": " : "", remedy ? remedy : "");
}
