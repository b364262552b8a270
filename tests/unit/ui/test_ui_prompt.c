/* The prompt over a pseudo-terminal: what means yes, what asks again, what ends it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fsops/loop.h"
#include "fsops/mem.h"
#include "fsops/ui.h"
#include "ui/terminal/screen.h"

struct scene {
	struct loop *loop;
	struct screen *screen;
	struct asker *asker;
	int master;
	int slave;
	struct buf seen;   /* what the person sees */
	const char *typed; /* line by line, each when the question is there */
	const char *wait;  /* what is seen when the person types */
	size_t looked;     /* so much of what is seen was looked at */
	bool answered;
	enum answer answer;
	struct loop_timer *late;
};

static void on_answer(void *ctx, enum answer answer)
{
	struct scene *scene = ctx;

	assert_false(scene->answered);
	scene->answered = true;
	scene->answer = answer;
	loop_stop(scene->loop);
}

/* Type the next line when the prompt has been shown since the last one. */
static void type_next(struct scene *scene)
{
	size_t len = strcspn(scene->typed, "\n");
	const char *prompt;

	if (!*scene->typed)
		return;
	prompt = strstr(scene->seen.data + scene->looked, scene->wait);
	if (!prompt)
		return;
	scene->looked = (size_t)(prompt - scene->seen.data) + strlen(scene->wait);
	len += scene->typed[len] == '\n';
	assert_int_equal(write(scene->master, scene->typed, len), len);
	scene->typed += len;
}

static void on_seen(void *ctx, int fd, int ready)
{
	struct scene *scene = ctx;
	char block[1024];
	ssize_t got = read(fd, block, sizeof(block));

	(void)ready;
	if (got > 0)
		buf_add(&scene->seen, block, (size_t)got);
	type_next(scene);
}

static void too_late(void *ctx)
{
	struct scene *scene = ctx;

	scene->late = NULL;
	loop_stop(scene->loop);
}

static void scene_begin(struct scene *scene, const char *wait, const char *typed)
{
	struct prompt_place place = {0};

	*scene = (struct scene){.wait = wait, .typed = typed, .loop = loop_new(&clock_system)};
	assert_int_equal(openpty(&scene->master, &scene->slave, NULL, NULL, NULL), 0);
	buf_init(&scene->seen, BUF_TEXT_MAX);
	scene->screen = screen_new(scene->slave);
	place.screen = scene->screen;
	place.in = scene->slave;
	scene->asker = prompt_new(scene->loop, &place);
	loop_watch(scene->loop, scene->master, LOOP_READ, on_seen, scene);
}

static void scene_end(struct scene *scene)
{
	scene->asker->ops->close(scene->asker);
	screen_free(scene->screen);
	loop_free(scene->loop);
	buf_release(&scene->seen);
	close(scene->master);
	close(scene->slave);
}

static void scene_play(struct scene *scene, const struct question *question, msec patience)
{
	scene->asker->ops->ask(scene->asker, question, on_answer, scene);
	scene->late = loop_after(scene->loop, patience, too_late, scene);
	loop_run(scene->loop);
	loop_cancel(scene->late);
}

static const struct question change = {
    .kind = QUESTION_CHANGE,
    .step = "Roll back",
    .command = "kubectl rollout undo deployment/x",
    .where = "context prod, namespace p",
};
static const struct question destroy = {
    .kind = QUESTION_DESTROY,
    .step = "Remove",
    .command = "kubectl delete pvc data",
    .name = "data",
};
static const struct question failed = {
    .kind = QUESTION_FAILED, .step = "Scale", .command = "kubectl scale", .text = "exit status 1"};
static const char *const items[] = {"Update the status page", "Tell Slack"};
static const struct question manual = {
    .kind = QUESTION_MANUAL, .step = "Tell", .checklist = items, .checklist_count = 2};

/* NOTHING: no answer may come of what is typed. */
#define NOTHING ((enum answer)99)

static const struct play {
	const struct question *question;
	const char *typed;
	enum answer answer;
} plays[] = {
    {&change, "y\n", ANSWER_YES},
    {&change, "yes\n", ANSWER_YES},
    {&change, " YES \n", ANSWER_YES},
    {&change, "s\n", ANSWER_SKIP},
    {&change, "abort\n", ANSWER_ABORT},
    {&change, "\x04", ANSWER_ABORT}, /* the end of input */
    {&change, "\n", NOTHING},
    {&change, "ye\n", NOTHING},
    {&change, "yess\n", NOTHING},
    {&change, "yes please\n", NOTHING},
    {&change, "d\n", NOTHING},
    {&change, "maybe\n\ny\n", ANSWER_YES},
    {&change, "?\ns\n", ANSWER_SKIP},
    {&destroy, "y\n", NOTHING},
    {&destroy, "yes\n", NOTHING},
    {&destroy, "dat\n", NOTHING},
    {&destroy, "Data\n", NOTHING},
    {&destroy, "s\n", NOTHING},
    {&destroy, "data\n", ANSWER_YES},
    {&destroy, "skip\n", ANSWER_SKIP},
    {&destroy, "y\nabort\n", ANSWER_ABORT},
    {&destroy, "\x04", ANSWER_ABORT},
    {&failed, "r\n", ANSWER_RETRY},
    {&failed, "y\n", NOTHING},
    {&failed, "skip\n", ANSWER_SKIP},
    {&manual, "d\nd\n", ANSWER_YES},
    {&manual, "done\nno\n", ANSWER_NO},
    {&manual, "d\n", NOTHING},
    {&manual, "s\n", ANSWER_SKIP},
    {&manual, "d\n\x04", ANSWER_ABORT},
};

/* The end of each kind's line to answer on. */
static const char *const waits[] = {
    [QUESTION_CHANGE] = "[a]bort [?] ",
    [QUESTION_DESTROY] = "\"?\" ",
    [QUESTION_FAILED] = "[a]bort [?] ",
    [QUESTION_MANUAL] = "[a]bort [?] ",
};

static void answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(plays); i++) {
		const struct play *play = &plays[i];
		struct scene scene;

		scene_begin(&scene, waits[play->question->kind], play->typed);
		scene_play(&scene, play->question, play->answer == NOTHING ? 60 : 3000);
		if (scene.answered != (play->answer != NOTHING))
			fail_msg("'%s' to question %d: %s; seen: %s", play->typed,
			    (int)play->question->kind,
			    scene.answered ? "an answer came" : "no answer came", scene.seen.data);
		if (scene.answered)
			assert_int_equal(scene.answer, play->answer);
		scene_end(&scene);
	}
}

static void shows_what_and_where(void **state)
{
	struct scene scene;

	(void)state;
	scene_begin(&scene, waits[QUESTION_CHANGE], "y\n");
	scene_play(&scene, &change, 3000);
	assert_non_null(strstr(scene.seen.data, change.command));
	assert_non_null(strstr(scene.seen.data, change.where));
	assert_non_null(strstr(scene.seen.data, "[y]es [s]kip [a]bort [?]"));
	scene_end(&scene);
}

static void commands_cannot_hide_themselves(void **state)
{
	struct question sly = change;
	struct scene scene;

	(void)state;
	sly.command = "rm -rf /\r\x1b[2Kecho harmless";
	scene_begin(&scene, waits[QUESTION_CHANGE], "a\n");
	scene_play(&scene, &sly, 3000);
	assert_non_null(strstr(scene.seen.data, "rm -rf /\\x0d\\x1b[2Kecho harmless"));
	scene_end(&scene);
}

/* A "y" typed while something else was running must not approve the next change. */
static void typed_before_the_question_does_not_count(void **state)
{
	struct scene scene;

	(void)state;
	scene_begin(&scene, "never", "");
	assert_int_equal(write(scene.master, "y\n", 2), 2);
	usleep(20000);
	scene_play(&scene, &change, 100);
	assert_false(scene.answered);
	scene_end(&scene);
}

static void withdrawn_never_answers(void **state)
{
	struct scene scene;

	(void)state;
	scene_begin(&scene, "never", "");
	scene.asker->ops->ask(scene.asker, &change, on_answer, &scene);
	scene.asker->ops->withdraw(scene.asker);
	assert_int_equal(write(scene.master, "y\n", 2), 2);
	scene.late = loop_after(scene.loop, 60, too_late, &scene);
	loop_run(scene.loop);
	assert_false(scene.answered);
	scene_end(&scene);
}

static void a_line_in_between_shows_the_question_again(void **state)
{
	struct scene scene;
	const char *first, *second;

	(void)state;
	scene_begin(&scene, "never", "");
	scene.asker->ops->ask(scene.asker, &change, on_answer, &scene);
	screen_print(scene.screen, "time is running out\n", 20);
	scene.late = loop_after(scene.loop, 60, too_late, &scene);
	loop_run(scene.loop);
	first = strstr(scene.seen.data, "Run this?");
	assert_non_null(first);
	second = strstr(first, "time is running out");
	assert_non_null(second);
	assert_non_null(strstr(second, "Run this?"));
	scene_end(&scene);
}

static void nobody_answers_from_the_loop(void **state)
{
	struct scene scene = {.loop = loop_new(&clock_system)};
	struct asker *nobody = nobody_new(scene.loop, NULL);

	(void)state;
	nobody->ops->ask(nobody, &change, on_answer, &scene);
	assert_false(scene.answered);
	loop_run(scene.loop);
	assert_true(scene.answered);
	assert_int_equal(scene.answer, ANSWER_NOBODY);
	scene.answered = false;
	nobody->ops->ask(nobody, &change, on_answer, &scene);
	nobody->ops->withdraw(nobody);
	loop_run(scene.loop);
	assert_false(scene.answered);
	nobody->ops->close(nobody);
	loop_free(scene.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(answers),
	    cmocka_unit_test(shows_what_and_where),
	    cmocka_unit_test(commands_cannot_hide_themselves),
	    cmocka_unit_test(typed_before_the_question_does_not_count),
	    cmocka_unit_test(withdrawn_never_answers),
	    cmocka_unit_test(a_line_in_between_shows_the_question_again),
	    cmocka_unit_test(nobody_answers_from_the_loop),
	};

	return cmocka_run_group_tests_name("ui_prompt", tests, NULL, NULL);
}
