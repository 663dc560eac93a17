// SPDX-License-Identifier: Apache-2.0
/* log_api: how the log is read from outside: docs/protocol/registry_log.md. */
#pragma once

#include "registry/api/call.h"

/* An event as an item of an answer: seq, kind, time, registry, registry_seq, and if not erased subject and record. */
enum err ledger_put_entry(struct json_writer *w, const struct ledger_entry *entry);
/* Answers with a page of events, `next` being the last one's seq: what may stand as `entries` of call_read(). The call asked for
 * one more than call->limit. */
call_entries ledger_on_page;

call_operation log_checkpoint_show;
call_operation log_tile_show;
call_operation log_inclusion_show;
call_operation log_consistency_show;
call_operation event_list;
call_operation history_list;
