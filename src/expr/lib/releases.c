/*
 * releases(): what a deployment has run, from its replica sets.
 *
 * A release is a pod template. Restarting writes the annotation restartedAt into the template,
 * and the controller a hash into its labels: two replica sets that differ in nothing else
 * are one release. So a restart is no new release, and its time is that of the first
 * replica set that is still there, not of the restart: the controller lets old sets go
 * oldest first, so the first one of a release outlives every release before it.
 *
 * Invariant: at most one release is `current`, and the `previous` one, which a rollback goes
 * to, is of those made before it the one that ran last. Kubernetes numbers a release that is
 * taken up again anew but uses its replica set again: its time says what came before it, its
 * number when it ran last. So what was taken back once is not gone back to, neither from the
 * release that took its place nor from the next one.
 */
#include "expr/compare.h"
#include "expr/function.h"
#include "expr/types/object.h"

#define REVISION    "deployment.kubernetes.io/revision"
#define RESTARTED   "kubectl.kubernetes.io/restartedAt"
#define HASH        "pod-template-hash"
#define DIGITS_MAX  18 /* of a revision: what an int64_t holds whatever they are */
#define OWNER_STEPS 8  /* of looking at one replica set */

struct release {
	struct expr_value template;
	struct expr_value made; /* of its oldest replica set; "" sorts before every time */
	struct list_build sets; /* their names */
	int64_t revision;       /* the highest of its replica sets; 0: none says it */
	bool current;
};

struct releases {
	struct release *items;
	size_t count;
};

static int64_t revision_of(const struct expr_value *object)
{
	struct expr_value text = object_mark(object, "annotations", REVISION);
	int64_t number = 0;

	if (text.type != VALUE_STRING || text.as.text.len > DIGITS_MAX)
		return 0;
	for (size_t i = 0; i < text.as.text.len; i++) {
		if (text.as.text.data[i] < '0' || text.as.text.data[i] > '9')
			return 0;
		number = number * 10 + (text.as.text.data[i] - '0');
	}
	return number;
}

/* By its uid where both know one: a deployment that was made anew has the name of the old one. */
static bool refers_to(const struct expr_value *owner, const struct expr_value *deployment)
{
	struct expr_value controller = object_field(owner, "controller");
	struct expr_value uid = object_field(owner, "uid");
	struct expr_value own = object_field2(deployment, "metadata", "uid");

	if (!object_is(object_field(owner, "kind"), "Deployment") ||
	    (controller.type == VALUE_BOOL && !controller.as.truth))
		return false;
	if (uid.type == VALUE_STRING && own.type == VALUE_STRING)
		return object_same(uid, own);
	return object_same(
	    object_field(owner, "name"), object_field2(deployment, "metadata", "name"));
}

static bool belongs(const struct expr_value *set, const struct expr_value *deployment)
{
	struct expr_value owners = object_field2(set, "metadata", "ownerReferences");

	if (owners.type != VALUE_LIST || !object_beside(set, deployment))
		return false;
	for (size_t i = 0; i < cel_count(&owners); i++) {
		struct expr_value owner = cel_item(&owners, i);

		if (refers_to(&owner, deployment))
			return true;
	}
	return false;
}

/* The entries of MAP (null has none) without LEFT_OUT. */
static size_t count_without(const struct expr_value *map, struct expr_value left_out)
{
	struct expr_value found;

	if (map->type != VALUE_MAP)
		return 0;
	return cel_count(map) - cel_find(map, &left_out, &found);
}

/* Whether two maps are the same but for LEFT_OUT. */
static int same_marks(struct calc *calc, struct expr_value a, struct expr_value b,
    struct expr_value left_out, bool *out)
{
	struct cel_walk walk = {0};
	struct expr_value other;

	*out = count_without(&a, left_out) == count_without(&b, left_out);
	if (!*out || count_without(&a, left_out) == 0)
		return calc_step(calc, 1);
	while (*out && cel_walk(&a, &walk)) {
		if (object_same(walk.entry.key, left_out))
			continue;
		if (calc_find(calc, &b, &walk.entry.key, &other, out) < 0)
			return -1;
		if (*out && calc_equal(calc, &walk.entry.value, &other, out) < 0)
			return -1;
	}
	return 0;
}

static int same_template(
    struct calc *calc, const struct expr_value *a, const struct expr_value *b, bool *out)
{
	struct expr_value a_spec = object_field(a, "spec");
	struct expr_value b_spec = object_field(b, "spec");

	if (calc_equal(calc, &a_spec, &b_spec, out) < 0)
		return -1;
	if (*out && same_marks(calc, object_field2(a, "metadata", "labels"),
	                object_field2(b, "metadata", "labels"), cel_string(HASH, sizeof(HASH) - 1),
	                out) < 0)
		return -1;
	if (!*out)
		return 0;
	return same_marks(calc, object_field2(a, "metadata", "annotations"),
	    object_field2(b, "metadata", "annotations"),
	    cel_string(RESTARTED, sizeof(RESTARTED) - 1), out);
}

static bool text_less(struct expr_value a, struct expr_value b)
{
	enum order order = compare_order(&a, &b);

	return order == ORDER_LESS;
}

static struct expr_value text_or_empty(struct expr_value value)
{
	return value.type == VALUE_STRING ? value : cel_string("", 0);
}

/* SET is one more of RELEASE. */
static int release_take(struct calc *calc, struct release *release, const struct expr_value *set)
{
	struct expr_value made = text_or_empty(object_field2(set, "metadata", "creationTimestamp"));
	int64_t revision = revision_of(set);

	if (release->sets.count == 0 || text_less(made, release->made))
		release->made = made;
	if (revision > release->revision)
		release->revision = revision;
	return list_add(
	    calc, &release->sets, text_or_empty(object_field2(set, "metadata", "name")));
}

static int releases_take(struct calc *calc, struct releases *all, const struct expr_value *set)
{
	struct expr_value template = object_field2(set, "spec", "template");
	struct expr_value name = text_or_empty(object_field2(set, "metadata", "name"));

	if (template.type != VALUE_MAP)
		return calc_fail(calc, "releases() needs ReplicaSets; '%.*s' has no spec.template",
		    CALC_SHOWN(calc, &name));
	for (size_t i = 0; i < all->count; i++) {
		bool same;

		if (same_template(calc, &all->items[i].template, &template, &same) < 0)
			return -1;
		if (same)
			return release_take(calc, &all->items[i], set);
	}
	all->items[all->count] = (struct release){.template = template};
	return release_take(calc, &all->items[all->count++], set);
}

/*
 * What the deployment asks for is current, whether its replica set has pods or not. No
 * template is its own when the controller has not seen the last change yet: then the
 * controller's mark says what it rolled out last.
 */
static int find_current(
    struct calc *calc, struct releases *all, const struct expr_value *deployment)
{
	struct expr_value template = object_field2(deployment, "spec", "template");
	int64_t revision = revision_of(deployment);

	for (size_t i = 0; i < all->count; i++) {
		bool *current = &all->items[i].current;

		if (same_template(calc, &all->items[i].template, &template, current) < 0)
			return -1;
		if (*current)
			return 0;
	}
	for (size_t i = 0; i < all->count; i++)
		if (revision > 0 && all->items[i].revision == revision) {
			all->items[i].current = true;
			return 0;
		}
	return 0;
}

static bool newer(const struct release *a, const struct release *b)
{
	if (text_less(b->made, a->made))
		return true;
	return !text_less(a->made, b->made) && a->revision > b->revision;
}

/* Newest first. There are as many as revisionHistoryLimit says, ten in general. */
static int sort(struct calc *calc, struct releases *all)
{
	for (size_t i = 1; i < all->count; i++) {
		struct release item = all->items[i];
		size_t place = i;

		for (; place > 0 && newer(&item, &all->items[place - 1]); place--)
			all->items[place] = all->items[place - 1];
		all->items[place] = item;
		if (calc_step(calc, i - place + 1) < 0)
			return -1;
	}
	return 0;
}

static int images_of(struct calc *calc, const struct expr_value *template, struct expr_value *out)
{
	struct expr_value containers = object_field2(template, "spec", "containers");
	size_t count = containers.type == VALUE_LIST ? cel_count(&containers) : 0;
	struct list_build images = {0};

	for (size_t i = 0; i < count; i++) {
		struct expr_value container = cel_item(&containers, i);

		if (list_add(calc, &images, text_or_empty(object_field(&container, "image"))) < 0)
			return -1;
	}
	return list_take(calc, &images, out);
}

static int release_value(
    struct calc *calc, const struct release *release, bool previous, struct expr_value *out)
{
	struct list_build names = release->sets;
	struct expr_value images, sets;

	if (images_of(calc, &release->template, &images) < 0 || list_take(calc, &names, &sets) < 0)
		return -1;
	return object_make(calc,
	    (struct object_member[]){
	        {"revision", cel_int(release->revision)},
	        {"image", cel_count(&images) ? cel_item(&images, 0) : cel_string("", 0)},
	        {"images", images},
	        {"made", release->made},
	        {"sets", sets},
	        {"current", cel_bool(release->current)},
	        {"previous", cel_bool(previous)},
	    },
	    7, out);
}

/* Of those that are older than the current one, which come after it, the one with the highest
 * number; of two alike, the newer one. */
static size_t find_previous(const struct releases *all)
{
	const struct release *current = NULL;
	size_t found = all->count;

	for (size_t i = 0; i < all->count; i++) {
		const struct release *one = &all->items[i];

		if (current && newer(current, one) &&
		    (found == all->count || one->revision > all->items[found].revision))
			found = i;
		if (one->current)
			current = one;
	}
	return found;
}

static int releases_value(struct calc *calc, const struct releases *all, struct expr_value *out)
{
	struct list_build list = {0};
	size_t previous = find_previous(all);

	for (size_t i = 0; i < all->count; i++) {
		struct expr_value item;

		if (release_value(calc, &all->items[i], i == previous, &item) < 0 ||
		    list_add(calc, &list, item) < 0)
			return -1;
	}
	return list_take(calc, &list, out);
}

static int check_deployment(struct calc *calc, const struct expr_value *deployment)
{
	struct expr_value kind = object_field(deployment, "kind");

	if (kind.type != VALUE_STRING)
		return calc_fail(calc, "releases() needs a Deployment first; this map has no kind");
	if (!object_is(kind, "Deployment"))
		return calc_fail(calc, "releases() needs a Deployment first, not a %.*s",
		    CALC_SHOWN(calc, &kind));
	if (object_field2(deployment, "spec", "template").type != VALUE_MAP)
		return calc_fail(calc, "releases(): the deployment has no spec.template");
	return 0;
}

static int collect(struct calc *calc, const struct expr_value *deployment,
    const struct expr_value *sets, struct releases *all)
{
	size_t count = cel_count(sets);

	all->items = count ? calc_alloc(calc, count * sizeof(*all->items)) : NULL;
	if (count && !all->items)
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct expr_value set = cel_item(sets, i);

		if (calc_step(calc, OWNER_STEPS) < 0 ||
		    (belongs(&set, deployment) && releases_take(calc, all, &set) < 0))
			return -1;
	}
	return 0;
}

static int releases(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	struct releases all = {0};
	struct expr_value sets;

	(void)count;
	if (check_deployment(calc, &args[0]) < 0 ||
	    object_items(calc, "releases", "ReplicaSet", &args[1], &sets) < 0 ||
	    collect(calc, &args[0], &sets, &all) < 0 || find_current(calc, &all, &args[0]) < 0 ||
	    sort(calc, &all) < 0)
		return -1;
	return releases_value(calc, &all, out);
}

const struct overload lib_releases[] = {
    {"releases", "ml", releases,
        "what a Deployment has run, from the ReplicaSets, newest first: revision, image, images, "
        "made, sets, current, previous"},
    {"releases", "mm", releases, NULL},
    {"releases", "m.l", releases, NULL},
    {"releases", "m.m", releases, NULL},
    {0},
};
