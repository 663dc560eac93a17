// SPDX-License-Identifier: Apache-2.0
/*
 * aka_key: a long-term key as it is written down: in the record that is sealed, and in the words in which an
 * operator hands it in. What may stand there is decided here, for all programs.
 */
#pragma once

#include "core/vector.h"

/* Bytes of the longest record. */
enum { AKA_KEY_RECORD = 1 + 2 + 1 + 1 + 1 + AKA_K_MAX + AKA_OPC_MAX };

/* algorithm(1) AMF(2), then K(16) OPc(16) of Milenage, or iterations(1) RES length(1) K length(1) K TOPc(32) of TUAK. */
void aka_key_put(struct buf *out, const struct aka_key *key);
/* ERR_UNSUPPORTED for another algorithm, ERR_SYNTAX, ERR_RANGE, ERR_CRYPTO for a key of zeros. */
enum err aka_key_get(struct reader *r, struct aka_key *ret);

/* Members of a key's description, each as it stands; NULL data and 0 when it is absent. */
struct aka_key_text {
	struct view algorithm;			/* "milenage" unless given */
	struct view k, opc, op, topc, top, amf; /* hexadecimal; AMF 8000 unless given */
	int64_t keccak_iterations, res_bytes;	/* of TUAK: 1 and 8 unless given */
};

/* With `ret_from_op`, ret->opc holds OP or TOP: see aka_make_opc(). ERR_SYNTAX says which member is wrong, not its value. */
enum err aka_key_read(const struct aka_key_text *text, struct aka_key *ret, bool *ret_from_op);
