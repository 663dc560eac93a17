// SPDX-License-Identifier: Apache-2.0
/*
 * fake_se: a secure element in memory that allocates nothing in use, and whose power can be cut: after `left` changes every
 * call fails, and what is in `lasting` is what the next owner finds.
 */
#pragma once

#include "device/symdev.h"

enum { FAKE_SE_VALUES = 32, FAKE_SE_VALUE = 4096, FAKE_SE_FOREVER = 1000000 };

struct fake_se {
	struct aka *aka;
	struct aka_key key;
	struct {
		struct sqn_window window;
		struct {
			char label[64];
			uint8_t bytes[FAKE_SE_VALUE];
			size_t len; /* 0: free */
		} values[FAKE_SE_VALUES];
	} lasting;
	int left;     /* changes until the power is cut */
	int aka_runs; /* that were asked for */
};

extern const struct symdev_se fake_se_ops;

/* With the key of TS 35.207 test set 1. */
void fake_se_open(struct fake_se *ret);
void fake_se_close(struct fake_se *se);
size_t fake_se_count(const struct fake_se *se); /* values kept */
/* The bytes stand somewhere in `area`. */
bool fake_se_holds(const void *area, size_t size, const void *bytes, size_t len);
