// SPDX-License-Identifier: Apache-2.0
/*
 * registry: a trust registry of any level (Y.3059): one process, one loop, one store. Everything that happens is an event of
 * its log (ledger/); tables are the image of it, written in the same commit.
 */
#pragma once

#include "base/seal.h"
#include "base/secret.h"
#include "base/table.h"
#include "core/reg_id.h"
#include "net/http_server.h"
#include "net/loop.h"
#include "net/metrics.h"
#include "registry/conf.h"
#include "store/keeper.h"
#include "wire/jose.h"

struct registry {
	struct registry_conf *conf; /* first: the daemon sets it */
	struct loop *loop;
	struct reg_id id;
	enum registry_type type;
	int64_t started; /* seconds since 1970, UTC */
	struct store *store;
	struct seal_ring *ring;
	struct keeper *keeper;
	struct metrics *metrics;
	struct jose_key *answer_key; /* ES256: signs answers, status lists and the well-known document */
	struct secret log_seed;	     /* Ed25519: signs checkpoints, see ledger/proof.h */
	struct ledger *ledger;
	struct queries *queries;       /* ledger/queries.h */
	struct buf practice_statement; /* Markdown: set_up/set_up.h */
	struct api *api;	       /* doors */
	struct devices *devices;       /* devices/devices.h */
	struct realm *realm;	       /* realm/rp_d.h: the devices' door; NULL: there is none */
	struct coap_door *coap;	       /* realm/coap.h: that of constrained ones */
	/* Whether a certificate is another registry's, and its RegID; set by the part that knows them, else NULL. */
	bool (*find_peer)(const struct registry *registry, const struct stream *stream,
		char ret_id[256]);
	struct enquiry *enquiry;   /* enquiry/enquiry.h */
	struct owners *owners;	   /* owners/owners.h */
	struct notify *notify;	   /* notify/notify.h */
	struct peers *peers;	   /* peers/peers.h */
	struct policing *policing; /* status/policing.h */
	struct pool *calls;	   /* requests under way: struct call */
};

/* Milliseconds since 1970, UTC. */
static inline int64_t registry_now(const struct registry *registry)
{
	const struct env *env = loop_env(registry->loop);

	return env->wall_ms(env);
}

extern const struct daemon_program registry_program;
