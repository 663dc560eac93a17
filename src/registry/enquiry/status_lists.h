// SPDX-License-Identifier: Apache-2.0
/*
 * status_lists: the status of all devices, two bits each, for anyone and without a question (IETF Token Status List): kept in
 * memory as the log grows, compressed on a thread of its own, and served as it last was: docs/protocol/registry_enquiry.md.
 *  req: R7-iv-e
 */
#pragma once

#include "registry/api/call.h"

/* Entries of one list. A device's list_index is its list's number times this, and its place there. */
enum { STATUS_LIST_ENTRIES = 1 << 20 };

struct status_lists;

/* A part of the program: reads all devices, and makes all lists. ERR_MEMORY, ERR_IO. */
enum err status_lists_start_up(struct registry *registry, struct status_lists **ret);
void status_lists_shut_down(struct status_lists *l); /* NULL is fine */

/* A device of ours has this status from now on; it is served before long. ERR_RANGE: more lists than can be. */
enum err status_lists_set(struct status_lists *l, int64_t list_index, int64_t trust);

/* The address of the list that a device is in, and its place there. */
void status_list_place(const struct registry *registry, int64_t list_index, char *ret_uri,
	size_t room, int64_t *ret_place);

/* GET /v1/status-lists and /v1/status-lists/{} */
call_operation status_lists_show, status_list_show;
