// SPDX-License-Identifier: Apache-2.0
/*
 * code_program: the channel over which one-time codes reach subscribers: a program of the operator's, which knows their
 * addresses. It is run with {"subscriber","code","until"} on its standard input, and has 10 s.
 */
#pragma once

#include "authz/authz.h"

/* Runs it on a worker; what goes wrong is logged, since nobody waits for it. */
void code_program_give(struct authz *authz, const char *subscriber, const char *code, int64_t until);
