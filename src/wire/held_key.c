// SPDX-License-Identifier: Apache-2.0
#include "wire/held_key.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <stdlib.h>
#include <string.h>

#define NAME	  "held-key"
#define SIGNATURE "HELD-ECDSA"
#define SIGNER	  "held-key-signer"

enum { BITS = 256, STRENGTH = 128, DER_MAX = 72 };

static const char group[] = "prime256v1";
/* AlgorithmIdentifier of ecdsa-with-SHA256 (RFC 5758 3.2). */
static const uint8_t algorithm_id[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04,
	0x03, 0x02};

struct signer {
	held_key_sign *sign;
	void *user;
};

/* What OpenSSL calls a key of ours. */
struct half {
	uint8_t point[HELD_KEY_POINT];
	struct signer signer; /* NULL: a certificate's, to be compared with */
};

/* --- keys --- */

static void *new_half(void *provider)
{
	(void)provider;
	return calloc(1, sizeof(struct half));
}

static void free_half(void *half)
{
	free(half);
}

static int has(const void *key, int selection)
{
	const struct half *half = key;

	return half && (!(selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) || half->signer.sign);
}

static int match(const void *a, const void *b, int selection)
{
	const struct half *x = a, *y = b;

	(void)selection;
	return memcmp(x->point, y->point, sizeof(x->point)) == 0;
}

static int import(void *key, int selection, const OSSL_PARAM params[])
{
	struct half *half = key;
	const OSSL_PARAM *point = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_PUB_KEY);
	const OSSL_PARAM *signer = OSSL_PARAM_locate_const(params, SIGNER);

	(void)selection;
	if (!point || point->data_size != sizeof(half->point)) {
		return 0;
	}
	memcpy(half->point, point->data, sizeof(half->point));
	if (signer && signer->data_size == sizeof(half->signer)) {
		memcpy(&half->signer, signer->data, sizeof(half->signer));
	}
	return 1;
}

/* The public half alone: there is no other. */
static int export(void *key, int selection, OSSL_CALLBACK *take, void *arg)
{
	struct half *half = key;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)group, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, half->point,
			sizeof(half->point)),
		OSSL_PARAM_construct_end(),
	};

	(void)selection;
	return take(params, arg);
}

static const OSSL_PARAM *key_types(int selection)
{
	static const OSSL_PARAM types[] = {
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
		OSSL_PARAM_octet_string(SIGNER, NULL, 0),
		OSSL_PARAM_END,
	};

	(void)selection;
	return types;
}

static int set_number(OSSL_PARAM params[], const char *name, int value)
{
	OSSL_PARAM *p = OSSL_PARAM_locate(params, name);

	return !p || OSSL_PARAM_set_int(p, value) == 1;
}

static int set_text(OSSL_PARAM params[], const char *name, const char *value)
{
	OSSL_PARAM *p = OSSL_PARAM_locate(params, name);

	return !p || OSSL_PARAM_set_utf8_string(p, value) == 1;
}

static int set_point(OSSL_PARAM params[], const char *name, const struct half *half)
{
	OSSL_PARAM *p = OSSL_PARAM_locate(params, name);

	return !p || OSSL_PARAM_set_octet_string(p, half->point, sizeof(half->point)) == 1;
}

static int get_params(void *key, OSSL_PARAM params[])
{
	return set_number(params, OSSL_PKEY_PARAM_BITS, BITS) &&
	       set_number(params, OSSL_PKEY_PARAM_SECURITY_BITS, STRENGTH) &&
	       set_number(params, OSSL_PKEY_PARAM_MAX_SIZE, DER_MAX) &&
	       set_text(params, OSSL_PKEY_PARAM_GROUP_NAME, group) &&
	       set_text(params, OSSL_PKEY_PARAM_DEFAULT_DIGEST, "SHA256") &&
	       set_point(params, OSSL_PKEY_PARAM_PUB_KEY, key) &&
	       set_point(params, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, key);
}

static const OSSL_PARAM *gettable_params(void *provider)
{
	static const OSSL_PARAM types[] = {
		OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
		OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
		OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_DEFAULT_DIGEST, NULL, 0),
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, NULL, 0),
		OSSL_PARAM_END,
	};

	(void)provider;
	return types;
}

static const char *operation_name(int operation)
{
	return operation == OSSL_OP_SIGNATURE ? SIGNATURE : NULL;
}

/* --- signatures --- */

static void *new_signing(void *provider, const char *properties)
{
	(void)provider;
	(void)properties;
	return calloc(1, sizeof(struct signer));
}

static void free_signing(void *signing)
{
	free(signing);
}

static int begin(void *signing, const char *digest, void *key, const OSSL_PARAM params[])
{
	const struct half *half = key;

	(void)params;
	if (!half || !half->signer.sign ||
		(digest && digest[0] && OPENSSL_strcasecmp(digest, "SHA256") != 0 &&
			OPENSSL_strcasecmp(digest, "SHA2-256") != 0)) {
		return 0;
	}
	memcpy(signing, &half->signer, sizeof(half->signer));
	return 1;
}

/* The whole message at once: who holds the key hashes it. */
static int sign_now(void *signing, unsigned char *to, size_t *ret_len, size_t room,
	const unsigned char *message, size_t len)
{
	const struct signer *signer = signing;
	uint8_t der[DER_MAX];
	struct buf signature = buf_fixed(der, sizeof(der));

	if (!to) {
		*ret_len = DER_MAX;
		return 1;
	}
	if (signer->sign(signer->user, view_of(message, len), &signature) != OK ||
		signature.failed || signature.len == 0 || signature.len > room) {
		return 0;
	}
	memcpy(to, signature.data, signature.len);
	*ret_len = signature.len;
	return 1;
}

static int get_signing_params(void *context, OSSL_PARAM params[])
{
	OSSL_PARAM *p = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_ALGORITHM_ID);

	(void)context;
	return !p || OSSL_PARAM_set_octet_string(p, algorithm_id, sizeof(algorithm_id)) == 1;
}

static const OSSL_PARAM *gettable_signing_params(void *context, void *provider)
{
	static const OSSL_PARAM types[] = {
		OSSL_PARAM_octet_string(OSSL_SIGNATURE_PARAM_ALGORITHM_ID, NULL, 0),
		OSSL_PARAM_END,
	};

	(void)context;
	(void)provider;
	return types;
}

/* --- the provider --- */

#define FUNCTION(id, function)                                                                     \
	{                                                                                          \
		id, (void (*)(void))(function)                                                     \
	}

static const OSSL_DISPATCH key_functions[] = {
	FUNCTION(OSSL_FUNC_KEYMGMT_NEW, new_half),
	FUNCTION(OSSL_FUNC_KEYMGMT_FREE, free_half),
	FUNCTION(OSSL_FUNC_KEYMGMT_HAS, has),
	FUNCTION(OSSL_FUNC_KEYMGMT_MATCH, match),
	FUNCTION(OSSL_FUNC_KEYMGMT_IMPORT, import),
	FUNCTION(OSSL_FUNC_KEYMGMT_IMPORT_TYPES, key_types),
	FUNCTION(OSSL_FUNC_KEYMGMT_EXPORT, export),
	FUNCTION(OSSL_FUNC_KEYMGMT_EXPORT_TYPES, key_types),
	FUNCTION(OSSL_FUNC_KEYMGMT_GET_PARAMS, get_params),
	FUNCTION(OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, gettable_params),
	FUNCTION(OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, operation_name),
	{0, NULL},
};

static const OSSL_DISPATCH signature_functions[] = {
	FUNCTION(OSSL_FUNC_SIGNATURE_NEWCTX, new_signing),
	FUNCTION(OSSL_FUNC_SIGNATURE_FREECTX, free_signing),
	FUNCTION(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, begin),
	FUNCTION(OSSL_FUNC_SIGNATURE_DIGEST_SIGN, sign_now),
	FUNCTION(OSSL_FUNC_SIGNATURE_GET_CTX_PARAMS, get_signing_params),
	FUNCTION(OSSL_FUNC_SIGNATURE_GETTABLE_CTX_PARAMS, gettable_signing_params),
	{0, NULL},
};

static const OSSL_ALGORITHM *query(void *provider, int operation, int *ret_no_cache)
{
	static const OSSL_ALGORITHM keys[] = {
		{"EC:id-ecPublicKey:1.2.840.10045.2.1", "provider=" NAME, key_functions, NULL},
		{NULL, NULL, NULL, NULL},
	};
	static const OSSL_ALGORITHM signatures[] = {
		{SIGNATURE, "provider=" NAME, signature_functions, NULL},
		{NULL, NULL, NULL, NULL},
	};

	(void)provider;
	*ret_no_cache = 0;
	return operation == OSSL_OP_KEYMGMT	? keys
	       : operation == OSSL_OP_SIGNATURE ? signatures
						: NULL;
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

/* Whoever asks for EC without saying whose gets OpenSSL's own. */
enum err held_keys_new(struct held_keys *ret)
{
	struct held_keys keys = {.context = OSSL_LIB_CTX_new()};

	if (!keys.context || OSSL_PROVIDER_add_builtin(keys.context, NAME, begin_provider) != 1 ||
		!(keys.theirs = OSSL_PROVIDER_load(keys.context, "default")) ||
		!(keys.ours = OSSL_PROVIDER_load(keys.context, NAME)) ||
		EVP_set_default_properties(keys.context, "?provider=default") != 1) {
		held_keys_free(&keys);
		return err_fail(ERR_CRYPTO, "held key: no provider");
	}
	*ret = keys;
	return OK;
}

void held_keys_free(struct held_keys *keys)
{
	if (!keys->context) {
		return;
	}
	(void)OSSL_PROVIDER_unload(keys->ours);
	(void)OSSL_PROVIDER_unload(keys->theirs);
	OSSL_LIB_CTX_free(keys->context);
	*keys = (struct held_keys){.context = NULL};
}

enum err held_key_new(const struct held_keys *keys, struct view point, held_key_sign *sign,
	void *user, EVP_PKEY **ret)
{
	struct signer signer = {.sign = sign, .user = user};
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)point.data,
			point.len),
		OSSL_PARAM_construct_octet_string(SIGNER, &signer, sizeof(signer)),
		OSSL_PARAM_construct_end(),
	};

	if (point.len != HELD_KEY_POINT || point.data[0] != 0x04) {
		return err_fail(ERR_SYNTAX, "held key: not a public key of P-256");
	}
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(keys->context, "EC", "provider=" NAME);
	EVP_PKEY *key = NULL;

	if (context && EVP_PKEY_fromdata_init(context) == 1) {
		(void)EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, params);
	}
	EVP_PKEY_CTX_free(context);
	if (!key) {
		return err_fail(ERR_CRYPTO, "held key: refused by OpenSSL");
	}
	*ret = key;
	return OK;
}
