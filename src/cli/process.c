// SPDX-License-Identifier: Apache-2.0
#include "cli/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 64 * 1024 };

struct pipe_end {
	struct process *process;
	int fd;
	struct watch *watch;
	struct buf bytes;
	bool open;
};

struct process {
	struct loop *loop;
	struct process_on on;
	void *user;
	pid_t pid;
	int log;
	struct pipe_end output, lines;
	struct timer reaper;
	bool ended;
};

/* The folder of our own executable; false when it cannot be told. */
static bool own_folder(char ret[PATH_MAX])
{
	ssize_t len = readlink("/proc/self/exe", ret, PATH_MAX - 1);

	ret[len > 0 ? len : 0] = '\0';
	char *slash = strrchr(ret, '/');

	if (slash) {
		*slash = '\0';
	}
	return slash != NULL;
}

void process_find(const char *name, char ret[PATH_MAX])
{
	/* installed side by side, or in the folders of a build */
	static const char *const places[] = {".", "../authz", "../authn", "../gateway",
		"../registry", "../device-cli", "../cli", "../../examples"};
	char self[PATH_MAX];
	bool known = own_folder(self);

	for (size_t i = 0; known && i < sizeof(places) / sizeof(places[0]); i++) {
		char path[PATH_MAX * 2];

		(void)snprintf(path, sizeof(path), "%s/%s/%s", self, places[i], name);
		if (access(path, X_OK) == 0 && realpath(path, ret)) {
			return;
		}
	}
	(void)snprintf(ret, PATH_MAX, "%s", name);
}

static void run_child(const char *const *argv, int output, int lines)
{
	char path[PATH_MAX];
	sigset_t none;

	process_find(argv[0], path);
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	(void)setpgid(0, 0); /* a Ctrl-C on the terminal is for us alone: we stop them in order */
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	int null = open("/dev/null", O_RDONLY);

	if (null < 0 || dup2(null, 0) < 0 || dup2(output, 1) < 0 || dup2(lines, 2) < 0) {
		_exit(126);
	}
	execvp(path, (char *const *)argv);
	(void)dprintf(2, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

static void on_readable(void *user, int events);

static enum err watch_end(struct pipe_end *end, struct process *process, int fd)
{
	end->process = process;
	end->fd = fd;
	end->open = true;
	end->bytes = buf_growing(LINE_MAX_BYTES);
	return watch_start(process->loop, fd, WATCH_READ, on_readable, end, &end->watch);
}

static enum err fork_child(struct process *process, const char *const *argv)
{
	int output[2], lines[2];

	if (pipe2(output, O_CLOEXEC) != 0) {
		return err_system("pipe");
	}
	if (pipe2(lines, O_CLOEXEC) != 0) {
		close(output[0]);
		close(output[1]);
		return err_system("pipe");
	}
	process->pid = fork();
	if (process->pid == 0) {
		run_child(argv, output[1], lines[1]);
	}
	close(output[1]);
	close(lines[1]);
	if (process->pid < 0) {
		close(output[0]);
		close(lines[0]);
		return err_system("fork");
	}
	(void)fcntl(output[0], F_SETFL, O_NONBLOCK);
	(void)fcntl(lines[0], F_SETFL, O_NONBLOCK);
	TRY(watch_end(&process->output, process, output[0]));
	return watch_end(&process->lines, process, lines[0]);
}

enum err process_start(struct loop *loop, const char *const *argv, const char *log,
	const struct process_on *on, void *user, struct process **ret)
{
	struct process *process = calloc(1, sizeof(*process));

	if (!process) {
		return err_fail(ERR_MEMORY, "%s: out of memory", argv[0]);
	}
	process->loop = loop;
	process->on = *on;
	process->user = user;
	process->log = log ? open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
	enum err err = log && process->log < 0 ? err_system("%s", log) : fork_child(process, argv);

	if (err != OK) {
		process_free(process);
		return err;
	}
	*ret = process;
	return OK;
}

static void give_lines(struct process *process)
{
	struct buf *bytes = &process->lines.bytes;
	uint8_t *newline;

	while (bytes->len > 0 && (newline = memchr(bytes->data, '\n', bytes->len))) {
		size_t len = (size_t)(newline - bytes->data);

		if (process->on.line) {
			process->on.line(process->user, view_of(bytes->data, len));
		}
		buf_consume(bytes, len + 1);
	}
	if (bytes->len >= LINE_MAX_BYTES / 2) {
		buf_clear(bytes); /* not a line of ours */
	}
}

static void take_lines(struct process *process, struct view bytes)
{
	buf_view(&process->lines.bytes, bytes);
	if (process->log >= 0 && write(process->log, bytes.data, bytes.len) < 0) {
		close(process->log);
		process->log = -1;
	}
	give_lines(process);
}

/* Both pipes are closed: the program has ended, or will in a moment. */
static void reap(void *user)
{
	struct process *process = user;
	int status = 0;
	pid_t pid = waitpid(process->pid, &status, WNOHANG);

	if (pid == 0) {
		timer_start(process->loop, &process->reaper, 5, reap, process);
		return;
	}
	process->ended = true;
	process->pid = 0;
	if (process->on.ended) {
		process->on.ended(process->user,
			WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	}
}

static void close_end(struct pipe_end *end)
{
	if (end->open) {
		watch_stop(end->watch);
		close(end->fd);
		end->open = false;
	}
}

static void on_readable(void *user, int events)
{
	struct pipe_end *end = user;
	struct process *process = end->process;
	uint8_t bytes[16384];
	ssize_t len = read(end->fd, bytes, sizeof(bytes));

	(void)events;
	if (len < 0 && (errno == EAGAIN || errno == EINTR)) {
		return;
	}
	if (len > 0 && end == &process->lines) {
		take_lines(process, view_of(bytes, (size_t)len));
		return;
	}
	if (len > 0) {
		if (process->on.output) {
			process->on.output(process->user, view_of(bytes, (size_t)len));
		}
		return;
	}
	close_end(end);
	if (!process->output.open && !process->lines.open) {
		timer_start(process->loop, &process->reaper, 0, reap, process);
	}
}

void process_stop(struct process *process)
{
	if (process && process->pid > 0) {
		(void)kill(process->pid, SIGTERM);
	}
}

void process_free(struct process *process)
{
	if (!process) {
		return;
	}
	timer_stop(process->loop, &process->reaper);
	close_end(&process->output);
	close_end(&process->lines);
	if (process->pid > 0) {
		(void)kill(process->pid, SIGKILL);
		(void)waitpid(process->pid, NULL, 0);
	}
	buf_free(&process->output.bytes);
	buf_free(&process->lines.bytes);
	if (process->log >= 0) {
		close(process->log);
	}
	free(process);
}
