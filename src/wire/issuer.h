// SPDX-License-Identifier: Apache-2.0
/*
 * issuer: a certification authority: a realm's for its ASPs, a registry's for those below it. It signs keys that it never
 * sees, for names that the caller has found out to be their owner's, and nothing else.  req: B10.2 R9.1-v
 */
#pragma once

#include "wire/csr.h"

enum { ISSUED_PEM = 8 * 1024, ISSUED_SERIAL = 41 };

struct issuer;

/* ERR_CONFIG names the file and what is wrong with it: the key is its owner's alone, and the certificate's, which is that
 * of an authority. */
enum err issuer_open(const char *certificate, const char *key, struct issuer **ret);
void issuer_free(struct issuer *ca); /* NULL is fine */
struct view issuer_pem(const struct issuer *ca);
int64_t issuer_until(const struct issuer *ca); /* seconds since 1970, UTC */

struct issued {
	char serial[ISSUED_SERIAL]; /* hex digits */
	int64_t until;
	struct buf pem; /* the caller frees it */
};

/* Whom a certificate names: hosts, the first of which is its common name too, and a URI; NULL: none. */
struct issuer_names {
	const struct view *hosts;
	size_t count;
	const char *uri;
};

/*
 * Every name of the request must be among the hosts, which all go into the certificate, for clients and servers; it
 * lives for `lifetime` seconds, and not longer than its authority. ERR_DENIED: a name that is not among
 * them. ERR_RANGE: no hosts. ERR_CRYPTO.
 */
enum err issuer_issue(const struct issuer *ca, const struct csr *csr,
	const struct issuer_names *names, int64_t now, int64_t lifetime, struct issued *ret);
/* The first half of that. */
enum err issuer_check_names(const struct csr *csr, const struct view *names, size_t count);

/* What its owner has to know of a certificate, from PEM: since and until when it is good. ERR_SYNTAX: none; ERR_DENIED: not
 * for that host. */
enum err issued_read(struct view pem, const char *host, int64_t *ret_from, int64_t *ret_until);
