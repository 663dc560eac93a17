// SPDX-License-Identifier: Apache-2.0
/*
 * peers: other registries: a parent, children, bilateral peers (Y.3059 6.1). Who they are, what they are told of our log (feed), what
 * is taken over from theirs (follow, check, apply), and how old that is.  req: R6.1-a R7-iv-d R7-iv-f R9.1-v
 */
#pragma once

#include "registry/api/call.h"

struct peers;

/* A part of the program, between the store and the doors. ERR_CONFIG: a certificate that cannot be used. */
enum err peers_start_up(struct registry *registry);
/* Nobody is followed or told any more. */
void peers_be_quiet(struct registry *registry);
void peers_shut_down(struct registry *registry);
void peers_put_metrics(const struct registry *registry, struct buf *out);
void peers_unready(const struct registry *registry, struct buf *out);
/* Items of an array: the RegIDs of parents that were joined, but for one that is told already (may be NULL). */
void peers_put_parents(const struct registry *registry, const struct reg_id *told,
	struct json_writer *w);
/* For /v1/status: {"peers":[...]}. */
void peers_put_status(const struct registry *registry, struct json_writer *w);

/*
 * How fresh is what is known here of another registry's devices: since when (milliseconds since 1970) it may have changed without our
 * knowing, and through which registry it comes. Now: it is in step. false: nothing comes from there.
 */
struct peer_freshness {
	int64_t as_of;
	const char *through; /* RegID; lives as long as the peer is one */
};
bool peers_freshness(const struct registry *registry, const struct reg_id *of,
	struct peer_freshness *ret);

/* Operations of the API. */
call_operation peers_list, peers_show, peers_join, peers_approve, peers_readmit, peers_leave;
call_operation peers_ask;     /* another registry wants to join */
call_operation peers_stream;  /* our log, for another registry */
call_operation peers_devices; /* the list of one status */
