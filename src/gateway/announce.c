// SPDX-License-Identifier: Apache-2.0
#include "gateway/announce.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	CHACHA_ECDHE = 0xccac, /* TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256 */
	GCM_DHE = 0x00aa,      /* TLS_DHE_PSK_WITH_AES_128_GCM_SHA256 */
	GCM_PLAIN = 0x00a8,    /* TLS_PSK_WITH_AES_128_GCM_SHA256 */
	GCM_13 = 0x1301,       /* with a certificate: TLS_AES_128_GCM_SHA256 */
	GCM_ECDSA = 0xc02b,    /* TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 */
	GCM_RSA = 0xc02f,      /* TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 */
	PLACE_MAX = IDENT_MAX + 8,
};

/* The name that devices ask for, and the port that is listened at, unless the configuration knows better. */
static void say_place(const struct application *a, char ret[PLACE_MAX])
{
	const char *port = strrchr(door_address(a->door), ':');

	(void)snprintf(ret, PLACE_MAX, strchr(a->host, ':') ? "[%s]%s" : "%s%s", a->host,
		port ? port : "");
}

static void add_ua(struct symapp_application *row, struct ua ua)
{
	row->uas[row->ua_count++] = ua;
}

static void add_mechanism(struct symapp_application *row, const char *name)
{
	row->mechanisms[row->mechanism_count++] = name;
}

static void say_psk(struct symapp_application *row, bool plain_too)
{
	add_ua(row, UA_TLS13_PSK);
	add_ua(row, UA_TLS12(CHACHA_ECDHE));
	add_ua(row, UA_TLS12(GCM_DHE));
	if (plain_too) {
		add_ua(row, UA_TLS12(GCM_PLAIN));
	}
	add_mechanism(row, "tls13-psk");
	add_mechanism(row, "tls12-psk");
}

/* TS 33.220 H.3: inside TLS the suite tells the protocol. */
static void say_digest(struct symapp_application *row)
{
	add_ua(row, UA_TLS12(GCM_13));
	add_ua(row, UA_TLS12(GCM_ECDSA));
	add_ua(row, UA_TLS12(GCM_RSA));
	add_mechanism(row, "http-digest");
}

static void say_coap(struct symapp_application *row, uint16_t suite)
{
	add_ua(row, UA_TLS12(suite));
	add_mechanism(row, "dtls12-psk");
}

/* An identity may be served at several addresses: what is taken at any of them.  req: B7.6-d */
static bool is_served(const struct application *a, enum application_access access)
{
	const struct gateway *gateway = a->gateway;

	for (size_t i = 0; i < gateway->application_count; i++) {
		const struct application *other = &gateway->applications[i];

		if (ident_equal(&other->id, &a->id) && other->access == access) {
			return true;
		}
	}
	return false;
}

static struct symapp_application row_of(const struct application *a, const char *place)
{
	struct symapp_application row = {
		.id = a->id,
		.address = a->address[0] ? a->address : place,
		.shared = !ident_equal(&a->id, &a->group),
	};

	if (row.shared) {
		row.group = a->group;
	}
	if (is_served(a, ACCESS_PSK)) {
		say_psk(&row, a->gateway->conf->plain_psk);
	}
	if (is_served(a, ACCESS_DIGEST)) {
		say_digest(&row);
	}
	if (is_served(a, ACCESS_COAP)) {
		say_coap(&row, gateway_coap_suite(a->gateway->conf));
	}
	return row;
}

/* The first of each identity. */
static bool is_first(const struct application *a)
{
	for (const struct application *other = a->gateway->applications; other < a; other++) {
		if (ident_equal(&other->id, &a->id)) {
			return false;
		}
	}
	return true;
}

/* req: B9.6.1-c B9.6.1-e */
enum err announce_all(struct gateway *gateway)
{
	struct symapp_application *rows = calloc(gateway->application_count, sizeof(*rows));
	char(*places)[PLACE_MAX] = calloc(gateway->application_count, sizeof(*places));
	size_t count = 0;
	enum err err = OK;

	for (size_t i = 0; rows && places && i < gateway->application_count; i++) {
		const struct application *a = &gateway->applications[i];

		if (is_first(a)) {
			say_place(a, places[count]);
			rows[count] = row_of(a, places[count]);
			count++;
		}
	}
	err = rows && places ? symapp_announce(gateway->app, rows, count)
			     : err_fail(ERR_MEMORY, "applications: out of memory");
	free(rows);
	free(places);
	return err;
}
