// SPDX-License-Identifier: Apache-2.0
/*
 * devices: a realm (realm.h) and a primary registry that is an application of it, in one process, and devices that have
 * bootstrapped and reach the registry over RP_D.
 */
#pragma once

#include "fake_maker.h"
#include "realm.h"
#include "registry/registry.h"
#include "wire/evidence.h"

#define DEVICES_REGISTRY "IN.TEL.P01"
#define DEVICES_FOREVER	 INT64_C(4000000000)

/* An answer. */
struct devices_reply {
	bool done;
	enum err result;
	unsigned status;
	struct buf body;
};

struct devices_flow {
	struct flow f;
	struct fake_certificate own;
	struct registry registry;
	struct registry_conf conf;
	size_t started;		   /* parts of registry_program */
	char more[512];		   /* lines of its configuration */
	struct fake_maker maker;   /* whose root is accepted */
	struct http_client *staff; /* its administrator, at the socket */
	struct devices_reply said; /* the last answer to anybody */
};

/* A device with a subscription of its own. */
struct flow_device {
	struct devices_flow *d;
	char client[64];
	struct se_soft *se;
	struct symdev_token token;
	struct tls *tls;
	struct http_client *http; /* RP_D */
};

void devices_open(struct devices_flow *d, const char *more);
void devices_close(struct devices_flow *d);
void devices_stop(
	struct devices_flow *d); /* the registry alone; over the same store it starts again */
void devices_start(struct devices_flow *d);
/* The administrator asks. */
unsigned devices_ask(struct devices_flow *d, const char *method, const char *target,
	const char *body);
const char *devices_said(struct devices_flow *d);

/* Registers the client with the realm, with `identity` (a URN, or NULL) and the grant of it, and bootstraps. */
void flow_device_open(struct flow_device *device, struct devices_flow *d, const char *client,
	const char *identity);
void flow_device_close(struct flow_device *device);
/* A new connection, with a new token when `bootstrap`. */
void flow_device_connect(struct flow_device *device, bool bootstrap);
unsigned flow_device_ask(struct flow_device *device, const char *method, const char *target,
	const char *body);
/* A member of the last answer, as text. */
void devices_member(struct devices_flow *d, const char *name, char *ret, size_t room);

/* What a device with a certificate shows: asks for a nonce, and signs. `made` signs, `shown` is the certificate. */
struct flow_evidence {
	const struct fake_device *made, *shown;
	const struct device_facts *facts;
	const char *registry; /* NULL: that which is asked */
	const char *nonce;    /* NULL: a fresh one */
};
/* A body for POST /v1/devices, appended. */
void flow_device_evidence(struct flow_device *device, const struct flow_evidence *evidence,
	struct buf *out);
/* A body for a report. */
void flow_device_proof(struct flow_device *device, const struct flow_evidence *evidence,
	struct buf *out);

#define assert_staff(d, want, ...)                                                                 \
	do {                                                                                       \
		unsigned test_status = devices_ask((d), __VA_ARGS__);                              \
		if (test_status != (want)) {                                                       \
			fail_msg("%u: %s", test_status, devices_said(d));                          \
		}                                                                                  \
	} while (0)
#define assert_device(device, want, ...)                                                           \
	do {                                                                                       \
		unsigned test_status = flow_device_ask((device), __VA_ARGS__);                     \
		if (test_status != (want)) {                                                       \
			fail_msg("%u: %s", test_status, devices_said((device)->d));                \
		}                                                                                  \
	} while (0)
#define assert_devices_said(d, words)                                                              \
	do {                                                                                       \
		if (!strstr(devices_said(d), (words))) {                                           \
			fail_msg("\"%s\" does not say \"%s\"", devices_said(d), (words));          \
		}                                                                                  \
	} while (0)
