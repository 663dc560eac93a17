// SPDX-License-Identifier: Apache-2.0
#include "wire/http_head.h"

#include "base/text.h"
#include <http_parser.h>
#include <string.h>

/*
 * libhttp-parser is lenient in places where proxies have been made to disagree with servers (spaces
 * in the request line, fields without a colon). So it takes the head apart, and what it found is
 * then held against the lines as they stand there.
 */
struct parse {
	struct http_head *head;
	enum http_side side;
	bool complete;
	unsigned refusal;
	struct view version;
	struct view host; /* of the Host field */
	bool has_host, has_coding;
};

static int on_url(http_parser *hp, const char *at, size_t len);
static int on_name(http_parser *hp, const char *at, size_t len);
static int on_value(http_parser *hp, const char *at, size_t len);
static int on_complete(http_parser *hp);
static enum err explain(struct parse *p, const http_parser *hp, struct view bytes);
static enum err check_start(struct parse *p, const http_parser *hp, struct view bytes);
static enum err check_fields(struct parse *p);
static enum err check_framing(struct parse *p);
static enum err check_target(struct parse *p);

static const http_parser_settings callbacks = {
	.on_url = on_url,
	.on_header_field = on_name,
	.on_header_value = on_value,
	.on_headers_complete = on_complete,
};

static enum err refuse(struct parse *p, unsigned status, enum err code, const char *why)
{
	p->refusal = status;
	return err_fail(code, "http: %s", why);
}

static enum err malformed(struct parse *p, const char *why)
{
	return refuse(p, 400, ERR_SYNTAX, why);
}

static enum err parse(struct parse *p, struct view bytes)
{
	http_parser hp = {.data = p};

	http_parser_init(&hp, p->side == HTTP_REQUESTS ? HTTP_REQUEST : HTTP_RESPONSE);
	(void)http_parser_execute(&hp, &callbacks, (const char *)bytes.data, bytes.len);
	if (!p->complete) {
		return explain(p, &hp, bytes);
	}
	TRY(check_start(p, &hp, bytes));
	TRY(check_fields(p));
	TRY(check_framing(p));
	return p->side == HTTP_REQUESTS ? check_target(p) : OK;
}

enum err http_head_parse(enum http_side side, struct view bytes, struct http_head *ret,
	unsigned *ret_refusal)
{
	struct parse p = {.head = ret, .side = side};

	ret->method = ret->target = (struct view){0};
	ret->field_count = 0;
	ret->status = 0;
	ret->keep_alive = ret->expects_continue = ret->upgrade = false;
	ret->has_length = ret->chunked = false;
	ret->length = 0;
	enum err result = parse(&p, bytes);

	if (result != OK) {
		*ret_refusal = p.refusal;
	}
	return result;
}

static int on_url(http_parser *hp, const char *at, size_t len)
{
	struct parse *p = hp->data;

	p->head->target = view_of(at, len);
	return 0;
}

static int on_name(http_parser *hp, const char *at, size_t len)
{
	struct parse *p = hp->data;

	if (p->head->field_count == HTTP_FIELDS_MAX) {
		p->refusal = 431;
		return 1;
	}
	p->head->fields[p->head->field_count++] = (struct http_field){.name = view_of(at, len)};
	return 0;
}

static int on_value(http_parser *hp, const char *at, size_t len)
{
	struct parse *p = hp->data;

	while (len > 0 && (at[len - 1] == ' ' || at[len - 1] == '\t')) {
		len--;
	}
	p->head->fields[p->head->field_count - 1].value = view_of(at, len);
	return 0;
}

static int on_complete(http_parser *hp)
{
	struct parse *p = hp->data;

	p->complete = true;
	p->head->status = hp->status_code;
	p->head->v10 = hp->http_minor == 0;
	p->head->keep_alive = p->head->v10 ? (hp->flags & F_CONNECTION_KEEP_ALIVE) != 0
					   : (hp->flags & F_CONNECTION_CLOSE) == 0;
	p->head->upgrade = hp->upgrade;
	return 1; /* the body is framed by http.c */
}

/* The first line, without its CR LF. */
static struct view first_line(struct view bytes)
{
	const uint8_t *lf = memchr(bytes.data, '\n', bytes.len);
	size_t len = lf ? (size_t)(lf - bytes.data) : bytes.len;

	return view_of(bytes.data, len > 0 ? len - 1 : 0);
}

static struct view last(struct view v, size_t len)
{
	return v.len < len ? v : view_of(v.data + v.len - len, len);
}

static enum err check_version(struct parse *p, struct view v)
{
	if (v.len != 8 || memcmp(v.data, "HTTP/", 5) != 0 || v.data[6] != '.') {
		return malformed(p, "malformed start line");
	}
	if (v.data[5] != '1' || (v.data[7] != '0' && v.data[7] != '1')) {
		return refuse(p, 505, ERR_UNSUPPORTED, "neither HTTP/1.0 nor HTTP/1.1");
	}
	return OK;
}

/* What libhttp-parser did not like. */
static enum err explain(struct parse *p, const http_parser *hp, struct view bytes)
{
	struct view line = first_line(bytes);
	const uint8_t *space = memchr(line.data, ' ', line.len);
	struct view method = view_of(line.data, space ? (size_t)(space - line.data) : 0);

	if (p->refusal == 431 || HTTP_PARSER_ERRNO(hp) == HPE_HEADER_OVERFLOW) {
		return refuse(p, 431, ERR_RANGE, "too many fields");
	}
	if (HTTP_PARSER_ERRNO(hp) == HPE_UNEXPECTED_CONTENT_LENGTH) {
		return malformed(p, "repeated Content-Length, or with Transfer-Encoding");
	}
	if (HTTP_PARSER_ERRNO(hp) == HPE_INVALID_METHOD && http_is_token(method)) {
		TRY(check_version(p, last(line, 8))); /* the preface of HTTP/2 */
		return refuse(p, 501, ERR_UNSUPPORTED, "unknown method");
	}
	p->refusal = 400;
	return err_fail(ERR_SYNTAX, "http: %s", http_errno_description(HTTP_PARSER_ERRNO(hp)));
}

/* "GET /x HTTP/1.1" or "HTTP/1.1 200 OK", with single spaces. */
static enum err check_start(struct parse *p, const http_parser *hp, struct view bytes)
{
	struct view line = first_line(bytes);
	struct http_head *head = p->head;

	if (p->side == HTTP_RESPONSES) {
		TRY(check_version(p, view_of(line.data, line.len < 8 ? line.len : 8)));
		if (line.len < 12 || line.data[8] != ' ' ||
			(line.len > 12 && line.data[12] != ' ') || !http_is_value(line) ||
			head->status < 100 || head->status > 599) {
			return malformed(p, "malformed status line");
		}
		return OK;
	}
	const char *method = http_method_str((enum http_method)hp->method);

	head->method = view_of(line.data, strlen(method));
	if (line.len != head->method.len + 1 + head->target.len + 1 + 8) {
		return malformed(p, "malformed request line");
	}
	TRY(check_version(p, last(line, 8)));
	if (hp->method == HTTP_CONNECT) {
		return refuse(p, 501, ERR_UNSUPPORTED, "CONNECT is not offered");
	}
	return OK;
}

static enum err take_length(struct parse *p, struct view value)
{
	if (p->head->has_length) {
		return malformed(p, "repeated Content-Length (RFC 9112 6.3)");
	}
	enum err result =
		text_from_u64(value, UINT64_MAX / 2, &p->head->length, "http: Content-Length");

	if (result != OK) {
		p->refusal = result == ERR_RANGE ? 413 : 400;
		return result;
	}
	p->head->has_length = true;
	return OK;
}

static enum err take_coding(struct parse *p, struct view value)
{
	if (p->has_coding) {
		return malformed(p, "repeated Transfer-Encoding");
	}
	if (!view_is_nocase(value, "chunked")) {
		return refuse(p, 501, ERR_UNSUPPORTED, "a transfer coding other than chunked");
	}
	p->has_coding = p->head->chunked = true;
	return OK;
}

/* The characters of host and port (RFC 3986 3.2.2), brackets of an IPv6 address among them. */
static bool is_host(struct view v)
{
	/* clang-format off */
	static const bool host[256] = {
		['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true,
		['-'] = true, ['.'] = true, ['_'] = true, ['~'] = true, ['!'] = true, ['$'] = true,
		['&'] = true, ['\''] = true, ['('] = true, [')'] = true, ['*'] = true, ['+'] = true,
		[';'] = true, ['='] = true, [':'] = true, ['['] = true, [']'] = true, ['%'] = true,
	};
	/* clang-format on */

	for (size_t i = 0; i < v.len; i++) {
		if (!host[v.data[i]]) {
			return false;
		}
	}
	return true;
}

static enum err take_host(struct parse *p, struct view value)
{
	if (p->has_host) {
		return malformed(p, "repeated Host (RFC 9112 3.2)");
	}
	if (!is_host(value)) {
		return malformed(p, "Host is no host");
	}
	p->has_host = true;
	p->host = value;
	return OK;
}

static enum err take_expectation(struct parse *p, struct view value)
{
	if (!view_is_nocase(value, "100-continue")) {
		return refuse(p, 417, ERR_UNSUPPORTED, "an expectation other than 100-continue");
	}
	p->head->expects_continue = !p->head->v10;
	return OK;
}

static enum err check_fields(struct parse *p)
{
	static const struct {
		const char *name;
		size_t len;
		bool requests_only;
		enum err (*take)(struct parse *p, struct view value);
	} known[] = {
		{"Content-Length", 14, false, take_length},
		{"Transfer-Encoding", 17, false, take_coding},
		{"Host", 4, true, take_host},
		{"Expect", 6, true, take_expectation},
	};

	for (size_t i = 0; i < p->head->field_count; i++) {
		const struct http_field *f = &p->head->fields[i];

		if (!http_is_token(f->name) || f->name.data[f->name.len] != ':') {
			return malformed(p, "a field's name is no token");
		}
		if (!http_is_value(f->value)) {
			return malformed(p, "control character in a field");
		}
		for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++) {
			if (f->name.len == known[k].len &&
				(p->side == HTTP_REQUESTS || !known[k].requests_only) &&
				view_is_nocase(f->name, known[k].name)) {
				TRY(known[k].take(p, f->value));
			}
		}
	}
	return OK;
}

static enum err check_framing(struct parse *p)
{
	struct http_head *head = p->head;

	if (head->chunked && head->has_length) {
		return malformed(p, "Content-Length with Transfer-Encoding (RFC 9112 6.3)");
	}
	if (head->chunked && head->v10) {
		return malformed(p, "Transfer-Encoding in HTTP/1.0 (RFC 9112 6.1)");
	}
	if (p->side == HTTP_REQUESTS && !p->has_host && !head->v10) {
		return malformed(p, "Host missing (RFC 9112 3.2)");
	}
	return OK;
}

static size_t scheme_length(struct view t)
{
	if (t.len >= 8 && memcmp(t.data, "https://", 8) == 0) {
		return 8;
	}
	return t.len >= 7 && memcmp(t.data, "http://", 7) == 0 ? 7 : 0;
}

/*
 * The target's characters, and the absolute form: a server must accept it (RFC 9112 3.2.2). It is
 * taken when it names the same host as the Host field, so that no one downstream can read another
 * host than we do, and is given on in origin form.
 */
static enum err check_target(struct parse *p)
{
	struct view t = p->head->target;
	size_t scheme = scheme_length(t);

	for (size_t i = 0; i < t.len; i++) {
		if (t.data[i] <= ' ' || t.data[i] >= 0x7f || t.data[i] == '#') {
			return malformed(p, "character that a request-target cannot hold");
		}
	}
	if (scheme == 0) {
		if (t.len > 0 && (t.data[0] == '/' || view_is(t, "*"))) {
			return OK;
		}
		return malformed(p, "request-target is not in origin form");
	}
	const uint8_t *slash = memchr(t.data + scheme, '/', t.len - scheme);

	if (!slash) {
		return malformed(p, "absolute request-target without a path");
	}
	struct view host = view_of(t.data + scheme, (size_t)(slash - t.data) - scheme);

	if (!p->has_host || host.len != p->host.len ||
		strncasecmp((const char *)host.data, (const char *)p->host.data, host.len) != 0) {
		return malformed(p, "request-target names another host than Host");
	}
	p->head->target = view_of(slash, t.len - scheme - host.len);
	return OK;
}

bool http_is_token(struct view v)
{
	/* clang-format off */
	static const bool token[256] = {
		['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true,
		['!'] = true, ['#'] = true, ['$'] = true, ['%'] = true, ['&'] = true,
		['\''] = true, ['*'] = true, ['+'] = true, ['-'] = true, ['.'] = true,
		['^'] = true, ['_'] = true, ['`'] = true, ['|'] = true, ['~'] = true,
	};
	/* clang-format on */

	for (size_t i = 0; i < v.len; i++) {
		if (!token[v.data[i]]) {
			return false;
		}
	}
	return v.len > 0;
}

/* Whether there may be a control character among eight bytes; false only when there is none. */
static bool may_have_control(const uint8_t *eight)
{
	const uint64_t each = UINT64_C(0x0101010101010101), high = each << 7;
	uint64_t word;

	memcpy(&word, eight, sizeof(word));
	const uint64_t differs = word ^ (each * 0x7f);

	return (((word - each * ' ') & ~word) | ((differs - each) & ~differs)) & high;
}

bool http_is_value(struct view v)
{
	size_t i = 0;

	while (i + sizeof(uint64_t) <= v.len && !may_have_control(v.data + i)) {
		i += sizeof(uint64_t);
	}
	for (; i < v.len; i++) {
		if ((v.data[i] < ' ' && v.data[i] != '\t') || v.data[i] == 0x7f) {
			return false;
		}
	}
	return true;
}
