// SPDX-License-Identifier: Apache-2.0
/*
 * policing: keeps what the registry says of each of its devices in step with its policy (wire/policy.h). It reads the log behind
 * everybody else: an event about a device makes it look at that device, and an event about many (an advisory, a root of
 * trust) becomes a movement, which is counted before anything is changed. Each change is an event of its own that says
 * why, by which rule and from which event.  req: R6.1-b R7-b
 */
#pragma once

#include "registry/api/call.h"
#include "wire/csaf.h"

struct policing;

/* ERR_CONFIG: a policy, or a folder of roots, that cannot be read. */
enum err policing_start_up(struct registry *registry);
void policing_shut_down(struct registry *registry);
/* Takes over the policy file as it is now. ERR_CONFIG: it stays as it was. */
enum err policing_reload(struct registry *registry);
void policing_put_metrics(const struct policing *p, struct buf *out);

/*
 * Calls `done` once the event with this seq, and all before it, has had its consequences for the device that it is about; at
 * once when that is so already. ERR_OVERLOAD: too many wait.
 */
typedef void policy_passed(void *user, uint64_t ref);
enum err policy_when(struct registry *registry, int64_t seq, policy_passed *done, void *user,
	uint64_t ref);

/* Steps that drop what the policy kept of a device that is erased: watched, decision, words, vulnerabilities.  req: R9.1-iii */
enum { POLICY_FORGETS = 5 };
void policy_forget_device(struct view device, struct store_step steps[POLICY_FORGETS]);

/* Writes the ids of the roots of trust that are accepted, as items of an array (9.1 vi).  req: R9.1-vi */
void policy_put_roots(const struct registry *registry, struct json_writer *w);

/* Who looks at a vulnerability. */
enum viewer {
	VIEWER_ANYBODY,
	VIEWER_DEVICE, /* that has it */
	VIEWER_ENQUIRER,
	VIEWER_OWNER,	     /* of a device that has it */
	VIEWER_MANUFACTURER, /* of a product that has it */
	VIEWER_AGENCY,
	VIEWER_REGISTRY, /* child, parent or peer */
	VIEWER_STAFF,
};
enum viewer vulnerability_viewer(const struct call *call);
/*
 * The traffic light protocol: white is for all and green for all that are known, once it is released; before, and amber,
 * for who has to act on it: owners, manufacturers, agencies, registries; red for staff alone. No label is taken as
 * amber.  req: R7-b
 */
bool vulnerability_may_see(enum csaf_tlp tlp, int64_t release_at, int64_t now, enum viewer viewer);
/* The same of a record of EVENT_VULNERABILITY_RECORDED or _WITHDRAWN. One that cannot be read: no. */
bool vulnerability_record_may_go(const struct registry *registry, struct view record,
	enum viewer viewer);
