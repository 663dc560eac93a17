// SPDX-License-Identifier: Apache-2.0
#include "wire/note.h"

#include "base/text.h"

#include <openssl/evp.h>
#include <string.h>

enum { ID_LEN = 4, ED25519_SIGNATURE = 64, TIME_LEN = 8, VKEY_KEY = 1 + NOTE_PUBLIC_KEY };

#define DASH "\xe2\x80\x94 " /* U+2014 and a space begin a signature */

static void free_pkey(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

static void free_context(EVP_MD_CTX **context)
{
	EVP_MD_CTX_free(*context);
}

/* No control character but the line end, and UTF-8. */
static bool is_note_text(struct view text)
{
	for (size_t i = 0; i < text.len; i++) {
		if ((text.data[i] < 0x20 && text.data[i] != '\n') || text.data[i] == 0x7f) {
			return false;
		}
	}
	return text_is_utf8(text);
}

/* Names are ASCII here: that excludes the other spaces of Unicode too. */
static bool is_name(struct view name)
{
	if (name.len == 0 || name.len > NOTE_NAME_MAX || !text_is_printable(name)) {
		return false;
	}
	return !memchr(name.data, ' ', name.len) && !memchr(name.data, '+', name.len);
}

static enum err set_id(struct note_key *key)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	struct buf text BUF_CLEANUP = buf_growing(NOTE_NAME_MAX + 2 + NOTE_PUBLIC_KEY);

	buf_text(&text, key->name);
	buf_u8(&text, '\n');
	buf_u8(&text, key->algorithm);
	buf_bytes(&text, key->public_key, NOTE_PUBLIC_KEY);
	TRY(buf_end(&text, "signed note: key"));
	if (EVP_Digest(text.data, text.len, digest, NULL, EVP_sha256(), NULL) != 1) {
		return err_fail(ERR_CRYPTO, "SHA-256 of a note's key");
	}
	struct reader r = reader_of(view_of(digest, ID_LEN));

	key->id = reader_u32(&r);
	return OK;
}

enum err note_key_of(struct view name, uint8_t algorithm, const uint8_t public_key[NOTE_PUBLIC_KEY],
	struct note_key *ret)
{
	struct note_key key = {.algorithm = algorithm};

	if (!is_name(name)) {
		return err_fail(ERR_SYNTAX, "signed note: not a name for a key");
	}
	TRY(text_copy(key.name, sizeof(key.name), name, "signed note: name"));
	memcpy(key.public_key, public_key, NOTE_PUBLIC_KEY);
	TRY(set_id(&key));
	*ret = key;
	return OK;
}

static enum err open_seed(const struct secret *seed, EVP_PKEY **ret)
{
	if (seed->len != NOTE_SEED) {
		return err_fail(ERR_RANGE, "Ed25519: a private key has 32 bytes");
	}
	*ret = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed->bytes, seed->len);
	return *ret ? OK : err_fail(ERR_CRYPTO, "Ed25519: private key");
}

enum err note_key_of_seed(struct view name, const struct secret *seed, struct note_key *ret)
{
	EVP_PKEY *pkey __attribute__((cleanup(free_pkey))) = NULL;
	uint8_t public_key[NOTE_PUBLIC_KEY];
	size_t len = sizeof(public_key);

	TRY(open_seed(seed, &pkey));
	if (EVP_PKEY_get_raw_public_key(pkey, public_key, &len) != 1 || len != sizeof(public_key)) {
		return err_fail(ERR_CRYPTO, "Ed25519: public key");
	}
	return note_key_of(name, NOTE_ED25519, public_key, ret);
}

enum err note_seed_new(struct secret *ret)
{
	EVP_PKEY *pkey __attribute__((cleanup(free_pkey))) =
		EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	uint8_t seed[NOTE_SEED];
	size_t len = sizeof(seed);

	if (!pkey || EVP_PKEY_get_raw_private_key(pkey, seed, &len) != 1) {
		return err_fail(ERR_CRYPTO, "Ed25519: new key");
	}
	enum err err = secret_set(ret, seed, len);

	bytes_wipe(seed, sizeof(seed));
	return err;
}

void note_key_write(const struct note_key *key, struct buf *out)
{
	uint8_t bytes[VKEY_KEY] = {key->algorithm};

	memcpy(bytes + 1, key->public_key, NOTE_PUBLIC_KEY);
	buf_printf(out, "%s+%08x+", key->name, key->id);
	text_base64(out, VIEW(bytes));
}

/* Up to the next plus, which is taken too; empty when there is none. */
static struct view until_plus(struct reader *r)
{
	const uint8_t *plus = reader_left(r) > 0 ? memchr(r->at, '+', reader_left(r)) : NULL;
	struct view part = {NULL, 0};

	if (plus) {
		part = reader_bytes(r, (size_t)(plus - r->at));
		reader_skip(r, 1);
	}
	return part;
}

enum err note_key_parse(struct view text, struct note_key *ret)
{
	struct reader r = reader_of(text);
	struct view name = until_plus(&r), hash = until_plus(&r);
	uint8_t id[ID_LEN], bytes[VKEY_KEY];
	size_t id_len, len;
	struct note_key key;

	if (text.len > NOTE_MAX || hash.len != 2 * ID_LEN) {
		return err_fail(ERR_SYNTAX, "signed note: a key is name+hash+base64");
	}
	TRY(text_from_hex(hash, id, sizeof(id), &id_len, "signed note: a key's hash"));
	TRY(text_from_base64(reader_bytes(&r, reader_left(&r)), bytes, sizeof(bytes), &len,
		"signed note: key"));
	if (len != VKEY_KEY || (bytes[0] != NOTE_ED25519 && bytes[0] != NOTE_COSIGNATURE)) {
		return err_fail(ERR_UNSUPPORTED, "signed note: not an Ed25519 key");
	}
	TRY(note_key_of(name, bytes[0], bytes + 1, &key));
	struct reader stated = reader_of(view_of(id, id_len));

	if (reader_u32(&stated) != key.id) {
		return err_fail(ERR_AUTH, "signed note: the hash is another key's");
	}
	*ret = key;
	return OK;
}

/* One line without its end: a dash, the name, base64 of hash and signature. */
static enum err parse_signature(struct view line, struct note_signature *ret)
{
	struct reader r = reader_of(line);
	uint8_t bytes[ID_LEN + NOTE_SIGNATURE_MAX];
	size_t len;

	if (!view_is(reader_bytes(&r, sizeof(DASH) - 1), DASH)) {
		return err_fail(ERR_SYNTAX, "signed note: not a line of a signature");
	}
	const uint8_t *space = memchr(r.at, ' ', reader_left(&r));

	if (!space) {
		return err_fail(ERR_SYNTAX, "signed note: a signature without a name");
	}
	ret->name = reader_bytes(&r, (size_t)(space - r.at));
	reader_skip(&r, 1);
	if (!is_name(ret->name)) {
		return err_fail(ERR_SYNTAX, "signed note: not a name for a key");
	}
	TRY(text_from_base64(reader_bytes(&r, reader_left(&r)), bytes, sizeof(bytes), &len,
		"signed note: signature"));
	if (len <= ID_LEN) {
		return err_fail(ERR_SYNTAX, "signed note: a signature without bytes");
	}
	struct reader id = reader_of(view_of(bytes, ID_LEN));

	ret->id = reader_u32(&id);
	ret->len = len - ID_LEN;
	memcpy(ret->bytes, bytes + ID_LEN, ret->len);
	return OK;
}

static enum err parse_signatures(struct view lines, struct note *note)
{
	struct reader r = reader_of(lines);

	while (reader_left(&r) > 0) {
		const uint8_t *end = memchr(r.at, '\n', reader_left(&r));

		if (!end) {
			return err_fail(ERR_SYNTAX, "signed note: cut off in a signature");
		}
		if (note->count == NOTE_SIGNATURES_MAX) {
			return err_fail(ERR_RANGE, "signed note: more than %d signatures",
				NOTE_SIGNATURES_MAX);
		}
		TRY(parse_signature(reader_bytes(&r, (size_t)(end - r.at)),
			&note->signatures[note->count++]));
		reader_skip(&r, 1);
	}
	return note->count > 0 ? OK : err_fail(ERR_SYNTAX, "signed note: no signature");
}

/* The last empty line parts text and signatures. */
enum err note_parse(struct view bytes, struct note *ret)
{
	size_t at = bytes.len;

	if (bytes.len > NOTE_MAX) {
		return err_fail(ERR_RANGE, "signed note: longer than %d bytes", NOTE_MAX);
	}
	while (at >= 2 && !(bytes.data[at - 1] == '\n' && bytes.data[at - 2] == '\n')) {
		at--;
	}
	if (at < 2 || !is_note_text(bytes)) {
		return err_fail(ERR_SYNTAX, "signed note: not a text with signatures");
	}
	ret->text = view_of(bytes.data, at - 1);
	ret->count = 0;
	return parse_signatures(view_of(bytes.data + at, bytes.len - at), ret);
}

static enum err verify_bytes(const struct note_key *key, struct view text, const uint8_t *signature)
{
	EVP_PKEY *pkey __attribute__((cleanup(free_pkey))) =
		EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key->public_key,
			NOTE_PUBLIC_KEY);
	EVP_MD_CTX *context __attribute__((cleanup(free_context))) = EVP_MD_CTX_new();

	if (!pkey || !context || EVP_DigestVerifyInit(context, NULL, NULL, NULL, pkey) != 1) {
		return err_fail(ERR_CRYPTO, "Ed25519: public key");
	}
	return EVP_DigestVerify(context, signature, ED25519_SIGNATURE, text.data, text.len) == 1
		       ? OK
		       : err_fail(ERR_AUTH, "signed note: a wrong signature of %s", key->name);
}

/* C2SP tlog-cosignature: the time stands in what is signed. */
static enum err verify_cosignature(const struct note *note, const struct note_key *key,
	const struct note_signature *signature, int64_t *ret_time)
{
	struct reader r = reader_of(view_of(signature->bytes, signature->len));
	uint64_t time = reader_u64(&r);
	struct buf text BUF_CLEANUP = buf_growing(NOTE_MAX + 64);

	buf_printf(&text, "cosignature/v1\ntime %llu\n", (unsigned long long)time);
	buf_view(&text, note->text);
	TRY(buf_end(&text, "cosignature"));
	if (time > INT64_MAX) {
		return err_fail(ERR_RANGE, "cosignature: no such time");
	}
	TRY(verify_bytes(key, buf_contents(&text), signature->bytes + TIME_LEN));
	*ret_time = (int64_t)time;
	return OK;
}

enum err note_verify(const struct note *note, const struct note_key *key, int64_t *ret_time)
{
	const struct note_signature *found = NULL;
	bool timed = key->algorithm == NOTE_COSIGNATURE;
	int64_t time = 0;

	for (size_t i = 0; i < note->count && !found; i++) {
		const struct note_signature *s = &note->signatures[i];

		found = s->id == key->id && view_is(s->name, key->name) ? s : NULL;
	}
	if (!found) {
		return err_fail(ERR_NOT_FOUND, "signed note: not signed by %s", key->name);
	}
	if (found->len != (timed ? TIME_LEN : 0) + ED25519_SIGNATURE) {
		return err_fail(ERR_AUTH, "signed note: a signature of another length");
	}
	if (timed) {
		TRY(verify_cosignature(note, key, found, &time));
	} else {
		TRY(verify_bytes(key, note->text, found->bytes));
	}
	if (ret_time) {
		*ret_time = time;
	}
	return OK;
}

enum err note_sign(struct view text, const struct note_key *key, const struct secret *seed,
	struct buf *out)
{
	EVP_PKEY *pkey __attribute__((cleanup(free_pkey))) = NULL;
	EVP_MD_CTX *context __attribute__((cleanup(free_context))) = EVP_MD_CTX_new();
	uint8_t signature[ID_LEN + ED25519_SIGNATURE];
	size_t len = ED25519_SIGNATURE;

	if (text.len == 0 || text.data[text.len - 1] != '\n' || !is_note_text(text)) {
		return err_fail(ERR_SYNTAX, "signed note: not a text of whole lines");
	}
	TRY(open_seed(seed, &pkey));
	struct buf id = buf_fixed(signature, ID_LEN);

	buf_u32(&id, key->id);
	if (!context || EVP_DigestSignInit(context, NULL, NULL, NULL, pkey) != 1 ||
		EVP_DigestSign(context, signature + ID_LEN, &len, text.data, text.len) != 1) {
		return err_fail(ERR_CRYPTO, "Ed25519: sign");
	}
	buf_view(out, text);
	buf_printf(out, "\n" DASH "%s ", key->name);
	text_base64(out, VIEW(signature));
	buf_u8(out, '\n');
	return buf_end(out, "signed note");
}

void note_checkpoint_write(const struct note_checkpoint *checkpoint, struct buf *out)
{
	buf_view(out, checkpoint->origin);
	buf_printf(out, "\n%llu\n", (unsigned long long)checkpoint->size);
	text_base64(out, view_of(checkpoint->root.bytes, MERKLE_HASH));
	buf_u8(out, '\n');
	buf_view(out, checkpoint->extensions);
}

/* A line without its end; `failed` when there is none, or nothing in it. */
static struct view take_line(struct reader *r)
{
	const uint8_t *end = reader_left(r) > 0 ? memchr(r->at, '\n', reader_left(r)) : NULL;

	if (!end || end == r->at) {
		r->failed = true;
		return (struct view){NULL, 0};
	}
	struct view line = reader_bytes(r, (size_t)(end - r->at));

	reader_skip(r, 1);
	return line;
}

enum err note_checkpoint_parse(struct view text, struct note_checkpoint *ret)
{
	struct reader r = reader_of(text);
	struct view origin = take_line(&r), size = take_line(&r), root = take_line(&r);
	struct note_checkpoint checkpoint = {.origin = origin};
	size_t len = 0;

	if (r.failed) {
		return err_fail(ERR_SYNTAX, "checkpoint: less than three lines");
	}
	TRY(text_from_u64(size, INT64_MAX, &checkpoint.size, "checkpoint: size"));
	TRY(text_from_base64(root, checkpoint.root.bytes, MERKLE_HASH, &len, "checkpoint: root"));
	if (len != MERKLE_HASH) {
		return err_fail(ERR_SYNTAX, "checkpoint: a root has 32 bytes");
	}
	checkpoint.extensions = view_of(r.at, reader_left(&r));
	while (reader_left(&r) > 0 && !r.failed) {
		(void)take_line(&r);
	}
	if (r.failed) {
		return err_fail(ERR_SYNTAX, "checkpoint: an empty line");
	}
	*ret = checkpoint;
	return OK;
}
