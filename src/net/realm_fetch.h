// SPDX-License-Identifier: Apache-2.0
/*
 * realm_fetch: gets a realm document from a node. What comes is of the network as yet: realm_document_verify() says whether
 * it is the realm's.
 */
#pragma once

#include "net/loop.h"
#include "net/stream.h"

enum { REALM_HOST = 256 };

/* Where a realm is asked for its document: "https://HOST", "https://HOST:PORT", with or without the document's path.
 * `ret_address` is what to connect to. ERR_CONFIG. */
enum err realm_url_parse(const char *url, char ret_host[REALM_HOST], char ret_address[ADDRESS_MAX]);
enum err realm_url_check(const char *url); /* for options: "" is fine */

struct realm_fetch;
struct realm_fetch_from {
	const char *host;    /* TLS name, Host */
	const char *address; /* to connect to */
	struct tls *tls;     /* shared */
};

/*
 * `done` comes once, later, and not after a cancel: OK and the document, valid during the call; ERR_UNAVAILABLE: the node has
 * none, or cannot be reached; ERR_AUTH: TLS; ERR_RANGE: longer than a document may be; ERR_TIMEOUT.
 */
typedef void realm_fetched(void *user, enum err result, struct view compact);
enum err realm_fetch_begin(struct loop *loop, const struct realm_fetch_from *from,
	realm_fetched *done, void *user, struct realm_fetch **ret);
void realm_fetch_cancel(struct realm_fetch *fetch); /* NULL is fine */
