// SPDX-License-Identifier: Apache-2.0
/* Transfers of ownership as both sides sign them.  req: R6.3 */
#include "test.h"

#include "wire/transfer.h"

#define DEVICE "IN.TEL.P01:imei:490154203237518"

static struct jose_key *giver, *taker;

static int open_keys(void **state)
{
	(void)state;
	assert_ok(jose_key_make(JOSE_ES256, &giver));
	assert_ok(jose_key_make(JOSE_EDDSA, &taker));
	return 0;
}

static int close_keys(void **state)
{
	(void)state;
	jose_key_free(giver);
	jose_key_free(taker);
	return 0;
}

static struct transfer_offer an_offer(void)
{
	struct transfer_offer offer = {.device = DEVICE, .issued = 1000, .expires = 2000};

	assert_ok(jose_thumbprint(taker, offer.taker));
	return offer;
}

static const struct transfer_for *wanted(int64_t now)
{
	static struct transfer_for all;

	all = (struct transfer_for){.registry = view_text("IN.TEL.P01"),
		.now = now,
		.longest = 1000};
	return &all;
}

static void an_offer_is_read_as_it_was_signed(void **state)
{
	BUF_CLEANUP struct buf jws = buf_growing(TRANSFER_JWS_MAX);
	struct transfer_offer offer = an_offer(), got, peeked;

	(void)state;
	assert_ok(transfer_offer_sign(&offer, view_text("IN.TEL.P01"), giver, &jws));
	assert_ok(transfer_offer_verify(giver, wanted(1500), buf_contents(&jws), &got));
	assert_string_equal(got.device, DEVICE);
	assert_string_equal(got.taker, offer.taker);
	assert_int_equal(got.expires, 2000);
	assert_ok(transfer_offer_peek(buf_contents(&jws), &peeked));
	assert_string_equal(peeked.id, got.id);
}

static void what_is_not_right_is_refused(void **state)
{
	BUF_CLEANUP struct buf jws = buf_growing(TRANSFER_JWS_MAX);
	struct transfer_offer offer = an_offer(), got;
	struct transfer_for other = *wanted(1500);

	(void)state;
	assert_ok(transfer_offer_sign(&offer, view_text("IN.TEL.P01"), giver, &jws));
	assert_err(ERR_UNSUPPORTED,
		transfer_offer_verify(taker, wanted(1500), buf_contents(&jws), &got));
	assert_err(ERR_EXPIRED,
		transfer_offer_verify(giver, wanted(2000), buf_contents(&jws), &got));
	assert_err(ERR_EXPIRED, transfer_offer_verify(giver, wanted(900), buf_contents(&jws), &got));
	other.longest = 999;
	assert_err(ERR_EXPIRED, transfer_offer_verify(giver, &other, buf_contents(&jws), &got));
	other = *wanted(1500);
	other.registry = view_text("IN.TEL.P02");
	assert_err(ERR_DENIED, transfer_offer_verify(giver, &other, buf_contents(&jws), &got));
	assert_err(ERR_AUTH, transfer_acceptance_verify(giver, wanted(1500), buf_contents(&jws)));
	jws.data[jws.len - 10] = jws.data[jws.len - 10] == 'A' ? 'B' : 'A';
	assert_err(ERR_AUTH, transfer_offer_verify(giver, wanted(1500), buf_contents(&jws), &got));
}

static void an_acceptance_is_of_one_offer(void **state)
{
	BUF_CLEANUP struct buf jws = buf_growing(TRANSFER_JWS_MAX);
	struct transfer_offer offer = an_offer();
	struct transfer_for is = *wanted(1500);

	(void)state;
	(void)memset(offer.id, 'a', TRANSFER_ID - 1);
	assert_ok(transfer_acceptance_sign(&offer, view_text("IN.TEL.P01"), taker, &jws));
	is.offer = view_text(offer.id);
	is.device = view_text(DEVICE);
	assert_ok(transfer_acceptance_verify(taker, &is, buf_contents(&jws)));
	is.device = view_text("IN.TEL.P01:imei:356938035643809");
	assert_err(ERR_DENIED, transfer_acceptance_verify(taker, &is, buf_contents(&jws)));
	is = *wanted(1500);
	is.offer = view_text("bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
	assert_err(ERR_DENIED, transfer_acceptance_verify(taker, &is, buf_contents(&jws)));
}

/* Its id is of what was signed: a signature that is changed into another good one makes no new offer. */
static void an_offer_is_the_same_under_any_signature(void **state)
{
	BUF_CLEANUP struct buf one = buf_growing(TRANSFER_JWS_MAX);
	BUF_CLEANUP struct buf again = buf_growing(TRANSFER_JWS_MAX);
	struct transfer_offer offer = an_offer(), first, second;

	(void)state;
	assert_ok(transfer_offer_sign(&offer, view_text("IN.TEL.P01"), giver, &one));
	assert_ok(transfer_offer_sign(&offer, view_text("IN.TEL.P01"), giver, &again));
	assert_false(view_equal(buf_contents(&one), buf_contents(&again)));
	assert_ok(transfer_offer_verify(giver, wanted(1500), buf_contents(&one), &first));
	assert_ok(transfer_offer_verify(giver, wanted(1500), buf_contents(&again), &second));
	assert_string_equal(first.id, second.id);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_offer_is_read_as_it_was_signed),
		TEST(what_is_not_right_is_refused),
		TEST(an_acceptance_is_of_one_offer),
		TEST(an_offer_is_the_same_under_any_signature),
	};
	return cmocka_run_group_tests_name(__FILE__, tests, open_keys, close_keys);
}
