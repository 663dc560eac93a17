// SPDX-License-Identifier: Apache-2.0
#include "store/postgres_link.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ANSWER_MS = 10000, PAUSE_MIN_MS = 100, PAUSE_MAX_MS = 3000 };

/* What stands unless the URL says otherwise: a hung server or a dead line is noticed within seconds. */
static const struct {
	const char *word, *value;
} defaults[] = {
	{"target_session_attrs", "read-write"},
	{"connect_timeout", "4"},
	{"tcp_user_timeout", "10000"},
	{"keepalives_idle", "10"},
	{"keepalives_interval", "5"},
	{"keepalives_count", "3"},
	{"gssencmode", "disable"},
	{"application_name", "symbolon"},
	{"client_encoding", "UTF8"},
};

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- the URL ---- */

static const char *value_of(const PQconninfoOption *options, const char *word)
{
	for (const PQconninfoOption *o = options; o && o->keyword; o++) {
		if (strcmp(o->keyword, word) == 0) {
			return o->val && o->val[0] ? o->val : NULL;
		}
	}
	return NULL;
}

static bool is_local(const char *host, size_t len)
{
	char name[256];

	if (len == 0 || host[0] == '/' ||
		host[0] == '@') { /* a socket's folder, an abstract socket */
		return true;
	}
	if (len >= sizeof(name)) {
		return false;
	}
	memcpy(name, host, len);
	name[len] = 0;
	struct in_addr v4;

	if (inet_pton(AF_INET, name, &v4) == 1) {
		return ntohl(v4.s_addr) >> 24 == 127;
	}
	return strcmp(name, "localhost") == 0 || strcmp(name, "::1") == 0;
}

/* Whether no byte leaves this machine, by all hosts of the list. */
static bool all_local(const char *hosts)
{
	for (;;) {
		size_t len = strcspn(hosts, ",");

		if (!is_local(hosts, len)) {
			return false;
		}
		if (!hosts[len]) {
			return true;
		}
		hosts += len + 1;
	}
}

/* The server's certificate and name are verified, but on this machine. */
static const char *default_sslmode(const PQconninfoOption *options)
{
	const char *hosts = value_of(options, "hostaddr");

	hosts = hosts ? hosts : value_of(options, "host");
	if (hosts) {
		return all_local(hosts) ? "prefer" : "verify-full";
	}
	bool elsewhere = value_of(options, "service") || getenv("PGHOST") || getenv("PGHOSTADDR");

	return elsewhere ? "verify-full" : "prefer";
}

static void set(struct link *l, size_t *count, const char *word, const char *value)
{
	l->words[*count] = word;
	l->values[(*count)++] = value;
}

static enum err set_all(struct link *l)
{
	size_t count = 0, own = sizeof(defaults) / sizeof(defaults[0]);

	for (const PQconninfoOption *o = l->options; o->keyword; o++) {
		count++;
	}
	l->words = calloc(count + own + 2, sizeof(*l->words));
	l->values = calloc(count + own + 2, sizeof(*l->values));
	if (!l->words || !l->values) {
		return err_fail(ERR_MEMORY, "store: no memory for a connection");
	}
	count = 0;
	for (size_t i = 0; i < own; i++) {
		set(l, &count, defaults[i].word, defaults[i].value);
	}
	set(l, &count, "sslmode", default_sslmode(l->options));
	for (const PQconninfoOption *o = l->options; o->keyword; o++) {
		if (o->val) { /* what comes later counts */
			set(l, &count, o->keyword, o->val);
		}
	}
	return OK;
}

enum err link_init(struct link *l, const char *rest, const char *settings)
{
	char url[4000];
	bool is_url = strncmp(rest, "//", 2) == 0;
	int len = snprintf(url, sizeof(url), "%s%s", is_url ? "postgresql:" : "", rest);

	*l = (struct link){.settings = settings};
	if (!rest[0] || len >= (int)sizeof(url)) {
		return err_fail(ERR_CONFIG, "store: the URL is postgresql://USER@HOST/DATABASE");
	}
	char *said = NULL;

	l->options = PQconninfoParse(url, &said);
	PQfreemem(said); /* it repeats the URL, which may hold a password in spite of all */
	if (!l->options) {
		return err_fail(ERR_CONFIG, "store: not a connection URL of PostgreSQL");
	}
	if (value_of(l->options, "password") || value_of(l->options, "sslpassword")) {
		return err_fail(ERR_CONFIG, "store: no password in the URL: passfile=FILE or "
					    "PGPASSFILE names its file");
	}
	return set_all(l);
}

void link_end(struct link *l)
{
	PQfinish(l->pg);
	PQconninfoFree(l->options);
	free(l->words);
	free(l->values);
	*l = (struct link){.pg = NULL};
}

/* ---- waiting ---- */

void link_drop(struct link *l)
{
	PQfinish(l->pg);
	l->pg = NULL;
	l->marks = 0;
	l->warned = l->ended = false;
}

/* One line, and it names neither the URL nor a password. */
static void one_line(const char *from, char ret[200])
{
	size_t len = strcspn(from, "\n");

	if (len > 199) {
		len = 199;
	}
	memcpy(ret, from, len);
	ret[len] = 0;
}

enum err link_lost(struct link *l, const char *what)
{
	char said[200];

	one_line(l->pg ? PQerrorMessage(l->pg) : "", said);
	link_drop(l);
	return err_fail(ERR_UNAVAILABLE, "store: %s: connection lost: %s", what, said);
}

/* Sends what is queued, until a result is there. */
static enum err wait_result(struct link *l, const char *what, int timeout_ms)
{
	int64_t until = now_ms() + timeout_ms;

	for (;;) {
		int left = PQflush(l->pg);

		if (left < 0) {
			return link_lost(l, what);
		}
		if (!PQisBusy(l->pg)) {
			return OK;
		}
		struct pollfd fd = {.fd = PQsocket(l->pg),
			.events = (short)(POLLIN | (left ? POLLOUT : 0))};
		int64_t rest = until - now_ms();

		if (rest <= 0) {
			link_drop(l);
			return err_fail(ERR_UNAVAILABLE, "store: %s: no answer within %d ms", what,
				timeout_ms);
		}
		int ready = poll(&fd, 1, (int)rest);

		if (ready > 0 && (fd.revents & ~POLLOUT) && !PQconsumeInput(l->pg)) {
			return link_lost(l, what);
		}
	}
}

/* Nothing is under way: what can be read is the server's farewell, or a notice. */
bool link_stands(struct link *l)
{
	for (int i = 0; l->pg && i < 3; i++) {
		struct pollfd fd = {.fd = PQsocket(l->pg), .events = POLLIN};

		if (poll(&fd, 1, 0) <= 0) {
			break;
		}
		if (!PQconsumeInput(l->pg) || PQisBusy(l->pg) || l->ended ||
			PQstatus(l->pg) != CONNECTION_OK) {
			link_drop(l);
		}
	}
	return l->pg != NULL;
}

/* ---- connecting ---- */

static void on_notice(void *user, const PGresult *r)
{
	struct link *l = user;
	const char *severity = PQresultErrorField(r, PG_DIAG_SEVERITY_NONLOCALIZED);

	l->warned |= severity && strcmp(severity, "WARNING") == 0;
	l->ended |= severity && (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0);
}

static enum err settle_in(struct link *l)
{
	const char *encoding = PQparameterStatus(l->pg, "server_encoding");

	if (!encoding || strcmp(encoding, "UTF8") != 0) {
		return err_fail(ERR_CONFIG, "store: the database's encoding is %s, not UTF8",
			encoding ? encoding : "unknown");
	}
	(void)PQsetNoticeReceiver(l->pg, on_notice, l);
	if (PQsetnonblocking(l->pg, 1) != 0 || PQenterPipelineMode(l->pg) != 1) {
		return link_lost(l, "pipeline");
	}
	return link_script(l, l->settings, ANSWER_MS);
}

enum err link_connect(struct link *l)
{
	char said[200];
	enum err err = OK;

	if (now_ms() < l->retry_at) {
		return err_fail(ERR_UNAVAILABLE, "store: no connection to the database");
	}
	l->pg = PQconnectdbParams(l->words, l->values, 0);
	if (!l->pg) {
		return err_fail(ERR_MEMORY, "store: no memory for a connection");
	}
	if (PQstatus(l->pg) == CONNECTION_OK) {
		err = settle_in(l);
	} else {
		one_line(PQerrorMessage(l->pg), said);
		err = err_fail(ERR_UNAVAILABLE, "store: %s", said);
	}
	if (err == OK) {
		l->pause = 0;
		return OK;
	}
	link_drop(l);
	l->pause = l->pause ? 2 * l->pause : PAUSE_MIN_MS;
	l->pause = l->pause > PAUSE_MAX_MS ? PAUSE_MAX_MS : l->pause;
	l->retry_at = now_ms() + l->pause;
	return err;
}

/* ---- what the server's codes mean ---- */

static bool is_class(const char *code, const char *class)
{
	return strncmp(code, class, strlen(class)) == 0;
}

/* Codes of PostgreSQL, appendix A. */
static enum err err_of(const char *code)
{
	static const struct {
		const char *class;
		enum err err;
	} meanings[] = {
		{"23505", ERR_EXISTS},
		{"23", ERR_CONFLICT},
		{"22", ERR_RANGE},
		{"21", ERR_RANGE},
		{"25006", ERR_UNAVAILABLE},
		{"42501", ERR_UNAVAILABLE},
		{"0A", ERR_UNSUPPORTED},
		{"42", ERR_UNSUPPORTED},
		{"54", ERR_RANGE},
		{"P0", ERR_CONFLICT},
	};

	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
		if (is_class(code, meanings[i].class)) {
			return meanings[i].err;
		}
	}
	return ERR_UNAVAILABLE;
}

/* The primary sentence names tables and constraints; values stand in the details, which are left out. */
static enum link_verdict judge(struct link *l, const PGresult *r, const char *what,
	enum err *ret_err)
{
	const char *code = PQresultErrorField(r, PG_DIAG_SQLSTATE);
	const char *severity = PQresultErrorField(r, PG_DIAG_SEVERITY_NONLOCALIZED);
	const char *said = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);

	if (!code || !severity) {
		*ret_err = link_lost(l, what);
		return LINK_TROUBLE;
	}
	*ret_err = err_fail(err_of(code), "store: %s: %s", what, said ? said : code);
	bool ends = strcmp(severity, "ERROR") != 0;

	if (is_class(code, "40") && !ends) {
		return LINK_RACE;
	}
	if (*ret_err == ERR_UNAVAILABLE || ends) {
		*ret_err = ERR_UNAVAILABLE;
		link_drop(l); /* it may be the primary no more: let the next begin look for one */
		return LINK_TROUBLE;
	}
	return LINK_REFUSED;
}

/* ---- commands ---- */

enum err link_queue(struct link *l, const char *sql)
{
	if (!PQsendQueryParams(l->pg, sql, 0, NULL, NULL, NULL, NULL, 0)) {
		return link_lost(l, sql);
	}
	return OK;
}

enum err link_queue_number(struct link *l, const char *prepared, uint32_t number)
{
	const uint32_t bytes = htonl(number);
	const char *value = (const char *)&bytes;
	const int size = sizeof(bytes), binary = 1;

	if (!PQsendQueryPrepared(l->pg, prepared, 1, &value, &size, &binary, 0)) {
		return link_lost(l, prepared);
	}
	return OK;
}

enum err link_sync(struct link *l)
{
	if (!PQpipelineSync(l->pg)) {
		return link_lost(l, "sync");
	}
	l->marks++;
	return OK;
}

enum link_verdict link_next(struct link *l, const char *what, PGresult **ret, enum err *ret_err)
{
	*ret = NULL;
	*ret_err = l->pg ? wait_result(l, what, ANSWER_MS) : ERR_UNAVAILABLE;
	if (*ret_err != OK) {
		return LINK_TROUBLE;
	}
	*ret = PQgetResult(l->pg);
	ExecStatusType status = PQresultStatus(*ret);

	if (status == PGRES_PIPELINE_SYNC) {
		l->marks--;
		return LINK_FINISHED;
	}
	*ret_err = *ret ? wait_result(l, what, ANSWER_MS) : link_lost(l, what);
	if (*ret_err != OK) {
		return LINK_TROUBLE;
	}
	PQclear(PQgetResult(l->pg)); /* each command's results end with none */
	switch (status) {
	case PGRES_TUPLES_OK:
	case PGRES_COMMAND_OK:
		return LINK_DONE;
	case PGRES_PIPELINE_ABORTED:
		return LINK_SKIPPED;
	default:
		return judge(l, *ret, what, ret_err);
	}
}

enum err link_drain(struct link *l, const char *what)
{
	enum err first = OK;

	while (l->marks > 0) {
		RESULT_CLEANUP PGresult *r = NULL;
		enum err err = OK;
		enum link_verdict verdict = link_next(l, what, &r, &err);

		if (verdict == LINK_TROUBLE) {
			return err;
		}
		if (first == OK && verdict != LINK_DONE && verdict != LINK_FINISHED) {
			first = err == OK ? ERR_UNAVAILABLE : err;
		}
	}
	return first;
}

/* Several statements in one text are for the simple protocol, which a pipeline has not. */
static enum err run_script(struct link *l, const char *sql, int timeout_ms)
{
	enum err first = OK;

	if (!PQsendQuery(l->pg, sql)) {
		return link_lost(l, "script");
	}
	for (;;) {
		enum err err = OK;

		TRY(wait_result(l, "script", timeout_ms));
		RESULT_CLEANUP PGresult *r = PQgetResult(l->pg);
		ExecStatusType status = PQresultStatus(r);

		if (!r) {
			return first;
		}
		if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK &&
			status != PGRES_EMPTY_QUERY) {
			(void)judge(l, r, "script", &err);
			first = first == OK ? err : first;
		}
		if (!l->pg) {
			return first;
		}
	}
}

enum err link_script(struct link *l, const char *sql, int timeout_ms)
{
	if (PQexitPipelineMode(l->pg) != 1) {
		return link_lost(l, "script");
	}
	enum err err = run_script(l, sql, timeout_ms);

	if (l->pg && PQenterPipelineMode(l->pg) != 1) {
		return link_lost(l, "script");
	}
	return err;
}
