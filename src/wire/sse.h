// SPDX-License-Identifier: Apache-2.0
/*
 * sse: server-sent events (WHATWG HTML, 9.2): a stream of events read as its parts come, and written. Bytes to structs;
 * what carries them is the caller's.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

#define SSE_TYPE	  "text/event-stream"
#define SSE_LAST_EVENT_ID "Last-Event-ID"

enum { SSE_ID_MAX = 128, SSE_NAME_MAX = 32 };

/* One event; valid during the call. */
struct sse_event {
	struct view id;	  /* the last that came, with this event or before; "" before the first */
	struct view name; /* "message" when it has none */
	struct view data;
};

/* A reader's memory. */
struct sse {
	size_t max;
	struct buf line, data;
	bool has_data, after_cr, begun;
	char id[SSE_ID_MAX + 1], name[SSE_NAME_MAX + 1];
};

/* A reader that takes lines and events of at most `max` bytes. Freeing wipes what it has seen. */
struct sse sse_of(size_t max);
void sse_free(struct sse *s);

/*
 * Takes bytes, and tells of each event that is complete. Comments, fields that are not known and `retry` are read past.
 * ERR_RANGE: a line, an event, its id or its name is too long; the reader is of no use then. Any but OK
 * from the callback stops and is returned.
 */
typedef enum err sse_on(void *user, const struct sse_event *event);
enum err sse_feed(struct sse *s, struct view bytes, sse_on *on, void *user);

/* Appends one event. An id or name with a line end makes the buf fail; data may have them. */
void sse_write(struct buf *out, struct view id, const char *name, struct view data);
