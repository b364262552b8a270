/*
 * managers(): who else writes a Kubernetes object, by the marks that they leave on it.
 *
 * What they manage they put back, now or at their next run: a change beside them does not last.
 * The marks are those that the tools' own documents name. `app.kubernetes.io/instance` is
 * none: Argo CD can be told to use it, but most charts have it as well.
 *
 * Invariant: the first that says it deploys the object is named and no tool that it uses
 * (Flux and Argo CD install charts: Helm's marks are then theirs).
 */
#include <string.h>

#include "expr/function.h"
#include "expr/types/object.h"
#include "fsops/mem.h"

/* A mark of a tool, and the words that go before what it says. */
static const struct mark {
	const char *by;
	const char *kind; /* "annotations" or "labels" */
	const char *name;
	const char *value;     /* that it must have; NULL: any */
	const char *what;      /* "Kustomization" */
	const char *place;     /* the mark that says the namespace of what is meant; NULL: none */
	const char *named_by;  /* the mark that names it; NULL: this one */
	const char *separator; /* the name ends here; NULL: at its end */
} marks[] = {
    {"Argo CD", "annotations", "argocd.argoproj.io/tracking-id", NULL, "application", NULL, NULL,
        ":"},
    {"Argo CD", "labels", "argocd.argoproj.io/instance", NULL, "application", NULL, NULL, NULL},
    {"Flux", "labels", "kustomize.toolkit.fluxcd.io/name", NULL, "Kustomization",
        "kustomize.toolkit.fluxcd.io/namespace", NULL, NULL},
    {"Flux", "labels", "helm.toolkit.fluxcd.io/name", NULL, "HelmRelease",
        "helm.toolkit.fluxcd.io/namespace", NULL, NULL},
    {"Helm", "annotations", "meta.helm.sh/release-name", NULL, "release",
        "meta.helm.sh/release-namespace", NULL, NULL},
    {"Helm", "labels", "app.kubernetes.io/managed-by", "Helm", "release", NULL,
        "app.kubernetes.io/instance", NULL},
};

static void add_text(struct buf *buf, struct expr_value text, const char *end)
{
	size_t len = text.as.text.len;
	const char *found = end && len ? memchr(text.as.text.data, end[0], len) : NULL;

	buf_add(buf, text.as.text.data, found ? (size_t)(found - text.as.text.data) : len);
}

/* "Kustomization flux-system/apps" */
static void describe(const struct expr_value *object, const struct mark *mark, struct buf *buf)
{
	const char *name = mark->named_by ? mark->named_by : mark->name;
	struct expr_value called = object_mark(object, mark->kind, name);
	struct expr_value place = cel_null();

	if (mark->place)
		place = object_mark(object, mark->kind, mark->place);
	buf_adds(buf, mark->what);
	if (called.type != VALUE_STRING)
		return;
	buf_addc(buf, ' ');
	if (place.type == VALUE_STRING) {
		add_text(buf, place, NULL);
		buf_addc(buf, '/');
	}
	add_text(buf, called, mark->separator);
}

static int add_manager(
    struct calc *calc, struct list_build *list, const char *by, struct buf *where)
{
	struct expr_value place, item;

	if (calc_take(calc, where, VALUE_STRING, &place) < 0)
		return -1;
	if (object_make(calc,
	        (struct object_member[]){
	            {"by", cel_string(by, strlen(by))},
	            {"where", place},
	        },
	        2, &item) < 0)
		return -1;
	return list_add(calc, list, item);
}

static int add_deployer(struct calc *calc, const struct expr_value *object, struct list_build *list)
{
	for (size_t i = 0; i < COUNT_OF(marks); i++) {
		struct expr_value found = object_mark(object, marks[i].kind, marks[i].name);
		struct buf where;

		if (found.type != VALUE_STRING || found.as.text.len == 0 ||
		    (marks[i].value && !object_is(found, marks[i].value)))
			continue;
		calc_buf(&where);
		describe(object, &marks[i], &where);
		return add_manager(calc, list, marks[i].by, &where);
	}
	return 0;
}

static bool scales(const struct expr_value *scaler, const struct expr_value *object)
{
	struct expr_value target = object_field2(scaler, "spec", "scaleTargetRef");

	return object_same(object_field(&target, "kind"), object_field(object, "kind")) &&
	       object_same(
	           object_field(&target, "name"), object_field2(object, "metadata", "name")) &&
	       object_beside(scaler, object);
}

static int64_t limit(const struct expr_value *scaler, const char *name)
{
	struct expr_value value = object_field2(scaler, "spec", name);

	return value.type == VALUE_INT ? value.as.number : 1; /* minReplicas says nothing: 1 */
}

/* "ScaledObject api", "HorizontalPodAutoscaler api (2 to 10 replicas)" */
static int add_scaler(struct calc *calc, const struct expr_value *scaler, struct list_build *list)
{
	struct expr_value keda = object_mark(scaler, "labels", "scaledobject.keda.sh/name");
	bool of_keda = keda.type == VALUE_STRING && keda.as.text.len > 0;
	struct expr_value name = of_keda ? keda : object_field2(scaler, "metadata", "name");
	struct buf where;

	calc_buf(&where);
	buf_adds(&where, of_keda ? "ScaledObject" : "HorizontalPodAutoscaler");
	if (name.type == VALUE_STRING) {
		buf_addc(&where, ' ');
		add_text(&where, name, NULL);
	}
	buf_addf(&where, " (%lld to %lld replicas)", (long long)limit(scaler, "minReplicas"),
	    (long long)limit(scaler, "maxReplicas"));
	return add_manager(calc, list, of_keda ? "KEDA" : "HorizontalPodAutoscaler", &where);
}

static int check_object(struct calc *calc, const struct expr_value *object, bool kind_needed)
{
	if (object_field(object, "items").type == VALUE_LIST)
		return calc_fail(calc, "managers() is about one object; this is a list of them");
	if (object_field(object, "metadata").type != VALUE_MAP)
		return calc_fail(
		    calc, "managers() needs a Kubernetes object; this map has no metadata");
	if (kind_needed && object_field(object, "kind").type != VALUE_STRING)
		return calc_fail(
		    calc, "managers() needs a Kubernetes object; this map has no kind");
	return 0;
}

static int add_scalers(struct calc *calc, const struct expr_value *object,
    const struct expr_value *list, struct list_build *found)
{
	struct expr_value scalers;

	if (object_items(calc, "managers", "HorizontalPodAutoscaler", list, &scalers) < 0)
		return -1;
	for (size_t i = 0; i < cel_count(&scalers); i++) {
		struct expr_value scaler = cel_item(&scalers, i);

		if (scales(&scaler, object) && add_scaler(calc, &scaler, found) < 0)
			return -1;
	}
	return 0;
}

static int managers(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	struct list_build found = {0};

	if (check_object(calc, &args[0], count > 1) < 0 ||
	    add_deployer(calc, &args[0], &found) < 0 ||
	    (count > 1 && add_scalers(calc, &args[0], &args[1], &found) < 0))
		return -1;
	return list_take(calc, &found, out);
}

const struct overload lib_managers[] = {
    {"managers", "m", managers,
        "who else writes a Kubernetes object (Argo CD, Flux, Helm; with HorizontalPodAutoscalers "
        "also its scaler): by, where"},
    {"managers", "ml", managers, NULL},
    {"managers", "mm", managers, NULL},
    {"managers", "m.", managers, NULL},
    {"managers", "m.l", managers, NULL},
    {"managers", "m.m", managers, NULL},
    {0},
};
