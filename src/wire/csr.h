// SPDX-License-Identifier: Apache-2.0
/*
 * csr: a certificate signing request (PKCS #10, RFC 2986): the public half of a key that never left its owner, signed by
 * the private one, and the host names that it is wanted for.  req: B7.7-a
 */
#pragma once

#include "core/ident.h"
#include "wire/public_key.h"

enum { CSR_MAX = 16 * 1024, CSR_NAMES = 64 };

struct csr {
	struct public_key key;
	struct ident names[CSR_NAMES]; /* its dNSNames */
	size_t count;
};

/*
 * From one PEM block. ERR_RANGE: longer than CSR_MAX, or too many names; ERR_SYNTAX: not a request, a name that is no
 * host's, or names of other kinds; ERR_AUTH: not signed by its own key; ERR_UNSUPPORTED: a kind of key that is
 * not taken.
 */
enum err csr_read(struct view pem, struct csr *ret);
