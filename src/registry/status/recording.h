// SPDX-License-Identifier: Apache-2.0
/*
 * recording: takes what is told of a vulnerability into the store and the log: first the models that it is about, in units that
 * nobody sees, then, in one commit, that they count, the event, and the movement that follows. A newer version takes the
 * place of an older one.  req: R7-b R9.3-ii-b
 */
#pragma once

#include "registry/status/policing_inside.h"
#include "registry/status/vulnerability.h"

struct recording {
	char *id;			  /* subject: "csaf:TRACKING-ID", "told:..." */
	char *version;			  /* CSAF's */
	char *title, *told_by, *registry; /* registry: whose log had it first */
	char *by_whom;			  /* a person here whose doing it is; "": nobody's */
	enum policy_source source;
	enum csaf_tlp tlp;
	int64_t release_at; /* milliseconds since 1970 */
	int score;	    /* -1: not known */
	struct vulnerable_models models;
	char *device;	     /* of this device alone; NULL: of the models */
	struct buf document; /* as it came; may be empty */
	bool relayed;	     /* it is in our log already, as `cause` */
	int64_t cause;
	int64_t part; /* of a record: past 1, only further models of what part 1 was about */
};
void recording_free(struct recording *recording); /* NULL is fine */

/*
 * `err`: ERR_EXISTS: this version is there; ERR_CONFLICT: a newer one is, or another was just recorded, or it is another
 * registry's word; ERR_DENIED: it is an administrator's; ERR_NOT_FOUND: the device is not this owner's.
 */
typedef void recording_done(void *user, uint64_t ref, enum err err, int64_t seq);

/* Takes the recording over, on errors too. `user` is the registry. */
enum err recording_begin(struct policing *p, struct recording *recording, recording_done *done,
	void *user, uint64_t ref);

/* From another registry: its record of EVENT_VULNERABILITY_RECORDED or _WITHDRAWN. */
struct recording_from {
	struct view registry, record;
};
/* ERR_SYNTAX, ERR_RANGE, ERR_MEMORY; the caller's. */
enum err recording_read(const struct recording_from *from, struct recording **ret);
/* It is in our log with this seq. ERR_SYNTAX, ERR_RANGE: the record is not one. `done` is called after what was done. */
enum err recording_hear(struct policing *p, enum event_kind kind, const struct recording_from *from,
	int64_t seq, store_done *done);
