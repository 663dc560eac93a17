// SPDX-License-Identifier: Apache-2.0
/*
 * roots: the roots of trust that this registry accepts, published for all (9.1 vi), and those that it has withdrawn. An id is
 * "x509:" and the SHA-256 of a certificate, or "aka:" and an operator's realm; its subject in the log is "rot:ID".
 *  req: R9.1-vi
 */
#pragma once

#include "registry/api/call.h"

/* GET and POST /v1/roots, POST /v1/roots/{}/withdraw */
call_operation root_list, root_accept, root_withdraw;
