/* `ping: true`: who is let in, in pg_isready's words. Invariant: it always has a result, so that `until: value ==
 * "accepting"` can wait for it. */
#include "run.h"

bool pg_is_ping(const struct pg_call *pg)
{
	return json_is_true(json_object_get(pg->call->args, "ping"));
}

static const struct {
	const char *name;
	const char *line; /* pg_isready's own words */
} answers[] = {
    [PG_ACCEPTING] = {"accepting", "accepting connections"},
    [PG_REJECTING] = {"rejecting", "rejecting connections"},
    [PG_NO_ANSWER] = {"no answer", "no response"},
};

void pg_ping_end(struct pg_call *pg, enum pg_answer answer)
{
	struct call *call = pg->call;
	struct err why = pg->failure;
	json_t *result =
	    json_pack("{s:[], s:s, s:i}", "rows", "value", answers[answer].name, "count", 0);
	struct buf line;

	buf_init(&line, BUF_TEXT_MAX);
	pg_fail_where(&pg->settings, pg->conn, &line);
	buf_addf(&line, " - %s", answers[answer].line);
	pg_fail_said(pg->conn, &line);
	buf_addc(&line, '\n');
	pg_close(pg);
	call_output(call, CHILD_STDOUT, line.data, line.len);
	buf_release(&line);
	call_done(call, result, answer == PG_ACCEPTING ? NULL : why.text);
}
