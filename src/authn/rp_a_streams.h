// SPDX-License-Identifier: Apache-2.0
/*
 * rp_a_streams: what elements on HTTPS are told, as server-sent events that they acknowledge. An element has one stream,
 * the last that it opened; without one, what it announced holds for a while.  req: B9.6.1-d B9.4.1-f
 */
#pragma once

#include "authn/elements.h"

/* It has announced itself: from now on it has so long to open a stream. ERR_MEMORY: it is forgotten. */
enum err rp_a_streams_expect(struct element *element);

/*
 * Opens its stream, in the place of an earlier one, and follows the log from there. Takes over the request. `log` may be
 * empty.
 */
void rp_a_streams_open(struct element *element, struct http_request *request, struct view log,
	uint64_t serial);
/* It has acknowledged something. */
void rp_a_streams_acknowledged(struct element *element);

/* Of the carrier. */
enum err rp_a_streams_tell(struct element *element, const struct rp_rpr *rpr, const char *tx,
	pool_ref push);
void rp_a_streams_cut(struct element *element);
void rp_a_streams_forget(struct element *element);
