/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/util/outfile.h"

static char directory[] = "/tmp/test-outfile-XXXXXX";
static char path[PATH_MAX];

static void setup(void)
{
	cr_assert_not_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/report", directory);
}

static int entries(bool remove)
{
	int count = 0;
	DIR *open = opendir(directory);
	for (struct dirent *entry; (entry = readdir(open));) {
		char name[PATH_MAX + 256];
		if (entry->d_name[0] == '.')
			continue;
		count++;
		snprintf(name, sizeof(name), "%s/%s", directory, entry->d_name);
		if (remove)
			unlink(name);
	}
	closedir(open);
	return count;
}

static void teardown(void)
{
	entries(true);
	rmdir(directory);
}

static void assert_holds(const char *expected)
{
	char text[100] = "";
	FILE *file = fopen(path, "r");
	cr_assert_not_null(file);
	cr_assert_eq(fread(text, 1, sizeof(text) - 1, file), strlen(expected));
	cr_assert_str_eq(text, expected);
	fclose(file);
}

static void put(const char *text)
{
	struct outfile outfile;
	cr_assert_eq(outfile_open(&outfile, path), 0);
	fputs(text, outfile.stream);
	cr_assert_eq(outfile_commit(&outfile), 0);
}

TestSuite(outfile, .init = setup, .fini = teardown);

Test(outfile, replaces_whole_files_and_keeps_their_mode)
{
	struct stat status;
	put("first, and longer");
	chmod(path, 0600);
	put("second");
	assert_holds("second");
	cr_assert_eq(stat(path, &status), 0);
	cr_assert_eq(status.st_mode & 0777, 0600);
	cr_assert_eq(entries(false), 1, "nothing else is left");
}

Test(outfile, an_abort_changes_nothing)
{
	struct outfile outfile;
	put("kept");
	cr_assert_eq(outfile_open(&outfile, path), 0);
	fputs("half", outfile.stream);
	fflush(outfile.stream);
	outfile_abort(&outfile);
	assert_holds("kept");
	cr_assert_eq(entries(false), 1);
}

Test(outfile, a_link_stays_a_link)
{
	char link[PATH_MAX + 8];
	struct stat status;
	put("old");
	snprintf(link, sizeof(link), "%s-link", path);
	cr_assert_eq(symlink(path, link), 0);
	struct outfile outfile;
	cr_assert_eq(outfile_open(&outfile, link), 0);
	fputs("new", outfile.stream);
	cr_assert_eq(outfile_commit(&outfile), 0);
	assert_holds("new");
	cr_assert_eq(lstat(link, &status), 0);
	cr_assert(S_ISLNK(status.st_mode));
}

Test(outfile, says_before_whether_it_can_be_made)
{
	char name[PATH_MAX + 32];
	cr_assert_eq(outfile_check(path), 0);
	cr_assert_eq(outfile_check("-"), 0);
	cr_assert_eq(outfile_check("/dev/null"), 0);
	cr_assert_eq(outfile_check(directory), -EISDIR);
	cr_assert_eq(outfile_check(""), -ENOENT);
	snprintf(name, sizeof(name), "%s/none/report", directory);
	cr_assert_eq(outfile_check(name), -ENOENT);
	put("x");
	snprintf(name, sizeof(name), "%s/below-a-file", path);
	cr_assert_eq(outfile_check(name), -ENOTDIR);
	cr_assert_eq(entries(false), 1, "a check makes nothing");
}

Test(outfile, a_full_disk_is_an_error)
{
	struct outfile outfile;
	cr_assert_eq(outfile_open(&outfile, "/dev/full"), 0);
	fputs("text", outfile.stream);
	cr_assert_eq(outfile_commit(&outfile), -ENOSPC);
}
