// SPDX-License-Identifier: Apache-2.0
/* Signed notes, their keys, and checkpoints: what is read is written the same. */
#include "fuzz.h"

#include "wire/note.h"
#include <stdlib.h>

static void must_be(const struct buf *out, struct view text)
{
	if (!view_equal(buf_contents(out), text)) {
		abort();
	}
}

static void read_checkpoint(struct view text)
{
	struct note_checkpoint checkpoint;

	if (note_checkpoint_parse(text, &checkpoint) == OK) {
		struct buf out = buf_growing(1 << 20);

		note_checkpoint_write(&checkpoint, &out);
		must_be(&out, text);
		buf_free(&out);
	}
}

static void read_key(struct view text)
{
	struct note_key key, again;

	if (note_key_parse(text, &key) == OK) {
		struct buf out = buf_growing(1 << 20);

		note_key_write(&key, &out);
		if (note_key_parse(buf_contents(&out), &again) != OK || again.id != key.id) {
			abort();
		}
		buf_free(&out);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct view bytes = view_of(data, size);
	struct note_key key;
	struct note note;

	if (note_key_parse(view_text("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/"
				     "LDE4izWy10TW"),
		    &key) != OK) {
		abort();
	}
	if (note_parse(bytes, &note) == OK) {
		(void)!note_verify(&note, &key, NULL);
		key.algorithm = NOTE_COSIGNATURE;
		(void)!note_verify(&note, &key, NULL);
		read_checkpoint(note.text);
	}
	read_checkpoint(bytes);
	read_key(bytes);
	return 0;
}
