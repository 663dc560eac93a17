// SPDX-License-Identifier: Apache-2.0
/*
 * registry: a device at the trust registry that it is registered with (Y.3059 9.2 ii), which is an application of its realm:
 * TLS under the token's key, and HTTP in it. What the registry gave it is kept in the secure element.
 *  req: R9.2-ii-a R9.2-ii-b R9.2-ii-c R7-i-b
 */
#pragma once

#include "core/device_facts.h"
#include "core/reg_id.h"
#include "device-cli/device_cli.h"
#include "wire/json.h"

enum { REGISTRY_ANSWER_MAX = 64 * 1024, REGISTRY_ACKNOWLEDGEMENT = 3072 };

struct registry_call;

struct registry_session {
	struct device *device;
	struct ident application; /* the registry */
	struct registry_call *call;
	struct symdev_token token; /* of the session that stands */
};

/* Opens the device and a session with options->word; a token is fetched if there is none. Closed after failure too. */
enum err registry_open(const struct options *options, struct device *device,
	struct registry_session *ret);
void registry_close(struct registry_session *session);
/*
 * `body` empty: none is sent. *ret, which the caller frees, is the JSON that came, NULL for none. A refused handshake is
 * tried once more with a fresh token. ERR_DENIED, ERR_NOT_FOUND, ERR_CONFLICT, ERR_UNAVAILABLE: what the registry says is wrong.
 */
enum err registry_ask(struct registry_session *session, const char *method, const char *path,
	struct view body, struct json **ret);

/* What is kept of a registration. */
struct registration {
	struct reg_dev_id id;
	char acknowledgement[REGISTRY_ACKNOWLEDGEMENT]; /* the registry's JWS */
	bool has_key; /* it was proved with the device's certificate */
};
enum err registry_keep(struct registry_session *session, const struct registration *registration);
/* ERR_NOT_FOUND: it is not registered there. */
enum err registry_kept(struct registry_session *session, struct registration *ret);
/* Appends "/v1/devices/<id>" and `more`. */
void registry_path(const struct registration *registration, const char *more, struct buf *out);

/* --facts FILE and what else the command line tells. ERR_CONFIG. */
enum err registry_read_facts(const struct options *options, struct device_facts *ret);
/* The device's signature over a fresh nonce of the registry's, and what it tells: a JWS, appended. */
enum err registry_prove(struct registry_session *session, const struct device_facts *facts,
	struct buf *ret);
/* Prints what came: the JSON as it is, or RegDevID and status. */
enum err registry_print(const struct options *options, const struct json *answer);
