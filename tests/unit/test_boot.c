// SPDX-License-Identifier: Apache-2.0
#include "rp_c_world.h"

#include "base/text.h"

#include <stdlib.h>

/* --- what our code allocates --- */

static volatile int allocations; /* the compiler knows what malloc() does, and would not look */

void *__real_malloc(size_t len);
void *__real_calloc(size_t count, size_t len);
void *__real_realloc(void *old, size_t len);
void *__wrap_malloc(size_t len);
void *__wrap_calloc(size_t count, size_t len);
void *__wrap_realloc(void *old, size_t len);

void *__wrap_malloc(size_t len)
{
	allocations += rp_c_inside;
	return __real_malloc(len);
}

void *__wrap_calloc(size_t count, size_t len)
{
	allocations += rp_c_inside;
	return __real_calloc(count, len);
}

void *__wrap_realloc(void *old, size_t len)
{
	allocations += rp_c_inside;
	return __real_realloc(old, len);
}

/* --- good runs --- */

/* req: B9.3-a B9.3-c B9.6.3 B9.4.2 B7.4-d */
static void a_run_in_pieces_of_any_size_makes_the_node_s_token(void **state)
{
	static const size_t pieces[] = {0, 1, 2, 7, 100};
	struct rp_c w;
	struct digest_authorization request;

	(void)state;
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		rp_c_open(&w);
		w.piece = pieces[i];
		rp_c_read_request(&w, &request);
		assert_view(request.username, CLIENT);
		assert_view(request.realm, NODE);
		assert_view(request.nonce, "");
		assert_view(request.uri, "/");
		assert_false(request.has_response);
		rp_c_run_well(&w);
		assert_int_equal(symdev_boot_output(&w.boot).len, 0);
		assert_ok(symdev_boot_closed(&w.boot));
		rp_c_check_token(&w);
		assert_string_equal(w.steps,
			"10.4/1a rp_c.start\n10.4/2b se.autn_verified\n"
			"10.4/2c rp_c.response\n10.4/4a node.verified\n10.4/4a "
			"token.generated\n");
		rp_c_close(&w);
	}
}

static void our_code_allocates_nothing(void **state)
{
	struct rp_c w;

	(void)state;
	rp_c_inside = true;
	void *volatile counted = malloc(1);

	rp_c_inside = false;
	free(counted);
	assert_int_equal(allocations, 1);
	allocations = 0;
	rp_c_open(&w);
	w.piece = 1;
	rp_c_run_well(&w);
	assert_int_equal(allocations, 0);
	rp_c_close(&w);
}

static void output_may_be_sent_in_pieces(void **state)
{
	struct rp_c w;
	struct view all;

	(void)state;
	rp_c_open(&w);
	all = symdev_boot_output(&w.boot);
	symdev_boot_sent(&w.boot, 10);
	assert_ptr_equal(symdev_boot_output(&w.boot).data, all.data + 10);
	assert_int_equal(symdev_boot_output(&w.boot).len, all.len - 10);
	symdev_boot_sent(&w.boot, SIZE_MAX);
	assert_int_equal(symdev_boot_output(&w.boot).len, 0);
	rp_c_close(&w);
}

/* req: B9.3-a */
static void out_of_range_is_resynchronised(void **state)
{
	struct rp_c w;

	(void)state;
	rp_c_open(&w);
	rp_c_go_ahead(&w);
	assert_ok(rp_c_feed_text(&w, rp_c_challenge(&w)));
	rp_c_check_auts(&w);
	rp_c_run_well(&w);
	rp_c_check_token(&w);
	assert_string_equal(w.steps,
		"10.4/1a rp_c.start\n10.4/2c rp_c.resynchronisation\n10.4/2b se.autn_verified\n"
		"10.4/2c rp_c.response\n10.4/4a node.verified\n10.4/4a "
		"token.generated\n");
	rp_c_close(&w);
}

static void chunks_are_joined(void **state)
{
	static char text[4096];
	struct rp_c w;

	(void)state;
	for (size_t piece = 0; piece < 3; piece++) {
		rp_c_open(&w);
		w.piece = piece;
		assert_ok(rp_c_feed_text(&w, rp_c_challenge(&w)));
		const char *body = rp_c_document(&w);
		int len = snprintf(text, sizeof(text),
			"HTTP/1.1 200 OK\r\nAuthentication-Info: %s\r\n"
			"Transfer-Encoding: chunked\r\n\r\n",
			rp_c_info(&w, body));

		for (size_t at = 0; at < strlen(body); at += 50) {
			size_t left = strlen(body) - at, size = left < 50 ? left : 50;

			len += snprintf(text + len, sizeof(text) - (size_t)len,
				"%zx;x=y\r\n%.*s\r\n", size, (int)size, body + at);
		}
		(void)snprintf(text + len, sizeof(text) - (size_t)len,
			"0\r\nAuthentication-Info: rspauth=\"no\"\r\n\r\n");
		assert_ok(rp_c_feed_text(&w, text));
		assert_true(symdev_boot_done(&w.boot));
		rp_c_check_token(&w);
		rp_c_close(&w);
	}
}

static void a_body_may_end_with_the_connection(void **state)
{
	static char text[4096];
	struct rp_c w;

	(void)state;
	rp_c_open(&w);
	assert_ok(rp_c_feed_text(&w, rp_c_challenge(&w)));
	const char *body = rp_c_document(&w);

	(void)snprintf(text, sizeof(text), "HTTP/1.0 200 OK\r\nAuthentication-Info: %s\r\n\r\n%s",
		rp_c_info(&w, body), body);
	assert_ok(rp_c_feed_text(&w, text));
	assert_false(symdev_boot_done(&w.boot));
	assert_ok(symdev_boot_closed(&w.boot));
	assert_true(symdev_boot_done(&w.boot));
	rp_c_check_token(&w);
	rp_c_close(&w);
}

static void a_node_may_close_after_its_challenge(void **state)
{
	struct rp_c w;

	(void)state;
	for (int closed = 0; closed < 2; closed++) {
		rp_c_open(&w);
		w.fields = "Connection: close\r\n";
		assert_false(symdev_boot_reconnect(&w.boot));
		assert_ok(rp_c_feed_text(&w, rp_c_challenge(&w)));
		assert_true(symdev_boot_reconnect(&w.boot));
		assert_ok(closed ? symdev_boot_closed(&w.boot) : OK);
		assert_true(symdev_boot_output(&w.boot).len > 0);
		w.fields = NULL;
		(void)rp_c_result(&w);
		symdev_boot_sent(&w.boot, 1);
		assert_false(symdev_boot_reconnect(&w.boot));
		assert_ok(rp_c_feed_text(&w, w.answer));
		assert_true(symdev_boot_done(&w.boot));
		rp_c_close(&w);
	}
}

static void interim_answers_are_read_past(void **state)
{
	struct rp_c w;
	static char text[2 * sizeof(w.answer)];

	(void)state;
	rp_c_open(&w);
	(void)snprintf(text, sizeof(text), "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n%s",
		rp_c_challenge(&w));
	assert_ok(rp_c_feed_text(&w, text));
	rp_c_check_response(&w);
	rp_c_close(&w);
}

/* --- the device itself --- */

/* Whatever fails while a token is kept, the one before works on. */
static void an_element_that_fails_ends_the_run(void **state)
{
	struct rp_c w;
	struct symdev_token first, kept;
	struct fake_se before;

	(void)state;
	for (int changes = 0; changes < 3; changes++) {
		rp_c_open(&w);
		rp_c_run_well(&w);
		assert_ok(symdev_boot_token(&w.boot, &first));
		assert_ok(rp_c_begin(&w));
		before = w.se;
		w.se.left = changes;
		enum err err = rp_c_feed_text(&w, rp_c_challenge(&w));

		if (changes > 0) {
			assert_ok(err);
			err = rp_c_feed_text(&w, rp_c_result(&w));
		}
		assert_err(ERR_IO, err);
		before.lasting = changes < 2 ? before.lasting : w.se.lasting;
		rp_c_assert_over(&w, &before);
		w.se.left = FAKE_SE_FOREVER;
		assert_ok(rp_c_kept_token(&w, &kept));
		assert_string_equal(kept.id, first.id);
		rp_c_close(&w);
	}
}

static void without_identities_nothing_begins(void **state)
{
	struct symdev_options options = {.se_ops = &fake_se_ops};
	struct symdev_boot boot;
	struct symdev_token token;

	(void)state;
	assert_err(ERR_SYNTAX, symdev_boot_begin(&boot, &options));
	assert_ok(ident_parse(IDENT_CLIENT, view_text(CLIENT), &options.client));
	assert_err(ERR_SYNTAX, symdev_boot_begin(&boot, &options));
	assert_err(ERR_WRONG_STATE, symdev_boot_input(&boot, view_text("H")));
	assert_err(ERR_CLOSED, symdev_boot_closed(&boot));
	assert_err(ERR_WRONG_STATE, symdev_boot_token(&boot, &token));
	assert_int_equal(symdev_boot_output(&boot).len, 0);
	symdev_boot_end(&boot);
}

/* The longest names, nonce and opaque still make a request. */
static void the_longest_request_fits(void **state)
{
	static char text[4096];
	char label[64], node[256], client[258], opaque[DIGEST_OPAQUE_MAX + 1], nonce[64];
	struct rp_c w;
	struct symdev_options options;
	struct buf out = buf_fixed(nonce, sizeof(nonce));

	(void)state;
	rp_c_open(&w);
	memset(label, 'a', 63);
	label[63] = 0;
	(void)snprintf(node, sizeof(node), "%s.%s.%s.%.61s", label, label, label, label);
	(void)snprintf(client, sizeof(client), "x@%s", node);
	options = w.boot.options;
	assert_ok(ident_parse(IDENT_FQDN, view_text(node), &options.node));
	assert_ok(ident_parse(IDENT_CLIENT, view_text(client), &options.client));
	assert_ok(symdev_boot_begin(&w.boot, &options));
	(void)rp_c_challenge(&w);
	digest_nonce(&out, w.vector.rand, w.vector.autn);
	buf_u8(&out, 0);
	memset(opaque, '\'', DIGEST_OPAQUE_MAX);
	opaque[DIGEST_OPAQUE_MAX] = 0;
	(void)snprintf(text, sizeof(text),
		"HTTP/1.1 401 U\r\nWWW-Authenticate: Digest realm=\"%s\", nonce=\"%s\", "
		"algorithm=AKAv1-MD5, qop=\"auth,auth-int\", opaque=\"%s\"\r\n"
		"Content-Length: 0\r\n\r\n",
		node, nonce, opaque);
	assert_ok(rp_c_feed_text(&w, text));
	assert_true(symdev_boot_output(&w.boot).len > 1024);
	rp_c_close(&w);
}

static void the_end_wipes_everything(void **state)
{
	static const uint8_t zeros[sizeof(struct symdev_boot)];
	struct rp_c w;

	(void)state;
	rp_c_open(&w);
	assert_ok(rp_c_feed_text(&w, rp_c_challenge(&w)));
	assert_true(fake_se_holds(&w.boot, sizeof(w.boot), w.vector.xres.bytes, 8));
	symdev_boot_end(&w.boot);
	assert_memory_equal(&w.boot, zeros, sizeof(zeros));
	rp_c_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_run_in_pieces_of_any_size_makes_the_node_s_token),
		TEST(our_code_allocates_nothing),
		TEST(output_may_be_sent_in_pieces),
		TEST(out_of_range_is_resynchronised),
		TEST(chunks_are_joined),
		TEST(a_body_may_end_with_the_connection),
		TEST(a_node_may_close_after_its_challenge),
		TEST(interim_answers_are_read_past),
		TEST(an_element_that_fails_ends_the_run),
		TEST(without_identities_nothing_begins),
		TEST(the_longest_request_fits),
		TEST(the_end_wipes_everything),
	};
	return RUN_TESTS(tests);
}
