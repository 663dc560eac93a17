// SPDX-License-Identifier: Apache-2.0
/*
 * connector: what an operator's existing databases know of a subscriber: who it is, how it was verified, which devices are
 * its own. A back end is one const struct whose functions may wait; they run on a thread of the connector's, which
 * is asked by message and answers by message, as the vault.  req: B9.2.2-a B9.2.2-b B7.1-e B7.1-f
 */
#pragma once

#include "authz/conf.h" /* has the checks of its rows */
#include "base/secret.h"
#include "core/ident.h"
#include "net/loop.h"

enum {
	DIRECTORY_DEVICES = 64,
	DIRECTORY_WORD = 64,
	DIRECTORY_NAME = 256,
	DIRECTORY_VALUE = 256,
	DIRECTORY_CLAIMS = 1536,
	DIRECTORY_CLAIM = 32, /* a claim's name, with its zero */
};

/* Where the directory is and how it is read; texts are those of the configuration. */
struct directory_settings {
	const char *url, *authority, *user, *password_file;
	bool plain; /* without TLS */
	int64_t timeout_ms;
	const char *subscribers, *subscriber_filter, *name, *verification;
	const struct conf_texts *verifications; /* "word of the directory=word of ours" */
	const struct conf_texts *claims;	/* "claim=attribute" */
	const char *verified;
	const char *devices, *device_filter, *client, *device;
};

/* A device as the directory has it. device.kind: IDENT_NONE when it does not say. */
struct directory_device {
	struct ident client, device;
};

/* What is known of one subscriber. Personal: wiped after use. */
struct directory_record {
	char name[DIRECTORY_NAME + 1];
	char verification[DIRECTORY_WORD + 1]; /* in our words */
	char claims[DIRECTORY_CLAIMS +
		    1];	  /* those that it has of the settings', a JSON object; "": none */
	int64_t verified; /* when; 0: it does not say */
	size_t device_count;
	struct directory_device devices[DIRECTORY_DEVICES];
};

/* A back end. Its functions run on one thread, and give up after the settings' timeout. */
struct directory_backend {
	const char *scheme; /* URLs that begin so are its own: "ldap" */
	/* ERR_CONFIG: files that cannot be read. Does not connect yet. */
	enum err (*open)(const struct directory_settings *settings, const struct ident *realm,
		void **ret);
	void (*close)(void *directory);
	/* ERR_NOT_FOUND: nobody has this id; ERR_CONFLICT: more than one; ERR_SYNTAX: the entry is not as the settings say;
	 * ERR_DENIED, ERR_UNAVAILABLE, ERR_TIMEOUT. */
	enum err (*find)(void *directory, struct view id, struct directory_record *ret);
	/* Connects, and looks whether the places that the settings name are there. */
	enum err (*probe)(void *directory);
};
extern const struct directory_backend connector_ldap;

struct connector;

/* Called once, on the loop's thread. `record` is valid during the call; NULL of a probe, and on failure. */
typedef void connector_done(void *user, uint64_t user_ref, enum err err,
	const struct directory_record *record);

/* `waiting`: ceiling of questions not yet answered. Settings must outlive it. ERR_CONFIG. */
enum err connector_new(struct loop *loop, const struct directory_backend *backend,
	const struct directory_settings *settings, const struct ident *realm, size_t waiting,
	struct connector **ret);
/* Answers nobody any more. Waits for the question under way: at most the settings' timeout. NULL is fine. */
void connector_free(struct connector *connector);
/* ERR_OVERLOAD: the ceiling is reached, and no answer comes; ERR_RANGE: an id longer than one can be. */
enum err connector_find(struct connector *connector, struct view id, connector_done *done,
	void *user, uint64_t user_ref);
enum err connector_probe(struct connector *connector, connector_done *done, void *user,
	uint64_t user_ref);

/* For back ends. */

/* A filter with {id} and {dn} replaced by values in which special characters are escaped (RFC 4515). */
enum err directory_filter(const char *pattern, struct view id, const char *dn, struct buf *ret);
/* The directory's word for how somebody was verified, in our words; ERR_SYNTAX when the settings do not know it. */
enum err directory_verification(const struct directory_settings *settings, struct view word,
	struct directory_record *ret);
/* A row of the settings' claims: its claim, and the attribute that has it. */
const char *directory_claim(const char *row, char ret_name[DIRECTORY_CLAIM]);
/*
 * A value as claims are written: a phone number without blanks and the like, a day that is a generalized time (RFC 4517
 * 3.3.13) as 1990-01-31, others as they are. ERR_SYNTAX: no UTF-8 text.
 */
enum err directory_claim_value(const char *name, struct view value, struct buf *out);
/* When: 2026-01-31T00:00:00Z, or a generalized time in UTC. ERR_SYNTAX. */
enum err directory_time(struct view value, int64_t *ret);
/* Adds a device: an IMSI or a client identity of the realm, and an IMEI or a URN unless empty. ERR_SYNTAX, ERR_RANGE. */
enum err directory_add_device(struct directory_record *record, const struct ident *realm,
	struct view client, struct view device);
