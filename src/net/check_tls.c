// SPDX-License-Identifier: Apache-2.0
#include "net/check_tls.h"

#include "base/private_file.h"

#include <errno.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

enum { SOON_DAYS = 30 };

#define X509_CLEANUP __attribute__((cleanup(free_x509)))
static void free_x509(X509 **x)
{
	X509_free(*x);
}

static X509 *read_certificate(struct check_report *r, const char *path, const char *file)
{
	FILE *in = fopen(file, "re");
	X509 *x = in ? PEM_read_X509(in, NULL, NULL, NULL) : NULL;

	if (!in) {
		check_say(r, true, path, "%s: %s", file, strerror(errno));
	} else if (!x) {
		check_say(r, true, path, "%s: no PEM certificate is in it", file);
	}
	if (in) {
		(void)fclose(in);
	}
	return x;
}

static void look_at_time(struct check_report *r, const char *path, const char *file, const X509 *x)
{
	time_t soon = time(NULL) + SOON_DAYS * 86400;
	int days = 0, seconds = 0;

	(void)ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(x));
	if (X509_cmp_current_time(X509_get0_notAfter(x)) < 0) {
		check_say(r, true, path, "%s: expired %d days ago: issue another", file, -days);
	} else if (X509_cmp_time(X509_get0_notAfter(x), &soon) < 0) {
		check_say(r, false, path, "%s: expires in %d days: issue another", file, days);
	}
	if (X509_cmp_current_time(X509_get0_notBefore(x)) > 0) {
		check_say(r, true, path, "%s: is not valid yet: look at the clock", file);
	}
}

static void look_at_key(struct check_report *r, const char *path, const char *key, X509 *x)
{
	FILE *in = fopen(key, "re");
	EVP_PKEY *pkey = in ? PEM_read_PrivateKey(in, NULL, NULL, NULL) : NULL;

	if (in && !pkey) {
		check_say(r, true, path, "%s: no PEM key is in it", key);
	} else if (pkey && X509_check_private_key(x, pkey) != 1) {
		check_say(r, true, path, "%s is the key of another certificate", key);
	}
	EVP_PKEY_free(pkey);
	if (in) {
		(void)fclose(in);
	}
}

/* What stands after the certificate in its file leads to an authority. */
static STACK_OF(X509) * read_chain(const char *file)
{
	STACK_OF(X509) *chain = sk_X509_new_null();
	FILE *in = fopen(file, "re");
	X509 *x;

	while (chain && in && (x = PEM_read_X509(in, NULL, NULL, NULL))) {
		if (sk_X509_push(chain, x) == 0) {
			X509_free(x);
		}
	}
	if (in) {
		(void)fclose(in);
	}
	return chain;
}

static void look_at_issuer(struct check_report *r, const char *path,
	const struct check_certificate *c, X509 *x)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	STACK_OF(X509) *chain = read_chain(c->file);

	if (store && ctx && X509_STORE_load_file(store, c->authority) == 1 &&
		X509_STORE_CTX_init(ctx, store, x, chain) == 1 && X509_verify_cert(ctx) != 1) {
		check_say(r, true, path, "%s: not of an authority in %s (%s): peers will refuse it",
			c->file, c->authority,
			X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
	}
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	sk_X509_pop_free(chain, X509_free);
}

void check_tls(struct check_report *r, const char *path, const struct check_certificate *c)
{
	X509 *x X509_CLEANUP = read_certificate(r, path, c->file);

	if (!x) {
		return;
	}
	look_at_time(r, path, c->file, x);
	if (c->name && X509_check_host(x, c->name, 0,
			       X509_CHECK_FLAG_NO_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT,
			       NULL) != 1) {
		check_say(r, true, path, "%s: not for %s: issue one with subjectAltName=DNS:%s",
			c->file, c->name, c->name);
	}
	if (c->key[0]) {
		look_at_key(r, path, c->key, x);
	}
	if (c->authority[0]) {
		look_at_issuer(r, path, c, x);
	}
}

void check_authority(struct check_report *r, const char *path, const char *file)
{
	X509 *x X509_CLEANUP = read_certificate(r, path, file);

	if (x) {
		look_at_time(r, path, file, x);
	}
}

void check_private(struct check_report *r, const char *path, const char *file)
{
	struct stat st;

	if (stat(file, &st) != 0) {
		check_say(r, true, path, "%s: %s", file, strerror(errno));
	} else if (!private_file_is(file, &st)) {
		check_say(r, true, path, "%s: others may read it: chmod 600 %s", file, file);
	}
}
