// SPDX-License-Identifier: Apache-2.0
#include "device/answer.h"

#include "wire/http_head.h"

#include <string.h>

enum { CHUNK_DIGITS = 4 };

static bool has_body(const struct http_head *head, const struct answer *answer);
static enum err read_final_head(struct reader *r, struct http_head *ret);
static enum err read_head(struct reader *r, struct http_head *ret);
static enum err take_fields(const struct http_head *head, struct answer *ret);
static enum err read_body(struct reader *r, const struct http_head *head, bool closed,
	struct answer *ret);
static enum err read_chunks(struct reader *r, struct answer *ret);

enum err answer_parse(struct view bytes, bool closed, struct answer *ret, size_t *ret_used)
{
	struct reader r = reader_of(bytes);
	struct http_head head;

	*ret = (struct answer){.status = 0};
	enum err err = read_final_head(&r, &head);

	if (err == OK) {
		err = take_fields(&head, ret);
	}
	ret->has_body = err == OK && has_body(&head, ret);
	if (ret->has_body) {
		err = read_body(&r, &head, closed, ret);
	}
	if (err == ERR_AGAIN && closed) {
		return err_fail(ERR_CLOSED, "RP_C: the node closed the connection");
	}
	TRY(err);
	*ret_used = bytes.len - reader_left(&r);
	return OK;
}

/* A refusal in the realm's own words is read too. */
static bool has_body(const struct http_head *head, const struct answer *answer)
{
	bool said = answer->info.data ||
		    (view_is_nocase(answer->content_type, "application/problem+json") &&
			    head->has_length);

	return head->status == 200 || head->status == 401 || (head->status == 403 && said);
}

/* RFC 9110 15.2: interim answers, asked for or not, are read past. */
static enum err read_final_head(struct reader *r, struct http_head *ret)
{
	do {
		TRY(read_head(r, ret));
	} while (ret->status / 100 == 1 && ret->status != 101);
	return OK;
}

/* A line without its CR LF. Others might read one with a bare CR or LF differently: refused. */
static enum err take_line(struct reader *r, struct view *ret)
{
	size_t left = reader_left(r);
	const uint8_t *lf = left > 0 ? memchr(r->at, '\n', left) : NULL;

	if (!lf) {
		return ERR_AGAIN;
	}
	struct view line = reader_bytes(r, (size_t)(lf - r->at) + 1);

	if (memchr(line.data, '\r', line.len) != line.data + line.len - 2) {
		return err_fail(ERR_SYNTAX, "RP_C: bare CR or LF in the answer (RFC 9112 2.2)");
	}
	*ret = view_of(line.data, line.len - 2);
	return OK;
}

static enum err read_head(struct reader *r, struct http_head *ret)
{
	const uint8_t *begin = r->at;
	struct view line;
	unsigned refusal;

	if (reader_left(r) > 0 && *begin != 'H') {
		return err_fail(ERR_SYNTAX, "RP_C: what came is not HTTP");
	}
	do {
		TRY(take_line(r, &line));
		if (line.len > 0 && (line.data[0] == ' ' || line.data[0] == '\t')) {
			return err_fail(ERR_SYNTAX, "RP_C: folded field (RFC 9112 5.2)");
		}
	} while (line.len > 0);
	return http_head_parse(HTTP_RESPONSES, view_of(begin, (size_t)(r->at - begin)), ret,
		&refusal);
}

static enum err take_field(const struct http_head *head, const char *name, struct view *ret)
{
	for (size_t i = 0; i < head->field_count; i++) {
		if (!view_is_nocase(head->fields[i].name, name)) {
			continue;
		}
		if (ret->data) {
			return err_fail(ERR_SYNTAX, "RP_C: %s stands twice in the answer", name);
		}
		*ret = head->fields[i].value;
	}
	return OK;
}

static enum err take_fields(const struct http_head *head, struct answer *ret)
{
	ret->status = head->status;
	ret->keep_alive = head->keep_alive && (head->chunked || head->has_length);
	TRY(take_field(head, "WWW-Authenticate", &ret->challenge));
	TRY(take_field(head, "Server", &ret->server));
	TRY(take_field(head, "Retry-After", &ret->retry_after));
	TRY(take_field(head, "Authentication-Info", &ret->info));
	return take_field(head, "Content-Type", &ret->content_type);
}

static enum err take_body(struct view part, struct answer *ret)
{
	if (ret->status == 401) {
		return OK;
	}
	if (part.len > sizeof(ret->body) - ret->body_len) {
		return err_fail(ERR_RANGE, "RP_C: answer's body longer than %d bytes", ANSWER_BODY);
	}
	if (part.len > 0) {
		memcpy(ret->body + ret->body_len, part.data, part.len);
	}
	ret->body_len += part.len;
	return OK;
}

/* The three ways in which a body ends (RFC 9112 6.3). */
static enum err read_body(struct reader *r, const struct http_head *head, bool closed,
	struct answer *ret)
{
	size_t len = reader_left(r);

	if (head->chunked) {
		return read_chunks(r, ret);
	}
	if (!head->has_length) {
		return closed ? take_body(reader_bytes(r, len), ret) : ERR_AGAIN;
	}
	if (ret->status != 401 && head->length > ANSWER_BODY) {
		return err_fail(ERR_RANGE, "RP_C: answer's body longer than %d bytes", ANSWER_BODY);
	}
	return head->length <= len ? take_body(reader_bytes(r, (size_t)head->length), ret)
				   : ERR_AGAIN;
}

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Hexadecimal digits, and perhaps extensions, which are read past (RFC 9112 7.1). */
static enum err chunk_size(struct view line, size_t *ret)
{
	size_t at = 0, size = 0;

	for (; at < line.len && at < CHUNK_DIGITS && hex_digit(line.data[at]) >= 0; at++) {
		size = size << 4 | (size_t)hex_digit(line.data[at]);
	}
	bool ends = at == line.len || line.data[at] == ';' || line.data[at] == ' ' ||
		    line.data[at] == '\t';

	if (at == 0 || !ends) {
		return err_fail(ERR_SYNTAX, "RP_C: malformed chunk size (RFC 9112 7.1)");
	}
	*ret = size;
	return OK;
}

/* Trailers are read past: they must not become fields (RFC 9110 6.5.1). */
static enum err read_chunks(struct reader *r, struct answer *ret)
{
	struct view line;
	size_t size = 0;

	for (;;) {
		TRY(take_line(r, &line));
		TRY(chunk_size(line, &size));
		if (size == 0) {
			break;
		}
		if (reader_left(r) < size) {
			return ERR_AGAIN;
		}
		TRY(take_body(reader_bytes(r, size), ret));
		TRY(take_line(r, &line));
		if (line.len > 0) {
			return err_fail(ERR_SYNTAX, "RP_C: chunk longer than its size");
		}
	}
	do {
		TRY(take_line(r, &line));
	} while (line.len > 0);
	return OK;
}
