// SPDX-License-Identifier: Apache-2.0
/* stream_inside: what stream.c and listener.c know of each other. */
#pragma once

#include "net/address.h"
#include "net/loop_uv.h"

/*
 * A connection that a listener took in: the descriptor becomes the stream's, even on failure. With
 * TLS its handshake begins, else it is open. listener_left() is called once, when its descriptor
 * has been closed.
 */
enum err stream_take(struct loop *loop, int fd, const union peer_address *peer,
	const struct listener_options *options, const struct stream_on *on,
	struct listener *listener, struct stream **ret);
const union peer_address *stream_peer(const struct stream *s);
/* By which its listener keeps it during the handshake. */
struct link *stream_link(struct stream *s);
struct stream *stream_of_link(struct link *link);

void listener_left(struct listener *l, const union peer_address *peer);
