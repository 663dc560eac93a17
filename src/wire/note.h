// SPDX-License-Identifier: Apache-2.0
/*
 * note: C2SP signed-note, a text with signatures below it, and the checkpoint of a log that is such a text (C2SP
 * tlog-checkpoint). Keys are Ed25519. Signatures of others, such as witnesses' cosignatures, are kept and passed over.
 *
 * A key is known by its name and the first 4 bytes of SHA-256(name || 0A || algorithm || public key).
 */
#pragma once

#include "base/secret.h"
#include "wire/merkle.h"

enum {
	NOTE_NAME_MAX = 255,
	NOTE_PUBLIC_KEY = 32,
	NOTE_SEED = 32, /* of the private key (RFC 8032 5.1.5) */
	NOTE_SIGNATURES_MAX = 16,
	NOTE_SIGNATURE_MAX = 512, /* bytes, without the key's hash; Ed25519 has 64 */
	NOTE_MAX = 1 << 16,
	NOTE_ED25519 = 1,
	NOTE_COSIGNATURE = 4, /* C2SP tlog-cosignature: Ed25519 with a time */
};

/* What a note is verified with. */
struct note_key {
	char name[NOTE_NAME_MAX + 1];
	uint8_t algorithm; /* NOTE_ED25519 or NOTE_COSIGNATURE */
	uint32_t id;	   /* the hash, big-endian */
	uint8_t public_key[NOTE_PUBLIC_KEY];
};

/* A key of that name. ERR_SYNTAX: the name is empty, too long, or has a space, a plus or a control character. */
enum err note_key_of(struct view name, uint8_t algorithm, const uint8_t public_key[NOTE_PUBLIC_KEY],
	struct note_key *ret);
/* The key whose private half has this seed, for note_sign(). ERR_SYNTAX as above, ERR_RANGE: not 32 bytes. */
enum err note_key_of_seed(struct view name, const struct secret *seed, struct note_key *ret);
/* A fresh private key. ERR_CRYPTO. */
enum err note_seed_new(struct secret *ret);

/* The key as text, name+hash+base64, and back. ERR_SYNTAX, ERR_UNSUPPORTED: another algorithm, ERR_AUTH: the hash is another's. */
void note_key_write(const struct note_key *key, struct buf *out);
enum err note_key_parse(struct view text, struct note_key *ret);

struct note_signature {
	struct view name;
	uint32_t id;
	uint8_t bytes[NOTE_SIGNATURE_MAX];
	size_t len;
};

/* A note taken apart; views are into what was parsed. */
struct note {
	struct view text; /* with its last line end */
	struct note_signature signatures[NOTE_SIGNATURES_MAX];
	size_t count;
};

/* ERR_SYNTAX: not a note; ERR_RANGE: longer than NOTE_MAX, or with too many signatures or one too long. */
enum err note_parse(struct view bytes, struct note *ret);
/*
 * That the key signed the text. ERR_NOT_FOUND: it did not; ERR_AUTH: a signature under its name and hash is wrong. For a cosignature
 * `ret_time` is when it was made (seconds since 1970), else 0; may be NULL.
 */
enum err note_verify(const struct note *note, const struct note_key *key, int64_t *ret_time);

/* Appends the text and the signature of one key. ERR_SYNTAX: the text does not end with a line end, or holds what a note may not. */
enum err note_sign(struct view text, const struct note_key *key, const struct secret *seed,
	struct buf *out);

/* What a log commits itself to: so many leaves, this root. */
struct note_checkpoint {
	struct view origin; /* the log's name: one line */
	uint64_t size;
	struct merkle_hash root;
	struct view extensions; /* more lines, each with its end; mostly none */
};

/* The text to be signed, appended; and back, from a note's text. ERR_SYNTAX. */
void note_checkpoint_write(const struct note_checkpoint *checkpoint, struct buf *out);
enum err note_checkpoint_parse(struct view text, struct note_checkpoint *ret);
