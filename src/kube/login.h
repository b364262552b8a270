/* A login: what login.c (what goes with requests) and plugin.c (who says it) share. */
#ifndef FSOPS_KUBE_LOGIN_H
#define FSOPS_KUBE_LOGIN_H

#include "private.h"

struct kube_login {
	struct kube *kube;
	bool secure;      /* only who speaks TLS is told who we are */
	char *file_token; /* as it was last in the file */
	/* Of the plugin. */
	bool plugin;
	bool there;      /* it has answered, and this is what: */
	msec expires;    /* on the wall clock; 0: never */
	unsigned number; /* how often it has answered */
	char *token;
	/* The plugin's, or the kubeconfig's and its files'. */
	struct kube_blob cert;
	struct kube_blob key;
	/* While it runs, or is about to be found missing. */
	struct child *child;
	struct loop_timer *missing;
	char *why; /* it has failed */
	struct buf answer;
	struct kube_waiter *waiters;
	struct kube_waiter *telling; /* those that are being told */
	bool hinted;                 /* how to install it has been said */
};

/* plugin.c: is the plugin of the config one that we know? -1 (ERR_UNKNOWN): no. */
int kube_plugin_check(const struct kube_config *config, struct err *err);
/* Tell CALLER what is to be masked of what the kubeconfig gives it. */
void kube_plugin_secrets(const struct kube_login *login, struct kube_caller *caller);
/* Start it; the waiters are told of its end. */
void kube_plugin_start(struct kube_login *login);
/* End it and forget what it said. */
void kube_plugin_stop(struct kube_login *login);
void kube_plugin_forget(struct kube_login *login);

/* pem.c: are these what libcurl will take? */
bool kube_pem_authorities(const char *data, size_t len);
bool kube_pem_pair(const struct kube_blob *cert, const struct kube_blob *key);

#endif
