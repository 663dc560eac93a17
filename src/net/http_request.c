// SPDX-License-Identifier: Apache-2.0
/* What is the same of an answer, whichever carrier its request came over. */
#include "net/http_inside.h"

#include "base/text.h"
#include <time.h>

static const struct http_carrier *carrier_of(const struct http_request *request)
{
	return ((const struct http_held *)request)->carrier;
}

void http_answer(struct http_request *request, unsigned status, const struct http_field *fields,
	size_t count, struct view body)
{
	carrier_of(request)->answer(request, status, fields, count, body);
}

enum err http_answer_begin(struct http_request *request, unsigned status,
	const struct http_field *fields, size_t count, void (*drained)(struct http_request *request))
{
	return carrier_of(request)->begin(request, status, fields, count, drained);
}

enum err http_answer_part(struct http_request *request, struct view part)
{
	return carrier_of(request)->part(request, part);
}

void http_answer_end(struct http_request *request)
{
	carrier_of(request)->end(request);
}

void http_answer_abort(struct http_request *request)
{
	carrier_of(request)->abort(request);
}

void http_answer_text(struct http_request *request, unsigned status, const char *content_type,
	const char *body)
{
	struct http_field type = {view_text("Content-Type"), view_text(content_type)};

	http_answer(request, status, &type, 1, view_text(body));
}

const struct http_field http_problem_type = {{(const uint8_t *)"Content-Type", 12},
	{(const uint8_t *)"application/problem+json", 24}};

void http_write_problem(struct buf *out, unsigned status, const char *detail)
{
	buf_text(out, "{\"title\":");
	text_json(out, view_text(http_reason(status)));
	buf_printf(out, ",\"status\":%u,\"detail\":", status);
	text_json(out, view_text(detail));
	buf_text(out, "}\n");
}

void http_answer_problem(struct http_request *request, unsigned status, const char *detail)
{
	struct buf body BUF_CLEANUP = buf_growing(HTTP_PROBLEM_MAX);

	http_write_problem(&body, status, detail);
	http_answer(request, status, &http_problem_type, 1, buf_contents(&body));
}

struct view http_date(struct http_server *s)
{
	int64_t now = env_wall(loop_env(s->loop));

	if (now != s->date_at) {
		time_t seconds = (time_t)now;
		struct tm utc;

		s->date_at = now;
		(void)strftime(s->date, sizeof(s->date), "%a, %d %b %Y %H:%M:%S GMT",
			gmtime_r(&seconds, &utc));
	}
	return view_text(s->date);
}

bool http_has_body(unsigned status)
{
	return status >= 200 && status != 204 && status != 304;
}

bool http_own_length(const struct http_field *fields, size_t count, uint64_t *ret)
{
	for (size_t i = 0; i < count; i++) {
		if (view_is_nocase(fields[i].name, "Content-Length")) {
			return text_from_u64(fields[i].value, UINT64_MAX, ret, "http") == OK;
		}
	}
	return false;
}
