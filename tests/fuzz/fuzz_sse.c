// SPDX-License-Identifier: Apache-2.0
/* Event streams: read in one part or in many, they say the same; and what was read can be written. */
#include "fuzz.h"

#include "wire/sse.h"
#include <stdlib.h>
#include <string.h>

enum { MAX = 4096 };

struct seen {
	struct buf text;
	size_t count;
};

static enum err on_event(void *user, const struct sse_event *event)
{
	struct seen *seen = user;

	buf_u32(&seen->text, (uint32_t)event->id.len);
	buf_view(&seen->text, event->id);
	buf_u32(&seen->text, (uint32_t)event->name.len);
	buf_view(&seen->text, event->name);
	buf_u32(&seen->text, (uint32_t)event->data.len);
	buf_view(&seen->text, event->data);
	seen->count++;
	return OK;
}

static enum err read_in(const uint8_t *data, size_t size, size_t part, struct seen *ret)
{
	struct sse s = sse_of(MAX);
	enum err err = OK;

	for (size_t at = 0; at < size && err == OK; at += part) {
		err = sse_feed(&s, view_of(data + at, part < size - at ? part : size - at),
			on_event, ret);
	}
	sse_free(&s);
	return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen whole = {.text = buf_growing(1 << 24)}, parts = {.text = buf_growing(1 << 24)};
	enum err err = read_in(data, size, size + 1, &whole);

	if (read_in(data, size, 3, &parts) != err || whole.count != parts.count ||
		!view_equal(buf_contents(&whole.text), buf_contents(&parts.text))) {
		abort();
	}
	buf_free(&whole.text);
	buf_free(&parts.text);
	return 0;
}
