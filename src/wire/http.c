// SPDX-License-Identifier: Apache-2.0
#include "wire/http.h"

#include "wire/http_head.h"
#include <stdlib.h>
#include <string.h>

enum {
	HEAD_DEFAULT = 16 * 1024,
	HEAD_MAX = 64 * 1024, /* libhttp-parser itself stops at 80 KiB */
	BODY_DEFAULT = 1024 * 1024,
	CHUNK_LINE_MAX = 256,
	CHUNK_DIGITS_MAX = 15, /* a chunk below 2^60 */
};

/*
 * Lines are collected here, so that what libhttp-parser sees is always a whole head, and every line
 * is known to end in CR LF. Bodies are framed here too: libhttp-parser takes bare LF in chunk
 * extensions and trailers, and has no ceiling for them.
 */
enum stage {
	IN_HEAD,
	IN_LENGTH,
	IN_CHUNK_LINE,
	IN_CHUNK,
	AFTER_CHUNK,
	IN_TRAILERS,
	UNTIL_CLOSE,
	FAILED,
	STAGES,
};

struct http_parser_state {
	enum http_side side;
	struct http_limits limits;
	struct http_on on;
	void *user;
	enum stage stage;
	unsigned refusal;
	bool fresh, no_body, blank_seen, finished;
	struct buf bytes;  /* the head */
	struct buf line;   /* of chunks and trailers, when it comes in pieces */
	size_t line_start; /* in `bytes` */
	size_t lines;	   /* of head or trailers */
	size_t extra;	   /* bytes of chunk extensions or trailers */
	uint64_t left;	   /* of the body or the chunk */
	uint64_t body;	   /* bytes so far */
	struct http_head head;
};

typedef enum err step_fn(struct http_parser_state *p, struct view in, size_t *ret_used);

static step_fn on_head, on_length, on_chunk_line, on_chunk, after_chunk, on_trailers, until_close;

static step_fn *const steps[STAGES] = {
	[IN_HEAD] = on_head,
	[IN_LENGTH] = on_length,
	[IN_CHUNK_LINE] = on_chunk_line,
	[IN_CHUNK] = on_chunk,
	[AFTER_CHUNK] = after_chunk,
	[IN_TRAILERS] = on_trailers,
	[UNTIL_CLOSE] = until_close,
};

enum err http_parser_new(enum http_side side, const struct http_limits *limits,
	const struct http_on *on, void *user, struct http_parser_state **ret)
{
	struct http_parser_state *p = calloc(1, sizeof(*p));

	if (!p) {
		return err_fail(ERR_MEMORY, "http: no memory for a parser");
	}
	p->side = side;
	p->limits.head = limits && limits->head ? limits->head : HEAD_DEFAULT;
	p->limits.head = p->limits.head < HEAD_MAX ? p->limits.head : HEAD_MAX;
	p->limits.body = limits && limits->body ? limits->body : BODY_DEFAULT;
	p->on = *on;
	p->user = user;
	p->fresh = true;
	p->bytes = buf_growing(p->limits.head);
	p->line = buf_growing(p->limits.head);
	*ret = p;
	return OK;
}

void http_parser_free(struct http_parser_state *p)
{
	if (!p) {
		return;
	}
	buf_free(&p->bytes);
	buf_free(&p->line);
	free(p);
}

enum err http_feed(struct http_parser_state *p, struct view bytes, size_t *ret_taken)
{
	size_t taken = 0;
	enum err result = OK;

	*ret_taken = 0;
	if (p->stage == FAILED) {
		return err_fail(ERR_WRONG_STATE, "http: bytes after a failed message");
	}
	p->finished = false;
	while (result == OK && taken < bytes.len && !p->finished) {
		size_t used = 0;

		result = steps[p->stage](p, view_of(bytes.data + taken, bytes.len - taken), &used);
		taken += used;
	}
	*ret_taken = taken;
	if (result != OK && result != ERR_AGAIN) {
		p->refusal = p->refusal ? p->refusal : 500;
		p->stage = FAILED;
	}
	return result;
}

void http_expect_no_body(struct http_parser_state *p)
{
	p->no_body = true;
}

unsigned http_refusal(const struct http_parser_state *p)
{
	return p->refusal;
}

static enum err refuse(struct http_parser_state *p, unsigned status, enum err code, const char *why)
{
	p->refusal = status;
	return err_fail(code, "http: %s", why);
}

/* The message is complete; the next may begin. */
static enum err finish(struct http_parser_state *p)
{
	p->stage = IN_HEAD;
	p->fresh = p->finished = true;
	p->no_body = p->no_body && p->head.status / 100 == 1;
	buf_clear(&p->line);
	return p->on.done(p->user);
}

enum err http_feed_end(struct http_parser_state *p)
{
	if (p->stage == UNTIL_CLOSE) {
		return finish(p);
	}
	if (p->stage == IN_HEAD && p->fresh) {
		return OK;
	}
	p->stage = FAILED;
	return refuse(p, 400, ERR_CLOSED, "closed in the middle of a message");
}

/* Lines. */

/* One that does not end in CR LF, or has another CR in it, would be read differently by others. */
static enum err check_line_end(struct http_parser_state *p, struct view line)
{
	const uint8_t *cr = memchr(line.data, '\r', line.len);

	if (!cr || cr != line.data + line.len - 2) {
		return refuse(p, 400, ERR_SYNTAX, "bare CR or LF (RFC 9112 2.2)");
	}
	return OK;
}

/*
 * Gives a line of chunked framing, without its CR LF: in place when all of it is there, else
 * collected. ERR_RANGE past `max` bytes. The line's data stays NULL while it has not ended.
 */
static enum err take_line(struct http_parser_state *p, struct view in, size_t max, size_t *ret_used,
	struct view *ret_line)
{
	const uint8_t *lf = memchr(in.data, '\n', in.len);
	size_t len = lf ? (size_t)(lf - in.data) + 1 : in.len;
	struct view line = view_of(in.data, len);

	*ret_used = len;
	if (len > max || p->line.len > max - len) {
		return ERR_RANGE;
	}
	if (!lf || p->line.len > 0) {
		buf_view(&p->line, line);
		if (p->line.failed) {
			return err_fail(ERR_MEMORY, "http: no memory for a line");
		}
		line = buf_contents(&p->line);
	}
	if (!lf) {
		return OK;
	}
	TRY(check_line_end(p, line));
	*ret_line = view_of(line.data, line.len - 2);
	p->line.len = 0;
	return OK;
}

/* The head. */

static void begin_message(struct http_parser_state *p)
{
	buf_clear(&p->bytes);
	p->line_start = p->lines = p->extra = 0;
	p->body = p->left = 0;
	p->blank_seen = p->fresh = false;
}

/* Whether bytes of a body follow the head (RFC 9112 6.3). */
static bool has_body(const struct http_parser_state *p)
{
	const struct http_head *h = &p->head;

	if (p->side == HTTP_REQUESTS) {
		return h->chunked || h->length > 0;
	}
	if (p->no_body || h->status / 100 == 1 || h->status == 204 || h->status == 304) {
		return false;
	}
	return h->chunked || !h->has_length || h->length > 0;
}

static enum err begin_body(struct http_parser_state *p)
{
	const struct http_head *h = &p->head;

	if (!has_body(p)) {
		return finish(p);
	}
	if (h->chunked) {
		p->stage = IN_CHUNK_LINE;
		return OK;
	}
	p->stage = h->has_length ? IN_LENGTH : UNTIL_CLOSE;
	p->left = h->length;
	return OK;
}

static enum err end_head(struct http_parser_state *p)
{
	struct http_head *h = &p->head;

	TRY(http_head_parse(p->side, buf_contents(&p->bytes), h, &p->refusal));
	if (has_body(p) && h->has_length && h->length > p->limits.body) {
		return refuse(p, 413, ERR_RANGE, "body too large");
	}
	if (has_body(p) && !h->chunked && !h->has_length) {
		h->keep_alive = false; /* the body ends with the connection */
	}
	enum err result = p->on.head(p->user, h);

	if (result != OK && result != ERR_AGAIN) {
		return result;
	}
	TRY(begin_body(p));
	return result;
}

/* A client that speaks TLS, or no HTTP at all, is told at its first byte. */
static bool may_begin(const struct http_parser_state *p, uint8_t c)
{
	if (p->side == HTTP_RESPONSES) {
		return c == 'H';
	}
	return (c >= 'A' && c <= 'Z') || c == '\r';
}

static enum err head_too_long(struct http_parser_state *p)
{
	if (p->lines == 0 && p->side == HTTP_REQUESTS) {
		return refuse(p, 414, ERR_RANGE, "request-target too long");
	}
	return refuse(p, 431, ERR_RANGE, "head too long");
}

static enum err end_head_line(struct http_parser_state *p)
{
	struct view line = buf_contents(&p->bytes);

	line.data += p->line_start;
	line.len -= p->line_start;
	TRY(check_line_end(p, line));
	if (line.len > 2) {
		if (p->lines > 0 && (line.data[0] == ' ' || line.data[0] == '\t')) {
			return refuse(p, 400, ERR_SYNTAX, "folded field (RFC 9112 5.2)");
		}
		if (p->lines++ > HTTP_FIELDS_MAX) {
			return refuse(p, 431, ERR_RANGE, "too many fields");
		}
		p->line_start = p->bytes.len;
		return OK;
	}
	if (p->lines > 0) {
		return end_head(p);
	}
	if (p->blank_seen) {
		return refuse(p, 400, ERR_SYNTAX, "empty lines before a message");
	}
	p->blank_seen = true; /* one is to be ignored: RFC 9112 2.2 */
	buf_clear(&p->bytes);
	return OK;
}

static enum err on_head(struct http_parser_state *p, struct view in, size_t *ret_used)
{
	if (p->fresh) {
		begin_message(p);
	}
	if (p->bytes.len == 0 && !may_begin(p, in.data[0])) {
		return refuse(p, 400, ERR_SYNTAX, "no HTTP");
	}
	const uint8_t *lf = memchr(in.data, '\n', in.len);
	size_t len = lf ? (size_t)(lf - in.data) + 1 : in.len;
	size_t max = p->lines == 0 ? p->limits.head / 2 : p->limits.head;

	if (len > max - p->bytes.len) {
		return head_too_long(p);
	}
	buf_bytes(&p->bytes, in.data, len);
	if (p->bytes.failed) {
		return refuse(p, 503, ERR_MEMORY, "no memory for a head");
	}
	*ret_used = len;
	return lf ? end_head_line(p) : OK;
}

/* Bodies. */

static enum err give(struct http_parser_state *p, struct view part)
{
	if (part.len > p->limits.body - p->body) {
		return refuse(p, 413, ERR_RANGE, "body too large");
	}
	p->body += part.len;
	return p->on.body(p->user, part);
}

/* As much of `in` as belongs to the body or the chunk. */
static enum err give_left(struct http_parser_state *p, struct view in, size_t *ret_used)
{
	size_t len = in.len < p->left ? in.len : (size_t)p->left;

	*ret_used = len;
	p->left -= len;
	return give(p, view_of(in.data, len));
}

static enum err on_length(struct http_parser_state *p, struct view in, size_t *ret_used)
{
	enum err result = give_left(p, in, ret_used);

	if (p->left > 0 || (result != OK && result != ERR_AGAIN)) {
		return result;
	}
	TRY(finish(p));
	return result;
}

static enum err until_close(struct http_parser_state *p, struct view in, size_t *ret_used)
{
	*ret_used = in.len;
	return give(p, in);
}

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* chunk-size [ BWS ";" anything printable ] (RFC 9112 7.1). The extensions are dropped. */
static enum err parse_chunk_size(struct view line, uint64_t *ret_size, size_t *ret_digits)
{
	uint64_t size = 0;
	size_t at = 0;

	for (; at < line.len && hex_digit(line.data[at]) >= 0; at++) {
		size = size << 4 | (uint64_t)hex_digit(line.data[at]);
	}
	if (at == 0 || at > CHUNK_DIGITS_MAX) {
		return ERR_SYNTAX;
	}
	*ret_size = size;
	*ret_digits = at;
	while (at < line.len && (line.data[at] == ' ' || line.data[at] == '\t')) {
		at++;
	}
	if (*ret_digits == line.len) {
		return OK;
	}
	if (at == line.len || line.data[at] != ';' || !http_is_value(line)) {
		return ERR_SYNTAX;
	}
	return OK;
}

static enum err on_chunk_line(struct http_parser_state *p, struct view in, size_t *ret_used)
{
	struct view line = {0};
	size_t digits;
	enum err result = take_line(p, in, CHUNK_LINE_MAX, ret_used, &line);

	if (result == ERR_RANGE) {
		return refuse(p, 400, ERR_RANGE, "chunk extension too long");
	}
	if (result != OK || !line.data) {
		return result;
	}
	if (parse_chunk_size(line, &p->left, &digits) != OK) {
		return refuse(p, 400, ERR_SYNTAX, "malformed chunk size (RFC 9112 7.1)");
	}
	if (p->left > p->limits.body - p->body) {
		return refuse(p, 413, ERR_RANGE, "body too large");
	}
	p->extra += line.len - digits;
	if (p->extra > p->limits.head) {
		return refuse(p, 400, ERR_RANGE, "chunk extensions too long");
	}
	p->stage = p->left > 0 ? IN_CHUNK : IN_TRAILERS;
	p->lines = 0;
	return OK;
}

static enum err on_chunk(struct http_parser_state *p, struct view in, size_t *ret_used)
{
	enum err result = give_left(p, in, ret_used);

	if (p->left == 0) {
		p->stage = AFTER_CHUNK;
	}
	return result;
}

static enum err after_chunk(struct http_parser_state *p, struct view in, size_t *ret_used)
{
	struct view line = {0};
	enum err result = take_line(p, in, 2, ret_used, &line);

	if (result == ERR_RANGE) {
		return refuse(p, 400, ERR_SYNTAX, "chunk longer than its size");
	}
	if (result == OK && line.data) {
		p->stage = IN_CHUNK_LINE;
	}
	return result;
}

/* Checked and dropped: a trailer must not become a field (RFC 9110 6.5.1). */
static enum err on_trailers(struct http_parser_state *p, struct view in, size_t *ret_used)
{
	struct view line = {0};
	enum err result = take_line(p, in, p->limits.head, ret_used, &line);

	p->extra += *ret_used;
	if (result == ERR_RANGE || p->extra > 2 * p->limits.head || p->lines > HTTP_FIELDS_MAX) {
		return refuse(p, 431, ERR_RANGE, "trailers too long");
	}
	if (result != OK || !line.data) {
		return result;
	}
	if (line.len == 0) {
		return finish(p);
	}
	const uint8_t *colon = memchr(line.data, ':', line.len);

	if (!colon || !http_is_token(view_of(line.data, (size_t)(colon - line.data))) ||
		!http_is_value(line)) {
		return refuse(p, 400, ERR_SYNTAX, "malformed trailer");
	}
	p->lines++;
	return OK;
}
