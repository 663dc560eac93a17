// SPDX-License-Identifier: Apache-2.0
#include "gateway/announce.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	CHACHA_ECDHE = 0xccac, /* TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256 */
	GCM_DHE = 0x00aa,      /* TLS_DHE_PSK_WITH_AES_128_GCM_SHA256 */
	GCM_PLAIN = 0x00a8,    /* TLS_PSK_WITH_AES_128_GCM_SHA256 */
	PLACE_MAX = IDENT_MAX + 8,
};

/* The name that devices ask for, and the port that is listened at, unless the configuration knows better. */
static void say_place(const struct application *a, char ret[PLACE_MAX])
{
	const char *port = strrchr(listener_address(a->door->listener), ':');

	(void)snprintf(ret, PLACE_MAX, strchr(a->host, ':') ? "[%s]%s" : "%s%s", a->host,
		port ? port : "");
}

static struct symapp_application row_of(const struct application *a, const char *place)
{
	struct symapp_application row = {
		.id = a->id,
		.address = a->address[0] ? a->address : place,
		.uas = {UA_TLS13_PSK, UA_TLS12(CHACHA_ECDHE), UA_TLS12(GCM_DHE)},
		.ua_count = 3,
		.mechanisms = {"tls13-psk", "tls12-psk"},
		.mechanism_count = 2,
		.shared = !ident_equal(&a->id, &a->group),
	};

	if (row.shared) {
		row.group = a->group;
	}
	if (a->gateway->conf->plain_psk) {
		row.uas[row.ua_count++] = UA_TLS12(GCM_PLAIN);
	}
	return row;
}

/* Once for each identity: it may be served at several addresses. */
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
