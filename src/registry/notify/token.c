// SPDX-License-Identifier: Apache-2.0
#include "registry/notify/inside.h"

#include "wire/security_event.h"

#include <stdio.h>

enum { PAYLOAD_MAX = JOSE_PAYLOAD_MAX };

static const struct waiting *first_of(const struct subscriber *s)
{
	return &s->window[s->at];
}

static const struct waiting *last_of(const struct subscriber *s)
{
	return &s->window[s->at + s->batch - 1];
}

void token_jti(const struct subscriber *s, char ret[NOTIFY_JTI])
{
	const long long first = first_of(s)->sequence, last = last_of(s)->sequence;

	if (s->wants.period_s > 0) {
		(void)snprintf(ret, NOTIFY_JTI, "%s.%lld-%lld", s->id, first, last);
	} else {
		(void)snprintf(ret, NOTIFY_JTI, "%s.%lld", s->id, first);
	}
}

/* Who it is for: the receiver's own URL, or the party, as it knows itself. */
static struct view audience(const struct subscriber *s)
{
	if (s->wants.delivery == DELIVERY_WEBHOOK) {
		return s->wants.url;
	}
	return view_text(s->party[0] ? s->party : "administrator");
}

static void put_counts(const struct subscriber *s, struct json_writer *w)
{
	json_open(w, "counts");
	for (int kind = 0; kind < EVENT_KINDS_END; kind++) {
		if (s->kinds[kind] > 0) {
			json_put_int(w, event_kind_name((enum event_kind)kind), s->kinds[kind]);
		}
	}
	json_close(w);
}

/* A period's events, and how many there are of each kind. */
static enum err write_digest(const struct subscriber *s, struct buf *out)
{
	const int64_t period_ms = s->wants.period_s * 1000,
		      from = first_of(s)->at / period_ms * period_ms;
	struct json_writer w = json_to(out);

	json_open(&w, NULL);
	json_put_int(&w, "sequence", first_of(s)->sequence);
	json_put_int(&w, "last", last_of(s)->sequence);
	json_put_int(&w, "from", from);
	json_put_int(&w, "until", from + period_ms);
	put_counts(s, &w);
	json_close(&w);
	out->len--; /* its end comes after the items, which are JSON already */
	buf_text(out, ",\"items\":[");
	buf_view(out, buf_contents(&s->items));
	buf_text(out, "]}");
	return buf_end(out, "digest");
}

enum err token_payload(const struct subscriber *s, struct buf *out)
{
	if (s->wants.period_s > 0) {
		return write_digest(s, out);
	}
	buf_view(out, buf_contents(&s->items));
	return buf_end(out, "notification");
}

enum err token_make(const struct subscriber *s, const char *kind, struct buf *out)
{
	const struct registry *registry = s->notify->registry;
	BUF_CLEANUP struct buf payload = buf_growing(PAYLOAD_MAX);
	char jti[NOTIFY_JTI];

	TRY(token_payload(s, &payload));
	token_jti(s, jti);
	const struct security_event_part part = {
		.type = view_text(s->wants.period_s > 0 ? "digest" : kind),
		.payload = buf_contents(&payload),
	};
	const struct security_event event = {
		.iss = view_text(registry->conf->id),
		.aud = audience(s),
		.jti = view_text(jti),
		.txn = view_text(s->txn),
		.iat = registry_now(registry) / 1000,
		.parts = &part,
		.count = 1,
	};

	return security_event_sign(registry->answer_key, &event, out);
}
