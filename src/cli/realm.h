// SPDX-License-Identifier: Apache-2.0
/*
 * realm: the folder of a realm that `symbolon up` runs: names, certificates, master keys, configurations, ready
 * files. What is there from an earlier run is kept.
 */
#pragma once

#include "base/buf.h"
#include "base/env.h"
#include "base/err.h"

#include <limits.h>

enum { REALM_NAME = 128, REALM_ADDRESS = 64, REALM_TRUSTED = 4 };

struct realm {
	char dir[PATH_MAX]; /* absolute */
	char realm[REALM_NAME], authz[REALM_NAME], authn[REALM_NAME], element[REALM_NAME];
	char application[REALM_NAME];
	char client[REALM_NAME], refused[REALM_NAME]; /* who may use it, and who may not */
	/* where they listen: wished for at first, as it is once they are up */
	char rp_b[REALM_ADDRESS], rp_a[REALM_ADDRESS], rp_c[REALM_ADDRESS], rp_d[REALM_ADDRESS];
	char operator_api[REALM_ADDRESS], portal[REALM_ADDRESS], change[REALM_ADDRESS];
	char backend[REALM_ADDRESS];
	const char *trusted[REALM_TRUSTED]; /* trust registries that are applications of it, by host; NULL behind */
	const struct realm *neighbour; /* the operator that devices change to and from; NULL: none */
	int lock;
};

/* Makes and locks the folder, its certificates and keys. ERR_WRONG_STATE when another `symbolon up` runs there. */
enum err realm_open(const struct env *env, const char *dir, const char *name, struct realm *ret);
void realm_close(struct realm *realm);

/* DIR/NAME into `ret`, of PATH_MAX bytes. */
const char *realm_path(const struct realm *realm, const char *name, char *ret);

/* DIR/NAME: a master key of 32 bytes, if it is not there. */
enum err realm_make_master(const struct env *env, const struct realm *realm, const char *name);
/* DIR/NAME, a folder. */
enum err realm_make_folder(const struct realm *realm, const char *name);
enum err realm_write_yaml(const struct realm *realm, const char *name, struct buf *yaml);
/* Some addresses are written down before who listens there starts: a port that was free just now. */
enum err realm_choose_port(char ret[REALM_ADDRESS]);
/* The same, but the one in DIR/NAME, from an earlier start, if it is still free. */
enum err realm_keep_port(const struct realm *realm, const char *name, char ret[REALM_ADDRESS]);
/* Where the portal and the other operator's door will be. */
enum err realm_choose_ports(struct realm *realm);
/* DIR/authorities.pem: whom both operators trust. */
enum err realm_write_authorities(const struct realm *realm);

/* DIR/authz.yaml, authn.yaml, gateway.yaml: each once the addresses it names are known. */
enum err realm_configure_authz(const struct realm *realm);
enum err realm_configure_authn(const struct realm *realm);
enum err realm_configure_gateway(const struct realm *realm);

/* A member of the JSON in DIR/NAME.ready, "" while it is not there. */
enum err realm_ready(const struct realm *realm, const char *name, const char *member, char *ret,
	size_t room);

/* DIR/endpoints.json: addresses, names, identities, paths; no keys. */
enum err realm_write_endpoints(const struct realm *realm);
