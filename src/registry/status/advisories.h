// SPDX-License-Identifier: Apache-2.0
/*
 * advisories: CSAF documents that are imported: read on a thread of their own, recorded as vulnerabilities of the products that they
 * name.  req: R7-b R9.3-ii-b
 */
#pragma once

#include "registry/api/call.h"

/* POST /v1/advisories?release_at=MS: the document is the body. */
call_operation advisory_import;
