/* SPDX-License-Identifier: MIT */
#include "user/util/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_stdout(const char *path)
{
	return !strcmp(path, "-");
}

/* Directory of a path, "." where it has none. Owned by the caller. */
static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	if (!slash)
		return strdup(".");
	return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

int outfile_check(const char *path)
{
	struct stat status;
	if (is_stdout(path))
		return 0;
	if (!stat(path, &status)) {
		if (S_ISDIR(status.st_mode))
			return -EISDIR;
		if (!S_ISREG(status.st_mode))
			return access(path, W_OK) ? -errno : 0;
	} else if (errno != ENOENT) {
		return -errno;
	}
	size_t length = strlen(path);
	if (!length || path[length - 1] == '/')
		return length ? -EISDIR : -ENOENT;
	char *directory = directory_of(path);
	if (!directory)
		return -ENOMEM;
	int error = 0;
	if (stat(directory, &status) || access(directory, W_OK | X_OK))
		error = -errno;
	else if (!S_ISDIR(status.st_mode))
		error = -ENOTDIR;
	free(directory);
	return error;
}

/* Through links, so that the file is replaced and not the link to it. */
static char *resolve(const char *path)
{
	char *real = realpath(path, NULL);
	return real ? real : strdup(path);
}

static int open_temporary(struct outfile *outfile)
{
	if (asprintf(&outfile->temporary, "%s.XXXXXX", outfile->path) < 0) {
		outfile->temporary = NULL;
		return -ENOMEM;
	}
	int fd = mkostemp(outfile->temporary, O_CLOEXEC);
	if (fd < 0) {
		int error = -errno;
		free(outfile->temporary);
		outfile->temporary = NULL;
		return error;
	}
	/* As an ordinary new file, or as the one that it replaces. */
	struct stat status;
	mode_t mask = umask(0);
	umask(mask);
	bool replaces = !stat(outfile->path, &status);
	mode_t mode = replaces ? status.st_mode & 0777 : 0666 & ~mask;
	if (replaces && fchown(fd, status.st_uid, status.st_gid))
		mode &= 0777; /* not ours to give away: it stays ours */
	if (fchmod(fd, mode)) {
		/* A file system without modes: the file is as good. */
	}
	return fd;
}

int outfile_open(struct outfile *outfile, const char *path)
{
	memset(outfile, 0, sizeof(*outfile));
	if (is_stdout(path)) {
		outfile->stream = stdout;
		return 0;
	}
	int error = outfile_check(path);
	if (error)
		return error;
	outfile->path = resolve(path);
	if (!outfile->path)
		return -ENOMEM;
	struct stat status;
	bool direct = !stat(outfile->path, &status) && !S_ISREG(status.st_mode);
	int fd = direct ? open(outfile->path, O_WRONLY | O_CLOEXEC) : open_temporary(outfile);
	if (fd < 0)
		error = direct ? -errno : fd;
	else if (!(outfile->stream = fdopen(fd, "w"))) {
		error = -errno;
		close(fd);
	}
	if (error)
		outfile_abort(outfile);
	return error;
}

int outfile_commit(struct outfile *outfile)
{
	int error = 0;
	bool standard = outfile->stream == stdout;
	if (fflush(outfile->stream) || ferror(outfile->stream))
		error = errno ? -errno : -EIO;
	if (standard) {
		outfile->stream = NULL;
		return error;
	}
	if (!error && outfile->temporary && fsync(fileno(outfile->stream)) && errno != EINVAL &&
	    errno != ENOSYS)
		error = -errno;
	if (fclose(outfile->stream) && !error)
		error = -errno;
	outfile->stream = NULL;
	if (!error && outfile->temporary) {
		if (rename(outfile->temporary, outfile->path))
			error = -errno;
		else
			outfile->temporary[0] = '\0';
	}
	outfile_abort(outfile);
	return error;
}

void outfile_abort(struct outfile *outfile)
{
	if (outfile->stream && outfile->stream != stdout)
		fclose(outfile->stream);
	if (outfile->temporary && outfile->temporary[0])
		unlink(outfile->temporary);
	free(outfile->temporary);
	free(outfile->path);
	memset(outfile, 0, sizeof(*outfile));
}
