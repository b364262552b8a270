/*
 * A timetable as objects of Kubernetes: a CronJob a runbook, each with an account of its own, and
 * the runbooks as a ConfigMap.
 *
 * Invariants: each CronJob starts its runbook when the schedule says. Its controller goes by
 * `timeZone`, but leaves out a time that the clocks skip, and starts twice what they show twice: then
 * the time after the gap is tried too, and --if-due picks the right one. An account may do what its
 * runbook's commands need, and nothing else.
 */
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/plan.h"
#include "fsops/ui.h"
#include "fsops/value.h"
#include "rights.h"
#include "schedule.h"
#include "ui/safe.h"
#include "ui/yaml.h"

#define RUNBOOKS    "/etc/fsops"
#define STATE       "/var/lib/fsops"
#define CONFIG_MAP  "fsops-runbooks"
#define NAMESPACE   "default"
#define ACCOUNT_DIR "/var/run/secrets/kubernetes.io/serviceaccount"
#define RBAC        "rbac.authorization.k8s.io"
/* Of a CronJob: its jobs add eleven characters, and may have 63. */
#define NAME_MAX_LEN 52
/* Of a ConfigMap. */
#define FILES_MAX ((size_t)1024 * 1024)
#define FILES_MIB "1 MiB"

/* The cluster that the jobs run in. */
struct cluster {
	const char *context;   /* by which the runbooks' commands name it; NULL: they name none */
	const char *namespace; /* the runbooks' own, where the jobs run too */
};

static const char *literal(const json_t *config, const char *key)
{
	const char *text = value_get_text(config, key);

	return text && !strstr(text, "${") ? text : NULL;
}

/* That of the first kubectl target. */
static struct cluster find_cluster(const struct platform *platform)
{
	struct cluster cluster = {.namespace = NAMESPACE};

	for (size_t i = 0; i < platform->target_count; i++) {
		const struct target *target = &platform->targets[i];

		if (strcmp(target->adapter->name, "kubectl") != 0)
			continue;
		cluster.context = literal(target->config, "context");
		if (literal(target->config, "namespace"))
			cluster.namespace = literal(target->config, "namespace");
		break;
	}
	return cluster;
}

/* Takes OBJECT. */
static void add_object(struct buf *out, json_t *object)
{
	buf_adds(out, "---\n");
	yaml_add(out, object, 0);
	json_decref(object);
}

static json_t *metadata(const char *name, const char *namespace)
{
	return json_pack("{s:s, s:s*, s:{s:s}}", "name", name, "namespace", namespace, "labels",
	    "app.kubernetes.io/name", "fsops");
}

/* ---- files ---- */

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int add_file(json_t *data, size_t *size, const char *name, const char *path, struct err *err)
{
	static const char allowed[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
	struct buf text;

	if (name[strspn(name, allowed)])
		return err_set(err, ERR_INPUT,
		    "the file '%s' cannot be in a ConfigMap: its name may only have letters, "
		    "digits, "
		    "'-', '_' and '.'",
		    name);
	if (buf_read_file(&text, path, FILES_MAX, err) < 0)
		return -1;
	*size += text.len;
	json_object_set_new(data, name, json_stringn(text.data, text.len));
	buf_release(&text);
	if (*size > FILES_MAX)
		return err_set(err, ERR_LIMIT,
		    "the runbooks are over " FILES_MIB ", the most that a ConfigMap can hold");
	return 0;
}

/* By it kubectl in the container reaches the cluster that it is in, under the name that the runbooks
 * have for it. */
static json_t *kubeconfig(const struct cluster *cluster)
{
	const char *name = cluster->context ? cluster->context : "cluster";
	json_t *object = json_pack(
	    "{s:s, s:s, s:[{s:s, s:{s:s, s:s}}], s:[{s:s, s:{s:s}}], s:[{s:s, s:{s:s, s:s, s:s}}], "
	    "s:s}",
	    "apiVersion", "v1", "kind", "Config", "clusters", "name", "cluster", "cluster",
	    "server", "https://kubernetes.default.svc", "certificate-authority",
	    ACCOUNT_DIR "/ca.crt", "users", "name", "account", "user", "tokenFile",
	    ACCOUNT_DIR "/token", "contexts", "name", name, "context", "cluster", "cluster", "user",
	    "account", "namespace", cluster->namespace, "current-context", name);
	struct buf text;
	json_t *value;

	buf_init(&text, BUF_TEXT_MAX);
	yaml_add(&text, object, 0);
	value = json_stringn(text.data, text.len);
	buf_release(&text);
	json_decref(object);
	return value;
}

static int add_files(
    struct buf *out, const struct timetable *table, const struct cluster *cluster, struct err *err)
{
	const struct catalog *catalog = table->catalog;
	json_t *data = json_object();
	size_t size = 0;
	int result = add_file(data, &size, "platform.yaml", catalog->platform->file, err);

	for (size_t i = 0; i < catalog->runbook_count && result == 0; i++)
		result = add_file(data, &size, file_name(catalog->runbooks[i]->file),
		    catalog->runbooks[i]->file, err);
	if (result == 0) {
		json_object_set_new(data, "kubeconfig", kubeconfig(cluster));
		add_object(
		    out, json_pack("{s:s, s:s, s:o, s:O}", "apiVersion", "v1", "kind", "ConfigMap",
		             "metadata", metadata(CONFIG_MAP, cluster->namespace), "data", data));
	}
	json_decref(data);
	return result;
}

/* ---- accounts ---- */

static json_t *rule_of(const struct right *right)
{
	json_t *verbs = json_array();

	for (size_t i = 0; i < RIGHT_VERBS; i++)
		if (right->verbs & 1u << i)
			json_array_append_new(verbs, json_string(right_verbs[i]));
	return json_pack("{s:[s], s:[s], s:o}", "apiGroups", right->group, "resources",
	    right->resource, "verbs", verbs);
}

static bool same_namespace(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* A role with all rights in NAMESPACE (NULL: the cluster's), and who has it. */
static void add_role(struct buf *out, const struct rights *rights, const char *namespace,
    const char *name, const struct cluster *cluster)
{
	const char *kind = namespace ? "Role" : "ClusterRole";
	json_t *rules = json_array();
	char *binding = mem_printf("%sBinding", kind);

	for (size_t i = 0; i < rights->count; i++)
		if (same_namespace(rights->items[i].namespace, namespace))
			json_array_append_new(rules, rule_of(&rights->items[i]));
	add_object(out, json_pack("{s:s, s:s, s:o, s:o}", "apiVersion", RBAC "/v1", "kind", kind,
	                    "metadata", metadata(name, namespace), "rules", rules));
	add_object(
	    out, json_pack("{s:s, s:s, s:o, s:{s:s, s:s, s:s}, s:[{s:s, s:s, s:s}]}", "apiVersion",
	             RBAC "/v1", "kind", binding, "metadata", metadata(name, namespace), "roleRef",
	             "apiGroup", RBAC, "kind", kind, "name", name, "subjects", "kind",
	             "ServiceAccount", "name", name, "namespace", cluster->namespace));
	free(binding);
}

static bool first_of_namespace(const struct rights *rights, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (same_namespace(rights->items[i].namespace, rights->items[at].namespace))
			return false;
	return true;
}

/* What is not covered, as comments. */
static void add_untold(struct buf *out, const char *untold)
{
	if (!untold || !*untold)
		return;
	buf_adds(out, "# The account or the image may lack what these need:\n");
	while (*untold) {
		size_t len = strcspn(untold, "\n");

		buf_addf(out, "#   %.*s\n", (int)len, untold);
		untold += len + 1;
	}
}

static void add_account(
    struct buf *out, const struct timed *timed, const char *name, const struct cluster *cluster)
{
	struct rights rights = {.context = cluster->context, .namespace = cluster->namespace};
	struct buf untold;

	buf_init(&untold, BUF_TEXT_MAX);
	schedule_rights(&rights, timed, &untold);
	add_untold(out, untold.data);
	add_object(out, json_pack("{s:s, s:s, s:o}", "apiVersion", "v1", "kind", "ServiceAccount",
	                    "metadata", metadata(name, cluster->namespace)));
	for (size_t i = 0; i < rights.count; i++)
		if (first_of_namespace(&rights, i))
			add_role(out, &rights, rights.items[i].namespace, name, cluster);
	buf_release(&untold);
	rights_release(&rights);
}

/* ---- the cron job ---- */

static void add_distinct(struct buf *out, const struct schedule_survey *survey, bool hours)
{
	int before = -1;

	for (int number = 0; number < 60; number++) {
		for (size_t i = 0; i < survey->count && before != number; i++) {
			if ((hours ? survey->times[i].hour : survey->times[i].minute) != number)
				continue;
			buf_addf(out, before < 0 ? "%d" : ",%d", number);
			before = number;
		}
	}
}

/* "0 9 * * *": each minute and each hour that it can have. */
static json_t *cron_fields(const struct schedule *schedule, const struct schedule_survey *survey)
{
	struct buf text;
	json_t *value;

	buf_init(&text, BUF_TEXT_MAX);
	add_distinct(&text, survey, false);
	buf_addc(&text, ' ');
	add_distinct(&text, survey, true);
	if (schedule->kind == SCHEDULE_MONTHLY)
		buf_addf(&text, " %d-%d * *", schedule->nth * 7 - 6, schedule->nth * 7);
	else if (schedule->kind == SCHEDULE_WEEKLY)
		buf_addf(&text, " * * %d", schedule->weekday);
	else
		buf_adds(&text, " * * *");
	value = json_stringn(text.data, text.len);
	buf_release(&text);
	return value;
}

/* Everybody in the pod may write into an emptyDir: that is to be trusted. The ConfigMap is mounted
 * read-only. */
static json_t *environment(const struct timetable *table)
{
	return json_pack("[{s:s, s:s}, {s:s, s:s}, {s:s, s:s}, {s:s, s:s}, {s:s, s:s}]", "name",
	    "TZ", "value", zone_name(table->zone), "name", "KUBECONFIG", "value",
	    RUNBOOKS "/kubeconfig", "name", "FSOPS_STATE", "value", STATE "/fsops", "name",
	    "FSOPS_TRUST", "value", STATE, "name", "HOME", "value", STATE);
}

/* In a namespace with a quota a pod without these is refused. A health check runs a dozen kubectl at once,
 * some 40 MiB each; fsops itself needs 20. */
static json_t *resources(void)
{
	return json_pack("{s:{s:s, s:s}, s:{s:s, s:s}}", "requests", "cpu", "100m", "memory",
	    "128Mi", "limits", "cpu", "2", "memory", "1Gi");
}

static json_t *container(const struct timetable *table, const struct timed *timed, bool if_due)
{
	const struct timetable inside = {.runbooks = RUNBOOKS};

	return json_pack(
	    "{s:s, s:s, s:[s], s:o, s:s, s:o, s:[{s:{s:s, s:b}}], s:{s:b, s:b, s:{s:[s]}}, "
	    "s:[{s:s, s:s}, {s:s, s:s}], s:o}",
	    "name", "fsops", "image", table->image, "command", "fsops", "args",
	    timed_words(&inside, timed, if_due), "workingDir", STATE, "env", environment(table),
	    "envFrom", "secretRef", "name", "fsops", "optional", 1, "securityContext",
	    "allowPrivilegeEscalation", 0, "readOnlyRootFilesystem", 1, "capabilities", "drop",
	    "ALL", "volumeMounts", "name", "runbooks", "mountPath", RUNBOOKS, "name", "state",
	    "mountPath", STATE, "resources", resources());
}

static json_t *pod(
    const struct timetable *table, const struct timed *timed, const char *name, bool if_due)
{
	return json_pack(
	    "{s:s, s:s, s:{s:b, s:i, s:{s:s}}, s:[o], s:[{s:s, s:{s:s}}, {s:s, s:{}}]}",
	    "serviceAccountName", name, "restartPolicy", "Never", "securityContext", "runAsNonRoot",
	    1, "runAsUser", 65532, "seccompProfile", "type", "RuntimeDefault", "containers",
	    container(table, timed, if_due), "volumes", "name", "runbooks", "configMap", "name",
	    CONFIG_MAP, "name", "state", "emptyDir");
}

/* A start that comes too late to be due is none: the controller drops it and says so. */
static json_t *cron_job(const struct timetable *table, const struct timed *timed, const char *name,
    const struct cluster *cluster, const struct schedule_survey *survey)
{
	const struct schedule *schedule = &timed->runbook->schedule;
	bool if_due = schedule->kind == SCHEDULE_MONTHLY || survey->count > 1 || survey->repeats;

	return json_pack("{s:s, s:s, s:o, s:{s:o, s:s, s:s, s:i, s:{s:{s:i, s:{s:o}}}}}",
	    "apiVersion", "batch/v1", "kind", "CronJob", "metadata",
	    metadata(name, cluster->namespace), "spec", "schedule", cron_fields(schedule, survey),
	    "timeZone", zone_name(table->zone), "concurrencyPolicy", "Forbid",
	    "startingDeadlineSeconds", (int)(SCHEDULE_LATE_MAX / 3), "jobTemplate", "spec",
	    "backoffLimit", 0, "template", "spec", pod(table, timed, name, if_due));
}

static int add_timed(struct buf *out, const struct timetable *table, const struct timed *timed,
    const struct cluster *cluster, struct err *err)
{
	struct schedule_survey survey;
	char *name = mem_printf("fsops-%s", timed->runbook->name);
	int result = -1;

	if (strlen(name) > NAME_MAX_LEN) {
		err_set(err, ERR_INPUT,
		    "'%s' is too long for the name of a CronJob, which has at most %d characters",
		    name, NAME_MAX_LEN);
		goto out;
	}
	if (schedule_survey(&timed->runbook->schedule, table->zone, table->zone, table->now,
	        &survey, err) < 0) {
		err_prefix(err, "%s", timed->runbook->name);
		goto out;
	}
	buf_adds(out, "# ");
	schedule_add_title(out, timed);
	buf_addc(out, '\n');
	if (timed->check) {
		buf_adds(out, "# ");
		schedule_add_limits(out, timed);
		buf_addc(out, '\n');
	}
	add_account(out, timed, name, cluster);
	add_object(out, cron_job(table, timed, name, cluster, &survey));
	result = 0;
out:
	free(name);
	return result;
}

int print_schedule_kubernetes(struct buf *out, const struct timetable *table, struct err *err)
{
	const struct cluster cluster = find_cluster(table->catalog->platform);

	buf_addf(out,
	    "# The scheduled runbooks of %s, made by `fsops schedule --kubernetes`, for `kubectl "
	    "apply\n"
	    "# --server-side -f -`. The image needs fsops, tzdata and kubectl: 1.%d or newer, and "
	    "within one\n"
	    "# minor version of the cluster's. What the runbooks need of the environment comes "
	    "from the Secret\n"
	    "# `fsops`, if there is one. A journal goes with its pod.\n",
	    table->catalog->platform->name, KUBECTL_MINOR_MIN);
	if (add_files(out, table, &cluster, err) < 0)
		return -1;
	for (size_t i = 0; i < table->count; i++)
		if (add_timed(out, table, &table->items[i], &cluster, err) < 0)
			return -1;
	return 0;
}
