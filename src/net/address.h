// SPDX-License-Identifier: Apache-2.0
/* address: socket addresses as texts; see address_check() in stream.h for their form. */
#pragma once

#include "net/stream.h"
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

struct address {
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
	} sa;
	socklen_t len;		/* 0: `host` is a name, to be resolved */
	char host[ADDRESS_MAX]; /* without brackets; "" of a Unix socket */
	char port[6];
};

/* A peer's, small enough to be kept with each connection: of a Unix socket only the family. */
union peer_address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/* ERR_SYNTAX says what an address looks like. */
enum err address_parse(const char *text, struct address *ret);
void address_from(const struct sockaddr *sa, socklen_t len, struct address *ret);
/* "127.0.0.1:80", "[::1]:80", "unix:/path"; "unix" for a client's nameless end. */
void address_text(const struct sockaddr *sa, char ret[ADDRESS_MAX]);
/* What is counted as one peer: the address without its port; of IPv6 its /64. Points into `peer`. */
struct view address_crowd(const union peer_address *peer);
bool address_is_number(const char *host); /* an IP address, not a name */
