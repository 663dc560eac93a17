// SPDX-License-Identifier: Apache-2.0
/*
 * api: the API of the authorization element, as yet the operator's (docs/protocol/operator_api.md): registration of subscribers, devices, ASPs and
 * applications, and the service permission flag.  req: B9.2.2-a B9.2.2-c B9.2.2-d B9.2.2-g
 */
#pragma once

#include "authz/authz.h"

enum err api_start_up(struct authz *authz);
void api_shut_down(struct authz *authz);
/* Takes over who may use the API: from their next request on. ERR_MEMORY: all stays as it is. */
enum err api_admit(struct authz *authz, const struct conf_texts *operators);
