/* Freeing what was decoded: every part that may be half-made, from the leaves up. */
#include <stdlib.h>

#include "runbook/catalog/catalog.h"

static void condition_release(struct condition *condition)
{
	free(condition->text);
	expr_free(condition->expr);
}

static void expectation_release(struct expectation *expectation)
{
	condition_release(&expectation->holds);
	free(expectation->message);
}

static void texts_free(char **texts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(texts[i]);
	free(texts);
}

static void vars_free(struct var *vars, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(vars[i].name);
		json_decref(vars[i].value);
		json_decref(vars[i].like);
		free(vars[i].pattern);
		free(vars[i].from);
		free(vars[i].help);
	}
	free(vars);
}

static void action_release(struct action *action);

static void look_free(struct action *look)
{
	if (look)
		action_release(look);
	free(look);
}

static void action_release(struct action *action)
{
	free(action->id);
	free(action->title);
	json_decref(action->args);
	condition_release(&action->when);
	for (size_t i = 0; i < action->expect_count; i++)
		expectation_release(&action->expects[i]);
	free(action->expects);
	for (size_t i = 0; i < action->capture_count; i++) {
		free(action->captures[i].name);
		condition_release(&action->captures[i].value);
	}
	free(action->captures);
	condition_release(&action->until);
	look_free(action->look);
	free(action->hold_for_text);
	condition_release(&action->for_each);
	free(action->as);
	free(action->save);
	free(action->stdin_text);
	json_decref(action->inherit);
}

static void step_release(struct step *step)
{
	free(step->id);
	free(step->title);
	condition_release(&step->when);
	condition_release(&step->for_each);
	free(step->as);
	for (size_t i = 0; i < step->action_count; i++)
		action_release(&step->actions[i]);
	free(step->actions);
}

static void steps_release(struct step_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		step_release(&list->items[i]);
	free(list->items);
}

void runbook_release(struct runbook *runbook)
{
	free(runbook->name);
	free(runbook->file);
	texts_free(runbook->aliases, runbook->alias_count);
	free(runbook->title);
	free(runbook->summary);
	free(runbook->schedule.text);
	texts_free(runbook->symptoms, runbook->symptom_count);
	free(runbook->metrics);
	free(runbook->named_metrics);
	vars_free(runbook->vars, runbook->var_count);
	for (int section = 0; section < SECTION_COUNT; section++)
		steps_release(&runbook->sections[section]);
}

static void target_release(struct target *target)
{
	free(target->name);
	json_decref(target->config);
	free(target->tunnel);
}

static void metric_release(struct metric *metric)
{
	free(metric->name);
	free(metric->title);
	action_release(&metric->source);
	condition_release(&metric->value);
	threshold_release(&metric->thresholds.baseline);
	threshold_release(&metric->thresholds.warning);
	threshold_release(&metric->thresholds.critical);
	free(metric->runbook);
}

static void alert_release(struct alert *alert)
{
	free(alert->name);
	free(alert->action);
	free(alert->expr);
	free(alert->runbook);
	free(alert->contact);
	json_decref(alert->match);
}

void platform_release(struct platform *platform)
{
	free(platform->name);
	free(platform->file);
	free(platform->runbooks);
	vars_free(platform->vars, platform->var_count);
	for (size_t i = 0; i < platform->target_count; i++)
		target_release(&platform->targets[i]);
	free(platform->targets);
	for (size_t i = 0; i < platform->metric_count; i++)
		metric_release(&platform->metrics[i]);
	free(platform->metrics);
	for (size_t i = 0; i < platform->alert_count; i++)
		alert_release(&platform->alerts[i]);
	free(platform->alerts);
	for (size_t i = 0; i < platform->escalation_count; i++) {
		free(platform->escalations[i].covers);
		free(platform->escalations[i].contact);
		texts_free(
		    platform->escalations[i].runbooks, platform->escalations[i].runbook_count);
	}
	free(platform->escalations);
	json_decref(platform->contacts);
	json_decref(platform->links);
	for (size_t i = 0; i < platform->channel_count; i++) {
		free(platform->channels[i].name);
		json_decref(platform->channels[i].config);
	}
	free(platform->channels);
	texts_free(platform->secrets, platform->secret_count);
}
