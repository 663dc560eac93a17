// SPDX-License-Identifier: Apache-2.0
/*
 * embed-app: a server of your own that is an application element: devices reach it over TLS with the key of their token, and
 * it knows each by the pseudonym that the realm gives it. It serves until SIGTERM.
 * docs/guides/app-library.md walks through it.
 *
 *	embed-app APPLICATION LISTEN ELEMENT ELEMENT-REALM FILES NODE NODE-REALM NODE-ADDRESS
 *
 * FILES.pem and FILES.key are the element's certificate and key; ca.pem beside them is what NODE's is verified against.
 */
#include "app/symapp.h"
#include "net/stream.h"
#include "net/tls.h"

#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

struct program {
	struct loop *loop;
	struct ident application;
	struct tls *rp_a, *rp_d;
	struct symapp *app;
	struct listener *door;
};

/* 2. Who comes in: token management is asked for the key of a PSK identity. */

static void on_ready(void *user, uint64_t stream)
{
	struct program *p = user;

	stream_retry(stream_at(p->loop, stream)); /* the device may have left */
}

static struct ua ua_of(struct tls_protocol protocol)
{
	return protocol.version == TLS_1_3 ? UA_TLS13_PSK : UA_TLS12(protocol.suite);
}

static enum err find(struct program *p, struct view identity, struct tls_protocol protocol,
	uint64_t stream, struct symapp_token *ret)
{
	enum token_format format;
	struct view id;

	TRY(symapp_from_psk_identity(identity, &format, &id));
	return symapp_find(p->app, id, &p->application, ua_of(protocol), on_ready, p, stream, ret);
}

static enum err find_key(void *user, struct stream *stream, const struct tls_psk_hello *hello,
	struct secret *ret_key)
{
	struct symapp_token token;

	TRY(find(user, hello->identity, hello->protocol, stream_ref(stream), &token));
	*ret_key = token.key;
	secret_wipe(&token.key);
	return OK;
}

/* 3. A session: the token is looked up again, as it may have been revoked during the handshake. */

static size_t on_input(void *user, struct stream *stream, struct view bytes)
{
	struct program *p = user;
	struct symapp_token token;
	uint8_t room[256];
	struct buf answer = buf_fixed(room, sizeof(room));

	if (find(p, stream_psk_identity(stream), stream_tls_protocol(stream), stream_ref(stream),
		    &token) == OK) {
		secret_wipe(&token.key);
		symapp_use(p->app, view_text(token.id), &p->application);
		buf_printf(&answer, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nHello, %s\n",
			token.pseudonym);
		(void)stream_send(stream, buf_contents(&answer));
	}
	stream_close(stream);
	return bytes.len;
}

static void on_closed(void *user, struct stream *stream, enum err why)
{
	(void)user;
	(void)stream;
	(void)why;
}

static void on_accept(void *user, struct stream *stream)
{
	static const struct stream_on on = {.input = on_input, .closed = on_closed};

	stream_set(stream, &on, user);
}

/* 4. What happens to tokens. A server with long sessions ends here those that stand on this token. */

static void on_changed(void *user, const struct symapp_change *change)
{
	static const char *const kinds[] = {"revoked", "expired", "replaced", "changed"};

	(void)user;
	printf("a token is %s\n", kinds[change->kind]);
	(void)fflush(stdout);
}

/* 1. The element: its connection to the realm, and what it serves. */

static enum err open_element(struct program *p, char **argv)
{
	char certificate[PATH_MAX], key[PATH_MAX], authority[PATH_MAX], folder[PATH_MAX];
	const struct tls_files files = {certificate, key, authority};
	const struct diameter_peer_options node = {.host = argv[6],
		.realm = argv[7],
		.address = argv[8]};

	(void)snprintf(folder, sizeof(folder), "%s", argv[5]);
	(void)snprintf(certificate, sizeof(certificate), "%s.pem", argv[5]);
	(void)snprintf(key, sizeof(key), "%s.key", argv[5]);
	(void)snprintf(authority, sizeof(authority), "%s/ca.pem", dirname(folder));
	TRY(tls_client(&files, &p->rp_a));
	const struct symapp_options options = {
		.diameter = {.host = argv[3],
			.realm = argv[4],
			.listen = "",
			.listen_plain = "",
			.client_tls = p->rp_a,
			.peers = &node,
			.peer_count = 1},
		.changed = on_changed,
		.user = p,
	};
	const struct symapp_application served = {
		.id = p->application,
		.uas = {UA_TLS13_PSK},
		.ua_count = 1,
		.address = argv[2],
		.mechanisms = {"tls13-psk"},
		.mechanism_count = 1,
	};

	TRY(symapp_new(p->loop, &options, &p->app));
	return symapp_announce(p->app, &served, 1);
}

static void on_signal(void *user, int number)
{
	(void)number;
	loop_stop(((struct program *)user)->loop);
}

static enum err serve(struct program *p, char **argv)
{
	const struct tls_psk_options tls = {.find = find_key, .user = p, .hint = SYMAPP_PSK_HINT};

	TRY(ident_parse(IDENT_APPLICATION, view_text(argv[1]), &p->application));
	TRY(loop_new(&env_system, &p->loop));
	TRY(open_element(p, argv));
	TRY(tls_psk_server(&tls, &p->rp_d));
	const struct listener_options options = {.address = argv[2], .tls = p->rp_d};

	TRY(listener_open(p->loop, &options, on_accept, p, &p->door));
	TRY(loop_on_signal(p->loop, SIGTERM, on_signal, p));
	printf("%s\n", listener_address(p->door));
	(void)fflush(stdout);
	loop_run(p->loop);
	return OK;
}

int main(int argc, char **argv)
{
	struct program p = {.loop = NULL};

	if (argc != 9) {
		(void)fprintf(stderr, "usage: embed-app APPLICATION LISTEN ELEMENT ELEMENT-REALM "
				      "FILES NODE NODE-REALM NODE-ADDRESS\n");
		return 2;
	}
	enum err err = serve(&p, argv);

	if (err != OK) {
		(void)fprintf(stderr, "embed-app: %s: %s\n", err_name(err), err_detail());
	}
	listener_close(p.door);
	symapp_free(p.app);
	tls_free(p.rp_d);
	tls_free(p.rp_a);
	loop_free(p.loop);
	return err == OK ? 0 : 1;
}
