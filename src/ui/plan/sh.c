/* The dry run as a POSIX script: `--dry-run=sh`. Invariant: nothing changes anything before a
 * person at /dev/tty has said so, and nothing that is not known is guessed: it is asked for. */
#include <string.h>

#include "fsops/value.h"
#include "sh_script.h"
#include "ui/look.h"
#include "ui/safe.h"

static const char *const helpers[HELPER_COUNT] = {
    [HELPER_SAY] = "say() {\n"
                   "\tprintf '%s\\n' \"$*\"\n"
                   "}\n",
    [HELPER_ASK] = "# ask QUESTION: a line from the person, into $answer\n"
                   "ask() {\n"
                   "\tprintf '%s ' \"$1\" >/dev/tty\n"
                   "\tIFS= read -r answer </dev/tty || exit 1\n"
                   "}\n",
    [HELPER_CONFIRM] = "# confirm QUESTION: only y and yes mean yes\n"
                       "confirm() {\n"
                       "\task \"$1 [y/N]\"\n"
                       "\tcase $answer in\n"
                       "\t[yY] | [yY][eE][sS]) return 0 ;;\n"
                       "\tesac\n"
                       "\treturn 1\n"
                       "}\n",
    [HELPER_CONFIRM_DESTROY] =
        "confirm_destroy() {\n"
        "\task \"this destroys on $platform; type \\\"destroy\\\" to run it:\"\n"
        "\t[ \"$answer\" = destroy ]\n"
        "}\n",
    [HELPER_NEXT] = "# next WHAT: false when the person gives no more\n"
                    "next() {\n"
                    "\task \"next $1 (empty: no more):\"\n"
                    "\t[ -n \"$answer\" ]\n"
                    "}\n",
    [HELPER_WAIT] = "# by_hand TEXT: a person does it\n"
                    "by_hand() {\n"
                    "\tsay \"by hand: $1\"\n"
                    "\task 'press Enter when it is done'\n"
                    "}\n",
    [HELPER_NOTE] = "# note WHAT: a read that failed is a finding, not the end\n"
                    "note() {\n"
                    "\tfailed=$((failed + 1))\n"
                    "\tprintf '!! failed: %s\\n' \"$1\" >&2\n"
                    "}\n",
    [HELPER_SHOW] =
        "# show COMMAND...: as it could be typed\n"
        "show() {\n"
        "\twhile [ \"$1\" = any ] || [ \"$1\" = judged ] || [ \"$1\" = request ]; do shift; done\n"
        "\tprintf '\\n$'\n"
        "\tfor word; do\n"
        "\t\tcase $word in\n"
        "\t\t'' | *[!A-Za-z0-9_./:=@%+,-]*)\n"
        "\t\t\tprintf \" '%s'\" \"$(printf '%s' \"$word\" | sed \"s/'/'\\\\\\\\''/g\")\" ;;\n"
        "\t\t*) printf ' %s' \"$word\" ;;\n"
        "\t\tesac\n"
        "\tdone\n"
        "\tprintf '\\n'\n"
        "}\n",
    [HELPER_ANY] = "# any COMMAND...: how it ends says nothing, what is asked after it does\n"
                   "any() {\n"
                   "\t\"$@\" || :\n"
                   "}\n",
    [HELPER_JUDGED] =
        "# judged COMMAND...: it may fail by itself and be as expected: a person says so\n"
        "judged() {\n"
        "\t\"$@\" || confirm 'it failed by itself: is that as expected?'\n"
        "}\n",
    [HELPER_REQUEST] =
        "# request CURL...: a redirect that is not followed is no success, though curl calls it "
        "one\n"
        "request() {\n"
        "\treply=$(mktemp) || exit 1\n"
        "\tstatus=$(\"$@\" -o \"$reply\" -w '%{http_code}')\n"
        "\tended=$?\n"
        "\tcat \"$reply\"\n"
        "\trm -f \"$reply\"\n"
        "\t[ \"$ended\" -ne 0 ] || case $status in\n"
        "\t2*) ;;\n"
        "\t*)\n"
        "\t\tprintf 'status %s, and it is not followed\\n' \"$status\" >&2\n"
        "\t\tended=22\n"
        "\t\t;;\n"
        "\tesac\n"
        "\treturn \"$ended\"\n"
        "}\n",
    [HELPER_PLAIN] =
        "# plain VALUE CHARACTERS: can it be put into an address or a query as it is?\n"
        "plain() {\n"
        "\tcase $1 in\n"
        "\t'' | . | ..) ;;\n"
        "\t*) [ -n \"$(printf '%s' \"$1\" | tr -d \"$2\")\" ] || return 0 ;;\n"
        "\tesac\n"
        "\tprintf \"!! '%s' would be read as something else there\\n\" \"$1\" >&2\n"
        "\treturn 1\n"
        "}\n",
    [HELPER_LOOK] = "# look NAME COMMAND...: a read\n"
                    "look() {\n"
                    "\tname=$1\n"
                    "\tshift\n"
                    "\tshow \"$@\"\n"
                    "\t\"$@\" || note \"$name\"\n"
                    "}\n",
    [HELPER_CHANGE] = "# change NAME COMMAND...: only if the person says so\n"
                      "change() {\n"
                      "\tname=$1\n"
                      "\tdeclined=\n"
                      "\tshift\n"
                      "\tshow \"$@\"\n"
                      "\tif confirm \"run this on $platform?\"; then\n"
                      "\t\t\"$@\" || stop \"$name\"\n"
                      "\telse\n"
                      "\t\tsay 'not run'\n"
                      "\t\tdeclined=y\n"
                      "\tfi\n"
                      "}\n",
    [HELPER_DESTROY] = "# destroy NAME COMMAND...: only if the person types the word\n"
                       "destroy() {\n"
                       "\tname=$1\n"
                       "\tdeclined=\n"
                       "\tshift\n"
                       "\tshow \"$@\"\n"
                       "\tif confirm_destroy; then\n"
                       "\t\t\"$@\" || stop \"$name\"\n"
                       "\telse\n"
                       "\t\tsay 'not run'\n"
                       "\t\tdeclined=y\n"
                       "\tfi\n"
                       "}\n",
    [HELPER_TUNNEL] =
        "# tunnel COMMAND...: open one, its local port into $port; it ends with this script\n"
        "tunnels=\n"
        "close_tunnels() {\n"
        "\tfor opened in $tunnels; do kill \"$opened\" 2>/dev/null; done\n"
        "}\n"
        "trap close_tunnels EXIT\n"
        "trap 'exit 130' INT\n"
        "trap 'exit 143' TERM HUP\n"
        "tunnel() {\n"
        "\tshow \"$@\"\n"
        "\theard=$(mktemp) || exit 1\n"
        "\t\"$@\" >\"$heard\" &\n"
        "\ttunnels=\"$tunnels $!\"\n"
        "\tport=\n"
        "\ttries=0\n"
        "\twhile [ -z \"$port\" ] && [ \"$tries\" -lt 65 ] && kill -0 $! 2>/dev/null; do\n"
        "\t\t[ \"$tries\" -eq 0 ] || sleep 1\n"
        "\t\ttries=$((tries + 1))\n"
        "\t\tport=$(sed -n "
        "'s/^Forwarding from 127\\.0\\.0\\.1:\\([0-9]*\\) .*/\\1/p' \"$heard\")\n"
        "\tdone\n"
        "\trm -f \"$heard\"\n"
        "\t[ -n \"$port\" ] || note 'the tunnel did not open'\n"
        "}\n",
};

/* It depends on the plan: what else runs when a change has failed. */
static void add_stop(struct buf *out, const struct script *s)
{
	buf_adds(out, "# stop WHAT: what must not fail has failed\n"
	              "stop() {\n"
	              "\tprintf '!! failed: %s\\n' \"$1\" >&2\n"
	              "\t[ \"$stopping\" -eq 0 ] || return 0\n"
	              "\tstopping=1\n");
	if (s->has[SECTION_ON_FAILURE])
		buf_adds(out, "\ton_failure\n");
	if (s->has[SECTION_ALWAYS])
		buf_adds(out, "\talways\n");
	buf_adds(out, "\texit 2\n}\n");
}

static void add_step(struct script *s, const struct plan_step *step, size_t number, size_t of)
{
	char budget[CLOCK_TEXT_MAX];
	enum sh_when when;
	bool looping;

	clock_format_span(step->budget, budget);
	sh_gap(s);
	sh_call(s, HELPER_SAY, "say", "", "== Step %zu of %zu: %s (budget %s)", number, of,
	    step->title, budget);
	when = sh_open_when(s, &step->step->when);
	if (when == SH_WHEN_NEVER)
		return;
	looping = sh_open_loop(s, &step->step->for_each, step->step->as, step->rounds_at_once);
	for (size_t i = 0; i < step->action_count; i++)
		sh_add_action(s, &step->actions[i]);
	sh_close_loop(s, looping, step->step->as);
	sh_close(s, when == SH_WHEN_ASKED, "fi");
}

void sh_add_steps(struct script *s, const struct plan *plan, enum section section)
{
	for (size_t i = 0; i < plan->step_count; i++)
		if (plan->steps[i].selected && plan->steps[i].section == section)
			add_step(s, &plan->steps[i], i + 1, plan->step_count);
}

static bool has_section(const struct plan *plan, enum section section)
{
	for (size_t i = 0; i < plan->step_count; i++)
		if (plan->steps[i].selected && plan->steps[i].section == section)
			return true;
	return false;
}

/* A section that is run from more than one place is a function. */
static void add_function(struct script *s, const char *name, enum section section)
{
	if (!s->has[section])
		return;
	sh_line(s, "\n%s() {", name);
	s->depth++;
	sh_add_steps(s, s->plan, section);
	s->depth--;
	sh_line(s, "}");
}

static void add_head(struct buf *out, const struct script *s)
{
	const struct runbook *runbook = s->plan->runbook;

	buf_adds(out, "#!/bin/sh\n");
	buf_adds(out, "# ");
	safe_adds(out, runbook->title);
	buf_addf(out, ", on %s", s->plan->catalog->platform->name);
	if (s->plan->catalog->platform->runbooks) {
		buf_adds(out, "\n# Runbooks in ");
		look_add_path(out, s->plan->catalog->platform->runbooks);
	}
	buf_addf(out, "\n# Made by `fsops run %s --dry-run=sh`: the same steps, by hand.\n",
	    runbook->name);
	buf_adds(out, "# Reads run as they are; a change is shown and asked for at the terminal.\n"
	              "# What a shell cannot evaluate is asked, too.\n"
	              "#\n# Text in single quotes is meant as it stands:\n"
	              "# shellcheck disable=SC2016,SC2034\nset -u\n\nfailed=0\n");
	if (s->used & 1u << HELPER_STOP)
		buf_adds(out, "stopping=0\n");
	if (s->used & (1u << HELPER_CHANGE | 1u << HELPER_CONFIRM_DESTROY)) {
		buf_adds(out, "platform=");
		buf_add_shell_word(out, s->plan->catalog->platform->name);
		buf_addc(out, '\n');
	}
	for (size_t i = 0; i < s->names.count; i++)
		if (!s->names.items[i].env)
			buf_addf(out, "%s=\n", s->names.items[i].name);
	for (int i = 0; i < HELPER_COUNT; i++) {
		if (!(s->used & 1u << i))
			continue;
		buf_addc(out, '\n');
		if (i == HELPER_STOP)
			add_stop(out, s);
		else
			buf_adds(out, helpers[i]);
	}
}

/* "VARIABLE=VALUE" for the `${…}` that stands in commands for it; nothing when it is no `${…}`. */
static void set_hole(struct script *s, const char *hole, const char *value)
{
	if (strncmp(hole, "${", 2) == 0)
		sh_line(s, "%s=%s", sh_name_of(&s->names, hole + 2, strlen(hole) - 3)->name, value);
}

static void add_tunnels(struct script *s)
{
	json_t *tunnels = plan_tunnels(s->plan);
	size_t i;
	json_t *tunnel;

	json_array_foreach(tunnels, i, tunnel) {
		struct buf command;

		buf_addc(s->out, '\n');
		sh_comment(s, "a tunnel for target ", value_get_text(tunnel, "target"));
		if (value_get_text(tunnel, "name"))
			sh_comment(s, "not needed where this resolves, but it does no harm: ",
			    value_get_text(tunnel, "name"));
		sh_use(s, HELPER_TUNNEL);
		buf_init(&command, BUF_TEXT_MAX);
		sh_add_command(&command, &s->names, value_get_text(tunnel, "command"));
		sh_line(s, "tunnel %s", command.data);
		set_hole(s, value_get_text(tunnel, "host"), "127.0.0.1");
		set_hole(s, value_get_text(tunnel, "port"), "$port");
		buf_release(&command);
	}
	json_decref(tunnels);
}

static void add_main(struct script *s)
{
	const struct runbook *runbook = s->plan->runbook;

	add_tunnels(s);
	for (size_t i = 0; i < runbook->metric_count; i++) {
		if (i == 0) {
			buf_addc(s->out, '\n');
			sh_call(s, HELPER_SAY, "say", "", "== Metrics before");
		}
		sh_add_metric(s, runbook->metrics[i]);
	}
	sh_add_steps(s, s->plan, SECTION_STEPS);
	sh_add_steps(s, s->plan, SECTION_RECOVERY);
	if (s->has[SECTION_ALWAYS])
		sh_line(s, "\nalways");
	sh_line(s, "\nif [ \"$failed\" -gt 0 ]; then");
	sh_line(s, "\tprintf '%%s\\n' \"$failed of the reads failed\" >&2\n\texit 2\nfi");
}

void print_plan_sh(struct buf *out, const struct plan *plan)
{
	struct buf functions, body;
	struct script s = {.plan = plan, .out = &functions};

	for (int i = 0; i < SECTION_COUNT; i++)
		s.has[i] = has_section(plan, (enum section)i);
	buf_init(&functions, UI_TEXT_MAX);
	buf_init(&body, UI_TEXT_MAX);
	s.out = &body;
	add_main(&s);
	s.has[SECTION_ON_FAILURE] = s.has[SECTION_ON_FAILURE] && s.used & 1u << HELPER_STOP;
	s.out = &functions;
	add_function(&s, "on_failure", SECTION_ON_FAILURE);
	add_function(&s, "always", SECTION_ALWAYS);
	add_head(out, &s);
	buf_add(out, functions.data, functions.len);
	buf_add(out, body.data, body.len);
	if (functions.full || body.full)
		out->full = true;
	buf_release(&functions);
	buf_release(&body);
	sh_names_release(&s.names);
}
