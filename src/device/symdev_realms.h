// SPDX-License-Identifier: Apache-2.0
/*
 * symdev_realms: a device of several realms. Each has its client identity, its nodes and its tokens; exactly one is active
 * at any time, across power cuts too. Tokens of the others are kept, and neither found nor used.  req: B7.4-e B7.1-a B9.3-d
 *
 * A secure element without a list is a device of one realm, whose only client is always active.
 *
 * A back end must keep beside what symdev.h says: one value of at most 2 KiB, and one of at most 4 KiB for each realm.
 */
#pragma once

#include "device/symdev.h"
#include "wire/jose.h"

enum { SYMDEV_REALMS = 4, SYMDEV_NODES = 8, SYMDEV_ANCHORS = 3, SYMDEV_SERVED = 8 };
enum { SYMDEV_ADDRESS = 128, SYMDEV_TRUST = 256 };

struct symdev_node {
	struct ident host;	      /* FQDN */
	char address[SYMDEV_ADDRESS]; /* "HOST:PORT"; "": port 443 of `host` */
};

struct symdev_realm {
	struct ident client; /* who the device is there; what follows the @ is the realm's name */
	char trust[SYMDEV_TRUST]; /* the caller's own: a file of certificates that nodes are verified against */
	struct symdev_node nodes[SYMDEV_NODES]; /* in the order in which they are tried; 1 at least */
	size_t node_count;
	/* Applications that it is known to serve, beside those that it gave tokens for. */
	struct ident served[SYMDEV_SERVED];
	size_t served_count;
	/* Of the signed realm document: the keys that are pinned for it (jose_key_public()), and what the last one said. */
	struct symdev_anchor {
		uint8_t bytes[JOSE_PUBLIC_MAX];
		uint8_t len;
	} anchors[SYMDEV_ANCHORS];
	size_t anchor_count;
	uint64_t serial; /* 0: none was seen */
	int64_t expires; /* UTC seconds */
	bool plain_http;
	bool certificate; /* bootstraps there are by the device's own key: SYMDEV_CERTIFICATE */
};

/* The realms by their clients, the active one at [*ret_active]; *ret_count 0: there is no list. */
enum err symdev_realm_list(const struct symdev_se *ops, void *se,
	struct ident ret_clients[SYMDEV_REALMS], size_t *ret_count, size_t *ret_active);
/* ERR_NOT_FOUND: there is no list. */
enum err symdev_realm_active(const struct symdev_se *ops, void *se, struct symdev_realm *ret);
/* That of this name, `realm.example`. ERR_NOT_FOUND. */
enum err symdev_realm_load(const struct symdev_se *ops, void *se, const struct ident *name,
	struct symdev_realm *ret);

/* One more; the first is active from then on. ERR_EXISTS: a realm of this name is there; ERR_RANGE: four are, or
 * no node, or names and addresses are too long together. */
enum err symdev_realm_add(const struct symdev_se *ops, void *se, const struct symdev_realm *realm);
/* The same client with other nodes, trust or anchors. ERR_NOT_FOUND. */
enum err symdev_realm_update(const struct symdev_se *ops, void *se,
	const struct symdev_realm *realm);
/* Makes it the active one, in one store. ERR_NOT_FOUND. */
enum err symdev_realm_use(const struct symdev_se *ops, void *se, const struct ident *name);
/*
 * Forgets it with all its tokens: what a power cut leaves of them the next add, use or drop removes. ERR_WRONG_STATE: it is
 * the active one, and there are others: one of those is to be used first. The last realm takes the list with it.
 */
enum err symdev_realm_drop(const struct symdev_se *ops, void *se, const struct ident *name);

/*
 * The realms that serve an application, the active one first: those that gave a token for it which is valid at `now`, or are
 * known to. To choose from: nothing here switches by itself.  req: B7.1-h
 */
enum err symdev_realm_serving(const struct symdev_se *ops, void *se, const struct ident *application,
	int64_t now, struct ident ret_names[SYMDEV_REALMS], size_t *ret_count);

/*
 * Takes a realm document (docs/protocol/realm_document.md), signed under a pinned key: its nodes replace those that are
 * known, its keys those that are pinned, and *realm is what it is now. ERR_UNSUPPORTED: no key is pinned; else as
 * realm_document_verify(), and nothing has changed.
 */
enum err symdev_realm_document(const struct symdev_se *ops, void *se, struct view compact,
	int64_t now, struct symdev_realm *realm);
/*
 * The two halves of it, for who wants more of a document than the library keeps (certificates, where to join), or has not
 * added the realm yet: of *realm the first looks at client, anchors and serial, and errors are as above; the second only
 * fills *realm in, and stores nothing.
 */
struct realm_document;
enum err symdev_realm_read(const struct symdev_realm *realm, struct view compact, int64_t now,
	struct realm_document *ret);
void symdev_realm_take(const struct realm_document *document, struct symdev_realm *realm);
/* Whether tokens for applications may be had over plain HTTP there: for symdev_options. */
bool symdev_realm_plain_allowed(const struct symdev_realm *realm, int64_t now);
