/*
 * The config file, the credentials file and the variables that say how to reach Amazon.
 * Invariant: a profile is what botocore's session makes of it: the config file's, with what the
 * credentials file says of the same name on top.
 */
#include "private.h"

#include <ctype.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fsops/mem.h"
#include "fsops/value.h"

const char *aws_variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

/* --- paths --- */

static const char *home(void)
{
	const char *value = getenv("HOME");
	const struct passwd *user = value ? NULL : getpwuid(getuid());

	return value ? value : user ? user->pw_dir : "~";
}

/* "$NAME" or "${NAME}" at AT; a variable that is not set stays as it is. Returns what follows. */
static const char *add_variable(struct buf *out, const char *at)
{
	bool braced = at[1] == '{';
	const char *name = at + (braced ? 2 : 1);
	const char *end = name;
	char *copy;
	const char *value;

	while (braced ? *end && *end != '}' : isalnum((unsigned char)*end) || *end == '_')
		end++;
	if (end == name || (braced && !*end)) {
		buf_addc(out, *at);
		return at + 1;
	}
	copy = mem_textn(name, (size_t)(end - name));
	value = getenv(copy);
	end += braced ? 1 : 0;
	if (value)
		buf_adds(out, value);
	else
		buf_add(out, at, (size_t)(end - at));
	free(copy);
	return end;
}

char *aws_path(const char *path)
{
	struct buf out;
	char *text;

	buf_init(&out, BUF_TEXT_MAX);
	while (*path) {
		if (*path == '$')
			path = add_variable(&out, path);
		else
			buf_addc(&out, *path++);
	}
	text = buf_detach(&out);
	if (text[0] == '~' && (text[1] == '/' || !text[1])) {
		char *whole = mem_printf("%s%s", home(), text + 1);

		free(text);
		return whole;
	}
	return text;
}

int aws_read_file(struct buf *buf, const char *path, struct err *err)
{
	return buf_read_file(buf, path, AWS_TEXT_MAX, err);
}

/* A file's sections; an empty object when there is none, or when it can't be read (as botocore: UNREAD
 * says why then). NULL: it can't be parsed. */
static json_t *read_sections(const char *path, struct err *unread, struct err *err)
{
	struct buf text;
	struct stat about;
	json_t *sections;

	if (stat(path, &about) < 0 || !S_ISREG(about.st_mode))
		return json_object();
	if (aws_read_file(&text, path, unread) < 0)
		return json_object();
	sections = aws_ini_parse(path, text.data, text.len, err);
	aws_wipe(text.data, text.cap);
	buf_release(&text);
	return sections;
}

/* --- profiles --- */

/* "KIND NAME", NAME quoted or not, into NAMED[NAME]. */
static void take_named(json_t *named, const char *kind, const char *header, json_t *section)
{
	struct words words;

	if (strncmp(header, kind, strlen(kind)) != 0 || aws_words(header, &words, NULL) < 0)
		return;
	if (words.count == 2)
		json_object_set(named, words.items[1], section);
	words_release(&words);
}

static void sort_sections(struct aws_config *config, json_t *sections)
{
	const char *header;
	json_t *section;

	json_object_foreach(sections, header, section) {
		take_named(config->own, "profile", header, section);
		take_named(config->sessions, "sso-session", header, section);
		take_named(config->services, "services", header, section);
		if (strcmp(header, "default") == 0)
			json_object_set(config->own, header, section);
	}
}

/* Both files' profiles, in copies: the sections themselves stay as they were read. */
static void merge_profiles(struct aws_config *config)
{
	const char *name;
	json_t *section;

	config->profiles = json_deep_copy(config->own);
	json_object_foreach(config->credentials, name, section) {
		json_t *known = json_object_get(config->profiles, name);

		if (known)
			json_object_update(known, section);
		else
			json_object_set_new(config->profiles, name, json_copy(section));
	}
}

static int read_files(struct aws_config *config, struct err *err)
{
	const char *config_path = aws_variable("AWS_CONFIG_FILE");
	const char *credentials_path = aws_variable("AWS_SHARED_CREDENTIALS_FILE");
	json_t *sections;

	config->config_path = aws_path(config_path ? config_path : "~/.aws/config");
	config->credentials_path =
	    aws_path(credentials_path ? credentials_path : "~/.aws/credentials");
	sections = read_sections(config->config_path, &config->config_err, err);
	if (!sections)
		return -1;
	sort_sections(config, sections);
	json_decref(sections);
	config->credentials =
	    read_sections(config->credentials_path, &config->credentials_err, err);
	if (!config->credentials)
		return -1;
	merge_profiles(config);
	return 0;
}

/* A profile that somebody named must be there, whoever else would give credentials. */
static int find_profile(struct aws_config *config, const char *named, struct err *err)
{
	static const char *const variables[] = {"AWS_DEFAULT_PROFILE", "AWS_PROFILE"};
	const char *by = "the target's `profile`";
	const char *name = named;

	for (size_t i = 0; i < COUNT_OF(variables) && !name; i++) {
		name = aws_variable(variables[i]);
		by = variables[i];
	}
	config->named = named != NULL;
	config->profile = mem_text(name ? name : "default");
	if (!name || json_object_get(config->profiles, name))
		return 0;
	return err_set(err, ERR_INPUT,
	    "no AWS profile '%s' (%s says so) in '%s' or '%s'%s%s: add it (`aws configure "
	    "--profile %s`), "
	    "or name another",
	    name, by, config->config_path, config->credentials_path,
	    config->config_err.kind || config->credentials_err.kind ? "; " : "",
	    config->config_err.kind        ? config->config_err.text
	    : config->credentials_err.kind ? config->credentials_err.text
	                                   : "",
	    name);
}

struct aws_config *aws_config_load(const char *profile, struct err *err)
{
	struct aws_config *config = mem_alloc(sizeof(*config));

	config->own = json_object();
	config->sessions = json_object();
	config->services = json_object();
	if (read_files(config, err) == 0 && find_profile(config, profile, err) == 0)
		return config;
	aws_config_free(config);
	return NULL;
}

void aws_config_free(struct aws_config *config)
{
	if (!config)
		return;
	json_decref(config->own);
	json_decref(config->sessions);
	json_decref(config->services);
	json_decref(config->credentials);
	json_decref(config->profiles);
	free(config->config_path);
	free(config->credentials_path);
	free(config->profile);
	free(config);
}

const json_t *aws_profile(const struct aws_config *config, const char *profile)
{
	return json_object_get(config->profiles, profile);
}

const char *aws_setting(const struct aws_config *config, const char *profile, const char *key)
{
	return value_get_text(aws_profile(config, profile), key);
}

/* --- region and endpoints --- */

const char *aws_config_region(const struct aws_config *config)
{
	static const char *const names[] = {"AWS_REGION", "AWS_DEFAULT_REGION"};

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (aws_variable(names[i]))
			return aws_variable(names[i]);
	return aws_setting(config, config->profile, "region");
}

static bool is_true(const char *text)
{
	return text && strcasecmp(text, "true") == 0;
}

static const char *variable_of_service(const char *service)
{
	char *name = mem_printf("AWS_ENDPOINT_URL_%s", service);
	const char *value;

	for (char *c = name; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	value = aws_variable(name);
	free(name);
	return value;
}

/* By rank: the service's variable, the variable of all, the service's in the profile, the profile's. */
const char *aws_config_endpoint(const struct aws_config *config, const char *service)
{
	const char *ignore = aws_variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
	const char *name = aws_setting(config, config->profile, "services");
	const char *url = variable_of_service(service);

	if (!ignore)
		ignore = aws_setting(config, config->profile, "ignore_configured_endpoint_urls");
	if (is_true(ignore))
		return NULL;
	if (!url)
		url = aws_variable("AWS_ENDPOINT_URL");
	if (!url && name)
		url = value_get_text(
		    json_object_get(json_object_get(config->services, name), service),
		    "endpoint_url");
	return url ? url : aws_setting(config, config->profile, "endpoint_url");
}

static bool is_on(const struct aws_config *config, const char *variable, const char *key)
{
	const char *value = aws_variable(variable);
	const json_t *s3 = json_object_get(aws_profile(config, config->profile), "s3");

	if (!value)
		value = aws_setting(config, config->profile, key);
	return is_true(value ? value : value_get_text(s3, key));
}

const char *aws_config_s3_host(const struct aws_config *config)
{
	bool fips = is_on(config, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint");
	bool dual = is_on(config, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint");

	return fips && dual ? "s3-fips.dualstack" : fips ? "s3-fips" : dual ? "s3.dualstack" : "s3";
}
