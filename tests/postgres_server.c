// SPDX-License-Identifier: Apache-2.0
#include "postgres_server.h"
#include "test.h"

#include <libpq-fe.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t start(const char *command, const char *dir)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		(void)freopen("/dev/null", "r", stdin);
		char log[80];

		(void)snprintf(log, sizeof(log), "%s/log", dir);
		if (!freopen(log, "a", stdout) || dup2(1, 2) < 0) {
			_exit(126);
		}
		(void)execl(POSTGRES_SERVER, POSTGRES_SERVER, command, dir, NULL);
		_exit(127);
	}
	return pid;
}

static bool succeeds(pid_t pid)
{
	int status = -1;

	return waitpid(pid, &status, 0) == pid && status == 0;
}

void postgres_server_start(struct postgres_server *s)
{
	s->pid = start("run", s->dir);
	if (!succeeds(start("wait", s->dir))) {
		fail_msg("the PostgreSQL in %s does not start, see log there", s->dir);
	}
}

bool postgres_server_new(struct postgres_server *ret)
{
	*ret = (struct postgres_server){.pid = 0};
	if (access("/usr/lib/postgresql", F_OK) != 0 && access("/usr/bin/initdb", F_OK) != 0) {
		return false;
	}
	(void)snprintf(ret->dir, sizeof(ret->dir), "/tmp/test-postgres-XXXXXX");
	assert_non_null(mkdtemp(ret->dir));
	assert_true(succeeds(start("init", ret->dir)));
	postgres_server_start(ret);
	return true;
}

void postgres_server_end(struct postgres_server *s, int with)
{
	if (s->pid > 0) {
		(void)kill(s->pid, with);
		(void)waitpid(s->pid, NULL, 0);
		assert_true(succeeds(start("gone", s->dir)));
		s->pid = 0;
	}
}

void postgres_server_free(struct postgres_server *s)
{
	char command[100];

	if (!s->dir[0]) {
		return;
	}
	postgres_server_end(s, SIGINT);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", s->dir);
	(void)!system(command);
}

void postgres_server_url(const struct postgres_server *s, const char *database, char ret[160])
{
	(void)snprintf(ret, 160, "postgresql://symbolon@/%s?host=%s", database, s->dir);
}

void postgres_server_sql(const struct postgres_server *s, const char *database, const char *sql)
{
	char url[160];

	postgres_server_url(s, database, url);
	PGconn *c = PQconnectdb(url);

	PQclear(PQexec(c,
		"SET default_transaction_read_only = off; SET client_min_messages = error"));
	PGresult *r = PQexec(c, sql);
	ExecStatusType status = PQresultStatus(r);

	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
		fail_msg("%s: %s", sql, PQerrorMessage(c));
	}
	PQclear(r);
	PQfinish(c);
}

void postgres_server_clear(const struct postgres_server *s, const char *database)
{
	postgres_server_sql(s, database,
		"SET client_min_messages = error; DROP SCHEMA public CASCADE; CREATE SCHEMA "
		"public");
}
