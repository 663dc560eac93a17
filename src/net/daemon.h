// SPDX-License-Identifier: Apache-2.0
/*
 * daemon: what every node's main() does alike: --config, --check, --dump, --help, --version; log,
 * RLIMIT_NOFILE, no core dumps of key material, signals, ready notice, orderly stop.
 */
#pragma once

#include "base/conf.h"
#include "net/admin.h"
#include "net/loop.h"
#include "wire/json.h"

/* A program's parts are started in their order, stopped backwards from wherever starting failed. */
struct daemon_part {
	const char *name;
	enum err (*start)(void *program, struct loop *loop);
	void (*stop)(void *program);
};

/* An option that may stand on the command line too, above what the file says: --realm URL. */
struct daemon_argument {
	const char *name, *path, *shown, *help;
};
enum { DAEMON_ARGUMENTS = 4 };

struct daemon_program {
	const char *name;    /* "symbolon-authn" */
	const char *summary; /* one line for --help */
	const struct conf_option *options;
	size_t conf_size;
	const struct daemon_part *parts;
	size_t part_count;
	size_t program_size; /* of the program's zeroed struct, whose first member is `void *conf` */
	/* SIGHUP: takes over reloadable options, whose texts it copies: new_conf goes away. May be NULL:
	 * then the log level alone is taken over. What is not reloadable has not changed. */
	void (*reload)(void *program, const void *new_conf);
	/* Writes what others need to know as members of the ready file's object: "rp_c":"127.0.0.1:4711". */
	void (*ready)(void *program, struct json_writer *w);
	/* Appends the program's own figures, and the reasons why it should get no work, each a line; or NULL. */
	void (*collect)(void *program, struct buf *out);
	void (*unready)(void *program, struct buf *out);
	/* Begins to make a copy of all that it keeps, see net/admin.h; or NULL. */
	enum err (*copy)(void *program, file_copied *done, void *user);
	/* Seals under a new data key, and how far that is; or NULL. */
	enum err (*rotate)(void *program, admin_done *done, void *user);
	void (*keys)(void *program, struct json_writer *w);
	/* Instead of a start: puts a copy in place; `from` NULL: notes that its data was restored by other means, as
	 * it was `at` (seconds since 1970, UTC). */
	enum err (*restore)(const void *conf, const char *from, int64_t at);
	const struct daemon_argument
		*arguments;	 /* at most DAEMON_ARGUMENTS, ended by a NULL name; or NULL */
	size_t node_name_offset; /* of the char * in conf that names the node in logs */
	size_t log_level_offset; /* of the int in conf */
	size_t metrics_offset; /* of the char * in conf, where the monitor listens; 0: it has none */
	size_t admin_offset;   /* of the char * in conf, the admin's socket; 0: it has none */
	size_t drain_offset;   /* of the int64_t in conf, milliseconds; 0: it has none */
};

/* A part's stop() is called even when its own start() failed. SIGINT and SIGTERM stop in order.
 * Returns the process's exit status: 0 stopped, 1 could not start, 2 usage or configuration. */
int daemon_main(const struct daemon_program *program, int argc, char **argv);
