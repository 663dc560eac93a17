// SPDX-License-Identifier: Apache-2.0
#include "authz/portal/code_program.h"

#include "base/log.h"
#include "base/text.h"
#include "net/worker.h"
#include "wire/json.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { INPUT_MAX = 512, PATIENCE_MS = 10000, STEP_MS = 10 };

struct job {
	char program[4096];
	char input[INPUT_MAX];
	size_t len;
	enum err err;
	char detail[200];
};

extern char **environ;

/* Its input is far below what a pipe holds. */
static enum err feed(int fd, const struct job *job)
{
	ssize_t n = write(fd, job->input, job->len);

	(void)close(fd);
	return n == (ssize_t)job->len ? OK : err_fail(ERR_IO, "it did not read the code");
}

static enum err await(pid_t pid)
{
	const struct timespec step = {.tv_nsec = STEP_MS * 1000000L};
	int status = 0;

	for (int waited = 0; waited < PATIENCE_MS; waited += STEP_MS) {
		pid_t ended = waitpid(pid, &status, WNOHANG);

		if (ended == pid) {
			return WIFEXITED(status) && WEXITSTATUS(status) == 0
				       ? OK
				       : err_fail(ERR_IO, "it ended with status %d", status);
		}
		if (ended < 0) {
			return err_system("waiting for it");
		}
		(void)nanosleep(&step, NULL);
	}
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, &status, 0);
	return err_fail(ERR_TIMEOUT, "it did not end within 10 s");
}

static enum err spawn(const struct job *job, int from, pid_t *ret)
{
	posix_spawn_file_actions_t actions;
	char *const argv[] = {(char *)(uintptr_t)job->program, NULL};

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, from, 0);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	int code = posix_spawn(ret, job->program, &actions, NULL, argv, environ);

	posix_spawn_file_actions_destroy(&actions);
	return code == 0 ? OK : err_fail(ERR_IO, "%s: %s", job->program, strerror(code));
}

static void run(void *user)
{
	struct job *job = user;
	int ends[2];
	pid_t pid = 0;

	if (pipe2(ends, O_CLOEXEC) != 0) {
		job->err = err_system("pipe");
		return;
	}
	job->err = spawn(job, ends[0], &pid);
	(void)close(ends[0]);
	if (job->err != OK) {
		(void)close(ends[1]);
	} else {
		enum err fed = feed(ends[1], job);

		job->err = await(pid);
		job->err = job->err == OK ? fed : job->err;
	}
	(void)snprintf(job->detail, sizeof(job->detail), "%s", err_detail());
}

static void back(void *user)
{
	struct job *job = user;

	if (job->err != OK) {
		log_event(LOG_ERROR, "portal.code_failed", "", LOG_TEXT("detail", job->detail));
	}
	bytes_wipe(job, sizeof(*job));
	free(job);
}

static void write_input(struct job *job, const char *subscriber, const char *code, int64_t until)
{
	struct buf input = buf_fixed(job->input, sizeof(job->input));
	struct json_writer w = json_to(&input);
	char time[TEXT_TIME];

	text_time(until, time);
	json_open(&w, NULL);
	json_put_string(&w, "subscriber", subscriber);
	json_put_string(&w, "code", code);
	json_put_string(&w, "until", time);
	json_close(&w);
	buf_u8(&input, '\n');
	job->len = input.failed ? 0 : input.len;
}

void code_program_give(struct authz *authz, const char *subscriber, const char *code, int64_t until)
{
	struct job *job = calloc(1, sizeof(*job));

	if (job) {
		(void)snprintf(job->program, sizeof(job->program), "%s",
			authz->conf->portal_code_program);
		write_input(job, subscriber, code, until);
	}
	if (!job || worker_give(authz->waiter, run, back, job) != OK) {
		log_event(LOG_ERROR, "portal.code_failed", "",
			LOG_TEXT("detail", job ? err_detail() : "out of memory"));
		if (job) {
			bytes_wipe(job, sizeof(*job));
		}
		free(job);
	}
}
