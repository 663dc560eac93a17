// SPDX-License-Identifier: Apache-2.0
/*
 * device_cli: the client element and the connection element as a command. A device is a folder: device.json
 * (who it is, no keys), se.sealed (its secure element), se.master (the key that is sealed under).
 */
#pragma once

#include "base/env.h"
#include "core/ident.h"
#include "device/se_soft.h"
#include "device/symdev.h"
#include "device/symdev_change.h"
#include "device/symdev_realms.h"
#include "device/symdev_renewal.h"
#include "net/loop.h"
#include "net/stream.h"

#include <limits.h>

/* What the command line may say; each command reads what it needs. */
struct options {
	const char *dir;
	const char *word;			   /* the application, where a command takes one */
	const char *client, *node, *ca, *key_file; /* init */
	const char *mechanism;			   /* init, realm add */
	const char *degree, *strength; /* bootstrap, connect, forward: refuse what is weaker */
	const char *address; /* of what the command talks to, in place of the profile's or the name's */
	const char *rp_c;   /* connect: where to bootstrap, when a token is required */
	const char *ua;	    /* key */
	const char *get;    /* connect: a path */
	const char *linger; /* connect: seconds */
	const char *suite;  /* connect, forward: of TLS 1.2 */
	const char *listen, *connections; /* forward */
	const char *app;		  /* bootstrap */
	const char *second;		  /* a second word: realm */
	const char *realm;		  /* connect, forward, bootstrap: to be the active one */
	const char *serves, *anchor;	  /* realm add, change */
	const char *token_file, *portal, *method, *wait; /* change */
	bool pseudonyms, abort;
	const char *facts, *firmware, *evidence, *chain; /* register, report */
	const char *vulnerability;			 /* report */
	const char *until, *end;			 /* virtual */
	bool once, list;				 /* virtual */
	const char *registry, *certificate, *tls_key;	 /* serve */
	const char *log_level;
	const char *trust; /* connect --digest */
	bool digest;	   /* connect, key */
	bool coap;	   /* connect */
	bool json, reveal, own_key, show_help, show_version;
};

/* Exit statuses; 0 to 3 as of the command `symbolon`. */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_UNREACHABLE = 3, EXIT_REFUSED = 4 };

enum { DETAIL_MAX = 256 }; /* of err_detail() */

struct device {
	const struct options *options;
	const struct env *env;
	struct loop *loop;
	struct ident client; /* of the active realm */
	struct symdev_realm
		realm; /* the active one; the profile's, when the secure element has no list */
	bool has_list;
	char ca[PATH_MAX];
	struct se_soft *se; /* NULL: not open now */
};

/* An identity from the command line: ERR_CONFIG says in which option, or word, it is wrong. */
enum err device_read_ident(const char *option, enum ident_kind kind, const char *text,
	struct ident *ret);
/* DIR/NAME into `ret`, of PATH_MAX bytes. */
enum err device_path(const struct options *options, const char *name, char *ret);
enum err device_write_profile(const struct options *options);
/* {"algorithm","k","opc","amf"} from a file, or standard input for "-". */
enum err device_read_key_file(const char *path, struct aka_key *ret);
/* Where a file lies, for those who come from other folders. */
enum err device_absolute(const char *option, const char *path, char ret[PATH_MAX]);
/* HOST:443 for a name or an address. ERR_CONFIG when that cannot be: --address must say it then. */
enum err device_default_address(struct view host, char ret[ADDRESS_MAX]);
/* Where a node is: as given on the command line, unless that is "", as the realm has it, or port 443 of its name. */
enum err device_address_of(const struct symdev_node *node, const char *given, char ret[ADDRESS_MAX]);
/* Reads the profile, opens the secure element and a loop, and makes --realm the active one. Closed by the caller, after
 * failure too. */
enum err device_open(const struct options *options, struct device *ret);
void device_close(struct device *device);
/* The secure element has one owner at a time, who is waited for, for a few seconds; a session goes on without it. */
enum err device_open_se(struct device *device);
void device_close_se(struct device *device);

/* TLS to the realm's nodes: with the device's own certificate where that is how it bootstraps. The secure element stays open
 * as long as it is used. */
enum err device_tls_client(struct device *device, struct tls **ret);

/* Runs clause 10.4 over the network, at `address` or where the profile says: a fresh token, for an application or with
 * NULL of the plain form, replaces the one before. */
enum err device_bootstrap(struct device *device, const struct ident *application,
	const char *address, struct symdev_token *ret);
/* The same on a loop that runs: `done` comes once, later, and not after a cancel. The secure element stays open till then. */
struct bootstrap;
typedef void bootstrap_done(void *user, enum err result, const struct symdev_token *token,
	int64_t retry_after);
enum err device_bootstrap_begin(struct device *device, const struct ident *application,
	const char *address, bootstrap_done *done, void *user, struct bootstrap **ret);
void device_bootstrap_cancel(struct bootstrap *bootstrap); /* NULL is fine */
/*
 * The realm replaces the device's key (10.6.1/4), by the node of this token; `address` as for a bootstrap. A bootstrap whose
 * token asks for it does so by itself: in `ret` key_update is left when it could not be. `done` comes once, later, and not
 * after a cancel.
 */
struct key_update;
typedef void key_update_done(void *user, enum err result);
enum err device_key_update_begin(struct device *device, const struct symdev_token *token,
	const char *address, key_update_done *done, void *user, struct key_update **ret);
void device_key_update_cancel(struct key_update *update); /* NULL is fine */
/* A valid token that is there. ERR_NOT_FOUND, ERR_EXPIRED: there is none. */
enum err device_find_token(struct device *device, const struct ident *application,
	struct symdev_token *ret);
/* --suite: in TLS 1.3 without, in TLS 1.2 with; and whose key goes with it. */
enum err device_protocol(const struct options *options, struct tls_protocol *ret, struct ua *ret_ua);
/* A valid token for an application: the one that is there, or a fresh one (10.5/1c, 1d). When its time has come a fresh
 * one too, unless that fails. */
enum err device_token(struct device *device, const struct ident *application, const char *rp_c,
	struct symdev_token *ret, bool *ret_fresh);
/* After an application's demand: the token that another process has got meanwhile, or a fresh one. Opens the secure
 * element. */
enum err device_renew(struct device *device, const struct ident *application, const char *rp_c,
	const struct symdev_token *refused, struct symdev_token *ret);
/* A symdev_step; events between two elements are told apart by their names. */
void device_step(void *user, const char *clause, const char *event, int64_t microseconds);

/* The commands; each returns an error, or has written what it has to say to standard output. */
enum err command_init(const struct options *options);
enum err command_bootstrap(const struct options *options);
enum err command_tokens(const struct options *options);
enum err command_drop(const struct options *options);
enum err command_key(const struct options *options);
enum err command_connect(const struct options *options);
enum err command_forward(const struct options *options);
enum err command_realm(const struct options *options);
enum err command_change(const struct options *options);

/* What the profile says becomes the first of the list of realms, unless there is one. */
enum err device_begin_list(struct device *device);
/* PEM of a key that signs a realm's document: pinned for it, in place of those that are. */
enum err device_read_anchor(const char *path, struct symdev_realm *ret);
enum err command_own_key(const struct options *options);
enum err command_register(const struct options *options);
enum err command_det(const struct options *options);
enum err command_report(const struct options *options);
enum err command_virtual(const struct options *options);
enum err command_serve(const struct options *options);

/* The device's own key pair, which the secure element makes if it has none, and a certificate that it has signed itself; both
 * stay as they are when they are there. */
enum err device_make_own_key(const struct env *env, struct se_soft *se);
/* Its certificate in PEM, appended. ERR_NOT_FOUND: none. */
enum err device_own_certificate(struct se_soft *se, struct buf *ret);

/* Asks the nodes for the realm document, one after the other, and takes it. ERR_UNSUPPORTED: no key is pinned. */
enum err device_update_realm(struct device *device);
/*
 * Fills a realm of which client and anchors are known from its document at `url`. With --ca the node is verified by it;
 * without, the signature decides, and the certificates that the document names are kept in the device's folder: the node
 * must be theirs. `ret_document`: the whole of it, or NULL. ERR_CONFIG: not a URL; no certificates. Else as for a document, or why it could not be got.
 */
struct realm_document;
enum err device_learn_realm(const struct options *options, struct loop *loop, const char *url,
	struct symdev_realm *realm, struct realm_document *ret_document);
