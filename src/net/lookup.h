// SPDX-License-Identifier: Apache-2.0
/* lookup: questions to the domain name system, by libresolv. They wait for the answer: on a worker. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

enum { LOOKUP_ADDRESSES = 16, LOOKUP_TEXTS = 16, LOOKUP_TEXT_MAX = 255 };

struct lookup_address {
	uint8_t bytes[16];
	size_t len; /* 4 or 16 */
};

struct lookup_addresses {
	struct lookup_address items[LOOKUP_ADDRESSES];
	size_t count;
};

struct lookup_texts {
	char texts[LOOKUP_TEXTS][LOOKUP_TEXT_MAX + 1];
	size_t count;
};

/*
 * `server`: "192.0.2.1:53", or "" for the system's. ERR_NOT_FOUND: there is no such name, or nothing of the kind at it;
 * ERR_UNAVAILABLE: no answer; ERR_CONFIG: not a server; ERR_SYNTAX: an answer that cannot be read.
 */
enum err lookup_addresses(const char *server, const char *name, struct lookup_addresses *ret);
/* TXT records, each in one piece; what is longer is left out. */
enum err lookup_texts(const char *server, const char *name, struct lookup_texts *ret);

/* Whether an address is one of the public Internet (the IANA registries of special-purpose addresses). */
bool lookup_is_public(const struct lookup_address *address);
/* As it stands in an address with a port: "192.0.2.1", "[2001:db8::1]". */
enum { LOOKUP_PRINTED = 48 };
void lookup_print(const struct lookup_address *address, char ret[LOOKUP_PRINTED]);
