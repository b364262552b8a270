/* What is made of a secret, as a property: no part of it, with whatever around it, is shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/fill/derived.h"
#include "fsops/mem.h"

static const char *const secrets[] = {"s3cr3t-Token.of-zz-ch!", "eyJhbGciOi.eyJzdWIiOi.c2lnbmF0",
    "abcdefgh", "aaaaaaaabaaaaaaaac", "deadbeefcafe01de", "p%41ss+word&amp;q"};
static const char *const around[][2] = {{"", ""}, {"<", ">"}, {"x", "x"}, {"", " more"},
    {"user:", "@host"}, {"a\n", "\nb"}, {"\"", "\""}};

/* What is shown of MADE, a part of WHOLE, when it is told with this before and behind it. */
static char *shown(
    const char *secret, const char *whole, const char *made, const char *const sides[2])
{
	struct redact *redact = redact_new();
	struct expr_text from = {.data = whole, .len = strlen(whole)};
	struct expr_text part = {.data = made, .len = strlen(made)};
	char *told = mem_printf("%s%s%s", sides[0], made, sides[1]);
	char *masked;

	redact_add(redact, secret);
	if (derived_is_secret(redact, &from, 1, &part))
		derived_keep(redact, &part);
	masked = redact_text(redact, told, strlen(told));
	free(told);
	redact_free(redact);
	return masked;
}

static void check(const char *secret, const char *whole, const char *made, const char *seen)
{
	for (size_t i = 0; i < COUNT_OF(around); i++) {
		char *masked = shown(secret, whole, made, around[i]);

		if (strstr(masked, seen))
			fail_msg(
			    "of '%s' in '%s', '%s' is shown: '%s'", secret, whole, seen, masked);
		free(masked);
	}
}

static void no_part_of_a_secret_is_shown(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(secrets); i++)
		for (size_t start = 0; start + REDACT_MIN_LEN <= strlen(secrets[i]); start++)
			for (size_t len = REDACT_MIN_LEN; start + len <= strlen(secrets[i]);
			     len++) {
				char *part = mem_textn(secrets[i] + start, len);

				check(secrets[i], secrets[i], part, part);
				free(part);
			}
}

/* Where it is cut out together with what stands before or behind the secret. */
static void nor_with_what_stood_beside_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(secrets); i++) {
		char *whole = mem_printf("as %s to", secrets[i]);
		size_t end = strlen(whole) - 3;

		for (size_t len = REDACT_MIN_LEN; len < strlen(secrets[i]); len++) {
			char *head = mem_textn(whole, 3 + len), *tail = mem_text(whole + end - len);

			check(secrets[i], whole, head, head + 3);
			tail[len] = '\0';
			check(secrets[i], whole, whole + end - len, tail);
			free(head);
			free(tail);
		}
		free(whole);
	}
}

/* The rest of a text with a secret in it stays readable. */
static void what_shows_all_of_it_is_no_secret(void **state)
{
	static const char whole[] = "login s3cr3t-Token.of-zz-ch! at noon";
	char *masked;

	(void)state;
	masked = shown(secrets[0], whole, whole, around[1]);
	assert_string_equal(masked, "<login *** at noon>");
	free(masked);
	masked = shown(secrets[0], whole, "login s3cr3t-Token.of-zz-ch!", around[1]);
	assert_string_equal(masked, "<login ***>");
	free(masked);
	masked = shown(secrets[0], whole, "at noon", around[1]);
	assert_string_equal(masked, "<at noon>");
	free(masked);
}

/* Whether MADE of FROM is a secret where both SECRET and OTHER are. */
static bool is_secret_beside(
    const char *secret, const char *other, const char *from, const char *made)
{
	struct redact *redact = redact_new();
	struct expr_text origin = {.data = from, .len = strlen(from)};
	struct expr_text text = {.data = made, .len = strlen(made)};
	bool is;

	redact_add(redact, secret);
	redact_add(redact, other);
	is = derived_is_secret(redact, &origin, 1, &text);
	redact_free(redact);
	return is;
}

static void another_secret_in_it_does_not_stand_for_it(void **state)
{
	static const char token[] = "ABCDEFGHIJ.KLMNO";

	(void)state;
	assert_true(is_secret_beside(token, "abcdefghij", token, "abcdefghij.klmno"));
	assert_true(is_secret_beside(
	    "Abcdefghij.klmno", "bcdefghij", "Abcdefghij.klmno", "abcdefghij.klmno"));
	assert_false(
	    is_secret_beside(token, "abcdefghij", "as ABCDEFGHIJ.KLMNO to", "as ABCDEFGHIJ.KLMNO"));
	assert_false(
	    is_secret_beside(token, "ABCDEFGHIJ", "as ABCDEFGHIJ.KLMNO to", "as ABCDEFGHIJ.KLMNO"));
	assert_false(is_secret_beside(
	    "s3cret-of-a-file\n", "other", "as s3cret-of-a-file\n", "as s3cret-of-a-file"));
	assert_false(
	    is_secret_beside("p%41ss&word", "other", "as p%41ss&word", "as p%2541ss%26word"));
}

#define HOOK "https://hooks.example.org/services/T000/B000xyz"

/* What is made of a text that stands in the expression, or does not, and of another. */
static bool is_joined_secret(const char *one, bool literal, const char *other)
{
	struct redact *redact = redact_new();
	struct expr_text from[] = {{.data = one, .len = strlen(one), .literal = literal},
	    {.data = other, .len = strlen(other)}};
	char *joined = mem_printf("%s%s", one, other);
	struct expr_text made = {.data = joined, .len = strlen(joined)};
	bool secret;

	redact_add(redact, HOOK);
	redact_add(redact, "https://deploy:pa55-of-it@git.example.org/x");
	redact_add(redact, "password-of-the-house");
	secret = derived_is_secret(redact, from, 2, &made);
	free(joined);
	redact_free(redact);
	return secret;
}

static void what_begins_like_a_secret_by_chance_is_none(void **state)
{
	(void)state;
	assert_false(is_joined_secret("https://", false, "flights.example.org/health"));
	assert_false(is_joined_secret("https://hooks.", false, "example.com"));
	assert_false(is_joined_secret("https://hooks.example.org/", false, "health"));
	assert_true(is_joined_secret("https://hooks.example.org/services", false, "-x"));
	assert_true(is_joined_secret("https://deploy", false, "ment"));
	assert_true(is_joined_secret("password", false, "-free"));
	assert_false(is_joined_secret("password", true, "-free"));
	assert_false(is_joined_secret("to " HOOK " password", true, ""));
	assert_false(is_joined_secret("password", true, " " HOOK));
	assert_false(is_joined_secret("https://", true, "hooks.example.org/services/T000/B000xyz"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_part_of_a_secret_is_shown),
	    cmocka_unit_test(nor_with_what_stood_beside_it),
	    cmocka_unit_test(what_shows_all_of_it_is_no_secret),
	    cmocka_unit_test(another_secret_in_it_does_not_stand_for_it),
	    cmocka_unit_test(what_begins_like_a_secret_by_chance_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
