// SPDX-License-Identifier: Apache-2.0
/* portal: the door for ASPs and subscribers, asked over HTTPS by each role. */
#pragma once

#include "fake_ca.h"
#include "operator.h"

#define PORTAL_URL_HOST "authz1.realm.example"

struct portal {
	struct fake_ca ca;
	struct authz_flow flow;
	struct tls *tls;  /* of the client, which borrows it */
	char bearer[128]; /* sent unless empty */
	char folder[64];
	unsigned files;
};

/* An authority alone, before portal_start(), for those whose options name its files. */
void portal_open_ca(struct portal *p);
/* Its key, for asp.ca_key. */
void portal_write_ca_key(struct portal *p, char ret[96]);
/* A new key in a file, and a CSR for it as it stands in JSON. `alt_names` as OpenSSL writes them, or NULL. */
void portal_make_csr(struct portal *p, const char *alt_names, char ret_key[96], struct buf *ret_pem);
/* A file with this text. */
void portal_write(struct portal *p, const char *text, char ret[96]);

/* `more`: YAML lines of the portal's options, indented by two. */
void portal_start(struct portal *p, const char *more);
void portal_stop(struct portal *p);
/* The Unix socket: an operator. */
void portal_as_operator(struct portal *p);
/* At the portal with a certificate of this name; NULL: none. */
void portal_as(struct portal *p, const char *name);
/* At the portal with a certificate that stands in files. */
void portal_with(struct portal *p, const char *certificate, const char *key);
/* Sends this token from now on; "": none. */
void portal_bearer(struct portal *p, const char *token);
/* A text member of the last answer, which must be there. */
void portal_member(struct portal *p, const char *name, char *ret, size_t room);
unsigned portal_ask(struct portal *p, const char *method, const char *target, const char *body);
/* Signs in by password and sends the session's token from now on. */
void portal_sign_in(struct portal *p, const char *subscriber, const char *password);

#define assert_portal(p, want, ...)                                                                \
	do {                                                                                       \
		unsigned test_status = portal_ask((p), __VA_ARGS__);                               \
		if (test_status != (want)) {                                                       \
			fail_msg("%u: %s", test_status, operator_said(&(p)->flow));                \
		}                                                                                  \
	} while (0)
