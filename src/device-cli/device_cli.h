// SPDX-License-Identifier: Apache-2.0
/*
 * device_cli: the client element and the connection element as a command. A device is a folder: device.json
 * (who it is, no keys), se.sealed (its secure element), se.master (the key that is sealed under).
 */
#pragma once

#include "base/env.h"
#include "core/ident.h"
#include "device/se_soft.h"
#include "device/symdev.h"
#include "net/loop.h"

#include <limits.h>

/* What the command line may say; each command reads what it needs. */
struct options {
	const char *dir;
	const char *words[4]; /* after the command */
	size_t word_count;
	const char *client, *node, *ca, *key_file; /* init */
	const char *address;			   /* of what the command talks to */
	const char *rp_c; /* connect: where to bootstrap, when a token is required */
	const char *ua;
	const char *get; /* connect: a path */
	bool json, reveal;
};

/* Exit statuses. */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_REFUSED = 3, EXIT_UNREACHABLE = 4 };

struct device {
	const struct env *env;
	struct loop *loop;
	struct ident client, node;
	char ca[PATH_MAX], address[128];
	struct se_soft *se;
};

/* DIR/NAME into `ret`, of PATH_MAX bytes. */
enum err device_path(const struct options *options, const char *name, char *ret);
enum err device_write_profile(const struct options *options);
/* Reads the profile, opens the secure element and a loop. Closed by the caller, after failure too. */
enum err device_open(const struct options *options, struct device *ret);
void device_close(struct device *device);

/* Runs clause 10.4 over the network: a fresh token replaces the one before. */
enum err device_bootstrap(struct device *device, const char *address, struct symdev_token *ret);
/* A valid token: the one that is there, or a fresh one (10.5/1c, 1d). */
enum err device_token(struct device *device, const char *rp_c, struct symdev_token *ret);
void device_step(void *user, const char *clause, const char *event, int64_t microseconds);

/* The commands; each returns an error, and has written what it has to say to standard output. */
enum err command_init(const struct options *options);
enum err command_bootstrap(const struct options *options);
enum err command_tokens(const struct options *options);
enum err command_drop(const struct options *options);
enum err command_key(const struct options *options);
enum err command_connect(const struct options *options);
