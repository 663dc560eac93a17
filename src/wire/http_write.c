// SPDX-License-Identifier: Apache-2.0
#include "wire/http.h"

#include "base/text.h"
#include "wire/http_head.h"
#include <string.h>

const char *http_reason(unsigned status)
{
	static const struct {
		unsigned status;
		const char *reason;
	} rows[] = {
		{200, "OK"},
		{100, "Continue"},
		{101, "Switching Protocols"},
		{201, "Created"},
		{202, "Accepted"},
		{204, "No Content"},
		{206, "Partial Content"},
		{301, "Moved Permanently"},
		{302, "Found"},
		{303, "See Other"},
		{304, "Not Modified"},
		{307, "Temporary Redirect"},
		{308, "Permanent Redirect"},
		{400, "Bad Request"},
		{401, "Unauthorized"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{406, "Not Acceptable"},
		{408, "Request Timeout"},
		{409, "Conflict"},
		{410, "Gone"},
		{411, "Length Required"},
		{412, "Precondition Failed"},
		{413, "Content Too Large"},
		{414, "URI Too Long"},
		{415, "Unsupported Media Type"},
		{417, "Expectation Failed"},
		{421, "Misdirected Request"},
		{422, "Unprocessable Content"},
		{428, "Precondition Required"},
		{429, "Too Many Requests"},
		{431, "Request Header Fields Too Large"},
		{500, "Internal Server Error"},
		{501, "Not Implemented"},
		{502, "Bad Gateway"},
		{503, "Service Unavailable"},
		{504, "Gateway Timeout"},
		{505, "HTTP Version Not Supported"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].status == status) {
			return rows[i].reason;
		}
	}
	return "";
}

static void put_number(struct buf *out, uint64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	buf_bytes(out, digits + at, sizeof(digits) - at);
}

#define PUT(out, literal) buf_bytes((out), (literal), sizeof(literal) - 1)

static bool is_named(const struct http_field *f, size_t len, const char *name)
{
	return f->name.len == len && view_is_nocase(f->name, name);
}

/* Fields that frame the message are written here alone; `lengths`: so many Content-Lengths may pass. */
static void put_fields(struct buf *out, const struct http_field *fields, size_t count,
	unsigned lengths)
{
	for (size_t i = 0; i < count; i++) {
		const struct http_field *f = &fields[i];

		if (!http_is_token(f->name) || !http_is_value(f->value) ||
			is_named(f, 17, "Transfer-Encoding") ||
			(is_named(f, 14, "Content-Length") && lengths-- == 0)) {
			out->failed = true;
			return;
		}
		buf_view(out, f->name);
		PUT(out, ": ");
		buf_view(out, f->value);
		PUT(out, "\r\n");
	}
}

static void put_length(struct buf *out, uint64_t length)
{
	PUT(out, "Content-Length: ");
	put_number(out, length);
	PUT(out, "\r\n");
}

void http_write_request(struct buf *out, const char *method, struct view target, struct view host,
	const struct http_field *fields, size_t count, bool has_body, uint64_t length)
{
	if (!http_is_token(view_text(method)) || target.len == 0 || !http_is_value(host) ||
		!text_is_printable(target) || memchr(target.data, ' ', target.len)) {
		out->failed = true;
		return;
	}
	buf_text(out, method);
	PUT(out, " ");
	buf_view(out, target);
	PUT(out, " HTTP/1.1\r\nHost: ");
	buf_view(out, host);
	PUT(out, "\r\n");
	for (size_t i = 0; i < count; i++) {
		out->failed = out->failed || is_named(&fields[i], 4, "Host");
	}
	put_fields(out, fields, count, 0);
	if (has_body) {
		put_length(out, length);
	}
	PUT(out, "\r\n");
}

void http_write_response(struct buf *out, unsigned status, const struct http_field *fields,
	size_t count, bool has_body, uint64_t length, bool chunked, bool keep_alive)
{
	if (status < 100 || status > 599) {
		out->failed = true;
		return;
	}
	PUT(out, "HTTP/1.1 ");
	put_number(out, status);
	PUT(out, " ");
	buf_text(out, http_reason(status));
	PUT(out, "\r\n");
	put_fields(out, fields, count, has_body || chunked ? 0 : 1);
	if (chunked) {
		PUT(out, "Transfer-Encoding: chunked\r\n");
	} else if (has_body) {
		put_length(out, length);
	}
	if (!keep_alive) {
		PUT(out, "Connection: close\r\n");
	}
	PUT(out, "\r\n");
}

struct view http_field_of(const struct http_head *head, const char *name)
{
	for (size_t i = 0; i < head->field_count; i++) {
		if (view_is_nocase(head->fields[i].name, name)) {
			return head->fields[i].value;
		}
	}
	return (struct view){0};
}

/* Targets. */

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One character, percent-decoded, taken from the front; -1 when it is malformed or a control. */
static int take_char(struct view *v)
{
	int c = v->data[0];
	size_t len = 1;

	if (c == '%') {
		int high = v->len >= 3 ? hex_digit(v->data[1]) : -1;
		int low = v->len >= 3 ? hex_digit(v->data[2]) : -1;

		if (high < 0 || low < 0) {
			return -1;
		}
		c = high << 4 | low;
		len = 3;
	}
	v->data += len;
	v->len -= len;
	return c < ' ' || c == 0x7f || (len == 1 && (c == ' ' || c > 0x7e || c == '#')) ? -1 : c;
}

static bool is_path(struct view path)
{
	size_t chars = 0, dots = 0; /* of the segment */

	while (path.len > 0) {
		bool slash = path.data[0] == '/';
		int c = take_char(&path);

		if (c < 0) {
			return false;
		}
		if (slash && chars > 0 && chars == dots && dots <= 2) {
			return false;
		}
		chars = slash ? 0 : chars + 1;
		dots = slash ? 0 : dots + (c == '.');
	}
	return chars == 0 || chars != dots || dots > 2;
}

enum err http_split_target(struct view target, struct http_target *ret)
{
	if (target.len == 0 || target.data[0] != '/') {
		return err_fail(ERR_SYNTAX, "http: request-target is not in origin form");
	}
	const uint8_t *mark = memchr(target.data, '?', target.len);
	struct view path = view_of(target.data, mark ? (size_t)(mark - target.data) : target.len);
	struct view query = {0};

	if (!is_path(path)) {
		return err_fail(ERR_SYNTAX, "http: path with a dot segment or a bad character");
	}
	if (mark) {
		query = view_of(mark + 1, target.len - path.len - 1);
	}
	for (struct view left = query; left.len > 0;) {
		if (take_char(&left) < 0) {
			return err_fail(ERR_SYNTAX, "http: query with a bad character");
		}
	}
	*ret = (struct http_target){path, query};
	return OK;
}

/* The next name=value of a query, taken from the front. */
static struct view take_parameter(struct view *query)
{
	const uint8_t *end = memchr(query->data, '&', query->len);
	size_t len = end ? (size_t)(end - query->data) : query->len;
	struct view one = view_of(query->data, len);

	len += end ? 1 : 0;
	query->data += len;
	query->len -= len;
	return one;
}

enum err http_query(struct view query, const char *name, struct buf *ret)
{
	struct view found = {0};
	size_t name_len = strlen(name);

	while (query.len > 0) {
		struct view one = take_parameter(&query);

		if (one.len <= name_len || one.data[name_len] != '=' ||
			memcmp(one.data, name, name_len) != 0) {
			continue;
		}
		if (found.data) {
			return err_fail(ERR_SYNTAX, "http: query parameter %s given twice", name);
		}
		found = view_of(one.data + name_len + 1, one.len - name_len - 1);
	}
	if (!found.data) {
		return ERR_NOT_FOUND;
	}
	return text_from_percent(found, ret, "http: query");
}
