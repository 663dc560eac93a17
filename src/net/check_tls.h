// SPDX-License-Identifier: Apache-2.0
/* check_tls: the part of check that looks at certificates and keys. */
#pragma once

#include "net/check.h"

void check_say(struct check_report *r, bool fault, const char *path, const char *format, ...)
	PRINTF_LIKE(4, 5);

struct check_certificate {
	const char *file, *key, *authority; /* "": not looked at */
	const char *name;		    /* that must stand in it, or NULL */
};
void check_tls(struct check_report *r, const char *path, const struct check_certificate *c);
void check_private(struct check_report *r, const char *path, const char *file);
void check_authority(struct check_report *r, const char *path, const char *file);
