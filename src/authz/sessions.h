// SPDX-License-Identifier: Apache-2.0
/*
 * sessions: permissions that were given, by the Session-Id of the question, so that they can be withdrawn (ASR) and
 * changed (RAR) at the authentication element that asked (RFC 6733 8.3, 8.5). A session refers to its permission
 * by a random name; when the permission goes, for whatever reason, the database itself cuts that reference in
 * the same unit of work, and a session without a permission is one to abort.  req: B9.2.2-h
 */
#pragma once

#include "authz/authz.h"

struct sessions;

/* Before the loop runs, when the Diameter node is open. */
enum err sessions_start_up(struct authz *authz);
/* Before the Diameter node is closed. */
void sessions_shut_down(struct authz *authz);

/* Something was committed that may have ended or changed sessions: they are told soon. */
void sessions_wake(struct authz *authz);
/* The node's peer_changed: what waits for that peer is sent now. */
diameter_peer_changed sessions_on_peer;

/* rp_b.sessions are kept already (about: other nodes are counted once a minute). */
bool sessions_full(struct authz *authz);
/* One more is kept. */
void sessions_count_one(struct authz *authz);

struct sessions_figures {
	uint64_t kept;		   /* about */
	uint64_t aborted, changed; /* acknowledged by authentication elements */
	uint64_t unanswered;	   /* asked in vain, to be tried again */
	uint64_t expired;
};
void sessions_figures(const struct authz *authz, struct sessions_figures *ret);
