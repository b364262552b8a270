/*
 * A mail, sent on a thread.
 * Invariants: the thread sees only `struct mail`, which the work owns; only smtp and smtps are spoken,
 * certificates are verified as everywhere, and a password goes over no connection that is not
 * encrypted unless `starttls: never` says so.
 */
#include "smtp.h"

#include <curl/curl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/delivery.h"
#include "fsops/mem.h"
#include "fsops/web.h"
#include "fsops/work.h"

struct mail {
	struct smtp *smtp; /* for done(), which never comes after a cancellation */
	CURL *easy;
	struct curl_slist *to;
	char *text;
	size_t len;
	size_t sent;
	bool accepted;    /* the server has said so; only QUIT is left, which nobody waits for */
	atomic_bool stop; /* nobody wants to know any more */
	CURLcode code;
	long status; /* the server's last reply; 0: none */
	char curl_text[CURL_ERROR_SIZE];
};

struct smtp {
	struct work *work;
	struct mail *mail;
	char *what;
	void (*done)(void *ctx, const struct smtp_end *end);
	void *ctx;
};

/* ---- on the thread ---- */

static size_t on_read(char *out, size_t size, size_t count, void *ctx)
{
	struct mail *mail = ctx;
	size_t left = mail->len - mail->sent;
	size_t len = size * count < left ? size * count : left;

	memcpy(out, mail->text + mail->sent, len);
	mail->sent += len;
	return len;
}

/* Each line of the server. The first 250 after the whole text is its word that it has the mail. */
static size_t on_line(char *data, size_t size, size_t count, void *ctx)
{
	struct mail *mail = ctx;
	size_t len = size * count;

	if (len >= 4 && mail->sent == mail->len && memcmp(data, "250 ", 4) == 0)
		mail->accepted = true;
	return len;
}

/* Called about once a second even while nothing comes: ends the transfer when it says so. */
static int on_progress(
    void *ctx, curl_off_t down, curl_off_t downloaded, curl_off_t up, curl_off_t uploaded)
{
	struct mail *mail = ctx;

	(void)down;
	(void)downloaded;
	(void)up;
	(void)uploaded;
	return mail->accepted || atomic_load(&mail->stop);
}

static void run(void *arg)
{
	struct mail *mail = arg;

	mail->code = curl_easy_perform(mail->easy);
	curl_easy_getinfo(mail->easy, CURLINFO_RESPONSE_CODE, &mail->status);
}

/* ---- on the loop ---- */

static void mail_free(void *arg)
{
	struct mail *mail = arg;

	curl_easy_cleanup(mail->easy);
	curl_slist_free_all(mail->to);
	free(mail->text);
	free(mail);
}

static void smtp_free(struct smtp *smtp)
{
	free(smtp->what);
	free(smtp);
}

/* The server's own codes: 4xx will pass, 5xx will not. Without any, what failed is the way there. */
static bool may_pass(const struct mail *mail)
{
	return mail->status < 500 && mail->code != CURLE_PEER_FAILED_VERIFICATION &&
	       mail->code != CURLE_LOGIN_DENIED && mail->code != CURLE_USE_SSL_FAILED;
}

static char *sentence(const struct smtp *smtp, const struct mail *mail)
{
	const char *said = *mail->curl_text ? mail->curl_text : curl_easy_strerror(mail->code);

	switch (mail->code) {
	case CURLE_LOGIN_DENIED:
		return mem_printf(
		    "%s: the mail server refused the user and password (%s): check both",
		    smtp->what, said);
	case CURLE_USE_SSL_FAILED:
		return mem_printf(
		    "%s: the mail server offers no encryption (STARTTLS): use smtps://, "
		    "or say `starttls: never`",
		    smtp->what);
	default:
		return mem_printf("%s: the mail server did not take it: %s", smtp->what, said);
	}
}

static void done(void *arg)
{
	struct mail *mail = arg;
	struct smtp *smtp = mail->smtp;
	struct smtp_end end = {.accepted = mail->accepted || mail->code == CURLE_OK};
	char *why = end.accepted ? NULL : sentence(smtp, mail);

	end.again = !end.accepted && may_pass(mail);
	end.why = why;
	smtp->done(smtp->ctx, &end);
	free(why);
	smtp_free(smtp);
}

static void set_protocols(CURL *easy)
{
#if LIBCURL_VERSION_NUM >= 0x075500
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
#else
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_SMTP | CURLPROTO_SMTPS));
#endif
}

static long starttls_of(const struct smtp_spec *spec)
{
	if (spec->starttls && strcmp(spec->starttls, "never") == 0)
		return CURLUSESSL_NONE;
	if (spec->starttls && strcmp(spec->starttls, "try") == 0 && !spec->user)
		return CURLUSESSL_TRY;
	return CURLUSESSL_ALL;
}

static int set_recipients(struct mail *mail, const struct smtp_spec *spec)
{
	for (size_t i = 0; i < spec->to_count; i++) {
		struct curl_slist *longer = curl_slist_append(mail->to, spec->to[i]);

		if (!longer)
			return -1;
		mail->to = longer;
	}
	curl_easy_setopt(mail->easy, CURLOPT_MAIL_RCPT, mail->to);
	return 0;
}

static void set_callbacks(struct mail *mail)
{
	CURL *easy = mail->easy;

	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, mail->curl_text);
	curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
	curl_easy_setopt(easy, CURLOPT_READDATA, mail);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_line);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, mail);
	curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(easy, CURLOPT_XFERINFODATA, mail);
}

static int set_up(struct mail *mail, const struct smtp_spec *spec, struct err *err)
{
	CURL *easy = curl_easy_init();

	mail->easy = easy;
	if (!easy || set_recipients(mail, spec) < 0)
		return err_set(err, ERR_SYSTEM, "unable to start libcurl");
	if (web_trust(easy, err) < 0)
		return -1;
	set_callbacks(mail);
	set_protocols(easy);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)DELIVERY_TIMEOUT);
	curl_easy_setopt(easy, CURLOPT_URL, spec->url);
	curl_easy_setopt(easy, CURLOPT_USE_SSL, starttls_of(spec));
	curl_easy_setopt(easy, CURLOPT_MAIL_FROM, spec->from);
	curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
	/* QUIT is sent, and not waited for, while on_progress() can still say so. */
	curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
	if (spec->user) {
		curl_easy_setopt(easy, CURLOPT_USERNAME, spec->user);
		curl_easy_setopt(easy, CURLOPT_PASSWORD, spec->password);
	}
	return 0;
}

struct smtp *smtp_start(struct loop *loop, const struct smtp_spec *spec, struct err *err)
{
	struct mail *mail = mem_alloc(sizeof(*mail));
	const struct work_spec work = {.run = run, .done = done, .release = mail_free, .arg = mail};
	struct smtp *smtp = mem_alloc(sizeof(*smtp));

	*smtp = (struct smtp){
	    .mail = mail, .what = mem_text(spec->what), .done = spec->done, .ctx = spec->ctx};
	mail->smtp = smtp;
	mail->text = mem_text(spec->body);
	mail->len = strlen(spec->body);
	if (web_smtp_check(spec->url, err) < 0 || web_init(err) < 0)
		goto wrong;
	if (set_up(mail, spec, err) < 0)
		goto wrong;
	smtp->work = work_start(loop, &work, err);
	if (smtp->work)
		return smtp;
wrong:
	err_prefix(err, "%s", spec->what);
	mail_free(mail);
	smtp_free(smtp);
	return NULL;
}

void smtp_cancel(struct smtp *smtp)
{
	if (!smtp)
		return;
	/* Until it is abandoned the work is there, and with it the mail. */
	atomic_store(&smtp->mail->stop, true);
	work_abandon(smtp->work);
	smtp_free(smtp);
}
