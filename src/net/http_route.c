// SPDX-License-Identifier: Apache-2.0
#include "net/http_server.h"

#include <string.h>

/* The next segment, taken from the front with its slash; false at the end. */
static bool take_segment(struct view *path, struct view *ret)
{
	if (path->len == 0) {
		return false;
	}
	const uint8_t *slash = memchr(path->data + 1, '/', path->len - 1);
	size_t len = slash ? (size_t)(slash - path->data) : path->len;

	*ret = view_of(path->data + 1, len - 1);
	path->data += len;
	path->len -= len;
	return true;
}

bool http_path_matches(const char *pattern, struct view path, struct view segments[HTTP_SEGMENTS])
{
	const size_t literal = strcspn(pattern, "{");
	struct view wanted = view_text(pattern), want, got;
	size_t count = 0;

	/* Most of a table's rows are passed over by this. */
	if (path.len < literal || memcmp(path.data, pattern, literal) != 0) {
		return false;
	}
	while (take_segment(&wanted, &want)) {
		if (view_is(want, "{*}")) {
			if (path.len < 2 || count == HTTP_SEGMENTS) {
				return false;
			}
			segments[count] = view_of(path.data + 1, path.len - 1);
			return true;
		}
		if (!take_segment(&path, &got)) {
			return false;
		}
		if (view_is(want, "{}")) {
			if (got.len == 0 || count == HTTP_SEGMENTS) {
				return false;
			}
			segments[count++] = got;
			continue;
		}
		if (!view_equal(want, got)) {
			return false;
		}
	}
	return path.len == 0;
}

bool http_method_matches(const char *method, struct view asked)
{
	return view_is(asked, method) || (view_is(asked, "HEAD") && strcmp(method, "GET") == 0);
}

/* The methods of the routes for this path: 405 without Allow would be wrong (RFC 9110 15.5.6). */
static void answer_not_allowed(const struct http_route *routes, size_t count,
	struct http_request *request)
{
	static const char body[] = "{\"title\":\"Method Not Allowed\",\"status\":405}\n";
	struct view segments[HTTP_SEGMENTS];
	char list[128];
	struct buf allow = buf_fixed(list, sizeof(list));

	for (size_t i = 0; i < count; i++) {
		if (!http_path_matches(routes[i].path, request->target.path, segments)) {
			continue;
		}
		buf_text(&allow, allow.len > 0 ? ", " : "");
		buf_text(&allow, routes[i].method);
	}
	struct http_field fields[] = {
		{view_text("Allow"), buf_contents(&allow)},
		{view_text("Content-Type"), view_text("application/problem+json")},
	};

	http_answer(request, 405, fields, 2, view_of(body, sizeof(body) - 1));
}

void http_route(const struct http_route *routes, size_t count, void *user,
	struct http_request *request)
{
	struct view segments[HTTP_SEGMENTS] = {{0}};
	bool path_known = false;

	for (size_t i = 0; i < count; i++) {
		if (!http_path_matches(routes[i].path, request->target.path, segments)) {
			continue;
		}
		path_known = true;
		if (!http_method_matches(routes[i].method, request->head->method)) {
			continue;
		}
		if (routes[i].who && !routes[i].who(user, request)) {
			http_answer_problem(request, 403, "not allowed");
			return;
		}
		routes[i].handler(user, request, segments);
		return;
	}
	if (path_known) {
		answer_not_allowed(routes, count, request);
		return;
	}
	http_answer_problem(request, 404, "no such resource");
}
