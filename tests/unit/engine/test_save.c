/* `save:`: what is under the name that was given, and what lies beside it. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/resume/saved.h"
#include "engine/run/save.h"
#include "fsops/value.h"

#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static int make_folder(void **state)
{
	static char folder[] = "/tmp/fsops-save-XXXXXX";

	*state = mkdtemp(folder);
	return *state && chdir(folder) == 0 ? 0 : -1;
}

/* How many entries FOLDER has; they are taken away. */
static int empty(const char *folder)
{
	char path[512];
	DIR *dir = opendir(folder);
	int count = 0;

	assert_non_null(dir);
	for (struct dirent *entry; (entry = readdir(dir));) {
		if (entry->d_name[0] == '.')
			continue;
		count++;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		assert_int_equal(unlink(path), 0);
	}
	closedir(dir);
	return count;
}

static int remove_folder(void **state)
{
	empty(*state);
	return chdir("/") == 0 ? rmdir(*state) : -1;
}

static void assert_mode(const char *path, mode_t mode)
{
	struct stat info;

	assert_int_equal(lstat(path, &info), 0);
	assert_int_equal(info.st_mode & 07777, mode);
}

static void a_whole_output_has_its_digest(void **state)
{
	struct err err;
	struct save *save = save_open("out", SIZE_MAX, &err);
	json_t *saved;

	(void)state;
	save_add(save, "thrown away", 11);
	save_restart(save);
	save_add(save, "a", 1);
	save_add(save, "bc", 2);
	assert_int_equal(access("out", F_OK), -1);
	assert_int_equal(save_close(save, true, &saved, &err), 0);
	assert_mode("out", 0600);
	assert_string_equal(value_get_text(saved, "path"), "out");
	assert_string_equal(value_get_text(saved, "sha256"), ABC);
	assert_int_equal(value_get_number(saved, "bytes", 0), 3);
	assert_true(json_is_true(json_object_get(saved, "complete")));
	json_decref(saved);
	assert_int_equal(empty("."), 1);
}

static void what_is_cut_short_has_another_name(void **state)
{
	struct err err;
	struct save *save = save_open("out", SIZE_MAX, &err);
	json_t *saved;

	(void)state;
	save_add(save, "abc", 3);
	assert_int_equal(save_close(save, false, &saved, &err), 0);
	assert_int_equal(access("out", F_OK), -1);
	assert_memory_equal(value_get_text(saved, "path"), "out.part-", 9);
	assert_mode(value_get_text(saved, "path"), 0600);
	assert_string_equal(value_get_text(saved, "sha256"), ABC);
	assert_true(json_is_false(json_object_get(saved, "complete")));
	json_decref(saved);
	assert_int_equal(empty("."), 1);
}

static void of_nothing_nothing_is_left(void **state)
{
	struct err err;
	json_t *saved;

	(void)state;
	assert_int_equal(save_close(save_open("out", SIZE_MAX, &err), false, &saved, &err), 0);
	assert_null(saved);
	assert_int_equal(empty("."), 0);
	assert_int_equal(save_close(save_open("out", SIZE_MAX, &err), true, &saved, &err), 0);
	assert_mode("out", 0600);
	json_decref(saved);
	assert_int_equal(empty("."), 1);
}

static void nothing_is_overwritten(void **state)
{
	struct err err;
	struct save *save;
	json_t *saved;

	(void)state;
	assert_int_equal(symlink("/nowhere", "link"), 0);
	assert_null(save_open("link", SIZE_MAX, &err));
	assert_non_null(strstr(err.text, "is there already and is never overwritten"));
	assert_int_equal(empty("."), 1);

	save = save_open("out", SIZE_MAX, &err);
	save_add(save, "abc", 3);
	close(open("out", O_WRONLY | O_CREAT | O_EXCL, 0644)); /* somebody was faster */
	assert_int_equal(save_close(save, true, &saved, &err), -1);
	assert_non_null(strstr(err.text, "never overwritten"));
	assert_non_null(strstr(err.text, "3 bytes are in 'out.part-"));
	assert_mode("out", 0644);
	json_decref(saved);
	assert_int_equal(empty("."), 2);
}

static void an_incident_gets_a_folder(void **state)
{
	struct err err;
	json_t *saved;

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(
		    save_close(save_open(i ? "incident/b" : "incident/a", SIZE_MAX, &err), true,
		        &saved, &err),
		    0);
		json_decref(saved);
	}
	assert_mode("incident", 0700);
	assert_int_equal(empty("incident"), 2);
	assert_int_equal(rmdir("incident"), 0);
	assert_null(save_open("no/such/out", SIZE_MAX, &err));
	assert_non_null(strstr(err.text, "'no/such/out': folder 'no/such': No such file"));
	assert_int_equal(empty("."), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_whole_output_has_its_digest),
	    cmocka_unit_test(what_is_cut_short_has_another_name),
	    cmocka_unit_test(of_nothing_nothing_is_left),
	    cmocka_unit_test(nothing_is_overwritten),
	    cmocka_unit_test(an_incident_gets_a_folder),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
