/* Secrets in texts, values and streams. */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fsops/mem.h"
#include "fsops/redact.h"

static struct redact *hiding(const char *secret)
{
	struct redact *redact = redact_new();

	redact_add(redact, secret);
	return redact;
}

static void check(const char *secret, const char *text, const char *expected)
{
	struct redact *redact = hiding(secret);
	char *masked = redact_text(redact, text, strlen(text));

	assert_string_equal(masked, expected);
	free(masked);
	redact_free(redact);
}

static void every_form_is_masked(void **state)
{
	(void)state;
	check("s3cret", "a s3cret, s3crets", "a ***, ***s");
	check("s3cret", "czNjcmV0", "***");
	check("a/b c", "a%2Fb%20c", "***");
	check("say \"hi\"\\ now", "{\"x\":\"say \\\"hi\\\"\\\\ now\"}", "{\"x\":\"***\"}");
	check("\"quoted\"", "a \"quoted\"", "a \"***\""); /* quotes at its ends are none of it */
	check("it's", "'it'\\''s'", "'***'");
	check("s3cret\n", "s3cret", "***");
	check("first-line\r\nsecond-line\n  \n}\n", "x second-line } first-line", "x *** } ***");
	check("abc", "abc", "abc");
}

/* What colours a part of a secret, or hides in it, is no part of it. */
static void what_nobody_sees_changes_nothing(void **state)
{
	(void)state;
	check("hunterPassWordQ9x", "x hunterPass\33[01;31m\33[KWord\33[m\33[KQ9x\33[m.",
	    "x ***\33[m.");
	check("hunterPassWordQ9x", "hunter\33]8;;http://h/\33\\Pass\33(B\33[mWordQ9x", "***");
	check("hunterPassWordQ9x", "hunter\33]0;a title\aPassWordQ9x", "***");
	check("hunterPassWordQ9x", "hunter\\u001b[31mPassWord\\x1b[0mQ9x", "***");
	check("hunterPassWordQ9x", "hunter\b\rPass\342\200\213Word\302\255Q9\xEF\xBB\xBFx", "***");
	check("hunterPassWordQ9x", "aHVudGVy\33[1mUGFzc1dvcmRROXg=", "***");
	check("hunterPassWordQ9x", "68756e7465725\33[1m0617373576f7264513978", "***");
	check("a&w9-xyz", "a%2\33[1m6w9-xyz", "***");
	/* It reads as an escape for the beginning of a sequence that never ends, and is none. */
	check("qZ%1b^G3$66:Kw", "qZ%1\33[1mb^\33[mG3$66:Kw", "***");
	check("qZ%1b[G3$66:Kw", "qZ%1\33[1mb[\33[mG3$66:Kw", "***");
	check("qZ%1b^G3'66:Kw", "qZ%1b^G3\\u002766:Kw", "***");
	check("qZ%1b*$G3'66:Kw", "qZ\\x251b\\x2a\\x24G3\\x2766:Kw", "***");
	/* base64 of "hunterPass\33[1mWordQ9x", and of one with a percent in it */
	check("hunterPassWordQ9x", "aHVudGVyUGFzcxtbMW1Xb3JkUTl4", "***");
	check("s\33[1mcret-one", "s\33[1mcret-one scret-one s\\u001b[1mcret-one", "*** *** ***");
}

static void a_title_and_a_link_are_texts_of_their_own(void **state)
{
	(void)state;
	check("a&w9-xyz", "\33]8;;http://h/?k=a%26w9-xyz\33\\link\33]8;;\33\\",
	    "\33]8;;http://h/?k=***\33\\link\33]8;;\33\\");
	check("hunterPassWordQ9x", "\33]0;aHVudGVyUGFzc1dvcmRROXg\a", "\33]0;***\a");
	check("hunterPassWordQ9x", "\33[hunterPassWordQ9x", "\33[***");
	check("hunterPassWordQ9x", "\33]0; never ends\naHVudGVyUGFzc1dvcmRROXg",
	    "\33]0; never ends\n***");
	check("hunterPassWordQ9x", "hunter\33[PassWord\33[\nhunterPass",
	    "hunter\33[PassWord\33[\n***");
}

static void one_form_may_hold_another_at_any_place(void **state)
{
	(void)state;
	/* base64 | xxd -p, xxd -p | xxd -p, and percents in hex */
	check("hunterPassWordQ9x", "x 61485675644756795547467a63316476636d52524f58673d.", "x ***.");
	check("hunterPassWordQ9x",
	    "36383735366537343635373235303631373337333537366637323634353133393738", "***");
	check("a&w9-xyz", "61253236 77392d78797a", "***");
	/* base64 of base64, behind other digits, at four places; the 9 is of the inner padding */
	check("hunterPassWordQ9x", "/v1/YUhWdWRHVnlVR0Z6YzFkdmNtUlJPWGc9", "/v1/***9");
	check("hunterPassWordQ9x", "/v1/aYUhWdWRHVnlVR0Z6YzFkdmNtUlJPWGc9", "/v1/a***9");
	check("hunterPassWordQ9x", "/v1/abYUhWdWRHVnlVR0Z6YzFkdmNtUlJPWGc9", "/v1/ab***9");
	check("hunterPassWordQ9x", "/v1/abcYUhWdWRHVnlVR0Z6YzFkdmNtUlJPWGc9", "/v1/abc***9");
}

/* What stands before or behind makes an escape of its ends, in the text as it is and in one that is escaped. */
static void a_secret_may_look_like_a_part_of_an_escape(void **state)
{
	(void)state;
	check("41aKw9-x", "100%41aKw9-x", "100%***");
	check("41a&w9-x", "100%2541a%26w9-x", "100%25***");
	check("n1a&w9-x", "C:\\\\n1a\\u0026w9-x", "C:***");
	check("101a&w9x", "C:\\\\101a\\u0026w9x", "C:***");
	check("amp;a&w9", "x&amp;amp;a&amp;w9", "x&amp;***");
	check("x&w9-%4", "x\\u0026w9-%41", "***1");
	check("x&w9-&#3", "x%26w9-%26%233%3B", "***%3B");
	check("7#2&&#01", "%37#2&&#01;", "***;");
}

static void what_ends_the_word_around_a_secret_stays(void **state)
{
	(void)state;
	check("hunterPassWordQ9x", "echo 'a b hunterPassWordQ9x'", "echo 'a b ***'");
	check("hunterPassWordQ9x", "{\"k\": \"hunterPassWordQ9x\"", "{\"k\": \"***\"");
	check("hunterPassWordQ9x", "'aHVudGVyUGFzc1dvcmRROXg='\n", "'***'\n");
	check("hunter\"PassWord", "say hunter\"PassW\"", "say ***");
}

static void a_cut_secret_is_masked(void **state)
{
	(void)state;
	check("0123456789abcdef", "token 0123456789", "token ***");
	check("0123456789abcdef", "token 0123", "token 0123");
}

/* Where it leads to is no part of it, unless that is all there is; and it may be how another one begins. */
static void the_host_of_an_address_that_is_cut_is_shown(void **state)
{
	static const char hook[] = "https://hooks.example.org/services/T000";
	struct redact *redact = hiding(hook);
	char *masked;

	(void)state;
	check(hook, "at https://", "at https://");
	check(hook, "at https://hooks.example.org/", "at https://hooks.example.org/");
	check(hook, "at https://hooks.example.org/se", "at ***");
	check("https://me:pass@example.org/", "at https://me:pa", "at ***");
	check("https://token@example.org/", "at https://tok", "at ***");
	check("https://tok3n.example.org/", "at https://tok3", "at ***");
	check("https://us%3Aer@example.org/x", "at https://us%3A", "at ***");
	redact_add(redact, "hooks.example.net");
	masked = redact_text(redact, "at https://hooks.ex", 19);
	assert_string_equal(masked, "at https://***");
	free(masked);
	redact_free(redact);
}

static void the_longest_secret_wins(void **state)
{
	struct redact *redact = hiding("pass");
	char *masked;

	(void)state;
	redact_add(redact, "password-one");
	masked = redact_text(redact, "password-one pass passwords", 27);
	assert_string_equal(masked, "*** *** ***words");
	free(masked);
	redact_free(redact);
}

static void values_are_masked_whole(void **state)
{
	struct redact *redact = hiding("123456");
	json_t *value = json_pack("{s:i, s:i, s:s%, s:[s]}", "pin", 123456, "other", 1234567, "nul",
	    "a\0b 123456", (size_t)10, "list", "123456");
	json_t *masked = redact_value(redact, value);
	char *text = json_dumps(masked, JSON_COMPACT);

	(void)state;
	assert_string_equal(text,
	    "{\"pin\":\"***\",\"other\":1234567,\"nul\":\"a\\u0000b ***\",\"list\":[\"***\"]}");
	free(text);
	json_decref(masked);
	json_decref(value);
	redact_free(redact);
}

static void all_of_a_secret_object_is_secret(void **state)
{
	struct redact *redact = redact_new();
	json_t *value = json_pack("{s:s, s:[i]}", "password", "hunter2", "pins", 987654);
	char *masked;

	(void)state;
	redact_add_value(redact, value);
	masked = redact_text(redact, "hunter2 987654", 14);
	assert_string_equal(masked, "*** ***");
	free(masked);
	json_decref(value);
	redact_free(redact);
}

/* However the text is cut in two or three, what comes out is the same. */
static void a_stream_may_be_cut_anywhere(void **state)
{
	static const char text[] = "x s3cret-one s3cret-ten s3cret-on\ns3cret";
	static const char expected[] = "x *** s3cret-ten s3cret-on\ns3cret";
	struct redact *redact = hiding("s3cret-one");
	size_t len = sizeof(text) - 1;

	(void)state;
	for (size_t a = 0; a <= len; a++) {
		for (size_t b = a; b <= len; b++) {
			struct redact_stream stream;
			struct buf out;

			redact_stream_init(&stream);
			buf_init(&out, 1000);
			redact_stream_add(redact, &stream, text, a, &out);
			redact_stream_add(redact, &stream, text + a, b - a, &out);
			redact_stream_add(redact, &stream, text + b, len - b, &out);
			redact_stream_finish(redact, &stream, &out);
			assert_string_equal(out.data, expected);
			buf_release(&out);
			redact_stream_release(&stream);
		}
	}
	redact_free(redact);
}

static void check_address_with(void (*add)(struct redact *, const char *), const char *address,
    const char *text, const char *expected)
{
	struct redact *redact = redact_new();
	char *masked;

	add(redact, address);
	masked = redact_text(redact, text, strlen(text));
	assert_string_equal(masked, expected);
	free(masked);
	redact_free(redact);
}

static void check_address(const char *address, const char *text, const char *expected)
{
	check_address_with(redact_add_password, address, text, expected);
}

static void a_user_without_a_password_is_a_token_on_the_web_only(void **state)
{
	static const char text[] = "deploy at h, s3cret-one";

	(void)state;
	check_address("ssh://deploy@example.org/app", text, text);
	check_address("postgresql://deploy@h/app", text, text);
	check_address("git+ssh://deploy:@h/app", text, text);
	check_address("ssh://deploy:s3cret-one@h/app", text, "deploy at h, ***");
	check_address("https://s3cret-one@h/app", text, "deploy at h, ***");
	check_address("HTTP://s3cret-one:@h/app", text, "deploy at h, ***");
	check_address("ssh://deploy@h https://s3cret-one@h", text, "deploy at h, ***");
	check_address("://s3cret-one@h", text, text);
}

static void a_proxy_needs_no_scheme(void **state)
{
	static const char text[] = "pu at proxy.example, s3cret-one";

	(void)state;
	check_address_with(
	    redact_add_proxy, "pu:s3cret-one@proxy.example:3128", text, "pu at proxy.example, ***");
	check_address_with(
	    redact_add_proxy, "s3cret-one@proxy.example", text, "pu at proxy.example, ***");
	check_address_with(redact_add_proxy, "http://pu:s3cret-one@proxy.example", text,
	    "pu at proxy.example, ***");
	check_address_with(redact_add_proxy, "proxy.example:3128", text, text);
	check_address_with(redact_add_proxy, "socks5://proxy.example", text, text);
}

/* Of malloc; 0 where a sanitizer has taken its place. */
static size_t in_use(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

static void add_many(
    struct redact *redact, struct redact_stream *stream, char c, size_t count, struct buf *out)
{
	char piece[1000];

	memset(piece, c, sizeof(piece));
	for (; count; count -= sizeof(piece))
		redact_stream_add(redact, stream, piece, sizeof(piece), out);
}

static bool is_all(const struct buf *text, char c, size_t count, const char *end)
{
	for (size_t i = 0; i < count && i < text->len; i++)
		if (text->data[i] != c)
			return false;
	return text->len >= count && strcmp(text->data + count, end) == 0;
}

/* What is kept is bounded by the longest secret, not by how long a text looks like the beginning of one. */
static void a_text_that_goes_on_like_a_secret_takes_no_memory(void **state)
{
	const size_t many = 4000000;
	struct redact *redact = hiding("AAAAB3NzaC1yc2E");
	struct redact_stream stream;
	struct buf out;
	size_t before;

	(void)state;
	buf_init(&out, 2 * many);
	redact_stream_init(&stream);
	before = in_use();
	add_many(redact, &stream, 'A', many, &out);
	assert_true(in_use() < before + out.cap + 1000000);
	redact_stream_add(redact, &stream, "B3NzaC1yc2E, ", 13, &out);
	redact_stream_finish(redact, &stream, &out);
	assert_true(is_all(&out, 'A', many - 4, "***, "));
	redact_stream_release(&stream);
	buf_release(&out);
	redact_free(redact);
}

/* Its beginnings are kept from then on, though only those of the shorter one were before. */
static void a_longer_secret_may_come_to_be_known_within_a_text(void **state)
{
	struct redact *redact = hiding("AAAAB3NzaC1yc2E");
	struct redact_stream stream;
	char secret[1008];
	struct buf out;

	(void)state;
	memset(secret, 'A', 1000);
	memcpy(secret + 1000, "xyzw-91", 8);
	buf_init(&out, 100000);
	redact_stream_init(&stream);
	add_many(redact, &stream, 'A', 5000, &out);
	redact_add(redact, secret);
	add_many(redact, &stream, 'A', 3000, &out);
	redact_stream_add(redact, &stream, "xyzw-91.", 8, &out);
	redact_stream_finish(redact, &stream, &out);
	assert_true(is_all(&out, 'A', 7000, "***."));
	redact_stream_release(&stream);
	buf_release(&out);
	redact_free(redact);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_form_is_masked),
	    cmocka_unit_test(what_nobody_sees_changes_nothing),
	    cmocka_unit_test(a_title_and_a_link_are_texts_of_their_own),
	    cmocka_unit_test(one_form_may_hold_another_at_any_place),
	    cmocka_unit_test(a_secret_may_look_like_a_part_of_an_escape),
	    cmocka_unit_test(what_ends_the_word_around_a_secret_stays),
	    cmocka_unit_test(a_cut_secret_is_masked),
	    cmocka_unit_test(the_host_of_an_address_that_is_cut_is_shown),
	    cmocka_unit_test(the_longest_secret_wins),
	    cmocka_unit_test(values_are_masked_whole),
	    cmocka_unit_test(all_of_a_secret_object_is_secret),
	    cmocka_unit_test(a_stream_may_be_cut_anywhere),
	    cmocka_unit_test(a_text_that_goes_on_like_a_secret_takes_no_memory),
	    cmocka_unit_test(a_longer_secret_may_come_to_be_known_within_a_text),
	    cmocka_unit_test(a_user_without_a_password_is_a_token_on_the_web_only),
	    cmocka_unit_test(a_proxy_needs_no_scheme),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
