// SPDX-License-Identifier: Apache-2.0
/*
 * document: the realm document that this node serves (docs/protocol/realm_document.md), signed under the realm's key: the
 * nodes among which a device may choose.  req: B7.1-h
 */
#pragma once

#include "authn/authn.h"

/* Reads the key and signs the first one, once it is known where this node listens. Without a key there is none: 404. */
enum err document_start_up(struct authn *authn);
void document_shut_down(struct authn *authn);

/* Takes over key, nodes and whatever else it is made of; what cannot be read changes nothing, and is logged. */
void document_reload(struct authn *authn, const struct authn_conf *conf);

void document_on_request(void *authn, struct http_request *request, const struct view *segments);
