/*
 * Which API server, as whom: what the files of the kubeconfig come to for one context, by kubectl's rules
 * (k8s.io/client-go, tools/clientcmd).
 */
#ifndef FSOPS_KUBE_CONFIG_H
#define FSOPS_KUBE_CONFIG_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "fsops/child.h"
#include "fsops/err.h"
#include "fsops/kube.h"

struct kube_blob {
	char *data; /* NULL: none */
	size_t len;
};

/* A file that was looked at, as it was then. */
struct kube_file {
	char *path;
	bool there;
	struct stat about;
};

/* The most files that KUBECONFIG may name. */
#define KUBE_FILES_MAX 64

struct kube_config {
	struct kube_file files[KUBE_FILES_MAX];
	size_t file_count;
	/* The cluster. Texts that are not there are NULL. */
	char *server; /* without a "/" at its end */
	char *tls_name;
	char *proxy;
	char *ca_file;
	struct kube_blob ca;
	bool insecure;
	json_t *plugin_config; /* what the cluster says for login plugins; NULL: nothing */
	/* The user. */
	char *cert_file;
	char *key_file;
	struct kube_blob cert;
	struct kube_blob key;
	char *token;
	char *token_file;
	char *user;
	char *password;
	char *as;
	char *as_uid;
	json_t *as_groups; /* texts, or NULL */
	json_t *as_extra;  /* {NAME: [texts]}, or NULL */
	json_t *exec;      /* the login plugin as it stands in the file; NULL: none */
	char *namespace;
};

/* By SPEC; CHILDREN tells what kubectl would have of the environment. Errors as kube_open()'s. For
 * kube_config_release(), also after a failure. */
int kube_config_load(struct kube_config *config, const struct children *children,
    const struct kube_spec *spec, struct err *err);
void kube_config_release(struct kube_config *config);

/* Are its files as they were? */
bool kube_config_is_fresh(const struct kube_config *config);

/* The account of the pod that we run in, whose files lie in FOLDER; PORT and HOST are those of its environment. */
int kube_config_in_cluster(struct kube_config *config, const char *folder, const char *host,
    const char *port, struct err *err);

#endif
