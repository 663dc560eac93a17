// SPDX-License-Identifier: Apache-2.0
/* registry_party: asking a trust registry as one of its parties, with the key that was enrolled there. */
#pragma once

#include "cli/cli.h"
#include "wire/request_signature.h"

#define PARTY_KEY_OPTION(says) CLI_OPTION("party-key", "FILE", says)

/* From a file that its owner alone may read. */
enum err party_key_read(const char *path, struct jose_key **ret);
/* A new one, in a new file. */
enum err party_key_make(const char *path, struct jose_key **ret);

struct party_request {
	const char *method, *target; /* a C string of ours */
	const char *type;	     /* of the body; NULL: JSON */
	struct view body;
	const char *tag;	       /* NULL: an enquiry, which is challenged first */
	const struct api_extra *extra; /* further fields, and where a good answer goes; NULL: none */
};

/* `key` NULL: asks as the connection says who it is. As api_ask(). */
enum err party_ask(struct cli *cli, const struct jose_key *key, const struct party_request *request);
/* The same with a key from a file, or none, and what is said of a refusal. */
enum cli_status party_ask_from(struct cli *cli, const char *key_file,
	const struct party_request *request);
