// SPDX-License-Identifier: Apache-2.0
#include "net/daemon.h"

#include "base/log.h"
#include "base/text.h"
#include "net/admin.h"
#include "net/check.h"
#include "net/metrics.h"
#include "net/monitor.h"
#include "net/notify.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

enum { FIRST_ARGUMENT = 256, OPTIONS_OF_ALL = 9 };
enum { STATUS_STOPPED = 0, STATUS_NOT_STARTED = 1, STATUS_USAGE = 2, READY_MAX = 64 * 1024 };

struct daemon {
	const struct daemon_program *program;
	const char *part; /* that is being started, for the log */
	struct loop *loop;
	void *state; /* the program's struct; its first member points to its configuration */
	void *conf;
	const char *config, *ready_file, *backup;
	const char *arguments[DAEMON_ARGUMENTS]; /* the program's own, as given; or NULL */
	int64_t restored_at;			 /* when there is no backup */
	size_t started;
	struct monitor *monitor; /* NULL: it is not wanted */
	struct notify notify;	 /* the service manager */
	struct admin *admin;	 /* NULL: as well */
	struct timer drain;	 /* runs: it stops soon */
};

enum mode { MODE_RUN, MODE_CHECK, MODE_CHECK_ALL, MODE_DUMP, MODE_RESTORE, MODE_END };

static void print_help(const struct daemon_program *program)
{
	(void)printf(
		"%s: %s\n\n"
		"  --config FILE      its configuration, in YAML\n"
		"  --check            says whether the configuration is right, and ends\n"
		"  --check=machine    and whether what it names is there: files, certificates,\n"
		"                     names, addresses\n"
		"  --dump             prints the configuration with all defaults, and ends\n"
		"  --manual           prints the options as a Markdown table, and ends\n"
		"  --ready-file FILE  written once it serves: where it listens, as JSON\n"
		"  --restore FILE     puts a backup in place of its data, and ends\n"
		"  --restored         notes that its database was restored by other means, "
		"and ends\n"
		"  --help, --version\n",
		program->name, program->summary);
	for (const struct daemon_argument *a = program->arguments; a && a->name; a++) {
		char form[64];

		(void)snprintf(form, sizeof(form), "--%s %s", a->name, a->shown);
		(void)printf("  %-18s %s (option %s)\n", form, a->help, a->path);
	}
	(void)printf("\n"
		     "SIGHUP takes over options that may change while it runs; SIGTERM and SIGINT "
		     "stop it in order.\n"
		     "It logs JSON lines on standard error.\n"
		     "Exit status: 0 stopped, 1 could not start, 2 usage or configuration.\n");
}

static int parse(struct daemon *daemon, int argc, char **argv, enum mode *ret)
{
	struct option known[OPTIONS_OF_ALL + DAEMON_ARGUMENTS + 1] = {{"config", required_argument,
									      NULL, 'c'},
		{"check", optional_argument, NULL, 'k'}, {"dump", no_argument, NULL, 'd'},
		{"manual", no_argument, NULL, 'm'}, {"ready-file", required_argument, NULL, 'r'},
		{"restore", required_argument, NULL, 'b'},
		{"restored", required_argument, NULL, 'n'}, {"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'v'}};
	const struct daemon_program *program = daemon->program;
	int option;

	for (size_t i = 0; program->arguments && program->arguments[i].name; i++) {
		known[OPTIONS_OF_ALL + i] = (struct option){program->arguments[i].name,
			required_argument, NULL, FIRST_ARGUMENT + (int)i};
	}

	*ret = MODE_RUN;
	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (option) {
		case 'c':
			daemon->config = optarg;
			break;
		case 'r':
			daemon->ready_file = optarg;
			break;
		case 'b':
			*ret = MODE_RESTORE;
			daemon->backup = optarg;
			break;
		case 'n':
			*ret = MODE_RESTORE;
			if (text_from_time(view_text(optarg), &daemon->restored_at, "--restored") !=
				OK) {
				(void)fprintf(stderr, "%s: %s\n", program->name, err_detail());
				return STATUS_USAGE;
			}
			break;
		case 'k':
			if (optarg && strcmp(optarg, "machine") != 0) {
				(void)fprintf(stderr, "%s: --check or --check=machine\n",
					program->name);
				return STATUS_USAGE;
			}
			*ret = optarg ? MODE_CHECK_ALL : MODE_CHECK;
			break;
		case 'd':
			*ret = MODE_DUMP;
			break;
		case 'm':
			conf_manual(program->options, stdout);
			*ret = MODE_END;
			return STATUS_STOPPED;
		case 'h':
			print_help(program);
			*ret = MODE_END;
			return STATUS_STOPPED;
		case 'v':
			(void)printf("%s %s\n", program->name, SYMBOLON_VERSION);
			*ret = MODE_END;
			return STATUS_STOPPED;
		default:
			if (option < FIRST_ARGUMENT) {
				return STATUS_USAGE;
			}
			daemon->arguments[option - FIRST_ARGUMENT] = optarg;
		}
	}
	if (optind < argc || !daemon->config) {
		(void)fprintf(stderr, "%s: %s; try --help\n", program->name,
			daemon->config ? "too many words" : "--config is missing");
		return STATUS_USAGE;
	}
	return STATUS_STOPPED;
}

/* Many connections need many descriptors; a core dump would hold keys. */
static void set_limits(void)
{
	struct rlimit files;
	const struct rlimit none = {0, 0};

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0);
}

static void set_log(struct daemon *daemon)
{
	const struct daemon_program *program = daemon->program;
	char *const *name = (char *const *)((const char *)daemon->conf + program->node_name_offset);
	const int *level = (const int *)((const char *)daemon->conf + program->log_level_offset);

	log_open(STDERR_FILENO, *name, (enum log_level) * level);
}

static void stop_now(void *user)
{
	struct daemon *daemon = user;

	loop_stop(daemon->loop);
}

/* Who sends work here learns from /readyz to send it elsewhere. A second signal does not wait. */
static void on_stop(void *user, int number)
{
	struct daemon *daemon = user;
	size_t offset = daemon->program->drain_offset;
	int64_t drain_ms = 0;

	log_event(LOG_INFO, "node.stopping", "", LOG_INT("signal", number));
	notify_stopping(&daemon->notify);
	if (offset > 0) {
		memcpy(&drain_ms, (const char *)daemon->conf + offset, sizeof(drain_ms));
	}
	if (drain_ms == 0 || timer_is_running(&daemon->drain)) {
		stop_now(daemon);
		return;
	}
	timer_start(daemon->loop, &daemon->drain, drain_ms, stop_now, daemon);
}

/* The file, and above it what the command line says. */
static enum err load(const struct daemon *daemon, void *conf)
{
	const struct daemon_program *program = daemon->program;
	enum err err = conf_load(program->options, daemon->config, conf);

	for (size_t i = 0; err == OK && program->arguments && program->arguments[i].name; i++) {
		if (daemon->arguments[i]) {
			err = conf_set(program->options, program->arguments[i].path,
				daemon->arguments[i], conf);
		}
	}
	return err;
}

static enum err load_again(struct daemon *daemon, void *conf)
{
	const struct daemon_program *program = daemon->program;

	TRY(load(daemon, conf));
	enum err err = conf_check_reload(program->options, daemon->conf, conf);

	if (err == OK) {
		if (program->reload) {
			program->reload(daemon->state, conf);
		}
		const int *level = (const int *)((const char *)conf + program->log_level_offset);

		log_set_level((enum log_level) * level);
	}
	conf_free(program->options, conf);
	return err;
}

static void on_reload(void *user, int number)
{
	struct daemon *daemon = user;
	void *conf = calloc(1, daemon->program->conf_size);

	notify_reloading(&daemon->notify);
	enum err err = conf ? load_again(daemon, conf) : err_fail(ERR_MEMORY, "out of memory");

	(void)number;
	notify_ready(&daemon->notify);
	if (err == OK) {
		log_event(LOG_INFO, "node.reloaded", "");
	} else {
		log_event(LOG_ERROR, "node.not_reloaded", "", LOG_DETAIL());
	}
	free(conf);
}

/* ---- who watches it ---- */

static void collect(void *user, struct buf *out)
{
	struct daemon *daemon = user;
	const struct daemon_program *program = daemon->program;
	char *const *name = (char *const *)((const char *)daemon->conf + program->node_name_offset);

	metrics_put_process(out, program->name, *name);
	admin_collect(daemon->admin, out);
	if (program->collect) {
		program->collect(daemon->state, out);
	}
}

static void unready(void *user, struct buf *out)
{
	struct daemon *daemon = user;

	if (timer_is_running(&daemon->drain)) {
		buf_text(out, "stopping: it was told to\n");
	}
	if (daemon->program->unready) {
		daemon->program->unready(daemon->state, out);
	}
}

static enum err open_monitor(struct daemon *daemon)
{
	static const struct monitor_on on = {collect, unready};
	size_t offset = daemon->program->metrics_offset;
	char *const *address = (char *const *)((const char *)daemon->conf + offset);

	return offset > 0 && (*address)[0]
		       ? monitor_open(daemon->loop, *address, &on, daemon, &daemon->monitor)
		       : OK;
}

static enum err copy(void *user, file_copied *done, void *done_user)
{
	struct daemon *daemon = user;

	return daemon->program->copy(daemon->state, done, done_user);
}

static enum err rotate(void *user, admin_done *done, void *done_user)
{
	struct daemon *daemon = user;

	return daemon->program->rotate(daemon->state, done, done_user);
}

static void keys(void *user, struct json_writer *w)
{
	struct daemon *daemon = user;

	daemon->program->keys(daemon->state, w);
}

static enum err open_admin(struct daemon *daemon)
{
	const struct daemon_program *program = daemon->program;
	const struct admin_on on = {.copy = program->copy ? copy : NULL,
		.rotate = program->rotate ? rotate : NULL,
		.keys = program->keys ? keys : NULL};
	char *const *socket = (char *const *)((const char *)daemon->conf + program->admin_offset);

	return program->admin_offset > 0 && (*socket)[0]
		       ? admin_open(daemon->loop, *socket, &on, daemon, &daemon->admin)
		       : OK;
}

static enum err write_ready(struct daemon *daemon)
{
	BUF_CLEANUP struct buf json = buf_growing(READY_MAX);
	struct json_writer w = json_to(&json);

	if (!daemon->ready_file) {
		return OK;
	}
	json_open(&w, NULL);
	daemon->program->ready(daemon->state, &w);
	if (daemon->monitor) {
		json_put_string(&w, "metrics", monitor_address(daemon->monitor));
	}
	json_close(&w);
	buf_u8(&json, '\n');
	TRY(buf_end(&json, daemon->ready_file));
	return text_write_file(daemon->ready_file, buf_contents(&json), 0644);
}

static enum err start(struct daemon *daemon)
{
	const struct daemon_program *program = daemon->program;

	daemon->part = "signals";
	TRY(loop_on_signal(daemon->loop, SIGTERM, on_stop, daemon));
	TRY(loop_on_signal(daemon->loop, SIGINT, on_stop, daemon));
	TRY(loop_on_signal(daemon->loop, SIGHUP, on_reload, daemon));
	for (size_t i = 0; i < program->part_count; i++) {
		daemon->started = i + 1; /* its stop() copes with half a start */
		daemon->part = program->parts[i].name;
		TRY(program->parts[i].start(daemon->state, daemon->loop));
	}
	daemon->part = "metrics";
	TRY(open_monitor(daemon));
	daemon->part = "admin";
	TRY(open_admin(daemon));
	daemon->part = "ready file";
	return write_ready(daemon);
}

/* Also before the start: one that a killed process left behind would be believed. */
static void remove_ready(const struct daemon *daemon)
{
	if (daemon->ready_file) {
		(void)unlink(daemon->ready_file);
	}
}

static void stop(struct daemon *daemon)
{
	remove_ready(daemon);
	timer_stop(daemon->loop, &daemon->drain);
	monitor_close(daemon->monitor);
	admin_close(daemon->admin);
	while (daemon->started > 0) {
		daemon->program->parts[--daemon->started].stop(daemon->state);
	}
}

static int run(struct daemon *daemon)
{
	set_limits();
	set_log(daemon);
	*(void **)daemon->state = daemon->conf;
	if (loop_new(&env_system, &daemon->loop) != OK) {
		(void)fprintf(stderr, "%s: %s\n", daemon->program->name, err_detail());
		return STATUS_NOT_STARTED;
	}
	notify_open(daemon->loop, &daemon->notify);
	remove_ready(daemon);
	enum err err = start(daemon);

	if (err == OK) {
		log_event(LOG_INFO, "node.ready", "", LOG_TEXT("version", SYMBOLON_VERSION));
		notify_ready(&daemon->notify);
		loop_run(daemon->loop);
	} else {
		log_event(LOG_ERROR, "node.not_started", "", LOG_TEXT("part", daemon->part),
			LOG_DETAIL());
		(void)fprintf(stderr, "%s: could not start: %s\n", daemon->program->name,
			err_detail());
	}
	stop(daemon);
	notify_close(&daemon->notify);
	loop_free(daemon->loop);
	log_event(LOG_INFO, "node.stopped", "");
	return err == OK ? STATUS_STOPPED : STATUS_NOT_STARTED;
}

static int restore(const struct daemon *daemon)
{
	const struct daemon_program *program = daemon->program;

	set_limits();
	if (!program->restore ||
		program->restore(daemon->conf, daemon->backup, daemon->restored_at) != OK) {
		(void)fprintf(stderr, "%s: not restored: %s\n", program->name,
			program->restore ? err_detail() : "it keeps nothing that is backed up");
		return STATUS_NOT_STARTED;
	}
	(void)printf("%s: restored; what must not come back goes at the next start\n",
		program->name);
	return STATUS_STOPPED;
}

static int check_all(const struct daemon *daemon)
{
	struct check_report report = {.to = stdout};

	check_machine(daemon->program->options, daemon->conf, &report);
	(void)printf("%s: %s: %u errors, %u warnings\n", daemon->program->name, daemon->config,
		report.faults, report.warnings);
	return report.faults > 0 ? STATUS_USAGE : STATUS_STOPPED;
}

static int work(struct daemon *daemon, enum mode mode)
{
	const struct daemon_program *program = daemon->program;

	if (load(daemon, daemon->conf) != OK) {
		(void)fprintf(stderr, "%s: %s\n", program->name, err_detail());
		return STATUS_USAGE;
	}
	if (mode == MODE_CHECK) {
		(void)printf("%s: %s is right\n", program->name, daemon->config);
		return STATUS_STOPPED;
	}
	if (mode == MODE_CHECK_ALL) {
		return check_all(daemon);
	}
	if (mode == MODE_DUMP) {
		conf_dump(program->options, daemon->conf, stdout);
		return STATUS_STOPPED;
	}
	return mode == MODE_RESTORE ? restore(daemon) : run(daemon);
}

int daemon_main(const struct daemon_program *program, int argc, char **argv)
{
	struct daemon daemon = {.program = program};
	enum mode mode;
	int status = parse(&daemon, argc, argv, &mode);

	if (status != STATUS_STOPPED || mode == MODE_END) {
		return status;
	}
	daemon.conf = calloc(1, program->conf_size);
	daemon.state = calloc(1, program->program_size);
	status = daemon.conf && daemon.state ? work(&daemon, mode) : STATUS_NOT_STARTED;
	if (daemon.conf) {
		conf_free(program->options, daemon.conf);
	}
	free(daemon.conf);
	free(daemon.state);
	return status;
}
