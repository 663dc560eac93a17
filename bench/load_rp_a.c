// SPDX-License-Identifier: Apache-2.0
/*
 * load_rp_a: one application element that pulls tokens, again and again, over Diameter or over HTTPS; or the same requests to a
 * server with a fixed answer.
 *
 *	load_rp_a --work NAME --who NAME --tls diameter|https|fixed --address HOST:PORT --name NODE
 *		--authority FOLDER	with ca.pem, and the element's certificate and key
 *		--tokens FILE --clients C --seconds S --watch NAME=PID
 */
#include "base/log.h"
#include "base/text.h"
#include "load.h"
#include "net/diameter_peer.h"
#include "net/http_client.h"
#include "wire/rp_a_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ELEMENT	    "gateway.app.example"
#define APPLICATION "app.example"
#define REALM	    "realm.example"

enum { MOST = 1024, IDS = 4096, POLL_MS = 5, ANSWER_MAX = 65536 };

struct asker {
	struct loop *loop;
	struct load_arguments arguments;
	struct measure measure;
	struct diameter_node *diameter;
	struct http_client *https;
	bool fixed, ending;
	char ids[IDS][TOKEN_ID_MAX + 1];
	size_t id_count, next, under_way;
	size_t cold; /* slots without an answer so far: their connections are still being made */
	struct timer timer;
	struct slot {
		struct asker *a;
		double since;
		bool warm;
		unsigned status;
		struct buf body;
	} slots[MOST];
};

static void ask(struct slot *s);
static void on_warm(void *user);

/* The warm-up begins when all connections stand: handshakes are no part of a pull. */
static void note_warm(struct slot *s)
{
	struct asker *a = s->a;

	if (s->warm) {
		return;
	}
	s->warm = true;
	a->cold--;
	if (a->cold == 0) {
		timer_start(a->loop, &a->timer, (int64_t)(a->arguments.warm_up * 1000) + 1, on_warm,
			a);
	}
}

static void done(struct slot *s)
{
	struct asker *a = s->a;

	note_warm(s);
	measure_add(&a->measure, s->since);
	a->under_way--;
	if (!a->ending) {
		ask(s);
	} else if (a->under_way == 0) {
		loop_stop(a->loop);
	}
}

static void on_bia(void *user, uint64_t at, enum err result, struct view message)
{
	struct asker *a = user;
	struct rp_bia bia;
	struct diameter_fault fault;

	must(result == OK && diameter_decode(message, rp_bia_rows, &bia, &fault) == OK &&
			bia.s.result == DIAMETER_SUCCESS && bia.key_material.len == TOKEN_KEY,
		"BIA");
	done(&a->slots[at]);
}

static void on_head(void *user, const struct http_head *head)
{
	((struct slot *)user)->status = head->status;
}

static void on_body(void *user, struct view part)
{
	buf_view(&((struct slot *)user)->body, part);
}

static void on_done(void *user, enum err result)
{
	struct slot *s = user;
	struct rp_bia bia;
	RP_A_JSON(m);

	must(result == OK && s->status == 200, "POST /rp-a/v1/key");
	must(s->a->fixed || rp_a_json_read_key(buf_contents(&s->body), &m, &bia) == OK, "key");
	done(s);
}

static void ask_https(struct slot *s, const struct rp_bir *bir)
{
	static const struct http_call_on on = {on_head, on_body, on_done};
	BUF_CLEANUP struct buf body = buf_growing(4096);
	struct http_call *call;

	buf_clear(&s->body);
	must(rp_a_json_write_pull(bir, &body) == OK &&
			http_client_call(s->a->https, "POST", view_text("/rp-a/v1/key"), NULL, 0,
				buf_contents(&body), &on, s, &call) == OK,
		"call");
}

static void ask(struct slot *s)
{
	struct asker *a = s->a;
	char session[128];
	struct buf id = buf_fixed(session, sizeof(session));
	struct rp_bir bir = {.transaction_id = view_text(a->ids[a->next++ % a->id_count]),
		.naf_id = view_of(APPLICATION "\x01\0\0\0\x07", strlen(APPLICATION) + UA_SIZE)};

	s->since = now();
	a->under_way++;
	if (a->https) {
		ask_https(s, &bir);
		return;
	}
	diameter_session_id(a->diameter, &id);
	bir.s = (struct rp_session){.session_id = buf_contents(&id),
		.origin_host = view_text(ELEMENT),
		.origin_realm = view_text(APPLICATION),
		.destination_host = view_text(a->arguments.name),
		.destination_realm = view_text(REALM),
		.auth_session_state = 1};
	diameter_send(a->diameter, DIAMETER_ZN, DIAMETER_BIR, a->arguments.name, REALM, rp_bir_rows,
		&bir, on_bia, a, (uint64_t)(s - a->slots));
}

static void on_end(void *user)
{
	struct asker *a = user;

	if (a->measure.count == 0) { /* a busy machine: it ends when there is something to tell */
		timer_start(a->loop, &a->timer, POLL_MS, on_end, a);
		return;
	}
	measure_end(&a->measure);
	a->ending = true;
}

static void on_warm(void *user)
{
	struct asker *a = user;

	measure_begin(&a->measure);
	timer_start(a->loop, &a->timer, (int64_t)(a->arguments.seconds * 1000), on_end, a);
}

static void begin(void *user)
{
	struct asker *a = user;

	if (a->diameter && !diameter_node_reaches(a->diameter, REALM, DIAMETER_ZN)) {
		timer_start(a->loop, &a->timer, POLL_MS, begin, a);
		return;
	}
	a->cold = a->arguments.clients < MOST ? a->arguments.clients : MOST;
	for (size_t i = 0, all = a->cold; i < all; i++) {
		a->slots[i] = (struct slot){.a = a, .body = buf_growing(ANSWER_MAX)};
		ask(&a->slots[i]);
	}
}

/* "3GPP-bootstrapping;TOKEN KEY" lines, as load_bootstrap writes them. */
static void read_tokens(struct asker *a)
{
	FILE *file = fopen(a->arguments.tokens, "re");
	char line[1024];

	must(file != NULL, a->arguments.tokens);
	while (a->id_count < IDS && fgets(line, sizeof(line), file)) {
		char *id = strchr(line, ';'), *end = strchr(line, ' ');

		must(id && end && id < end, "tokens");
		*end = '\0';
		(void)snprintf(a->ids[a->id_count++], TOKEN_ID_MAX + 1, "%s", id + 1);
	}
	must(fclose(file) == 0 && a->id_count > 0, "tokens");
}

static struct tls *make_tls(const struct asker *a)
{
	char certificate[512], key[512], authority[512];
	const struct tls_files files = {a->fixed ? NULL : certificate, a->fixed ? NULL : key,
		authority};
	struct tls *tls;

	(void)snprintf(certificate, sizeof(certificate), "%s/" ELEMENT ".pem",
		a->arguments.authority);
	(void)snprintf(key, sizeof(key), "%s/" ELEMENT ".key", a->arguments.authority);
	(void)snprintf(authority, sizeof(authority), "%s/ca.pem", a->arguments.authority);
	must(tls_client(&files, &tls) == OK, "TLS");
	return tls;
}

static void open_diameter(struct asker *a, struct tls *tls)
{
	static const uint32_t applications[] = {DIAMETER_ZN};
	const struct diameter_peer_options peer = {.host = a->arguments.name,
		.realm = REALM,
		.address = a->arguments.address};
	const struct diameter_node_options options = {.host = ELEMENT,
		.realm = APPLICATION,
		.client_tls = tls,
		.applications = applications,
		.application_count = 1,
		.peers = &peer,
		.peer_count = 1};

	must(diameter_node_open(a->loop, &options, NULL, 0, a, &a->diameter) == OK, "diameter");
}

static void open_https(struct asker *a, struct tls *tls)
{
	const struct http_client_options options = {.address = a->arguments.address,
		.host = a->arguments.name,
		.tls = tls,
		.connections = a->arguments.clients,
		.waiting = MOST};

	must(http_client_new(a->loop, &options, &a->https) == OK, "https");
}

int main(int argc, char **argv)
{
	static struct asker a;

	a.arguments = (struct load_arguments){.clients = 64, .seconds = 1, .tls = "https"};
	log_set_level(LOG_ERROR);
	load_arguments(argc, argv, &a.arguments, &a.measure);
	a.fixed = strcmp(a.arguments.tls, "fixed") == 0;
	read_tokens(&a);
	struct tls *tls = make_tls(&a);

	must(loop_new(&env_system, &a.loop) == OK, "loop");
	if (strcmp(a.arguments.tls, "diameter") == 0) {
		open_diameter(&a, tls);
	} else {
		open_https(&a, tls);
	}
	begin(&a);
	loop_run(a.loop);
	measure_print(&a.measure, "");
	http_client_free(a.https);
	if (a.diameter) {
		diameter_node_close(a.diameter);
	}
	loop_free(a.loop);
	tls_free(tls);
	return 0;
}
