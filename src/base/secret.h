// SPDX-License-Identifier: Apache-2.0
/*
 * secret: key material. Wiped on every exit, compared in constant time, refused when all zero;
 * nothing here or elsewhere prints one.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

enum { SECRET_MAX = 64 };

struct secret {
	uint8_t bytes[SECRET_MAX];
	size_t len; /* 0: none */
};

/* Declares a secret that is wiped when it goes out of scope: SECRET(ks); */
#define SECRET(name) struct secret name __attribute__((cleanup(secret_wipe))) = {.len = 0}

/* Copies 1 to 64 bytes. ERR_RANGE for another length, ERR_CRYPTO when all bytes are zero. */
enum err secret_set(struct secret *ret, const void *bytes, size_t len);
/* Reads hexadecimal digits, two a byte. ERR_SYNTAX without repeating the input, else as above. */
enum err secret_from_hex(struct secret *ret, struct view hex);
struct view secret_view(const struct secret *s);
/* Constant time in the contents; secrets of different length are not equal, empty ones never. */
bool secret_equal(const struct secret *a, const struct secret *b);
bool bytes_equal_secret(const void *a, const void *b, size_t len); /* constant time */
void secret_wipe(struct secret *s);
void bytes_wipe(void *bytes, size_t len); /* the compiler does not remove it */
