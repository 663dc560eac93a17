// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz: what every target includes. A target feeds one input to a decoder; it may abort() when
 * something that must hold does not, such as decode, encode, decode giving the same.
 *
 * With -Dfuzz=true libFuzzer calls it; without, replay.c does, over the corpus.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Returns 0. The bytes are exactly `size` long on the heap, so that a sanitizer sees each read past. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
