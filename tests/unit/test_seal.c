// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "base/seal.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char place[] = "device/key/1";

static struct seal_ring *ring_under(const char *master_hex)
{
	SECRET(master);
	struct seal_ring *ring = NULL;

	assert_ok(secret_from_hex(&master, view_text(master_hex)));
	assert_ok(seal_ring_new(&env_system, &master, &ring));
	return ring;
}

#define MASTER "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define OTHER  "f00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

/* A ring with data key 1, whose wrapped form is dropped. */
static struct seal_ring *ring_with_key(void)
{
	BUF_CLEANUP struct buf wrapped = buf_growing(1000);
	struct seal_ring *ring = ring_under(MASTER);

	assert_ok(seal_ring_make(ring, 1, &wrapped));
	return ring;
}

static void what_is_sealed_opens_at_its_place(void **state)
{
	BUF_CLEANUP struct buf sealed = buf_growing(1000);
	BUF_CLEANUP struct buf plain = buf_growing(1000);
	struct seal_ring *ring = ring_with_key();

	(void)state;
	assert_ok(seal_close(ring, place, view_text("attack at dawn"), &sealed));
	assert_int_equal(sealed.len, strlen("attack at dawn") + SEAL_OVERHEAD);
	assert_int_equal(sealed.data[0], 1);
	assert_memory_equal(sealed.data + 1, "\0\0\0\1", 4);
	assert_null(memmem(sealed.data, sealed.len, "attack", 6));
	assert_ok(seal_open(ring, place, buf_contents(&sealed), &plain));
	assert_view(buf_contents(&plain), "attack at dawn");
	seal_ring_free(ring);
}

static void nothing_and_much_can_be_sealed(void **state)
{
	BUF_CLEANUP struct buf sealed = buf_growing(1 << 20);
	BUF_CLEANUP struct buf plain = buf_growing(1 << 20);
	BUF_CLEANUP struct buf big = buf_growing(1 << 20);
	struct seal_ring *ring = ring_with_key();

	(void)state;
	assert_ok(seal_close(ring, place, view_of(NULL, 0), &sealed));
	assert_int_equal(sealed.len, SEAL_OVERHEAD);
	assert_ok(seal_open(ring, place, buf_contents(&sealed), &plain));
	assert_int_equal(plain.len, 0);
	sealed.data[sealed.len - 1] ^= 1;
	assert_err(ERR_AUTH, seal_open(ring, place, buf_contents(&sealed), &plain));

	buf_clear(&sealed);
	buf_zeros(&big, 100000);
	assert_ok(seal_close(ring, place, buf_contents(&big), &sealed));
	assert_ok(seal_open(ring, place, buf_contents(&sealed), &plain));
	assert_true(view_equal(buf_contents(&plain), buf_contents(&big)));
	seal_ring_free(ring);
}

static void sealing_twice_gives_different_values(void **state)
{
	BUF_CLEANUP struct buf one = buf_growing(1000);
	BUF_CLEANUP struct buf two = buf_growing(1000);
	struct seal_ring *ring = ring_with_key();

	(void)state;
	assert_ok(seal_close(ring, place, view_text("same"), &one));
	assert_ok(seal_close(ring, place, view_text("same"), &two));
	assert_false(view_equal(buf_contents(&one), buf_contents(&two)));
	seal_ring_free(ring);
}

static void every_changed_bit_is_refused(void **state)
{
	BUF_CLEANUP struct buf sealed = buf_growing(1000);
	BUF_CLEANUP struct buf plain = buf_growing(1000);
	struct seal_ring *ring = ring_with_key();

	(void)state;
	buf_text(&plain, "kept");
	assert_ok(seal_close(ring, place, view_text("value"), &sealed));
	for (size_t bit = 0; bit < sealed.len * 8; bit++) {
		/* Version, then key id; without its last bit that is 0, the master key. */
		enum err expected = bit < 8 ? ERR_SYNTAX : bit < 39 ? ERR_NOT_FOUND : ERR_AUTH;

		sealed.data[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
		assert_err(expected, seal_open(ring, place, buf_contents(&sealed), &plain));
		assert_view(buf_contents(&plain), "kept");
		sealed.data[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
	}
	seal_ring_free(ring);
}

static void a_value_moved_or_cut_is_refused(void **state)
{
	BUF_CLEANUP struct buf sealed = buf_growing(1000);
	BUF_CLEANUP struct buf plain = buf_growing(1000);
	struct seal_ring *ring = ring_with_key();

	(void)state;
	assert_ok(seal_close(ring, place, view_text("value"), &sealed));
	assert_err(ERR_AUTH, seal_open(ring, "device/key/2", buf_contents(&sealed), &plain));
	assert_said("another place");
	for (size_t len = 0; len < sealed.len; len++) {
		enum err expected = len < SEAL_OVERHEAD ? ERR_SYNTAX : ERR_AUTH;

		assert_err(expected, seal_open(ring, place, view_of(sealed.data, len), &plain));
	}
	assert_int_equal(plain.len, 0);
	seal_ring_free(ring);
}

/* Nothing to decrypt, and a buf that was never used: the tag counts all the same. */
static void an_empty_value_is_verified_too(void **state)
{
	BUF_CLEANUP struct buf sealed = buf_growing(1000);
	BUF_CLEANUP struct buf plain = buf_growing(1000);
	struct seal_ring *ring = ring_with_key();

	(void)state;
	assert_ok(seal_close(ring, place, view_of(NULL, 0), &sealed));
	assert_err(ERR_AUTH, seal_open(ring, "device/key/2", buf_contents(&sealed), &plain));
	sealed.data[sealed.len - 1] ^= 1;
	assert_err(ERR_AUTH, seal_open(ring, place, buf_contents(&sealed), &plain));
	seal_ring_free(ring);
}

static void data_keys_are_wrapped_and_the_highest_is_current(void **state)
{
	BUF_CLEANUP struct buf first = buf_growing(1000);
	BUF_CLEANUP struct buf second = buf_growing(1000);
	BUF_CLEANUP struct buf sealed = buf_growing(1000);
	BUF_CLEANUP struct buf plain = buf_growing(1000);
	struct seal_ring *ring = ring_under(MASTER);

	(void)state;
	assert_ok(seal_ring_make(ring, 1, &first));
	assert_ok(seal_close(ring, place, view_text("old"), &sealed));
	assert_ok(seal_ring_make(ring, 7, &second));
	assert_err(ERR_EXISTS, seal_ring_make(ring, 7, &plain));
	assert_err(ERR_EXISTS, seal_ring_make(ring, 3, &plain));
	assert_err(ERR_RANGE, seal_ring_make(ring, 0, &plain));
	seal_ring_free(ring);

	ring = ring_under(MASTER);
	assert_err(ERR_NOT_FOUND, seal_open(ring, place, buf_contents(&sealed), &plain));
	assert_ok(seal_ring_add(ring, 7, buf_contents(&second)));
	assert_ok(seal_ring_add(ring, 1, buf_contents(&first)));
	assert_err(ERR_EXISTS, seal_ring_add(ring, 1, buf_contents(&first)));
	assert_ok(seal_open(ring, place, buf_contents(&sealed), &plain));
	assert_view(buf_contents(&plain), "old");
	buf_clear(&sealed);
	assert_ok(seal_close(ring, place, view_text("new"), &sealed));
	assert_int_equal(sealed.data[4], 7);
	seal_ring_free(ring);
}

static void a_wrong_master_key_is_said(void **state)
{
	BUF_CLEANUP struct buf wrapped = buf_growing(1000);
	struct seal_ring *ring = ring_under(MASTER);

	(void)state;
	assert_ok(seal_ring_make(ring, 1, &wrapped));
	seal_ring_free(ring);
	ring = ring_under(OTHER);
	assert_err(ERR_AUTH, seal_ring_add(ring, 1, buf_contents(&wrapped)));
	assert_said("wrong master key");
	assert_err(ERR_SYNTAX, seal_ring_add(ring, 1, view_of(wrapped.data, wrapped.len - 1)));
	seal_ring_free(ring);

	ring = ring_under(MASTER);
	assert_err(ERR_AUTH, seal_ring_add(ring, 2, buf_contents(&wrapped)));
	seal_ring_free(ring);
}

static void a_ring_without_data_key_seals_nothing(void **state)
{
	BUF_CLEANUP struct buf sealed = buf_growing(1000);
	struct seal_ring *ring = ring_under(MASTER);

	(void)state;
	assert_err(ERR_WRONG_STATE, seal_close(ring, place, view_text("x"), &sealed));
	assert_int_equal(sealed.len, 0);
	seal_ring_free(ring);
	seal_ring_free(NULL);
}

static void a_master_key_has_32_bytes(void **state)
{
	SECRET(master);
	struct seal_ring *ring;

	(void)state;
	assert_ok(secret_from_hex(&master, view_text("0102")));
	assert_err(ERR_RANGE, seal_ring_new(&env_system, &master, &ring));
}

static void a_full_buf_is_said_and_nothing_left_in_it(void **state)
{
	uint8_t room[SEAL_OVERHEAD + 4];
	struct buf sealed = buf_fixed(room, sizeof(room));
	struct seal_ring *ring = ring_with_key();

	(void)state;
	assert_err(ERR_RANGE, seal_close(ring, place, view_text("five."), &sealed));
	assert_int_equal(sealed.len, 0);
	buf_clear(&sealed);
	assert_ok(seal_close(ring, place, view_text("four"), &sealed));
	seal_ring_free(ring);
}

static enum err no_random(const struct env *env, void *to, size_t len)
{
	(void)env;
	(void)to;
	(void)len;
	return err_fail(ERR_CRYPTO, "no random bytes");
}

static void without_random_bytes_nothing_is_sealed(void **state)
{
	const struct env dry = {.random = no_random};
	BUF_CLEANUP struct buf wrapped = buf_growing(1000);
	struct seal_ring *ring;
	SECRET(master);

	(void)state;
	assert_ok(secret_from_hex(&master, view_text(MASTER)));
	assert_ok(seal_ring_new(&dry, &master, &ring));
	assert_err(ERR_CRYPTO, seal_ring_make(ring, 1, &wrapped));
	assert_int_equal(wrapped.len, 0);
	seal_ring_free(ring);
}

/* The master key's file. */

static void write_master(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	assert_int_equal(close(fd), 0);
}

static void the_master_key_comes_from_a_private_file(void **state)
{
	static const struct {
		const char *text;
		mode_t mode;
		const char *said; /* NULL: accepted */
	} cases[] = {
		{MASTER, 0600, NULL},
		{MASTER "\n", 0400, NULL},
		{MASTER "\n", 0640, "chmod 600"},
		{MASTER "\n", 0604, "chmod 600"},
		{MASTER "\n\n", 0600, "not 64 hexadecimal digits"},
		{MASTER "0", 0600, "not 64 hexadecimal digits"},
		{"0001", 0600, "not 64 hexadecimal digits"},
		{"", 0600, "not 64 hexadecimal digits"},
		{"zz0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", 0600,
			"not 64 hexadecimal digits"},
	};
	char folder[] = "/tmp/test_seal.XXXXXX";
	char path[64];

	(void)state;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/master", folder);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SECRET(key);

		(void)unlink(path);
		write_master(path, cases[i].text, cases[i].mode);
		if (!cases[i].said) {
			assert_ok(seal_master_from_file(path, &key));
			assert_int_equal(key.len, SEAL_KEY);
			assert_int_equal(key.bytes[31], 0x1f);
			continue;
		}
		assert_err(ERR_CONFIG, seal_master_from_file(path, &key));
		assert_said(cases[i].said);
		assert_null(strstr(err_detail(), "010203"));
		assert_int_equal(key.len, 0);
	}
	SECRET(key);
	assert_err(ERR_CONFIG, seal_master_from_file(folder, &key));
	assert_said("not a plain file");
	assert_int_equal(unlink(path), 0);
	assert_err(ERR_CONFIG, seal_master_from_file(path, &key));
	assert_said("openssl rand -hex 32");
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_sealed_opens_at_its_place),
		TEST(nothing_and_much_can_be_sealed),
		TEST(sealing_twice_gives_different_values),
		TEST(every_changed_bit_is_refused),
		TEST(a_value_moved_or_cut_is_refused),
		TEST(an_empty_value_is_verified_too),
		TEST(data_keys_are_wrapped_and_the_highest_is_current),
		TEST(a_wrong_master_key_is_said),
		TEST(a_ring_without_data_key_seals_nothing),
		TEST(a_master_key_has_32_bytes),
		TEST(a_full_buf_is_said_and_nothing_left_in_it),
		TEST(without_random_bytes_nothing_is_sealed),
		TEST(the_master_key_comes_from_a_private_file),
	};
	return RUN_TESTS(tests);
}
