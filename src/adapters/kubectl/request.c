/* What a kubectl command asks for. Invariant: what its words do not tell for sure is an error. */
#include "request.h"

#include <string.h>

#include "fsops/mem.h"

const char *request_word(const struct request *request, size_t at)
{
	return kubectl_place(&request->places, at);
}

bool request_has_type(const struct request *request, const char *plural)
{
	for (size_t i = 0; i < request->type_count; i++)
		if (strcmp(request->types[i]->plural, plural) == 0)
			return true;
	return false;
}

/* "-n shop", "-nshop", "--namespace shop"; the last one counts. */
static const char *namespace_flag(char *const *words)
{
	const char *value = kubectl_flag(words, "--namespace");

	for (; *words && strcmp(*words, "--") != 0; words++)
		if (strncmp(*words, "-n", 2) == 0)
			value = (*words)[2] ? *words + 2 + ((*words)[2] == '=') : words[1];
	return value;
}

static int find_namespace(struct request *request, const char *otherwise, struct err *err)
{
	const char *value = namespace_flag(request->words);

	if (kubectl_has_flag(request->words, "--all-namespaces", "-A"))
		return 0;
	request->namespace = value ? value : otherwise;
	if (!*request->namespace || strstr(request->namespace, "${"))
		return err_set(err, ERR_UNKNOWN, "its namespace is not known yet");
	return 0;
}

static int add_type(struct request *request, const char *name, size_t len, struct err *err)
{
	const struct kube_type *type = kube_type_find(name, len);

	if (len == 3 && memcmp(name, "all", 3) == 0) {
		for (size_t i = 0; kube_types_all[i]; i++)
			if (add_type(request, kube_types_all[i], strlen(kube_types_all[i]), err) <
			    0)
				return -1;
		return 0;
	}
	if (!type)
		return err_set(err, ERR_UNKNOWN, "the type '%.*s' is not known", (int)len, name);
	if (request->type_count == REQUEST_TYPES_MAX)
		return err_set(err, ERR_UNKNOWN, "it names over %d types", REQUEST_TYPES_MAX);
	request->types[request->type_count++] = type;
	return 0;
}

/* "pods", "pods,services" */
static int add_types(struct request *request, const char *list, struct err *err)
{
	while (*list) {
		size_t len = strcspn(list, ",");

		if (add_type(request, list, len, err) < 0)
			return -1;
		list += len + (list[len] == ',');
	}
	return 0;
}

/* From the word at AT on; "pod/a svc/b" goes over several. */
static int find_types(struct request *request, size_t at, struct err *err)
{
	const char *word = request_word(request, at);

	if (!word)
		return err_set(err, ERR_UNKNOWN, "it does not say what it is about");
	request->written = strchr(word, '/');
	if (!request->written)
		return add_types(request, word, err);
	for (; (word = request_word(request, at)); at++)
		if (strchr(word, '/') && add_type(request, word, strcspn(word, "/"), err) < 0)
			return -1;
	return 0;
}

static bool selects(char *const *words)
{
	return kubectl_has_flag(words, "--selector", "-l") ||
	       kubectl_has_flag(words, "--field-selector", NULL) ||
	       kubectl_has_flag(words, "--all", NULL);
}

/* What a file or a path of the API is about is not in the words. */
static int check_sources(const struct request *request, struct err *err)
{
	static const char *const sources[][2] = {
	    {"--filename", "-f"}, {"--kustomize", "-k"}, {"--raw", NULL}};
	const char *verb = request_word(request, 0);
	bool logs = verb && strcmp(verb, "logs") == 0;

	for (size_t i = 0; i < COUNT_OF(sources); i++)
		if (kubectl_has_flag(request->words, sources[i][0], logs ? NULL : sources[i][1]))
			return err_set(err, ERR_UNKNOWN, "%s says what it is about", sources[i][0]);
	return 0;
}

/* An account is good for one cluster, the one that it is in. */
static int check_cluster(char *const *words, const char *wanted, struct err *err)
{
	const char *context = kubectl_flag(words, "--context");

	if (kubectl_has_flag(words, "--kubeconfig", NULL))
		return err_set(err, ERR_UNKNOWN, "it is by a kubeconfig of its own");
	if (context && wanted && strcmp(context, wanted) != 0)
		return err_set(err, ERR_UNKNOWN, "it is for another cluster");
	return 0;
}

int request_read(
    struct request *request, char *const *words, const struct rights *rights, struct err *err)
{
	*request = (struct request){.words = words};
	kubectl_places_find(words, &request->places);
	if (!request_word(request, 0))
		return err_set(err, ERR_UNKNOWN, "its first word is not sure");
	if (check_sources(request, err) < 0 || check_cluster(words, rights->context, err) < 0)
		return -1;
	return find_namespace(request, rights->namespace, err);
}

int request_objects(struct request *request, size_t at, bool typed, struct err *err)
{
	const char *word = request_word(request, at);

	if ((typed || (word && strchr(word, '/'))) && find_types(request, at, err) < 0)
		return -1;
	request->named = !selects(request->words) &&
	                 (request->written || request_word(request, typed ? at + 1 : at));
	return 0;
}
