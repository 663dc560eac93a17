// SPDX-License-Identifier: Apache-2.0
#include "wire/mqtt_topic.h"

#include <string.h>

enum { EXPANDED_MAX = 4 * MQTT_PATTERN_MAX };

/* What is left of a topic; `done` after its last level, which may be empty. */
struct levels {
	struct view rest;
	bool done;
};

static struct view take(struct levels *l)
{
	const uint8_t *slash = l->rest.len > 0 ? memchr(l->rest.data, '/', l->rest.len) : NULL;
	size_t len = slash ? (size_t)(slash - l->rest.data) : l->rest.len;
	struct view level = view_of(l->rest.data, len);

	l->done = !slash;
	l->rest = slash ? view_of(slash + 1, l->rest.len - len - 1) : view_of(NULL, 0);
	return level;
}

static bool has_wildcard(struct view v)
{
	return v.len > 0 && (memchr(v.data, '#', v.len) || memchr(v.data, '+', v.len));
}

static bool has_control(struct view v)
{
	for (size_t i = 0; i < v.len; i++) {
		if (v.data[i] < 0x20 || v.data[i] == 0x7f) {
			return true;
		}
	}
	return false;
}

enum err mqtt_pattern_check(struct view pattern)
{
	struct levels left = {.rest = pattern};

	if (pattern.len == 0) {
		return err_fail(ERR_SYNTAX, "MQTT 4.7.3: a topic has one sign at least");
	}
	if (pattern.len > MQTT_PATTERN_MAX) {
		return err_fail(ERR_RANGE, "a pattern has at most %d bytes", MQTT_PATTERN_MAX);
	}
	if (has_control(pattern)) {
		return err_fail(ERR_SYNTAX, "MQTT 1.5.4: a control character in a topic");
	}
	while (!left.done) {
		struct view level = take(&left);

		if (has_wildcard(level) && level.len > 1) {
			return err_fail(ERR_SYNTAX, "MQTT 4.7.1: # and + are levels of their own");
		}
		if (view_is(level, "#") && !left.done) {
			return err_fail(ERR_SYNTAX, "MQTT 4.7.1.2: # is the last level");
		}
	}
	return OK;
}

/* Nobody is called what would widen a pattern. */
static bool is_usable(struct view pseudonym)
{
	return pseudonym.len > 0 && !has_wildcard(pseudonym) && !has_control(pseudonym) &&
	       !memchr(pseudonym.data, '/', pseudonym.len);
}

static bool expand(struct view pattern, struct view pseudonym, struct buf *out)
{
	static const char place[] = MQTT_PSEUDONYM;
	const size_t len = sizeof(place) - 1;

	for (;;) {
		const uint8_t *at =
			pattern.len > 0 ? memmem(pattern.data, pattern.len, place, len) : NULL;

		if (!at) {
			buf_view(out, pattern);
			return !out->failed;
		}
		if (!is_usable(pseudonym)) {
			return false;
		}
		size_t before = (size_t)(at - pattern.data);

		buf_bytes(out, pattern.data, before);
		buf_view(out, pseudonym);
		pattern = view_of(at + len, pattern.len - before - len);
	}
}

/* MQTT 4.8.2: $share/GROUP/FILTER. */
static struct view without_share(struct view filter)
{
	static const char share[] = "$share/";
	const size_t len = sizeof(share) - 1;

	if (filter.len <= len || memcmp(filter.data, share, len) != 0) {
		return filter;
	}
	struct levels left = {.rest = view_of(filter.data + len, filter.len - len)};

	(void)take(&left);
	return left.rest;
}

/* MQTT 4.7.2: what begins with $ is matched by no wildcard. */
static bool is_hidden(struct view pattern, struct view filter)
{
	return filter.len > 0 && filter.data[0] == '$' && pattern.len > 0 &&
	       (pattern.data[0] == '#' || pattern.data[0] == '+');
}

static bool covers_level(struct view p, struct view f)
{
	return view_is(p, "+") ? !view_is(f, "#") : view_equal(p, f);
}

static bool covers(struct view pattern, struct view filter)
{
	struct levels ps = {.rest = pattern}, fs = {.rest = filter};

	if (filter.len == 0 || is_hidden(pattern, filter)) {
		return false;
	}
	while (!ps.done) {
		struct view p = take(&ps);

		if (view_is(p, "#")) {
			return true; /* "a/#" is "a" too */
		}
		if (fs.done || !covers_level(p, take(&fs))) {
			return false;
		}
	}
	return fs.done;
}

bool mqtt_pattern_covers(struct view pattern, struct view pseudonym, struct view filter)
{
	uint8_t room[EXPANDED_MAX];
	struct buf expanded = buf_fixed(room, sizeof(room));

	return expand(pattern, pseudonym, &expanded) &&
	       covers(buf_contents(&expanded), without_share(filter));
}
