/* mail: through an SMTP server. Invariant: addresses are bare and checked before they stand in a
 * header or a command; everything else that varies is encoded (mail_text.c). */
#include "kinds.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/value.h"
#include "fsops/web.h"

static const struct node_key keys[] = {
    CHANNEL_KEYS,
    {"smtp", WANT_TEXT, true, "the server: smtp://HOST:PORT or smtps://HOST:PORT"},
    {"from", WANT_TEXT, true, "the sender's address"},
    {"to", WANT_WORDS, true, "an address, or a list of them"},
    {"user", WANT_TEXT, false, "for a server that wants a login"},
    {"password", WANT_TEXT, false, "for the same; from the environment: ${env.NAME}"},
    {"starttls", WANT_TEXT, false,
        "with smtp://: required, try or never; default: required with a user, else try"},
    {NULL, WANT_ANY, false, NULL},
};

#define ADDRESS_MAX 254 /* RFC 5321, as corrected */

bool mail_is_address(const char *text)
{
	static const char letters[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	    ".!#$%&'*+/=?^_`{|}~-";
	size_t local = strspn(text, letters);
	const char *domain = text + local + 1;

	return local && text[local] == '@' && *domain && strlen(text) <= ADDRESS_MAX &&
	       domain[strspn(domain,
	           "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	           ".-")] == '\0';
}

static int check_address(const json_t *value, struct err *err)
{
	const char *text = json_string_value(value);

	if (text && mail_is_address(text))
		return 0;
	return err_set(err, ERR_INPUT, "'%s' is no address such as ops@example.org",
	    text ? text : "(no text)");
}

/* One address or several; a list in one variable is separated by commas. */
static json_t *recipients(const json_t *to, struct err *err)
{
	json_t *list = json_array();
	size_t count = json_is_array(to) ? json_array_size(to) : 1;

	for (size_t i = 0; i < count; i++) {
		const json_t *item = json_is_array(to) ? json_array_get(to, i) : to;
		char *text = value_to_text(item);
		char *rest = text;
		const char *one;

		while ((one = strsep(&rest, ", ")))
			if (*one)
				json_array_append_new(list, value_text(one, strlen(one)));
		free(text);
	}
	for (size_t i = 0; i < json_array_size(list); i++)
		if (check_address(json_array_get(list, i), err) < 0)
			goto wrong;
	if (json_array_size(list))
		return list;
	err_set(err, ERR_INPUT, "'to' names no address");
wrong:
	json_decref(list);
	return NULL;
}

static const char *default_starttls(const json_t *config)
{
	return value_get_text(config, "user") ? "required" : "try";
}

static json_t *write_letter(const json_t *config, const json_t *message, struct err *err)
{
	const char *starttls = value_get_text(config, "starttls");
	const char *user = value_get_text(config, "user");
	const char *password = value_get_text(config, "password");
	json_t *to, *letter;
	char *text;

	if (check_address(json_object_get(config, "from"), err) < 0)
		return NULL;
	to = recipients(json_object_get(config, "to"), err);
	if (!to)
		return NULL;
	text = mail_text(said(config, "from"), to, message);
	letter = json_pack("{s:s, s:s, s:o, s:s?, s:s?, s:s, s:s}", "url", said(config, "smtp"),
	    "from", said(config, "from"), "to", to, "user", user, "password",
	    user && !password ? "" : password, "starttls",
	    starttls ? starttls : default_starttls(config), "body", text);
	free(text);
	return letter;
}

static void check_node(const struct node *node, struct problems *list)
{
	if (node->kind == NODE_SCALAR && !web_is_template(node->text) &&
	    !mail_is_address(node->text))
		NODE_PROBLEM(list, node, "'%s' is no address such as ops@example.org", node->text);
}

static bool is_starttls(const char *text)
{
	return strcmp(text, "required") == 0 || strcmp(text, "try") == 0 ||
	       strcmp(text, "never") == 0;
}

static void check(const struct node *map, struct problems *list)
{
	const struct node *smtp = node_get(map, "smtp");
	const struct node *to = node_get(map, "to");
	const struct node *starttls = node_get(map, "starttls");
	const struct node *password = node_get(map, "password");
	struct err err;

	if (!web_is_template(smtp->text) && web_smtp_check(smtp->text, &err) < 0)
		NODE_PROBLEM(list, smtp, "%s", err.text);
	check_node(node_get(map, "from"), list);
	check_node(to, list);
	for (size_t i = 0; i < to->count; i++)
		check_node(to->items[i], list);
	if (to->kind == NODE_LIST && !to->count)
		NODE_PROBLEM(list, to, "'to' names no address");
	if (starttls && !is_starttls(starttls->text))
		NODE_PROBLEM(list, starttls, "'starttls' must be required, try or never, not '%s'",
		    starttls->text);
	if (password && !node_get(map, "user"))
		NODE_PROBLEM(list, password, "a password without a 'user'");
}

static const struct secret_key secrets[] = {{"password", SECRET_TEXT}, {NULL, SECRET_TEXT}};

const struct channel_kind channel_mail = {
    .name = "mail",
    .help = "mail, through an SMTP server",
    .keys = keys,
    .secrets = secrets,
    .check = check,
    .write = write_letter,
};
