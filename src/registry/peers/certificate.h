// SPDX-License-Identifier: Apache-2.0
/*
 * certificate: a registry that has no certificate of its own gets one from its parent. At the parent: an authority, that signs for
 * a child's host once the child has been approved. At the child: a key that stays in its store, the request for it, and
 * the certificate, shown from then on and asked for again before it ends.  req: R9.1-v
 */
#pragma once

#include "registry/peers/peers_inside.h"
#include "wire/issuer.h"

#define CERTIFICATE_JOINING_TAG "symbolon-joining"

/*
 * Opens what the configuration says, into peers->issuer or peers->own, after peers->tls. ERR_CONFIG: files that cannot be
 * used; a kept certificate that cannot be is a line of the log, and is asked for again.
 */
enum err certificate_start_up(struct peers *peers);
void certificate_be_quiet(struct peers *peers);
void certificate_shut_down(struct peers *peers);

/* --- at the parent --- */

/* What came with a request to join; views into its body. */
struct certificate_wish {
	struct csr csr;
	char answer_key[JOSE_THUMBPRINT]; /* of the key that signed the request */
};
/*
 * Reads "csr" and "answer_key", and checks that the request is signed by that key, and the CSR by its own, for `host` alone.
 * ERR_DENIED: this registry signs nothing, or not for that host; ERR_AUTH, ERR_EXPIRED, ERR_NOT_FOUND: the signature.
 */
enum err certificate_read_wish(const struct call *call, const char *host,
	struct certificate_wish *ret);
/* Member "certificate": a new one, for a registry that has joined. ERR_CRYPTO. */
enum err certificate_give(const struct peer *peer, const struct csr *csr, struct json_writer *w);
/* Whether the other side has shown that it is this registry: a certificate for its host, and if it is one of ours, for its RegID
 * and the key that was approved. */
bool certificate_is_of(const struct peer *peer, const struct stream *stream);

/* --- at the child --- */

/* Whether this one is asked for a certificate: it needs none shown then. */
bool certificate_is_wanted_of(const struct peer *peer);
/* What such a one is asked over: it verifies the other side and shows nothing. */
struct tls *certificate_bare_tls(const struct peers *peers);
/* Members "csr" and "answer_key" of a request to join. */
enum err certificate_put_wish(const struct peers *peers, struct json_writer *w);
/* What an answer says, shown from now on and kept. ERR_NOT_FOUND: it says none; ERR_SYNTAX, ERR_AUTH, ERR_DENIED,
 * ERR_EXPIRED: not one for our key and host. */
enum err certificate_take(const struct peer *peer, const struct json *answer);
/* Of the one that is shown, seconds since 1970; 0: none is. */
int64_t certificate_from(const struct peers *peers);
int64_t certificate_until(const struct peers *peers);
