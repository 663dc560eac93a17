// SPDX-License-Identifier: Apache-2.0
/*
 * http: HTTP/1.1 messages (RFC 9112), bytes to structs through libhttp-parser, with the checks that
 * keep two parsers from reading one message differently: Content-Length with Transfer-Encoding,
 * repeated Content-Length or Host, bare CR or LF, folded lines, control characters: all refused.
 * Trailers are checked and dropped. CONNECT is refused: 501.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

enum { HTTP_FIELDS_MAX = 64 };

struct http_field {
	struct view name, value;
};

struct http_limits {
	size_t head; /* request line and fields together, bytes: 16 KiB unless set, 64 KiB at most */
	size_t body; /* bytes: 1 MiB unless set; SIZE_MAX when the caller passes them on */
};

/* A parsed head. Views point into the parser's memory until the next message begins. */
struct http_head {
	/* Requests. A target in absolute form must name the Host field's host; it is given in origin form. */
	struct view method, target;
	unsigned status; /* responses */
	bool v10;	 /* HTTP/1.0: no chunks, no interim answers */
	struct http_field fields[HTTP_FIELDS_MAX];
	size_t field_count;
	bool keep_alive, expects_continue, upgrade;
	bool has_length;
	uint64_t length; /* of the body, when announced */
	bool chunked;
};

enum http_side { HTTP_REQUESTS, HTTP_RESPONSES };

struct http_parser_state; /* one connection's parser */

/* Called while parsing; any but OK stops and is what http_feed() returns, for good. */
struct http_on {
	/* ERR_AGAIN from these two: taken, but no more now; http_feed() goes on with the bytes after. */
	enum err (*head)(void *user, const struct http_head *head);
	enum err (*body)(void *user, struct view part);
	enum err (*done)(void *user); /* message complete */
};

/* A parser for requests or for responses. ERR_MEMORY. NULL may be freed. */
enum err http_parser_new(enum http_side side, const struct http_limits *limits,
	const struct http_on *on, void *user, struct http_parser_state **ret);
void http_parser_free(struct http_parser_state *p);
/*
 * Takes bytes; stops after the end of each message, so that *ret_taken may be less than given.
 * ERR_SYNTAX, ERR_RANGE, ERR_UNSUPPORTED (http_refusal() has the status) or the callback's error.
 */
enum err http_feed(struct http_parser_state *p, struct view bytes, size_t *ret_taken);
/* The peer closed: completes a response whose body lasts until then. ERR_CLOSED inside a message. */
enum err http_feed_end(struct http_parser_state *p);
/* The final response to come has no body: it answers HEAD. */
void http_expect_no_body(struct http_parser_state *p);
/* The status that tells the peer what was wrong with the last failed message: 400, 413, 414, 417,
 * 431, 501, 505; 500 when a callback failed. */
unsigned http_refusal(const struct http_parser_state *p);

/* Field by name, letter case ignored; empty (data NULL) when absent. */
struct view http_field_of(const struct http_head *head, const char *name);

/*
 * Writers. Names that are no tokens and values with control characters make the buf fail; so do
 * fields that are written here: Host, Content-Length (which a response without has_body and chunked
 * may bring once), Transfer-Encoding. A response that is not keep_alive says Connection: close.
 */
void http_write_request(struct buf *out, const char *method, struct view target, struct view host,
	const struct http_field *fields, size_t count, bool has_body, uint64_t length);
void http_write_response(struct buf *out, unsigned status, const struct http_field *fields,
	size_t count, bool has_body, uint64_t length, bool chunked, bool keep_alive);
const char *http_reason(unsigned status);

/* A request-target in origin form, split. ERR_SYNTAX for other forms, "." and ".." as a segment, control
 * characters; the last two also when percent-encoded. */
struct http_target {
	struct view path, query; /* still percent-encoded */
};
enum err http_split_target(struct view target, struct http_target *ret);
/* The query parameter, percent-decoded and '+' kept, appended to `ret`. ERR_NOT_FOUND; ERR_SYNTAX when given twice. */
enum err http_query(struct view query, const char *name, struct buf *ret);
