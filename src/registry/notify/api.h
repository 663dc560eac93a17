// SPDX-License-Identifier: Apache-2.0
/*
 * api: how subscribers and the staff ask for notifications (docs/protocol/registry_notifications.md). A party has its own
 * subscriptions, the staff all; another's is answered as one that is not there.  req: R9.4-i-a R9.4-ii
 */
#pragma once

#include "registry/api/call.h"

struct subscriber;
/* The one that the path names, if the asker may know of it; else NULL, and the error is ERR_NOT_FOUND. */
struct subscriber *subscription_of(const struct call *call);

/* GET, POST /v1/subscriptions; GET, DELETE /v1/subscriptions/{} */
call_operation subscription_list, subscription_add, subscription_show, subscription_drop;
/* GET /v1/subscriptions/{}/events; POST /v1/subscriptions/{}/acknowledged */
call_operation subscription_stream, subscription_acknowledge;
/* GET /v1/subscriptions/{}/dead-letters, DELETE and POST .../dead-letters/{}[/replay]; `{}` is a sequence or "all" */
call_operation dead_letter_list, dead_letter_drop, dead_letter_replay;
/* POST /v1/notices */
call_operation notice_send;
