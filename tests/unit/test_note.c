// SPDX-License-Identifier: Apache-2.0
/* Signed notes and checkpoints: the published example, what is signed here, and what is no note.  req: R7-i-c */
#include "test.h"

#include "base/text.h"
#include "wire/note.h"

#define TEXT                                                                                       \
	"If you think cryptography is the answer to your problem,\n"                               \
	"then you don't know what your problem is.\n"
#define PETER "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
#define ENOCH "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
#define PETERS                                                                                     \
	"\xe2\x80\x94 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSN" \
	"XgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
#define ENOCHS                                                                                     \
	"\xe2\x80\x94 EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovT" \
	"G01oOTGwnWLox33WWd1RvMc+QQ=\n"

static struct note_key key_of(const char *text)
{
	struct note_key key;

	assert_ok(note_key_parse(view_text(text), &key));
	return key;
}

static void the_published_example_verifies(void **state)
{
	struct note_key peter = key_of(PETER), enoch = key_of(ENOCH);
	struct note note;
	int64_t time = -1;

	(void)state;
	assert_ok(note_parse(view_text(TEXT "\n" PETERS ENOCHS), &note));
	assert_int_equal(note.count, 2);
	assert_view(note.text, TEXT);
	assert_ok(note_verify(&note, &peter, &time));
	assert_int_equal(time, 0);
	assert_ok(note_verify(&note, &enoch, NULL));
	assert_ok(note_parse(view_text(TEXT "\n" PETERS), &note));
	assert_err(ERR_NOT_FOUND, note_verify(&note, &enoch, NULL));
	assert_ok(note_parse(view_text("Not what he said.\n\n" PETERS), &note));
	assert_err(ERR_AUTH, note_verify(&note, &peter, NULL));
}

static void keys_are_read_and_written(void **state)
{
	struct note_key key = key_of(PETER);
	struct buf out BUF_CLEANUP = buf_growing(1024);

	(void)state;
	assert_string_equal(key.name, "PeterNeumann");
	assert_int_equal(key.id, 0xc74f20a3);
	note_key_write(&key, &out);
	assert_string_equal(buf_string(&out), PETER);
	(void)key_of("sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8");
}

static void what_is_no_key_is_refused(void **state)
{
	struct note_key key;

	(void)state;
	assert_err(ERR_SYNTAX, note_key_parse(view_text(""), &key));
	assert_err(ERR_SYNTAX, note_key_parse(view_text("PeterNeumann"), &key));
	assert_err(ERR_SYNTAX, note_key_parse(view_text("PeterNeumann+c74f20a3"), &key));
	assert_err(ERR_SYNTAX, note_key_parse(view_text("PeterNeumann+c74f20+AR=="), &key));
	assert_err(ERR_UNSUPPORTED, note_key_parse(view_text("PeterNeumann+c74f20a3+AQ=="), &key));
	assert_err(ERR_SYNTAX, note_key_parse(view_text(&PETER[12]), &key));
	assert_err(ERR_AUTH, note_key_parse(view_text(&PETER[1]), &key));
	assert_err(ERR_AUTH,
		note_key_parse(view_text("PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/"
					 "LDE4izWy10TW"),
			&key));
	assert_err(ERR_SYNTAX,
		note_key_of(view_text("two words"), NOTE_ED25519, key.public_key, &key));
}

static void what_is_no_note_is_refused(void **state)
{
	static const char *const rows[] = {
		"",
		"\n\n",
		TEXT,
		TEXT "\n",
		TEXT PETERS,
		TEXT "\nPeterNeumann x08g\n",
		TEXT "\n\xe2\x80\x94 PeterNeumann\n",
		TEXT "\n\xe2\x80\x94  x08gowAA\n",
		TEXT "\n\xe2\x80\x94 PeterNeumann x08gow==\n", /* a hash alone */
		TEXT "\n\xe2\x80\x94 PeterNeumann !\n",
		TEXT "\n\xe2\x80\x94 Peter+Neumann x08gowAA\n",
		"a\ttab\n\n" PETERS,
		"not \xff UTF-8\n\n" PETERS,
	};
	struct note note;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_err(ERR_SYNTAX, note_parse(view_text(rows[i]), &note));
	}
	assert_err(ERR_SYNTAX, /* cut off */
		note_parse(view_of(TEXT "\n" PETERS, strlen(TEXT "\n" PETERS) - 1), &note));
}

static void ceilings_hold(void **state)
{
	struct buf text BUF_CLEANUP = buf_growing(1 << 20);
	struct note note;

	(void)state;
	buf_text(&text, TEXT "\n");
	for (int i = 0; i <= NOTE_SIGNATURES_MAX; i++) {
		buf_text(&text, PETERS);
	}
	assert_err(ERR_RANGE, note_parse(buf_contents(&text), &note));
	buf_clear(&text);
	for (int i = 0; i < NOTE_MAX; i++) {
		buf_u8(&text, 'a');
	}
	buf_text(&text, "\n\n" PETERS);
	assert_err(ERR_RANGE, note_parse(buf_contents(&text), &note));
}

static void what_is_signed_here_verifies(void **state)
{
	SECRET(seed);
	struct note_key key, other;
	struct note note;
	struct buf out BUF_CLEANUP = buf_growing(NOTE_MAX);

	(void)state;
	assert_ok(note_seed_new(&seed));
	assert_ok(note_key_of_seed(view_text("registry.example/IN"), &seed, &key));
	assert_ok(note_sign(view_text("registry.example/IN\n7\nAAAA\n"), &key, &seed, &out));
	assert_ok(note_parse(buf_contents(&out), &note));
	assert_ok(note_verify(&note, &key, NULL));
	assert_ok(note_key_of(view_text("registry.example/US"), NOTE_ED25519, key.public_key,
		&other));
	assert_err(ERR_NOT_FOUND, note_verify(&note, &other, NULL));
	assert_err(ERR_SYNTAX, note_sign(view_text("no end"), &key, &seed, &out));
	assert_err(ERR_SYNTAX, note_sign(view_text(""), &key, &seed, &out));
}

/* RFC 8032 7.1, TEST 1: the public half of a known seed. */
static void a_seed_gives_its_public_key(void **state)
{
	SECRET(seed);
	struct note_key key;

	(void)state;
	assert_ok(secret_from_hex(&seed,
		view_text("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")));
	assert_ok(note_key_of_seed(view_text("test"), &seed, &key));
	assert_hex(key.public_key, NOTE_PUBLIC_KEY,
		"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
	seed.len = 31;
	assert_err(ERR_RANGE, note_key_of_seed(view_text("test"), &seed, &key));
}

/* A witness signs the time with the text: made with note_sign() over what C2SP tlog-cosignature says is signed. */
static void a_cosignature_tells_its_time(void **state)
{
	SECRET(seed);
	struct note_key log, witness, signer;
	struct note inner, note;
	struct buf out BUF_CLEANUP = buf_growing(NOTE_MAX),
		       made BUF_CLEANUP = buf_growing(NOTE_MAX);
	uint8_t bytes[4 + 8 + 64] = {0};
	struct buf signature = buf_fixed(bytes, sizeof(bytes));
	int64_t time;

	(void)state;
	assert_ok(note_seed_new(&seed));
	assert_ok(note_key_of_seed(view_text("log"), &seed, &log));
	assert_ok(note_key_of(view_text("witness"), NOTE_COSIGNATURE, log.public_key, &witness));
	assert_ok(note_key_of(view_text("witness"), NOTE_ED25519, log.public_key, &signer));
	assert_ok(note_sign(view_text("cosignature/v1\ntime 1732976400\nlog\n7\nAAAA\n"), &signer,
		&seed, &made));
	assert_ok(note_parse(buf_contents(&made), &inner));
	buf_u32(&signature, witness.id);
	buf_u64(&signature, 1732976400);
	buf_bytes(&signature, inner.signatures[0].bytes, inner.signatures[0].len);
	assert_ok(note_sign(view_text("log\n7\nAAAA\n"), &log, &seed, &out));
	buf_text(&out, "\xe2\x80\x94 witness ");
	text_base64(&out, buf_contents(&signature));
	buf_u8(&out, '\n');
	assert_ok(note_parse(buf_contents(&out), &note));
	assert_ok(note_verify(&note, &log, NULL));
	assert_ok(note_verify(&note, &witness, &time));
	assert_int_equal(time, 1732976400);
	note.signatures[1].bytes[7] ^= 1;
	assert_err(ERR_AUTH, note_verify(&note, &witness, &time));
	note.signatures[1].len--;
	assert_err(ERR_AUTH, note_verify(&note, &witness, &time));
}

#define ROOT	   "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
#define CHECKPOINT "registry.example/IN\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n"

static void checkpoints_are_read_and_written(void **state)
{
	struct note_checkpoint checkpoint;
	struct buf out BUF_CLEANUP = buf_growing(1024);

	(void)state;
	assert_ok(note_checkpoint_parse(view_text(CHECKPOINT), &checkpoint));
	assert_view(checkpoint.origin, "registry.example/IN");
	assert_int_equal(checkpoint.size, 8);
	assert_hex(checkpoint.root.bytes, MERKLE_HASH, ROOT);
	assert_int_equal(checkpoint.extensions.len, 0);
	note_checkpoint_write(&checkpoint, &out);
	assert_string_equal(buf_string(&out), CHECKPOINT);
	assert_ok(note_checkpoint_parse(view_text(CHECKPOINT "one\ntwo\n"), &checkpoint));
	assert_view(checkpoint.extensions, "one\ntwo\n");
	buf_clear(&out);
	note_checkpoint_write(&checkpoint, &out);
	assert_string_equal(buf_string(&out), CHECKPOINT "one\ntwo\n");
}

static void what_is_no_checkpoint_is_refused(void **state)
{
	static const char *const rows[] = {
		"",
		"origin\n",
		"origin\n8\n",
		"\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n",
		"origin\n08\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n",
		"origin\n-8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n",
		"origin\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=",
		"origin\n8\nXcnaeacGWamtVZy3Ad7Zog==\n",
		CHECKPOINT "\n",
		CHECKPOINT "cut off",
	};
	struct note_checkpoint checkpoint;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_err(ERR_SYNTAX, note_checkpoint_parse(view_text(rows[i]), &checkpoint));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_published_example_verifies),
		TEST(keys_are_read_and_written),
		TEST(what_is_no_key_is_refused),
		TEST(what_is_no_note_is_refused),
		TEST(ceilings_hold),
		TEST(what_is_signed_here_verifies),
		TEST(a_seed_gives_its_public_key),
		TEST(a_cosignature_tells_its_time),
		TEST(checkpoints_are_read_and_written),
		TEST(what_is_no_checkpoint_is_refused),
	};

	return RUN_TESTS(tests);
}
