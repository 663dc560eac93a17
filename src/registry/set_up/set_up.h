// SPDX-License-Identifier: Apache-2.0
/*
 * set_up: who a registry is (Y.3059 9.1): its RegID and type, which stay what they were at its first start, the document
 * that tells the world of it, and its practice statement.  req: R9.1-i R9.1-ii R9.1-vi R9.3-i-b
 */
#pragma once

#include "registry/api/call.h"

/* ERR_CONFIG: the store is another registry's. Logs that it was set up, if that is not in the log. */
enum err set_up_start_up(struct registry *registry);
void set_up_shut_down(struct registry *registry);

/* Appends https://HOST[:PORT]. */
void set_up_put_url(const struct registry *registry, struct buf *out);

call_operation registry_show;
call_operation practice_statement_show;
