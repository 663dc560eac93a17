// SPDX-License-Identifier: Apache-2.0
/*
 * load_bootstrap: many devices, each with a key of its own, that bootstrap over RP_C (clause 10.4 in its plain GBA
 * form). Their secure elements are memory: nothing is synced to a disk here. Every rspauth is verified.
 *
 *	load_bootstrap --address HOST:PORT --name AUTHN --devices N [--first I] --clients C --seconds S
 *		[--authority CA.pem]	TLS 1.3, a new connection for each bootstrap; else plain, kept alive
 *		[--tokens FILE]		one bootstrap for each device; writes "identity key" lines for load_rp_d,
 *					and for TLS 1.2 to FILE.ccac
 */
#include "load.h"

#include "core/token.h"
#include "wire/digest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define APPLICATION "app.example"

/* bench/realm.py provisions the same: K and OPc are this text. */
#define KEY_TEXT  "bench %c %08zu"
#define USER_TEXT "00101%010zu@"

enum { KEY_SIZE = 16, CNONCE = 16 };

struct device {
	struct sqn_window window;
	bool busy;
};

/* A bootstrap under way. */
struct run {
	size_t device;
	struct ident client;
	struct token_base base;
	struct secret password;
	char nonce[DIGEST_NONCE_MAX + 1], cnonce[CNONCE + 1];
	bool challenged;
};

static struct ident node, realm;
static struct aka *aka;
static struct load_arguments arguments = {.clients = 64, .devices = 1, .seconds = 1};
static struct device *devices;
static struct run *runs;
static size_t next, begun;
static FILE *tokens, *tokens_12;

static void ident_of(enum ident_kind kind, const char *text, struct ident *ret)
{
	must(ident_parse(kind, view_text(text), ret) == OK, text);
}

static void key_of(char kind, size_t number, struct secret *ret)
{
	char text[KEY_SIZE + 1];

	(void)snprintf(text, sizeof(text), KEY_TEXT, kind, number);
	must(secret_set(ret, text, KEY_SIZE) == OK, "key");
}

static void write_request(struct buf *out, const struct digest_authorization *authorization,
	enum digest_algorithm algorithm)
{
	buf_printf(out,
		"GET / HTTP/1.1\r\nHost: %s\r\nUser-Agent: load 3gpp-gba\r\n"
		"Accept: application/vnd.3gpp.bsf+xml\r\nAuthorization: ",
		node.text);
	digest_print_authorization(out, authorization, algorithm);
	buf_text(out, "\r\n\r\n");
	must(buf_end(out, "request") == OK, "request");
}

/* The next device that is not under way; none when each was to run once. */
static bool pick_device(struct run *run)
{
	if (tokens && begun == arguments.devices) {
		return false;
	}
	begun++;
	do {
		next = (next + 1) % arguments.devices;
	} while (devices[next].busy);
	devices[next].busy = true;
	run->device = next;
	return true;
}

/* 10.4/1a */
static bool begin(void *user, size_t client, SSL *ssl, struct buf *out)
{
	struct run *run = &runs[client];
	char text[IDENT_MAX + 1];
	struct buf name = buf_fixed(text, sizeof(text));

	(void)user;
	(void)ssl;
	memset(run, 0, sizeof(*run));
	if (!pick_device(run)) {
		return false;
	}
	buf_printf(&name, USER_TEXT, arguments.first + run->device);
	buf_view(&name, ident_view(&realm));
	must(ident_parse(IDENT_CLIENT, buf_contents(&name), &run->client) == OK, "client");
	write_request(out,
		&(struct digest_authorization){
			.username = ident_view(&run->client),
			.realm = ident_view(&node),
			.nonce = view_text(""),
			.uri = view_text("/"),
			.response = view_text(""),
		},
		0);
	return true;
}

/* 10.4/2b: the secure element verifies AUTN, and gives what Ks and the password are made of. */
static void answer_challenge(struct run *run, const uint8_t *autn)
{
	size_t number = arguments.first + run->device;
	struct aka_key key = {.algorithm = AKA_MILENAGE, .amf = {0x80, 0x00}};
	struct aka_result result;
	uint8_t ks[2 * KEY_SIZE];

	key_of('K', number, &key.k);
	key_of('O', number, &key.opc);
	must(aka_answer(aka, &key, run->base.rand, autn, &devices[run->device].window, &result) ==
			OK,
		"AUTN");
	must(digest_password(DIGEST_AKAV1_MD5, &result.res, &result.ck, &result.ik,
		     &run->password) == OK,
		"password");
	memcpy(ks, result.ck.bytes, KEY_SIZE);
	memcpy(ks + KEY_SIZE, result.ik.bytes, KEY_SIZE);
	must(secret_set(&run->base.ks, ks, sizeof(ks)) == OK, "Ks");
}

static struct digest_input input_of(const struct run *run, struct view body)
{
	return (struct digest_input){
		.algorithm = DIGEST_AKAV1_MD5,
		.username = ident_view(&run->client),
		.realm = ident_view(&node),
		.nonce = view_text(run->nonce),
		.nc = view_text("00000001"),
		.cnonce = view_text(run->cnonce),
		.method = view_text("GET"),
		.uri = view_text("/"),
		.body = body,
		.password = &run->password,
	};
}

/* 10.4/2c */
static void respond(struct run *run, const struct load_answer *answer, struct buf *out)
{
	struct digest_challenge challenge;
	char response[DIGEST_HEX + 1];
	uint8_t autn[AUTN_SIZE];

	load_expect(answer, 401);
	must(digest_parse_challenge(load_field(answer->head, "WWW-Authenticate"), &challenge) == OK,
		"challenge");
	must(digest_from_nonce(challenge.nonce, run->base.rand, autn) == OK, "nonce");
	(void)snprintf(run->nonce, sizeof(run->nonce), "%.*s", (int)challenge.nonce.len,
		(const char *)challenge.nonce.data);
	(void)snprintf(run->cnonce, sizeof(run->cnonce), "%016zx", begun);
	answer_challenge(run, autn);
	const struct digest_input input = input_of(run, (struct view){0});

	must(digest_response(&input, response) == OK, "response");
	write_request(out,
		&(struct digest_authorization){
			.username = input.username,
			.realm = input.realm,
			.nonce = input.nonce,
			.uri = input.uri,
			.response = view_text(response),
			.cnonce = input.cnonce,
			.nc = input.nc,
			.opaque = challenge.opaque,
			.qop = view_text("auth-int"),
			.has_response = true,
		},
		DIGEST_AKAV1_MD5);
	run->challenged = true;
}

static void write_key(FILE *to, const struct run *run, const struct ident *application,
	struct ua ua, const char *id)
{
	SECRET(key);

	must(token_derive(TOKEN_GBA, &run->base, application, ua, (struct view){0}, &key) == OK,
		"key");
	(void)fprintf(to, "3GPP-bootstrapping;%s ", id);
	for (size_t i = 0; i < key.len; i++) {
		(void)fprintf(to, "%02x", key.bytes[i]);
	}
	(void)fprintf(to, "\n");
}

static void write_token(struct run *run)
{
	struct ident application;
	char id[TOKEN_ID_MAX + 1];

	run->base.client = run->client;
	run->base.node = node;
	run->base.realm = realm;
	ident_of(IDENT_APPLICATION, APPLICATION, &application);
	must(token_id(TOKEN_GBA, &run->base, &application, id) == OK, "token");
	write_key(tokens, run, &application, UA_TLS13_PSK, id);
	write_key(tokens_12, run, &application, UA_TLS12(0xccac), id);
}

/* 10.4/4a: nothing is believed before rspauth. */
static void check_result(struct run *run, const struct load_answer *answer)
{
	struct digest_info info;
	struct digest_input input = input_of(run, answer->body);
	char expected[DIGEST_HEX + 1];

	load_expect(answer, 200);
	must(digest_parse_info(load_field(answer->head, "Authentication-Info"), &info) == OK &&
			digest_rspauth(&input, expected) == OK &&
			digest_verify(info.rspauth, expected) == OK,
		"rspauth");
	if (tokens) {
		write_token(run);
	}
	devices[run->device].busy = false;
}

static bool answered(void *user, size_t client, const struct load_answer *answer, struct buf *out)
{
	struct run *run = &runs[client];

	(void)user;
	if (run->challenged) {
		check_result(run, answer);
		return false;
	}
	respond(run, answer, out);
	return true;
}

int main(int argc, char **argv)
{
	struct measure m = {.work = "bootstrap", .who = "symbolon"};

	load_arguments(argc, argv, &arguments, &m);
	must(arguments.name && arguments.devices >= 2 * arguments.clients,
		"--name; and two --devices for each of the --clients");
	ident_of(IDENT_FQDN, arguments.name, &node);
	ident_of(IDENT_FQDN, strchr(arguments.name, '.') + 1, &realm);
	devices = calloc(arguments.devices, sizeof(*devices));
	runs = calloc(arguments.clients, sizeof(*runs));
	must(devices && runs && aka_new(&aka) == OK, "memory");
	if (arguments.tokens) {
		char name[PATH_MAX];

		(void)snprintf(name, sizeof(name), "%s.ccac", arguments.tokens);
		tokens = fopen(arguments.tokens, "we");
		tokens_12 = fopen(name, "we");
		must(tokens && tokens_12, arguments.tokens);
	}
	struct load load = {.address = arguments.address,
		.server_name = arguments.name,
		.clients = arguments.clients,
		.warm_up = arguments.warm_up,
		.seconds = tokens ? 0 : arguments.seconds,
		.begin = begin,
		.answered = answered};

	if (arguments.authority) {
		load.tls = load_tls(arguments.authority);
		load.fresh = true;
	}
	load_run(&load, &m);
	measure_print(&m, "");
	if (tokens) {
		must(fclose(tokens) == 0 && fclose(tokens_12) == 0, arguments.tokens);
	}
	SSL_CTX_free(load.tls);
	aka_free(aka);
	free(devices);
	free(runs);
	return 0;
}
