// SPDX-License-Identifier: Apache-2.0
/* postgres_server: a throw-away PostgreSQL of a test, by tests/postgres-server. It ends with the test. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct postgres_server {
	char dir[64];
	pid_t pid;
};

/* Makes a server and starts it. False when PostgreSQL is not installed. */
bool postgres_server_new(struct postgres_server *ret);
void postgres_server_free(struct postgres_server *s); /* stops it and removes its data */

/* Sends a signal (SIGINT: stop, SIGKILL: crash) and waits for the end; and starts it again. */
void postgres_server_end(struct postgres_server *s, int with);
void postgres_server_start(struct postgres_server *s);

/* The URL of a database of it; and an SQL text run there, which must succeed. */
void postgres_server_url(const struct postgres_server *s, const char *database, char ret[160]);
void postgres_server_sql(const struct postgres_server *s, const char *database, const char *sql);
/* Leaves an empty database. */
void postgres_server_clear(const struct postgres_server *s, const char *database);
