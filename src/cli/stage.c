/* The terminal and the output of a run. Invariant: whoever is asked sees everything that was told
 * before. */
#include "stage.h"

#include <fcntl.h>
#include <unistd.h>

#include "fsops/loop.h"

void stage_open(struct stage *stage, struct cli *cli)
{
	bool drawing = cli->look.width > 0 && !cli_format(cli, "json");

	*stage = (struct stage){.out = &cli->out, .tty = -1};
	if (isatty(STDIN_FILENO)) {
		stage->tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
		if (stage->tty < 0)
			stage->tty = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	}
	if (drawing)
		stage->screen = screen_new(STDOUT_FILENO);
	else if (stage->tty >= 0)
		stage->screen = screen_new(stage->tty);
	stage->prompt = (struct prompt_place){
	    .screen = stage->screen,
	    .after = &cli->out,
	    .in = stage->tty,
	    .look = look_for(stage->tty, cli->options.no_color || cli->options.plain),
	};
}

void stage_close(struct stage *stage)
{
	out_drain(stage->out);
	screen_free(stage->screen);
	if (stage->tty >= 0)
		close(stage->tty);
}

struct sink *stage_sink(struct stage *stage, struct cli *cli)
{
	const struct sink_options options = {
	    .look = cli->look,
	    .quiet = cli->options.quiet,
	    .verbose = cli->options.verbose,
	};

	if (cli_format(cli, "json"))
		return sink_json_new(&cli->out);
	if (!cli->look.width) {
		stage->plain = sink_plain_new(&cli->out, &options);
		return stage->plain;
	}
	stage->terminal = sink_terminal_new(stage->screen, &options);
	return stage->terminal;
}

struct sink *stage_early_sink(struct stage *stage)
{
	if (stage->terminal)
		return sink_terminal_early(stage->terminal);
	return stage->plain ? sink_plain_early(stage->plain) : NULL;
}

void stage_on_loop(struct stage *stage, struct loop *loop)
{
	out_on_loop(stage->out, loop);
	if (stage->screen)
		screen_on_loop(stage->screen, loop);
	if (stage->terminal)
		sink_terminal_on_loop(stage->terminal, loop);
}

/* ---- a question outside of a run ---- */

struct waiting {
	struct loop *loop;
	enum answer answer;
};

static void on_answer(void *ctx, enum answer answer)
{
	struct waiting *waiting = ctx;

	waiting->answer = answer;
	loop_stop(waiting->loop);
}

enum answer stage_ask(struct stage *stage, const struct question *question)
{
	struct waiting waiting = {.loop = loop_new(&clock_system), .answer = ANSWER_NOBODY};
	struct asker *asker = stage->tty >= 0 ? prompt_new(waiting.loop, &stage->prompt)
	                                      : nobody_new(waiting.loop, NULL);

	asker->ops->ask(asker, question, on_answer, &waiting);
	loop_run(waiting.loop);
	asker->ops->close(asker);
	loop_free(waiting.loop);
	return waiting.answer;
}
