// SPDX-License-Identifier: Apache-2.0
/*
 * http2: connections of HTTP/2 (RFC 9113) of an http_server, by libnghttp2. Their requests come to the same handler and
 * are answered by the same functions. What a client can make grow has a ceiling: streams, the list of fields, bodies
 * that are read, answers that it does not take, and frames that ask for work and bring none (resets, settings, pings,
 * empty DATA, CONTINUATION), which end the connection with ENHANCE_YOUR_CALM.
 */
#pragma once

#include "net/http_server.h"

/* Serves a connection whose ALPN chose "h2". ERR_CLOSED, ERR_MEMORY: not taken. */
enum err http2_take(struct http_server *s, struct stream *stream);
/* Says GOAWAY to each and ends it; requests under way are gone, and still to be answered. */
void http2_close_all(struct http_server *s);
