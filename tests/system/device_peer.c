// SPDX-License-Identifier: Apache-2.0
/*
 * device_peer: what symbolon-device is tried with.
 *
 *	device_peer token DIR CLIENT NODE	gives the device in DIR a bootstrap_token for an hour
 *	device_peer aged DIR CLIENT NODE [APP]	of which nine tenths are over; of APP alone, in format y3056
 *	device_peer echo			an application over TLS-PSK that sends back what it is sent; the key,
 *						in hexadecimal, is read from standard input, the address printed
 *	device_peer close			the same, but it says "bye" and closes
 *	device_peer away			the same, but it cannot ask the token's node: alert 80
 *	device_peer demand			the same, but it says in HTTP that the token is over, and closes
 */
#include "base/text.h"
#include "device/se_soft.h"
#include "device/token.h"
#include "net/stream.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HIGH = 256 * 1024, LIFE = 3600 };

static void must(enum err err, const char *what)
{
	if (err != OK) {
		(void)fprintf(stderr, "device_peer: %s: %s\n", what, err_detail());
		exit(2);
	}
}

/* --- a token --- */

/* One of format y3056, for one application under TLS 1.3. */
static void name_application(struct symdev_token *token, const char *application,
	const struct secret *ks)
{
	struct token_base base = {.ks = *ks,
		.client = token->client,
		.node = token->node,
		.realm = token->realm};

	memcpy(base.rand, token->rand, sizeof(base.rand));
	token->format = TOKEN_Y3056;
	must(ident_parse(IDENT_APPLICATION, view_text(application), &token->application),
		application);
	token->applications[token->application_count++] = token->application;
	token->uas[token->ua_count++] = UA_TLS13_PSK;
	must(token_id(TOKEN_Y3056, &base, &token->application, token->id), "token id");
	secret_wipe(&base.ks);
}

static void give_token(char **words, const char *application, int64_t age)
{
	char element[PATH_MAX], master[PATH_MAX];
	struct symdev_token token = {.format = TOKEN_GBA};
	struct se_soft *se;
	uint8_t bytes[32];
	SECRET(ks);

	(void)snprintf(element, sizeof(element), "%s/se.sealed", words[0]);
	(void)snprintf(master, sizeof(master), "%s/se.master", words[0]);
	must(se_soft_open(&env_system, element, master, &se), words[0]);
	must(ident_parse(IDENT_CLIENT, view_text(words[1]), &token.client), words[1]);
	must(ident_parse(IDENT_FQDN, view_text(words[2]), &token.node), words[2]);
	must(ident_parse(IDENT_FQDN, ident_realm_of(&token.client), &token.realm), "realm");
	must(env_system.random(&env_system, token.rand, sizeof(token.rand)), "random");
	must(env_system.random(&env_system, bytes, sizeof(bytes)), "random");
	must(secret_set(&ks, bytes, sizeof(bytes)), "Ks");
	token.from = env_wall(&env_system) - age;
	token.until = token.from + LIFE;
	if (application) {
		name_application(&token, application, &ks);
	}
	must(token_keep(&se_soft_ops, se, &ks, &token), "token");
	se_soft_close(se);
}

/* --- an application --- */

static struct secret key;
static const char *last_words; /* NULL: it stays */
static bool is_away;

static enum err find_key(void *user, struct stream *stream, const struct tls_psk_hello *hello,
	struct secret *ret_key)
{
	(void)user;
	(void)stream;
	(void)hello;
	*ret_key = key;
	return is_away ? ERR_UNAVAILABLE : OK;
}

static size_t on_input(void *user, struct stream *s, struct view bytes)
{
	(void)user;
	if (stream_send(s, bytes) != OK) { /* the device has left */
		stream_close(s);
		return 0;
	}
	if (stream_pending(s) > HIGH) {
		stream_pause(s);
	}
	return bytes.len;
}

static void on_drained(void *user, struct stream *s)
{
	(void)user;
	stream_resume(s);
}

static void on_closed(void *user, struct stream *s, enum err why)
{
	(void)user;
	(void)s;
	(void)!why;
}

static void on_accept(void *user, struct stream *s)
{
	static const struct stream_on on = {.input = on_input,
		.drained = on_drained,
		.closed = on_closed};

	if (last_words) {
		must(stream_send(s, view_text(last_words)), "last words");
		stream_close(s);
		return;
	}
	stream_set(s, &on, user);
}

static void serve(void)
{
	struct loop *loop;
	struct tls *tls;
	struct listener *listener;
	char hex[80];

	if (!fgets(hex, sizeof(hex), stdin)) {
		exit(2);
	}
	must(secret_from_hex(&key, view_of(hex, strcspn(hex, "\n"))), "key");
	must(loop_new(&env_system, &loop), "loop");
	must(tls_psk_server(&(struct tls_psk_options){.find = find_key}, &tls), "TLS");
	const struct listener_options options = {.address = "127.0.0.1:0", .tls = tls};

	must(listener_open(loop, &options, on_accept, NULL, &listener), "listen");
	(void)printf("%s\n", listener_address(listener));
	(void)fflush(stdout);
	loop_run(loop);
}

static const struct {
	const char *name, *last_words;
} kinds[] = {
	{"echo", NULL},
	{"close", "bye\n"},
	{"away", NULL},
	{"demand", "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest "
		   "realm=\"3GPP-bootstrapping@app.example\", nonce=\"x\", algorithm=SHA-256, "
		   "qop=\"auth-int\", stale=true\r\nContent-Length: 5\r\n\r\nover\n"},
};

int main(int argc, char **argv)
{
	bool aged = argc > 1 && strcmp(argv[1], "aged") == 0;

	if ((argc == 5 && (aged || strcmp(argv[1], "token") == 0)) || (argc == 6 && aged)) {
		give_token(argv + 2, argc == 6 ? argv[5] : NULL, aged ? LIFE * 9 / 10 : 0);
		return 0;
	}
	for (size_t i = 0; argc == 2 && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(argv[1], kinds[i].name) == 0) {
			last_words = kinds[i].last_words;
			is_away = strcmp(kinds[i].name, "away") == 0;
			serve();
		}
	}
	(void)fprintf(stderr,
		"usage: device_peer token|aged DIR CLIENT NODE | echo | close | away | demand\n");
	return 2;
}
