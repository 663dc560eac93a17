// SPDX-License-Identifier: Apache-2.0
/*
 * realm: an authorization and an authentication node as they are started in production, in one process, over
 * real sockets, with a clock that tests move; and the two ends that talk to them: a device and an
 * application element.
 */
#pragma once

#include "authn/authn.h"
#include "authz/authz.h"
#include "device/se_soft.h"
#include "fake_ca.h"
#include "fake_env.h"
#include "net/http_client.h"
#include "wire/rp_messages.h"

#define FLOW_REALM   "realm.example"
#define FLOW_AUTHN   "authn1.realm.example"
#define FLOW_AUTHZ1  "authz1.realm.example"
#define FLOW_AUTHZ2  "authz2.realm.example"
#define FLOW_AUTHN2  "authn2.realm.example" /* known to authz; nobody is there */
#define FLOW_CLIENT  "001010123456789@realm.example"
#define FLOW_UNKNOWN "001019999999999@realm.example"
#define FLOW_ASP     "cin:U72200KA2001PTC028000"
#define FLOW_APP     "app.example"
#define FLOW_ELEMENT "gateway.app.example"
#define FLOW_OTHER   "gateway.other.example" /* an element of another ASP */

struct flow {
	struct fake_env env;
	struct loop *loop;
	char dir[64];
	struct fake_ca ca;
	struct authz authz;
	struct authz_conf authz_conf;
	struct authz second_authz;
	struct authz_conf second_authz_conf;
	struct authn authn;
	struct authn_conf authn_conf;
	char rp_b[64];		    /* where authz listened last, so that it may come back there */
	const char *format;	    /* of applications that are added; NULL: gba */
	const char *ua;		    /* the protocol that they register; NULL: TLS 1.3 */
	const char *identity;	    /* of devices that are added, a URN; NULL: none */
	const char *session_end;    /* of the Session-Ids of pulls; NULL: as they should be */
	struct http_client *device; /* plain HTTP on RP_C */
	struct diameter_node *element, *other;
	struct node_diameter element_setup, other_setup;
};

/* All of these fail the test when something goes wrong. Both nodes are up, and connected. */
void flow_open(struct flow *f);
void flow_close(struct flow *f);
/* What elements speak that tests play: pulls here, and element.h. */
extern bool flow_over_https;
/* A client of RP_A over HTTPS, with the certificate of that host; the caller frees both. */
void flow_open_https(struct flow *f, const char *host, struct tls **ret_tls,
	struct http_client **ret);
extern const char *flow_authz_store; /* URL of the authorization element's database; NULL: SQLite */
extern const char *flow_authn_store; /* the authentication element's */
/* The authorization element alone. */
void flow_open_authz(struct flow *f);
void flow_close_authz(struct flow *f);
void flow_stop_authz(struct flow *f);
void flow_start_authz(struct flow *f);
/* Beside the first, on one database: PostgreSQL. */
void flow_start_second_authz(struct flow *f);
void flow_stop_second_authz(struct flow *f);
/* At other ports: elements connect again, to diameter_node_address(). */
void flow_restart_authn(struct flow *f);
/* Turns the loop until the flag is set. */
void flow_until(struct flow *f, const bool *flag);
void flow_until_true(struct flow *f, bool (*holds)(struct flow *f));

/* Registration, straight into the store: the operator's API has tests of its own. */
void flow_key(struct aka_key *ret);
void flow_add_device(struct flow *f, const char *client, uint64_t sqn);
/* Its key was sealed for `owner`: in this row it does not open. */
void flow_add_device_with_key_of(struct flow *f, const char *client, const char *owner,
	uint64_t sqn);
void flow_add_application(struct flow *f, const char *application, const char *asp,
	const char *element);
void flow_add_application_as(struct flow *f, const char *application, const char *asp,
	const char *element, const char *format);
void flow_add_element(struct flow *f, const char *asp, const char *element);
/* One more of an ASP that is known. */
void flow_add_another(struct flow *f, const char *application, const char *asp);
void flow_grant(struct flow *f, const char *client, const char *application, int64_t until);
/* With rights and attributes, as "read write"; sessions that were told otherwise are marked. */
void flow_grant_terms(struct flow *f, const char *client, const char *application, int64_t until,
	const char *rights, const char *attributes);
/* Adds it or changes it; the client is its own. `claims` is JSON. */
void flow_add_subscriber(struct flow *f, const char *id, const char *name, const char *claims,
	const char *client);
/* With a key of one's own. */
void flow_add_device_of(struct flow *f, const char *client, const struct aka_key *key, uint64_t sqn);
void flow_drop_application(struct flow *f, const char *application);
void flow_drop_grant(struct flow *f, const char *client, const char *application);
uint64_t flow_sqn(struct flow *f, const char *client);

/* One request on RP_C. */
struct flow_reply {
	bool done;
	enum err result;
	unsigned status;
	char challenge[1024], info[512], retry_after[16], body[4096];
	size_t body_len;
};
void flow_get(struct flow *f, const char *target, const char *authorization, struct flow_reply *ret);

/* A whole bootstrap with libsymbolon-device. */
enum err flow_bootstrap(struct flow *f, struct se_soft *se, const char *client,
	struct symdev_token *ret);
void flow_new_se(struct flow *f, const char *name, struct se_soft **ret);
void flow_new_se_of(struct flow *f, const char *name, const struct aka_key *key,
	struct se_soft **ret);

/* A pull over RP_A by an element. `key` and `user_name` are copies. */
struct flow_pull {
	bool done;
	enum err result;
	uint32_t code; /* Result-Code or Experimental-Result-Code */
	struct secret key;
	int64_t expiry;
	char user_name[256], guss[2048];
};
void flow_pull(struct flow *f, struct diameter_node *element, const char *token,
	const char *application, struct ua ua, struct flow_pull *ret);
