// SPDX-License-Identifier: Apache-2.0
/*
 * own_key: a device that bootstraps by a key pair of its own (10.4, NOTE). The secure element makes it, and signs with it:
 * in TLS, in the certificate that the operator registers, and in the request for one of an authority.
 */
#include "device-cli/device_cli.h"

#include "base/text.h"
#include "wire/certificate.h"
#include "wire/held_key.h"

#include <stdio.h>
#include <string.h>

enum { CERTIFICATE_MAX = 4096, FILE_MAX = 64 * 1024, SERIAL = 16, PUBLIC = 1 + HELD_KEY_POINT };

/* RFC 5280 4.1.2.5: of a certificate that has no end. A device is told off by its registration. */
#define NO_END INT64_C(253402300799)

struct own_key {
	uint8_t bytes[PUBLIC]; /* algorithm(1), then the point: jose_key_public() */
	struct view point;
};

static enum err load_key(struct se_soft *se, bool make, struct own_key *ret)
{
	struct buf room = buf_fixed(ret->bytes, sizeof(ret->bytes));

	TRY(se_soft_ops.own_key(se, make, &room));
	if (room.len != PUBLIC) {
		return err_fail(ERR_UNSUPPORTED, "the device's own key is not of P-256");
	}
	ret->point = view_of(ret->bytes + 1, HELD_KEY_POINT);
	return OK;
}

static enum err sign(void *user, struct view message, struct buf *ret)
{
	return se_soft_ops.sign(user, message, ret);
}

static enum err keep_certificate(struct se_soft *se, struct view der)
{
	return se_soft_ops.store(se, SYMDEV_OWN_CERTIFICATE, der);
}

/* What is signed by OpenSSL with a key that it does not have. */
typedef enum err make_fn(const struct env *env, OSSL_LIB_CTX *context, EVP_PKEY *key, void *user,
	struct buf *ret);

static enum err make_signed(const struct env *env, struct se_soft *se, make_fn *make, void *user,
	struct buf *ret)
{
	struct own_key own;
	struct held_keys keys;
	EVP_PKEY *key = NULL;

	TRY(load_key(se, false, &own));
	TRY(held_keys_new(&keys));
	enum err err = held_key_new(&keys, own.point, sign, se, &key);

	if (err == OK) {
		err = make(env, keys.context, key, user, ret);
	}
	EVP_PKEY_free(key);
	held_keys_free(&keys);
	return err;
}

static enum err sign_own(const struct env *env, OSSL_LIB_CTX *context, EVP_PKEY *key, void *user,
	struct buf *ret)
{
	uint8_t serial[SERIAL];

	(void)user;
	TRY(env->random(env, serial, sizeof(serial)));
	serial[0] = (serial[0] & 0x7f) | 1;
	return certificate_sign_own(context, key, VIEW(serial), env_wall(env) - 24 * 3600, NO_END,
		ret);
}

static enum err request(const struct env *env, OSSL_LIB_CTX *context, EVP_PKEY *key, void *user,
	struct buf *ret)
{
	(void)env;
	return certificate_request(context, key, user, ret);
}

enum err device_make_own_key(const struct env *env, struct se_soft *se)
{
	BUF_CLEANUP struct buf der = buf_growing(CERTIFICATE_MAX);
	struct own_key own;

	TRY(load_key(se, true, &own));
	if (se_soft_ops.load(se, SYMDEV_OWN_CERTIFICATE, &der) == OK) {
		return OK;
	}
	buf_clear(&der);
	TRY(make_signed(env, se, sign_own, NULL, &der));
	return keep_certificate(se, buf_contents(&der));
}

static enum err load_certificate(struct se_soft *se, struct buf *ret_der)
{
	enum err err = se_soft_ops.load(se, SYMDEV_OWN_CERTIFICATE, ret_der);

	return err == ERR_NOT_FOUND ? err_fail(err, "the device has no key pair of its own; "
						    "`symbolon-device own-key make` makes one")
				    : err;
}

enum err device_own_certificate(struct se_soft *se, struct buf *ret)
{
	BUF_CLEANUP struct buf der = buf_growing(CERTIFICATE_MAX);

	TRY(load_certificate(se, &der));
	return certificate_to_pem("CERTIFICATE", buf_contents(&der), ret);
}

enum err device_tls_client(struct device *device, struct tls **ret)
{
	const struct tls_files files = {.authority = device->ca[0] ? device->ca : NULL};
	BUF_CLEANUP struct buf der = buf_growing(CERTIFICATE_MAX);
	struct own_key own;

	if (!device->realm.certificate) {
		return tls_client(&files, ret);
	}
	TRY(device_make_own_key(device->env, device->se));
	TRY(load_certificate(device->se, &der));
	TRY(load_key(device->se, false, &own));
	return tls_signer_client(&files,
		&(struct tls_signer){.certificate = buf_contents(&der),
			.point = own.point,
			.sign = sign,
			.user = device->se},
		ret);
}

/* --- the command --- */

static enum err print(struct buf *text)
{
	return fputs(buf_string(text), stdout) >= 0 ? OK : err_system("standard output");
}

static enum err show(struct device *device)
{
	BUF_CLEANUP struct buf pem = buf_growing(2 * CERTIFICATE_MAX);

	TRY(device_own_certificate(device->se, &pem));
	return print(&pem);
}

/* The device may bootstrap by another key, and sign with this one: its consent to a change of operator.  req: B7.4-d */
static enum err make_and_show(struct device *device)
{
	TRY(device_make_own_key(device->env, device->se));
	return show(device);
}

/* For an authority to sign, which certifies the name that is asked for if it finds it true. */
static enum err print_request(struct device *device)
{
	BUF_CLEANUP struct buf der = buf_growing(CERTIFICATE_MAX),
			       pem = buf_growing(2 * CERTIFICATE_MAX);
	struct ident urn = {.kind = IDENT_NONE};

	if (device->options->second) {
		TRY(device_read_ident("URN", IDENT_DEVICE, device->options->second, &urn));
	}
	TRY(make_signed(device->env, device->se, request, urn.text, &der));
	TRY(certificate_to_pem("CERTIFICATE REQUEST", buf_contents(&der), &pem));
	return print(&pem);
}

static enum err install(struct device *device)
{
	BUF_CLEANUP struct buf pem = buf_growing(0), der = buf_growing(CERTIFICATE_MAX);
	const char *path = device->options->second;
	struct own_key own;

	if (!path) {
		return err_fail(ERR_CONFIG,
			"own-key install: a file with a certificate is missing");
	}
	TRY(text_read_file(path, FILE_MAX, &pem));
	TRY(certificate_from_pem(buf_contents(&pem), &der));
	TRY(load_key(device->se, false, &own));
	TRY(certificate_check_key(buf_contents(&der), own.point));
	return keep_certificate(device->se, buf_contents(&der));
}

static const struct {
	const char *word;
	enum err (*run)(struct device *device);
} actions[] = {{"make", make_and_show}, {"show", show}, {"request", print_request},
	{"install", install}};

enum err command_own_key(const struct options *options)
{
	struct device device;
	enum err err = device_open(options, &device);

	for (size_t i = 0; err == OK && i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (strcmp(options->word, actions[i].word) == 0) {
			err = actions[i].run(&device);
			device_close(&device);
			return err;
		}
	}
	device_close(&device);
	return err == OK ? err_fail(ERR_CONFIG, "own-key: make, show, request or install") : err;
}
