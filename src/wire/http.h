// SPDX-License-Identifier: Apache-2.0
/*
 * http: HTTP/1.1 messages (RFC 9112), bytes to structs through libhttp-parser, with the checks that
 * keep two parsers from reading one message differently: Content-Length with Transfer-Encoding,
 * repeated Content-Length or Host, bare CR, folded lines, control characters: all refused.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

enum { HTTP_FIELDS_MAX = 64 };

struct http_field {
	struct view name, value;
};

struct http_limits {
	size_t head; /* request line and fields together, bytes: 16 KiB unless set */
	size_t body; /* bytes: 1 MiB unless set */
};

/* A parsed head. Views point into the parser's memory until the next message begins. */
struct http_head {
	struct view method, target; /* requests */
	unsigned status;	    /* responses */
	struct http_field fields[HTTP_FIELDS_MAX];
	size_t field_count;
	bool keep_alive, expects_continue, upgrade;
	bool has_length;
	uint64_t length; /* of the body, when announced */
	bool chunked;
};

enum http_side { HTTP_REQUESTS, HTTP_RESPONSES };

struct http_parser_state; /* one connection's parser */

/* Called while parsing; any but OK stops and is what http_feed() returns. */
struct http_on {
	enum err (*head)(void *user, const struct http_head *head);
	enum err (*body)(void *user, struct view part);
	enum err (*done)(void *user); /* message complete */
};

enum err http_parser_new(enum http_side side, const struct http_limits *limits,
	const struct http_on *on, void *user, struct http_parser_state **ret);
void http_parser_free(struct http_parser_state *p);
/*
 * Takes bytes; stops after the end of each message, so that *ret_taken may be less than given.
 * ERR_SYNTAX, ERR_RANGE (ret status 431, 413, 414 by http_refusal()) or the callback's error.
 */
enum err http_feed(struct http_parser_state *p, struct view bytes, size_t *ret_taken);
/* The peer closed: completes a response whose body lasts until then. */
enum err http_feed_end(struct http_parser_state *p);
/* The response to come has no body: it answers HEAD. */
void http_expect_no_body(struct http_parser_state *p);
/* The status that tells the peer what was wrong with the last failed message: 400, 413, 414, 431, 501, 505. */
unsigned http_refusal(const struct http_parser_state *p);

/* Field by name, letter case ignored; empty (data NULL) when absent. */
struct view http_field_of(const struct http_head *head, const char *name);

/* Writers. Values with CR, LF or NUL make the buf fail. */
void http_write_request(struct buf *out, const char *method, struct view target, struct view host,
	const struct http_field *fields, size_t count, bool has_body, uint64_t length);
void http_write_response(struct buf *out, unsigned status, const struct http_field *fields,
	size_t count, bool has_body, uint64_t length, bool chunked, bool keep_alive);
const char *http_reason(unsigned status);

/* A request-target in origin form, split. ERR_SYNTAX for others, "..", control characters. */
struct http_target {
	struct view path, query; /* still percent-encoded */
};
enum err http_split_target(struct view target, struct http_target *ret);
/* The query parameter, percent-decoded and '+' kept, appended to `ret`. ERR_NOT_FOUND; ERR_SYNTAX when given twice. */
enum err http_query(struct view query, const char *name, struct buf *ret);
