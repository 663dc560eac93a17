// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include "base/env.h"
#include "base/secret.h"
#include "base/text.h"
#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* PIPE_BUF: a pipe takes a line of this length whole, even from several processes. */
enum { LINE = 4096, TAIL = 32, NODE = 256 };

static _Atomic int log_fd = 2;
static _Atomic int log_threshold = LOG_INFO;
static _Atomic uint64_t lost; /* lines that could not be written, since the last that could */
static char node_name[NODE];  /* set before there are threads */

static const char *const level_names[] = {
	[LOG_ERROR] = "error", [LOG_WARN] = "warn", [LOG_INFO] = "info", [LOG_DEBUG] = "debug"};

void log_open(int fd, const char *node, enum log_level level)
{
	(void)snprintf(node_name, sizeof(node_name), "%s", node);
	atomic_store(&log_fd, fd);
	atomic_store(&log_threshold, (int)level);
}

void log_set_level(enum log_level level)
{
	atomic_store(&log_threshold, (int)level);
}

enum err log_level_of(const char *name, enum log_level *ret)
{
	for (int i = LOG_ERROR; i <= LOG_DEBUG; i++) {
		if (strcmp(name, level_names[i]) == 0) {
			*ret = (enum log_level)i;
			return OK;
		}
	}
	return err_fail(ERR_NOT_FOUND, "log level: not one of error, warn, info, debug");
}

bool log_wants(enum log_level level)
{
	return (int)level <= atomic_load_explicit(&log_threshold, memory_order_relaxed);
}

static void put_time(struct buf *line)
{
	static _Thread_local int64_t known = -1; /* the second that `text` shows */
	static _Thread_local char text[TEXT_TIME];
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (now.tv_sec != known) {
		text_time(now.tv_sec, text);
		known = now.tv_sec;
	}
	char micros[9] = ".000000Z";

	for (long i = 6, rest = now.tv_nsec / 1000; i > 0; i--, rest /= 10) {
		micros[i] = (char)('0' + rest % 10);
	}
	buf_text(line, "{\"ts\":\"");
	buf_bytes(line, text, TEXT_TIME - 2); /* without its Z and zero */
	buf_bytes(line, micros, 8);
	buf_u8(line, '"');
}

static void put_text(struct buf *line, const char *key, struct view value)
{
	buf_u8(line, ',');
	text_json(line, view_text(key));
	buf_u8(line, ':');
	text_json(line, value);
}

static void put_field(struct buf *line, const struct log_field *field)
{
	switch (field->type) {
	case LOG_FIELD_TEXT:
		put_text(line, field->key, view_text(field->text));
		return;
	case LOG_FIELD_VIEW:
		put_text(line, field->key, field->view);
		return;
	case LOG_FIELD_INT:
		buf_u8(line, ',');
		text_json(line, view_text(field->key));
		buf_printf(line, ":%lld", (long long)field->number);
		return;
	}
}

/* A field that does not fit is left out whole, so that the line stays JSON. */
static bool put_fields(struct buf *line, const struct log_field *fields, size_t count)
{
	bool all = true;

	for (size_t i = 0; i < count; i++) {
		size_t before = line->len;

		put_field(line, &fields[i]);
		if (line->failed) {
			line->failed = false;
			line->len = before;
			all = false;
		}
	}
	return all;
}

static bool write_line(struct view line)
{
	ssize_t put;

	do {
		put = write(atomic_load(&log_fd), line.data, line.len);
	} while (put < 0 && errno == EINTR);
	return put >= 0 && (size_t)put == line.len;
}

void log_write(enum log_level level, const char *event, const char *tx,
	const struct log_field *fields, size_t count)
{
	if (!log_wants(level)) {
		return;
	}
	int before = errno; /* a caller may still want it */
	char room[LINE];
	struct buf line = buf_fixed(room, sizeof(room) - TAIL);
	uint64_t missing = atomic_exchange(&lost, 0);
	const struct log_field head[] = {
		LOG_TEXT("level", level_names[level]),
		LOG_TEXT("node", node_name),
		LOG_TEXT("event", event),
		LOG_TEXT("tx", tx),
		LOG_INT("lost", (int64_t)missing),
	};

	put_time(&line);
	bool all = put_fields(&line, head, missing > 0 ? 5 : 4);

	all &= put_fields(&line, fields, count);
	line.room = line.ceiling = sizeof(room);
	buf_text(&line, all ? "}\n" : ",\"cut\":true}\n");
	if (!write_line(buf_contents(&line))) {
		atomic_fetch_add(&lost, missing + 1);
	}
	errno = before;
}

/* An identity's alias: one keyed context for the process, for each hash only set back. */
static pthread_mutex_t alias_lock = PTHREAD_MUTEX_INITIALIZER;
static EVP_MAC_CTX *alias_mac;

static EVP_MAC_CTX *make_alias_mac(void)
{
	uint8_t key[32];
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char[]){"SHA256"}, 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;

	EVP_MAC_free(mac);
	if (!ctx || env_system.random(&env_system, key, sizeof(key)) != OK ||
		EVP_MAC_init(ctx, key, sizeof(key), params) != 1) {
		EVP_MAC_CTX_free(ctx);
		ctx = NULL;
	}
	bytes_wipe(key, sizeof(key));
	return ctx;
}

static bool alias_hash(struct view identity, uint8_t hash[32])
{
	size_t len = 0;

	if (!alias_mac) {
		alias_mac = make_alias_mac();
	}
	return alias_mac && EVP_MAC_init(alias_mac, NULL, 0, NULL) == 1 &&
	       EVP_MAC_update(alias_mac, identity.data, identity.len) == 1 &&
	       EVP_MAC_final(alias_mac, hash, &len, 32) == 1 && len == 32;
}

void log_alias(struct view identity, char ret[LOG_ALIAS])
{
	uint8_t hash[32] = {0};
	struct buf out = buf_fixed(ret, LOG_ALIAS);

	(void)pthread_mutex_lock(&alias_lock);
	bool hashed = alias_hash(identity, hash);

	(void)pthread_mutex_unlock(&alias_lock);
	if (hashed) {
		text_hex(&out, view_of(hash, (LOG_ALIAS - 1) / 2));
	} else {
		buf_text(&out, "no-alias");
	}
	(void)buf_string(&out);
}

void log_step(const char *event, const char *tx, const char *clause, const char *from,
	const char *to, int64_t us)
{
	log_event(LOG_DEBUG, event, tx, LOG_TEXT("clause", clause), LOG_TEXT("from", from),
		LOG_TEXT("to", to), LOG_INT("us", us));
}

enum err log_tx_make(const struct env *env, char ret[LOG_TX])
{
	uint8_t bytes[4];
	struct buf hex = buf_fixed(ret, LOG_TX);

	TRY(env->random(env, bytes, sizeof(bytes)));
	text_hex(&hex, VIEW(bytes));
	ret[LOG_TX - 1] = '\0';
	return OK;
}

static bool is_hex(struct view text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (!strchr("0123456789abcdef", text.data[i]) || !text.data[i]) {
			return false;
		}
	}
	return true;
}

void log_tx_of(struct view session_id, char ret[LOG_TX])
{
	ret[0] = '\0';
	if (session_id.len < LOG_TX || session_id.data[session_id.len - LOG_TX] != ';') {
		return;
	}
	struct view name = view_of(session_id.data + session_id.len - (LOG_TX - 1), LOG_TX - 1);

	if (is_hex(name)) {
		memcpy(ret, name.data, name.len);
		ret[name.len] = '\0';
	}
}
