// SPDX-License-Identifier: Apache-2.0
/*
 * embed-device: a program of your own that is a device, with blocking sockets and OpenSSL's BIOs. It bootstraps for one
 * application and prints the identity and the key that it would open a TLS-PSK connection to it with.
 * docs/guides/device-library.md walks through it.
 *
 *	embed-device FOLDER CLIENT NODE ADDRESS CA APPLICATION
 *
 * FOLDER holds the secure element of a device that `symbolon-device init` made.
 */
#include "device/se_soft.h"
#include "device/symdev.h"

#include <limits.h>
#include <openssl/ssl.h>
#include <stdio.h>

struct program {
	struct symdev_options options;
	struct symdev_boot boot;
	const char *address;
	SSL_CTX *tls;
	BIO *connection;
};

/* The name in the node's certificate must be the node's: it is the one that the token will be bound to. */
static enum err connect_to(struct program *p)
{
	static const char label[] = "EXPORTER-Channel-Binding"; /* RFC 9266 */
	uint8_t binding[32];
	SSL *ssl = NULL;

	BIO_free_all(p->connection);
	p->connection = BIO_new_ssl_connect(p->tls);
	if (!p->connection) {
		return err_fail(ERR_MEMORY, "no connection");
	}
	(void)BIO_set_conn_hostname(p->connection, p->address);
	(void)BIO_get_ssl(p->connection, &ssl);
	(void)SSL_set1_host(ssl, p->options.node.text);
	(void)SSL_set_tlsext_host_name(ssl, p->options.node.text);
	if (BIO_do_connect(p->connection) != 1) {
		return err_fail(ERR_UNAVAILABLE, "no connection to %s", p->address);
	}
	/* The token's keys will be bound to this connection. */
	if (SSL_export_keying_material(ssl, binding, sizeof(binding), label, sizeof(label) - 1,
		    NULL, 0, 1) != 1) {
		return err_fail(ERR_UNSUPPORTED, "no channel binding");
	}
	return symdev_boot_connected(&p->boot, VIEW(binding));
}

/* What the library wants to send. */
static enum err send_output(struct program *p)
{
	struct view output = symdev_boot_output(&p->boot);

	while (output.len > 0) {
		int sent = BIO_write(p->connection, output.data, (int)output.len);

		if (sent <= 0) {
			return err_fail(ERR_CLOSED, "the connection broke");
		}
		symdev_boot_sent(&p->boot, (size_t)sent);
		output = symdev_boot_output(&p->boot);
	}
	return OK;
}

/* What came, in pieces of any size. */
static enum err take_input(struct program *p)
{
	char bytes[1024];
	int got = BIO_read(p->connection, bytes, sizeof(bytes));

	return got > 0 ? symdev_boot_input(&p->boot, view_of(bytes, (size_t)got))
		       : symdev_boot_closed(&p->boot);
}

static enum err bootstrap(struct program *p, struct symdev_token *ret)
{
	TRY(symdev_boot_begin(&p->boot, &p->options));
	TRY(connect_to(p));
	while (!symdev_boot_done(&p->boot)) {
		if (symdev_boot_reconnect(&p->boot)) {
			TRY(connect_to(p));
		}
		TRY(send_output(p));
		TRY(take_input(p));
	}
	return symdev_boot_token(&p->boot, ret);
}

/* The token that is kept, or a fresh one. */
static enum err valid_token(struct program *p, struct symdev_token *ret)
{
	const struct symdev_options *o = &p->options;

	if (symdev_token_find(o->se_ops, o->se, &o->client, &o->application, env_wall(o->env) + 60,
		    ret) == OK) {
		return OK;
	}
	enum err err = bootstrap(p, ret);

	if (err == ERR_DENIED && symdev_boot_denied_by_realm(&p->boot)) {
		(void)fprintf(stderr, "the realm itself says so: asking again is of no use\n");
	}

	symdev_boot_end(&p->boot); /* wipes what is secret in it, whatever happened */
	return err;
}

static enum err print_key(struct program *p)
{
	const struct symdev_options *o = &p->options;
	struct symdev_token token;
	char identity[SYMDEV_PSK_IDENTITY];
	SECRET(key);

	TRY(valid_token(p, &token));
	TRY(symdev_psk_identity(&token, identity));
	TRY(symdev_token_key(o->se_ops, o->se, &token, &o->application, UA_TLS13_PSK, &key));
	(void)printf("%s\n", identity);
	for (size_t i = 0; i < key.len; i++) {
		(void)printf("%02x", key.bytes[i]);
	}
	(void)printf("\n");
	return OK;
}

static enum err open_device(char **argv, struct program *ret, struct se_soft **ret_se)
{
	char element[PATH_MAX], master[PATH_MAX];

	ret->options = (struct symdev_options){.se_ops = &se_soft_ops, .env = &env_system};
	ret->address = argv[4];
	ret->tls = SSL_CTX_new(TLS_client_method());
	if (!ret->tls || SSL_CTX_load_verify_locations(ret->tls, argv[5], NULL) != 1) {
		return err_fail(ERR_CONFIG, "%s: no certificates", argv[5]);
	}
	SSL_CTX_set_verify(ret->tls, SSL_VERIFY_PEER, NULL);
	TRY(ident_parse(IDENT_CLIENT, view_text(argv[2]), &ret->options.client));
	TRY(ident_parse(IDENT_FQDN, view_text(argv[3]), &ret->options.node));
	TRY(ident_parse(IDENT_APPLICATION, view_text(argv[6]), &ret->options.application));
	(void)snprintf(element, sizeof(element), "%s/se.sealed", argv[1]);
	(void)snprintf(master, sizeof(master), "%s/se.master", argv[1]);
	TRY(se_soft_open(ret->options.env, element, master, ret_se));
	ret->options.se = *ret_se;
	return OK;
}

int main(int argc, char **argv)
{
	static struct program program; /* 24 KiB: on a small device rather not on the stack */
	struct se_soft *se = NULL;

	if (argc != 7) {
		(void)fprintf(stderr,
			"usage: embed-device FOLDER CLIENT NODE ADDRESS CA APPLICATION\n");
		return 2;
	}
	enum err err = open_device(argv, &program, &se);

	if (err == OK) {
		err = print_key(&program);
	}
	if (err != OK) {
		(void)fprintf(stderr, "embed-device: %s: %s\n", err_name(err), err_detail());
	}
	se_soft_close(se);
	BIO_free_all(program.connection);
	SSL_CTX_free(program.tls);
	return err == OK ? 0 : 1;
}
