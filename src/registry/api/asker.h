// SPDX-License-Identifier: Apache-2.0
/*
 * asker: who asks, found before the operation runs: administrators by their user id at the socket or by the name in their
 * certificate, auditors and other registries by certificate, devices by the token of their realm (realm/rp_d.h), parties
 * (enquirers, manufacturers, agencies, owners) by the signature of their request.  req: R7-i-a R9.1-iii
 */
#pragma once

#include "registry/registry.h"

/* Of a route: who may ask for it. WHO_ANYONE: without saying who it is too. */
enum who {
	WHO_ADMIN = 1,
	WHO_AUDITOR = 2,
	WHO_PEER = 4,
	WHO_DEVICE = 8,
	WHO_PARTY = 16,
	WHO_ANYONE = 32,
};
#define WHO_STAFF (WHO_ADMIN | WHO_AUDITOR)

enum { ASKER_NAME = 256 };

struct asker {
	enum who who; /* WHO_ANYONE: nobody that is known */
	/* "uid 0" or the name in a certificate; a registry's RegID; a device's pseudonym in its realm; a party's id. Not
	 * into logs but for the staff's. */
	char name[ASKER_NAME];
	unsigned roles; /* of a party, a mask: registry/enquiry/party.h */
};

/* "administrator", "auditor", "registry", "device", "party", "anyone" */
const char *who_name(enum who who);

/* By connection alone. WHO_ANYONE: nobody that is known here. */
void asker_from_connection(const struct registry *registry, const struct http_request *request,
	struct asker *ret);

/*
 * Called for a route that parties may ask for, when it is nobody else who may. Reads the request's signature, fills
 * call->asker and calls api_go_on(), now or later; or answers 401 with a challenge itself: OK. Else the error is
 * answered.
 */
struct call;
enum err asker_from_signature(struct call *call);
