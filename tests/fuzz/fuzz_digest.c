// SPDX-License-Identifier: Apache-2.0
/* The three headers of Digest AKA, and those of RP_D; a first byte chooses. What is read prints and reads the same. */
#include "fuzz.h"

#include "wire/digest.h"
#include <stdlib.h>

static void must(bool holds)
{
	if (!holds) {
		abort();
	}
}

static void authorization(struct view header)
{
	struct digest_authorization a, again;
	uint8_t rand[RAND_SIZE], autn[AUTN_SIZE];
	BUF_CLEANUP struct buf out = buf_growing(16384);

	if (digest_parse_authorization(header, &a) != OK) {
		return;
	}
	(void)!digest_from_nonce(a.nonce, rand, autn);
	digest_print_authorization(&out, &a, DIGEST_AKAV1_MD5);
	must(digest_parse_authorization(buf_contents(&out), &again) == OK);
	must(view_equal(a.username, again.username) && view_equal(a.realm, again.realm));
	must(view_equal(a.nonce, again.nonce) && view_equal(a.uri, again.uri));
	must(view_equal(a.response, again.response) && view_equal(a.opaque, again.opaque));
	must(a.has_response == again.has_response && a.has_auts == again.has_auts);
	must(!a.has_response || view_equal(a.cnonce, again.cnonce));
}

static void challenge(struct view header)
{
	struct digest_challenge c, again;
	BUF_CLEANUP struct buf out = buf_growing(16384);

	if (digest_parse_challenge(header, &c) != OK) {
		return;
	}
	digest_print_challenge(&out, &c);
	must(digest_parse_challenge(buf_contents(&out), &again) == OK);
	must(view_equal(c.realm, again.realm) && view_equal(c.nonce, again.nonce));
	must(c.algorithm == again.algorithm && c.stale == again.stale);
}

static void credentials(struct view header)
{
	struct digest_authorization a, again;
	enum digest_algorithm algorithm;
	BUF_CLEANUP struct buf out = buf_growing(16384);

	if (digest_parse_credentials(header, &a) != OK ||
		digest_plain_algorithm_of(a.algorithm, &algorithm) != OK) {
		return;
	}
	a.has_response = true;
	a.has_auts = false;
	digest_print_authorization(&out, &a, algorithm);
	must(digest_parse_credentials(buf_contents(&out), &again) == OK);
	must(view_equal(a.username, again.username) && view_equal(a.qop, again.qop));
	must(view_equal(a.nonce, again.nonce) && view_equal(a.nc, again.nc));
}

static void offer(struct view header)
{
	struct digest_challenge c, again;
	BUF_CLEANUP struct buf out = buf_growing(16384);

	if (digest_parse_offer(header, &c) != OK) {
		return;
	}
	must(digest_offers(c.qop, "auth") || digest_offers(c.qop, "auth-int"));
	digest_print_challenge(&out, &c);
	must(digest_parse_offer(buf_contents(&out), &again) == OK);
	must(c.algorithm == again.algorithm && view_equal(c.qop, again.qop));
}

static void info(struct view header)
{
	struct digest_info i;

	if (digest_parse_info(header, &i) == OK) {
		must(i.rspauth.len == 32 || i.rspauth.len == 64);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0) {
		return 0;
	}
	struct view header = view_of(data + 1, size - 1);

	switch (data[0]) {
	case 'W':
		challenge(header);
		break;
	case 'I':
		info(header);
		break;
	case 'C':
		credentials(header);
		break;
	case 'O':
		offer(header);
		break;
	default:
		authorization(header);
	}
	return 0;
}
