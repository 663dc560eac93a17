// SPDX-License-Identifier: Apache-2.0
/*
 * The key schedule of TLS 1.3 on SHA-256 (RFC 8446 7.1), given to OpenSSL as a provider. OpenSSL 3.0 has the same, but
 * each of its twenty derivations in a handshake looks up three algorithms by name and builds four contexts: that was
 * the largest part of a PSK handshake after the key exchange (docs/profile-rp_d.md). Nothing else changes hands.
 */
#include "net/tls_inside.h"

#include "base/secret.h"
#include "core/kdf.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/provider.h>
#include <stdlib.h>
#include <string.h>

enum {
	INFO_MAX = 2 + 1 + 255 + 1 + 255,
	INPUT_MAX = KDF_SIZE + INFO_MAX + 1,
	OUTPUT_MAX = 255 * KDF_SIZE
};

/* SHA-256 of nothing: the context of "derived". */
static const uint8_t nothing[KDF_SIZE] = {0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a,
	0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c,
	0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55};

static struct view param(const OSSL_PARAM params[], const char *name)
{
	const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, name);

	return p ? view_of(p->data, p->data_size) : view_text(NULL);
}

/* HkdfLabel, and one for the counter of the first block. */
static enum err write_info(const OSSL_PARAM params[], struct view context, size_t len,
	struct buf *info)
{
	struct view prefix = param(params, OSSL_KDF_PARAM_PREFIX);
	struct view label = param(params, OSSL_KDF_PARAM_LABEL);

	if (len > OUTPUT_MAX || prefix.len + label.len > UINT8_MAX || context.len > UINT8_MAX) {
		return err_fail(ERR_RANGE, "RFC 8446 7.1: no such label");
	}
	buf_u16(info, (uint16_t)len);
	buf_u8(info, (uint8_t)(prefix.len + label.len));
	buf_view(info, prefix);
	buf_view(info, label);
	buf_u8(info, (uint8_t)context.len);
	buf_view(info, context);
	return buf_end(info, "HkdfLabel");
}

/* HKDF-Expand-Label. */
static enum err expand(const struct secret *secret, const OSSL_PARAM params[], struct view context,
	uint8_t *out, size_t len)
{
	uint8_t room[INFO_MAX], input_room[INPUT_MAX];
	struct buf info = buf_fixed(room, sizeof(room));
	struct buf input = buf_fixed(input_room, sizeof(input_room));
	uint8_t block[KDF_SIZE];
	enum err err = write_info(params, context, len, &info);

	for (size_t done = 0; err == OK && done < len; done += KDF_SIZE) {
		size_t part = len - done < KDF_SIZE ? len - done : KDF_SIZE;

		buf_clear(&input);
		buf_bytes(&input, block, done > 0 ? KDF_SIZE : 0);
		buf_view(&input, buf_contents(&info));
		buf_u8(&input, (uint8_t)(done / KDF_SIZE + 1));
		err = kdf_hmac(secret, buf_contents(&input), block);
		memcpy(out + done, block, part);
	}
	bytes_wipe(block, sizeof(block));
	bytes_wipe(input_room, sizeof(input_room));
	return err;
}

/* HKDF-Extract, with what "derived" makes of the secret before as its salt. */
static enum err extract(const OSSL_PARAM params[], uint8_t out[KDF_SIZE])
{
	static const uint8_t zeroes[KDF_SIZE];
	struct view before = param(params, OSSL_KDF_PARAM_SALT),
		    key = param(params, OSSL_KDF_PARAM_KEY);
	uint8_t derived[KDF_SIZE] = {0};
	SECRET(secret);
	enum err err = OK;

	if (before.len > 0) {
		err = secret_set(&secret, before.data, before.len);
	}
	if (err == OK && before.len > 0) {
		err = expand(&secret, params, VIEW(nothing), derived, sizeof(derived));
	}
	memcpy(secret.bytes, derived, sizeof(derived));
	secret.len = sizeof(derived);
	if (err == OK) {
		err = kdf_hmac(&secret, key.len > 0 ? key : VIEW(zeroes), out);
	}
	bytes_wipe(derived, sizeof(derived));
	return err;
}

static int derive(void *context, unsigned char *out, size_t len, const OSSL_PARAM params[])
{
	struct view digest = param(params, OSSL_KDF_PARAM_DIGEST);
	struct view key = param(params, OSSL_KDF_PARAM_KEY);
	const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, OSSL_KDF_PARAM_MODE);
	int mode = -1;
	SECRET(secret);

	(void)context;
	if (!p || OSSL_PARAM_get_int(p, &mode) != 1 ||
		(!view_is(digest, "SHA2-256") && !view_is(digest, "SHA256"))) {
		return 0;
	}
	if (mode == EVP_KDF_HKDF_MODE_EXTRACT_ONLY) {
		return len == KDF_SIZE && extract(params, out) == OK;
	}
	return mode == EVP_KDF_HKDF_MODE_EXPAND_ONLY &&
	       secret_set(&secret, key.data, key.len) == OK &&
	       expand(&secret, params, param(params, OSSL_KDF_PARAM_DATA), out, len) == OK;
}

/* A derivation is one call: its context holds nothing. */
static void *new_context(void *provider)
{
	return provider;
}

static void free_context(void *context)
{
	(void)context;
}

static int set_params(void *context, const OSSL_PARAM params[])
{
	(void)context;
	(void)params;
	return 1;
}

#define FUNCTION(id, function)                                                                     \
	{                                                                                          \
		id, (void (*)(void))(function)                                                     \
	}
static const OSSL_DISPATCH kdf_functions[] = {
	FUNCTION(OSSL_FUNC_KDF_NEWCTX, new_context),
	FUNCTION(OSSL_FUNC_KDF_FREECTX, free_context),
	FUNCTION(OSSL_FUNC_KDF_SET_CTX_PARAMS, set_params),
	FUNCTION(OSSL_FUNC_KDF_DERIVE, derive),
	{0, NULL},
};

static const OSSL_ALGORITHM *query(void *provider, int operation, int *ret_no_cache)
{
	static const OSSL_ALGORITHM kdfs[] = {
		{OSSL_KDF_NAME_TLS1_3_KDF, "provider=symbolon", kdf_functions, NULL},
		{NULL, NULL, NULL, NULL},
	};

	(void)provider;
	*ret_no_cache = 0;
	return operation == OSSL_OP_KDF ? kdfs : NULL;
}

static int begin_provider(const OSSL_CORE_HANDLE *core, const OSSL_DISPATCH *from_core,
	const OSSL_DISPATCH **ret_functions, void **ret_provider)
{
	static const OSSL_DISPATCH functions[] = {
		FUNCTION(OSSL_FUNC_PROVIDER_QUERY_OPERATION, query),
		{0, NULL},
	};

	(void)from_core;
	*ret_functions = functions;
	*ret_provider = (void *)core; /* not used, but NULL would be a context that failed */
	return 1;
}

void tls_library_free(struct tls_library *library)
{
	if (!library) {
		return;
	}
	(void)OSSL_PROVIDER_unload(library->ours);
	(void)OSSL_PROVIDER_unload(library->theirs);
	OSSL_LIB_CTX_free(library->context);
	free(library);
}

enum err tls_library_new(struct tls_library **ret)
{
	struct tls_library *library = calloc(1, sizeof(*library));

	if (!library) {
		return err_fail(ERR_MEMORY, "TLS: out of memory");
	}
	library->properties = "?provider=symbolon";
	library->context = OSSL_LIB_CTX_new();
	if (!library->context ||
		OSSL_PROVIDER_add_builtin(library->context, "symbolon", begin_provider) != 1 ||
		!(library->theirs = OSSL_PROVIDER_load(library->context, "default")) ||
		!(library->ours = OSSL_PROVIDER_load(library->context, "symbolon"))) {
		tls_library_free(library);
		return tls_fail(ERR_CRYPTO, "TLS");
	}
	*ret = library;
	return OK;
}
