// SPDX-License-Identifier: Apache-2.0
/*
 * log: one JSON object a line: ts, level, node, event, tx, then the event's own fields.
 *
 *	log_event(LOG_INFO, "rp_c.refused", tx, LOG_TEXT("clause", "10.4/1d"), LOG_INT("status", 403));
 *
 * Events of a flow carry "clause" (the step of Y.3056, "10.4/2a"), "from", "to" (elements:
 * device, authn, authz, element, app) and "us" (microseconds spent): `symbolon up` draws the walk
 * from them. No secret and no subscriber or device identity is ever logged; a client appears as
 * log_alias(), which only this process run can repeat.
 */
#pragma once

#include "base/buf.h"
#include "base/env.h"
#include "base/err.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

struct log_field {
	const char *key;
	enum { LOG_FIELD_TEXT, LOG_FIELD_INT, LOG_FIELD_VIEW } type;
	const char *text;
	int64_t number;
	struct view view;
};

#define LOG_TEXT(k, value) ((struct log_field){.key = (k), .type = LOG_FIELD_TEXT, .text = (value)})
#define LOG_INT(k, value)  ((struct log_field){.key = (k), .type = LOG_FIELD_INT, .number = (value)})
#define LOG_VIEW(k, value) ((struct log_field){.key = (k), .type = LOG_FIELD_VIEW, .view = (value)})
#define LOG_DETAIL()	   LOG_TEXT("detail", err_detail())

/* Where lines go: a file descriptor (2 at first), and the name of this node. `level` and less is written. */
/* Call it before there are threads; log_set_level() may come later, on SIGHUP. */
void log_open(int fd, const char *node, enum log_level level);
void log_set_level(enum log_level level);
enum err log_level_of(const char *name, enum log_level *ret);
bool log_wants(enum log_level level);

/*
 * `tx` names the transaction through all nodes ("" for none). One write(2) a line of at most 4096
 * bytes; thread-safe; errno is kept. Fields that do not fit are left out and "cut":true is added;
 * after lines that could not be written the next one says "lost":N.
 */
void log_write(enum log_level level, const char *event, const char *tx,
	const struct log_field *fields, size_t count);

#define log_event(level, event, tx, ...)                                                           \
	do {                                                                                       \
		if (log_wants(level)) {                                                            \
			const struct log_field log_fields[] = {__VA_ARGS__};                       \
			log_write((level), (event), (tx), log_fields,                              \
				sizeof(log_fields) / sizeof(log_fields[0]));                       \
		}                                                                                  \
	} while (0)

/* A step of a flow, level debug: who sent what to whom, and the microseconds it took (docs/logs.md). */
void log_step(const char *event, const char *tx, const char *clause, const char *from,
	const char *to, int64_t us);

/* The name of a transaction: eight hex digits, made by the node where it begins. */
enum { LOG_TX = 9 };
enum err log_tx_make(const struct env *env, char ret[LOG_TX]);
/* The name that stands after the last ';' of a Session-Id; "" when what is there is no name. */
void log_tx_of(struct view session_id, char ret[LOG_TX]);

/* A stand-in for an identity: 12 hex digits of HMAC-SHA-256 under a key of this process run. */
enum { LOG_ALIAS = 13 };
void log_alias(struct view identity, char ret[LOG_ALIAS]);
