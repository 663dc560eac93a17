// SPDX-License-Identifier: Apache-2.0
/* RP_A over HTTPS (docs/protocol/rp_a.md): announcing and pulling. What the node tells: carrier_stream.c. */
#include "app/https_node.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum {
	AWAY_MS = 1000, /* after a call that failed */
	CALLS = 16,	/* connections */
	WAITING = 4096,
	ANSWER_MS = 3000,
	STREAM_MS = 65 * 1000, /* without a byte: three keep-alives of a node */
};

void https_note_failed(struct https_node *h)
{
	h->failed_at = loop_now(h->node->app->loop);
}

static bool reaches(const struct node *node)
{
	const struct https_node *h = node->https;

	return h->failed_at == 0 || loop_now(node->app->loop) - h->failed_at >= AWAY_MS;
}

static enum err call(struct https_node *h, const char *method, const char *target,
	const struct buf *body, const struct http_call_on *on, void *user, struct http_call **ret)
{
	static const struct http_field type = {{(const uint8_t *)"Content-Type", 12},
		{(const uint8_t *)"application/json", 16}};

	return http_client_call(h->calls, method, view_text(target), &type, 1, buf_contents(body),
		on, user, ret);
}

/* --- pulling --- */

struct key_call {
	struct https_node *node;
	pool_ref ref;
	unsigned status;
	struct buf body;
};

static void on_key_head(void *user, const struct http_head *head)
{
	((struct key_call *)user)->status = head->status;
}

static void on_key_body(void *user, struct view part)
{
	buf_view(&((struct key_call *)user)->body, part);
}

/* Who may not have it, and what does not exist, look alike above. */
static enum err read_key(const struct key_call *k, struct rp_a_json *m, struct rp_bia *ret)
{
	if (k->status == 403 || k->status == 404) {
		return err_fail(ERR_NOT_FOUND, "RP_A: refused with %u", k->status);
	}
	if (k->status != 200) {
		return err_fail(ERR_UNAVAILABLE, "RP_A: answered with %u", k->status);
	}
	TRY(buf_end(&k->body, "RP_A: key"));
	TRY(rp_a_json_read_key(buf_contents(&k->body), m, ret));
	ret->s.origin_host = ident_view(&k->node->node->host); /* its certificate says so */
	return OK;
}

static void on_key_done(void *user, enum err result)
{
	struct key_call *k = user;
	struct https_node *h = k->node;
	struct rp_bia bia = {.has_expiry = false};
	RP_A_JSON(m);

	if (result == OK) {
		h->failed_at = 0;
		result = read_key(k, &m, &bia);
		announce_soon(h->node); /* it is back */
	} else {
		https_note_failed(h);
	}
	pull_answered(h->node->app, k->ref, result, &bia);
	buf_wipe(&k->body);
	buf_free(&k->body);
	free(k);
}

static enum err pull(struct node *node, const struct rp_bir *bir, const char *tx, pool_ref ref)
{
	static const struct http_call_on on = {on_key_head, on_key_body, on_key_done};
	BUF_CLEANUP struct buf body = buf_growing(ANSWER_BODY_MAX);
	struct key_call *k = calloc(1, sizeof(*k));
	struct http_call *under_way;
	char session_id[1 + LOG_TX] = ";";
	struct rp_bir own = *bir;

	if (!k) {
		return err_fail(ERR_MEMORY, "RP_A: out of memory");
	}
	*k = (struct key_call){.node = node->https,
		.ref = ref,
		.body = buf_growing(ANSWER_BODY_MAX)};
	(void)strncat(session_id, tx, LOG_TX - 1);
	own.s.session_id = view_text(session_id);
	enum err err = rp_a_json_write_pull(&own, &body);

	if (err == OK) {
		err = call(node->https, "POST", "/rp-a/v1/key", &body, &on, k, &under_way);
	}
	if (err != OK) {
		free(k);
	}
	return err;
}

/* --- announcing --- */

void https_announced(struct https_node *h, enum err result, const struct announce_answer *answer)
{
	if (h->announcing) {
		h->announcing = false;
		announce_answered(h->node, h->round, result, answer);
	}
}

static enum err check_put(const struct https_node *h)
{
	switch (h->put_status) {
	case 200:
	case 403:
		return OK;
	case 404:
	case 405:
	case 501:
		return err_fail(ERR_UNSUPPORTED,
			"RP_A: %s takes no announcements: tokens are "
			"pulled, and none is revoked",
			h->node->host.text);
	default:
		return err_fail(ERR_UNAVAILABLE, "RP_A: announcement answered with %u",
			h->put_status);
	}
}

/* Of a stream that goes on it is the whole answer; else its events begin with a new one. */
static enum err take_put(struct https_node *h)
{
	struct rp_rpa rpa;
	RP_A_JSON(m);

	TRY(check_put(h));
	TRY(buf_end(&h->put_body, "RP_A: answer"));
	TRY(rp_a_json_read_place(buf_contents(&h->put_body), &m, &rpa));
	h->whole = h->put_status == 200;
	if (text_copy(h->detail, sizeof(h->detail), rpa.s.error_message, "detail") != OK) {
		h->detail[0] = '\0';
	}
	if (!h->stream || !h->node->follows) {
		return https_stream_open(h);
	}
	https_announced(h, OK,
		&(struct announce_answer){.whole = h->whole,
			.detail = view_text(h->detail),
			.log = rpa.has_serial ? rpa.log : (struct view){0},
			.serial = rpa.serial});
	return OK;
}

static void on_put_head(void *user, const struct http_head *head)
{
	((struct https_node *)user)->put_status = head->status;
}

static void on_put_body(void *user, struct view part)
{
	buf_view(&((struct https_node *)user)->put_body, part);
}

static void on_put_done(void *user, enum err result)
{
	struct https_node *h = user;

	h->put = NULL;
	if (result == OK) {
		h->failed_at = 0;
		result = take_put(h);
	} else {
		https_note_failed(h);
	}
	if (result != OK) {
		https_announced(h, result, NULL);
	}
}

static enum err announce(struct node *node, const struct rp_rpr *rpr, const char *tx, uint32_t round)
{
	static const struct http_call_on on = {on_put_head, on_put_body, on_put_done};
	BUF_CLEANUP struct buf body = buf_growing(RP_A_JSON_MAX);
	struct https_node *h = node->https;
	char session_id[1 + LOG_TX] = ";";
	struct rp_rpr own = *rpr;

	if (h->put) {
		http_call_cancel(h->put);
		h->put = NULL;
	}
	(void)strncat(session_id, tx, LOG_TX - 1);
	own.s.session_id = view_text(session_id);
	TRY(rp_a_json_write_announcement(&own, &body));
	h->from_known = rpr->log.len == EVENT_LOG;
	memcpy(h->from_log, h->from_known ? rpr->log.data : h->from_log, EVENT_LOG);
	h->from_serial = rpr->serial;
	buf_clear(&h->put_body);
	TRY(call(h, "PUT", "/rp-a/v1/applications", &body, &on, h, &h->put));
	h->round = round;
	h->announcing = true;
	return OK;
}

/* --- life --- */

const struct carrier carrier_https = {
	.name = "https",
	.reaches = reaches,
	.pull = pull,
	.announce = announce,
	.answer = https_stream_answer,
};

static enum err open_clients(struct https_node *h, const struct symapp_node *from, struct tls *tls)
{
	struct loop *loop = h->node->app->loop;
	struct http_client_options options = {.address = from->address,
		.host = h->node->host.text,
		.tls = from->plain ? NULL : tls,
		.connections = CALLS,
		.waiting = WAITING,
		.timeout_ms = ANSWER_MS,
		.stall_ms = ANSWER_MS,
		.limits = {.body = ANSWER_BODY_MAX}};

	TRY(http_client_new(loop, &options, &h->calls));
	options.connections = 2;
	options.stall_ms = STREAM_MS;
	options.limits.body = SIZE_MAX; /* it has no end */
	return http_client_new(loop, &options, &h->streams);
}

static enum err open_node(struct symapp *app, const struct symapp_node *from, struct tls *tls)
{
	struct node *node;

	if (!from->plain && !tls) {
		return err_fail(ERR_CONFIG,
			"RP_A: %s is reached by HTTPS, and there is no "
			"certificate for it",
			from->host);
	}
	TRY(announce_add_node(app, &carrier_https, from->host, NULL, &node));
	if (node->https) {
		return err_fail(ERR_CONFIG, "RP_A: %s stands there twice", from->host);
	}
	struct https_node *h = calloc(1, sizeof(*h));

	node->https = h;
	if (!h) {
		return err_fail(ERR_MEMORY, "RP_A: out of memory");
	}
	h->node = node;
	h->put_body = buf_growing(ANSWER_BODY_MAX);
	h->unanswered = calloc(UNANSWERED_MAX, sizeof(*h->unanswered));
	if (!h->unanswered) {
		return err_fail(ERR_MEMORY, "RP_A: out of memory");
	}
	TRY(open_clients(h, from, tls));
	node->ways = 1; /* it is connected to when there is something to say */
	return OK;
}

enum err carrier_https_open(struct symapp *app, const struct symapp_options *options)
{
	for (size_t i = 0; i < options->node_count; i++) {
		TRY(open_node(app, &options->nodes[i], options->tls));
	}
	return OK;
}

static void close_node(struct https_node *h)
{
	https_stream_close(h);
	http_client_free(h->streams);
	http_client_free(h->calls);
	buf_free(&h->put_body);
	free(h->unanswered);
	free(h);
}

void carrier_https_close(struct symapp *app)
{
	for (size_t i = 0; i < app->node_count; i++) {
		if (app->nodes[i].https) {
			close_node(app->nodes[i].https);
			app->nodes[i].https = NULL;
		}
	}
}
