/* Measures metrics without a run: `fsops check`. Invariant: no child is left, also after a signal. */
#include "fsops/run.h"

#include <signal.h>
#include <stdlib.h>

#include "engine/plan/vars.h"
#include "engine/secrets/mask.h"
#include "engine/secrets/own.h"
#include "fsops/channel.h"
#include "fsops/child.h"
#include "fsops/inherit.h"
#include "fsops/mem.h"
#include "fsops/signals.h"
#include "measure.h"

struct checking {
	const struct catalog *catalog;
	struct loop *loop;
	struct measure *measure; /* NULL: it has ended */
	json_t *metrics;
	enum level worst;
	int signal; /* that stopped it; 0: none */
};

static void on_measured(void *ctx, const json_t *metrics, enum level worst)
{
	struct checking *checking = ctx;

	checking->measure = NULL;
	checking->metrics = json_incref((json_t *)metrics);
	checking->worst = worst;
	loop_stop(checking->loop);
}

static void on_gone(void *ctx)
{
	struct checking *checking = ctx;

	checking->measure = NULL;
	loop_stop(checking->loop);
}

static void on_signal(void *ctx, int signal, int count)
{
	struct checking *checking = ctx;

	if (count > 1)
		loop_stop(checking->loop); /* children_free() kills what is left */
	else if (checking->measure)
		measure_cancel(checking->measure, on_gone, checking);
	if (!checking->signal)
		checking->signal = signal;
}

static json_t *names_json(const char *const *names, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_string(names[i]));
	return list;
}

static int check(struct checking *checking, const struct metric **metrics, size_t count,
    const struct scope *scope, struct err *err)
{
	struct signals *signals = NULL;
	struct tunnels *tunnels = NULL;
	struct children *children;

	checking->loop = loop_new(&clock_system);
	children = children_new(checking->loop, err);
	if (children)
		children_withhold(children, inherit_withheld(checking->catalog));
	if (children)
		signals = signals_new(checking->loop, on_signal, checking, err);
	if (signals) {
		tunnels = tunnels_new(checking->loop, children, NULL);
		checking->measure = measure_start(&(struct measure_spec){
		    .loop = checking->loop,
		    .children = children,
		    .tunnels = tunnels,
		    .scope = scope,
		    .metrics = metrics,
		    .count = count,
		    .done = on_measured,
		    .ctx = checking,
		});
		loop_run(checking->loop);
	}
	children_free(children);
	tunnels_free(tunnels);
	signals_free(signals);
	loop_free(checking->loop);
	if (!checking->signal)
		return checking->metrics ? 0 : -1;
	return err_set(err, checking->signal == SIGINT ? ERR_INTERRUPTED : ERR_TERMINATED,
	    "stopped by a signal");
}

json_t *measure_metrics(const struct catalog *catalog, const char *const *names, size_t count,
    enum level *worst, struct err *err)
{
	const struct platform *platform = catalog->platform;
	json_t *wanted = names_json(names, count);
	json_t *constants = scope_constants(platform);
	struct redact *redact = redact_for_platform(platform, err);
	const struct metric **metrics =
	    redact ? measure_select(platform, wanted, &count, err) : NULL;
	json_t *vars = metrics ? vars_resolve(platform, NULL, &(struct plan_options){0}, constants,
	                             redact, err)
	                       : NULL;
	struct scope scope = {.names = constants, .clock = &clock_system, .redact = redact};
	struct checking checking = {.catalog = catalog};
	json_t *masked = NULL;

	if (vars) {
		channels_mask(&(struct channel_names){platform, constants, redact});
		mask_targets(redact, platform, constants);
	}
	if (vars && check(&checking, metrics, count, &scope, err) == 0) {
		masked = redact_value(redact, checking.metrics);
		*worst = checking.worst;
	} else {
		redact_err(redact, err);
	}
	json_decref(checking.metrics);
	json_decref(vars);
	free(metrics);
	redact_free(redact);
	json_decref(constants);
	json_decref(wanted);
	return masked;
}
