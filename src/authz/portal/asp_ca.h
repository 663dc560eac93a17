// SPDX-License-Identifier: Apache-2.0
/*
 * asp_ca: the realm's certification authority for ASPs. It signs keys that it never sees, for the names of an ASP's
 * application elements, and nothing else.  req: B10.2
 */
#pragma once

#include "wire/csr.h"

enum { ASP_CERTIFICATE_PEM = 8 * 1024, ASP_SERIAL = 41 };

struct asp_ca;

/* ERR_CONFIG names the file and what is wrong with it: the key is its owner's alone, and the certificate's, which is that
 * of an authority. */
enum err asp_ca_open(const char *certificate, const char *key, struct asp_ca **ret);
void asp_ca_free(struct asp_ca *ca); /* NULL is fine */
struct view asp_ca_pem(const struct asp_ca *ca);
int64_t asp_ca_until(const struct asp_ca *ca); /* seconds since 1970, UTC */

struct asp_certificate {
	char serial[ASP_SERIAL]; /* hex digits */
	int64_t until;
	struct buf pem; /* the caller frees it */
};

/*
 * Every name of the request must be among `names`, which all go into the certificate, for clients and servers; it
 * lives for `lifetime` seconds, and not longer than its authority. ERR_DENIED: a name that is not among
 * them. ERR_RANGE: no names. ERR_CRYPTO.
 */
enum err asp_ca_issue(const struct asp_ca *ca, const struct csr *csr, const struct view *names,
	size_t count, int64_t now, int64_t lifetime, struct asp_certificate *ret);
/* The first half of that. */
enum err asp_ca_check_names(const struct csr *csr, const struct view *names, size_t count);
