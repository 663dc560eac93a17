// SPDX-License-Identifier: Apache-2.0
/*
 * element: an application element that asks for tokens over RP_A, all that stand in a file, and compares the keys.
 *
 *	element HOST REALM NODE ADDRESS PREFIX FILE
 *
 * HOST, REALM: who it is; NODE, ADDRESS: the authentication element; PREFIX: of PREFIX/element.pem, .key and
 * PREFIX/ca.pem; FILE: "B-TID KEY" lines, as crowd writes them. Prints how many were right. Exit status 1 unless all.
 */
#include "base/text.h"
#include "net/diameter_peer.h"
#include "wire/rp_messages.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { UNDER_WAY = 64, WAIT_MS = 10000, LINE = 1024 };

struct element {
	struct loop *loop;
	struct tls *tls;
	struct diameter_node *node;
	const char *host, *realm, *to_host;
	struct ident to_realm, application;
	FILE *file;
	struct question {
		char token[TOKEN_ID_MAX + 1];
		struct secret key;
	} questions[UNDER_WAY];
	size_t busy, right, wrong;
	bool ended;
};

static void ask_next(struct element *element, size_t index);

static void must(enum err err, const char *what)
{
	if (err != OK) {
		(void)fprintf(stderr, "element: %s: %s\n", what, err_detail());
		exit(2);
	}
}

static enum err check(const struct question *question, enum err result, struct view message)
{
	struct rp_bia bia;
	struct diameter_fault fault;
	SECRET(key);

	TRY(result);
	TRY(diameter_decode(message, rp_bia_rows, &bia, &fault));
	if (bia.s.result != DIAMETER_SUCCESS) {
		return err_fail(ERR_DENIED, "answered %u",
			bia.s.has_experimental ? bia.s.experimental : bia.s.result);
	}
	TRY(secret_set(&key, bia.key_material.data, bia.key_material.len));
	return secret_equal(&key, &question->key) ? OK : err_fail(ERR_AUTH, "another key");
}

static void on_answer(void *user, uint64_t ref, enum err result, struct view message)
{
	struct element *element = user;
	const struct question *question = &element->questions[ref];
	enum err err = check(question, result, message);

	if (err == OK) {
		element->right++;
	} else {
		element->wrong++;
		(void)printf("%s: %s: %s\n", question->token, err_name(err), err_detail());
	}
	element->busy--;
	ask_next(element, ref);
}

static bool read_line(struct element *element, struct question *ret)
{
	char line[LINE];

	if (!fgets(line, sizeof(line), element->file)) {
		return false;
	}
	char *space = strchr(line, ' ');

	must(space ? OK : err_fail(ERR_SYNTAX, "B-TID KEY"), line);
	must(text_copy(ret->token, sizeof(ret->token), view_of(line, (size_t)(space - line)),
		     "B-TID"),
		line);
	must(secret_from_hex(&ret->key, view_of(space + 1, strcspn(space + 1, "\n"))), "key");
	return true;
}

static void ask_next(struct element *element, size_t index)
{
	struct question *question = &element->questions[index];
	BUF_CLEANUP struct buf session = buf_growing(512);
	BUF_CLEANUP struct buf naf_id = buf_growing(512);

	if (!read_line(element, question)) {
		if (element->busy == 0) {
			loop_stop(element->loop);
		}
		return;
	}
	must(rp_naf_id(&element->application, UA_TLS13_PSK, &naf_id), "NAF-Id");
	diameter_session_id(element->node, &session);
	const struct rp_bir bir = {
		.s = {.session_id = buf_contents(&session),
			.origin_host = view_text(element->host),
			.origin_realm = view_text(element->realm),
			.destination_host = view_text(element->to_host),
			.destination_realm = ident_view(&element->to_realm),
			.auth_session_state = 1},
		.transaction_id = view_text(question->token),
		.naf_id = buf_contents(&naf_id),
	};

	element->busy++;
	diameter_send(element->node, DIAMETER_ZN, DIAMETER_BIR, element->to_host,
		element->to_realm.text, rp_bir_rows, &bir, on_answer, element, index);
}

static void open_node(struct element *element, const char *address, const char *prefix)
{
	static const uint32_t applications[] = {DIAMETER_ZN};
	char certificate[PATH_MAX], key[PATH_MAX], authority[PATH_MAX];
	const struct tls_files files = {certificate, key, authority};
	const struct diameter_peer_options peer = {.host = element->to_host,
		.realm = element->to_realm.text,
		.address = address};
	struct diameter_node_options options = {
		.host = element->host,
		.realm = element->realm,
		.listen = "",
		.listen_plain = "",
		.applications = applications,
		.application_count = 1,
		.peers = &peer,
		.peer_count = 1,
		.reconnect_ms = 50,
		.answer_ms = WAIT_MS,
	};

	(void)snprintf(certificate, sizeof(certificate), "%s/element.pem", prefix);
	(void)snprintf(key, sizeof(key), "%s/element.key", prefix);
	(void)snprintf(authority, sizeof(authority), "%s/ca.pem", prefix);
	must(tls_client(&files, &element->tls), "certificates");
	options.client_tls = element->tls;
	must(diameter_node_open(element->loop, &options, NULL, 0, element, &element->node), "node");
}

static void wait_for_peer(struct element *element)
{
	int64_t until = loop_now(element->loop) + WAIT_MS;

	while (!diameter_node_reaches(element->node, element->to_realm.text, DIAMETER_ZN)) {
		loop_turn(element->loop, 10);
		must(loop_now(element->loop) < until ? OK : err_fail(ERR_TIMEOUT, "no connection"),
			element->to_host);
	}
}

int main(int argc, char **argv)
{
	struct element element = {.wrong = 0};

	must(argc == 7 ? OK : err_fail(ERR_CONFIG, "HOST REALM NODE ADDRESS PREFIX FILE"), "usage");
	element.host = argv[1];
	element.realm = argv[2];
	element.to_host = argv[3];
	const char *dot = strchr(argv[3], '.');

	must(ident_parse(IDENT_FQDN, view_text(dot ? dot + 1 : ""), &element.to_realm), argv[3]);
	must(ident_parse(IDENT_APPLICATION, view_text("app.example"), &element.application), "app");
	element.file = fopen(argv[6], "re");
	must(element.file ? OK : err_system("%s", argv[6]), "tokens");
	must(loop_new(&env_system, &element.loop), "loop");
	open_node(&element, argv[4], argv[5]);
	wait_for_peer(&element);
	for (size_t i = 0; i < UNDER_WAY; i++) {
		ask_next(&element, i);
	}
	if (element.busy > 0) {
		loop_run(element.loop);
	}
	(void)printf("right %zu wrong %zu\n", element.right, element.wrong);
	diameter_node_close(element.node);
	tls_free(element.tls);
	loop_free(element.loop);
	(void)fclose(element.file);
	return element.wrong > 0 || element.right == 0 ? 1 : 0;
}
