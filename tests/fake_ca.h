// SPDX-License-Identifier: Apache-2.0
/* fake_ca: certificates for tests, made in a folder of their own that goes away with it. */
#pragma once

#include "net/tls.h"

struct fake_ca {
	char folder[32];
	char authority[64]; /* PEM file of the root */
	void *key, *certificate;
};

struct fake_certificate {
	char certificate[96], key[96]; /* PEM files */
};

/* All of them fail the test when something goes wrong. */
void fake_ca_open(struct fake_ca *ca);
void fake_ca_close(struct fake_ca *ca);
/* Valid from a day ago to `days` from now (negative: it has expired). `dns_names` as OpenSSL writes
 * them, "DNS:a.example,DNS:b.example", or NULL: then `name` is only the common name. */
void fake_ca_issue(struct fake_ca *ca, const char *name, const char *alt_names, int days,
	struct fake_certificate *ret);
struct tls_files fake_ca_files(const struct fake_ca *ca, const struct fake_certificate *own);
