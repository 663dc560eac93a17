// SPDX-License-Identifier: Apache-2.0
/*
 * serve: the device answers its registry, and enquirers whom that vouches for, after a challenge (Y.3059 9.3 iii):
 * docs/protocol/registry_enquiry.md. serve_keys.c is whose signatures it believes.  req: R9.3-iii R7-i-b
 */
#pragma once

#include "device-cli/device_cli.h"
#include "net/http_client.h"
#include "wire/vouched_parties.h"

enum { SERVE_ANCHORS = 8, SERVE_HOST = 256 };

/* The registry's own keys, and those of its list, which is fetched again while it is believed. */
struct serve_keys {
	struct loop *loop;
	const struct env *env;
	struct jose_key *anchors[SERVE_ANCHORS];
	char anchor_ids[SERVE_ANCHORS][JOSE_THUMBPRINT];
	size_t anchor_count;
	struct vouched vouched;
	char host[SERVE_HOST], address[ADDRESS_MAX];
	struct tls *tls;
	struct http_client *client;
	struct http_call *call; /* NULL: none is under way */
	unsigned status;
	struct buf body;
	struct timer timer;
};

/* --anchor, and with --registry where its list is: fetched from now on. ERR_CONFIG. Closed after failure too. */
enum err serve_keys_open(const struct options *options, struct device *device,
	struct serve_keys *ret);
void serve_keys_close(struct serve_keys *keys);
/* The key of that id; NULL: it is nobody's who may ask. */
const struct jose_key *serve_keys_find(const struct serve_keys *keys, struct view id);
