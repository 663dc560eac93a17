// SPDX-License-Identifier: Apache-2.0
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local char detail[256];

const char *err_name(enum err code)
{
	static const char *const names[ERR_COUNT] = {
		[OK] = "ok",
		[ERR_SYNTAX] = "syntax",
		[ERR_RANGE] = "range",
		[ERR_NOT_FOUND] = "not-found",
		[ERR_EXISTS] = "exists",
		[ERR_CONFLICT] = "conflict",
		[ERR_DENIED] = "denied",
		[ERR_AUTH] = "auth",
		[ERR_SYNC] = "sync",
		[ERR_EXPIRED] = "expired",
		[ERR_REPLAY] = "replay",
		[ERR_WRONG_STATE] = "wrong-state",
		[ERR_UNSUPPORTED] = "unsupported",
		[ERR_UNAVAILABLE] = "unavailable",
		[ERR_TIMEOUT] = "timeout",
		[ERR_OVERLOAD] = "overload",
		[ERR_CLOSED] = "closed",
		[ERR_AGAIN] = "again",
		[ERR_UNKNOWN_RESULT] = "unknown-result",
		[ERR_CONFIG] = "config",
		[ERR_MEMORY] = "memory",
		[ERR_IO] = "io",
		[ERR_CRYPTO] = "crypto",
	};

	return (unsigned)code < ERR_COUNT ? names[code] : "unknown";
}

enum err err_fail(enum err code, const char *format, ...)
{
	char said[sizeof(detail)]; /* arguments may point into `detail` */
	va_list args;

	va_start(args, format);
	(void)vsnprintf(said, sizeof(said), format, args);
	va_end(args);
	memcpy(detail, said, sizeof(detail));
	return code;
}

enum err err_system(const char *format, ...)
{
	char said[sizeof(detail)];
	const char *why = strerror(errno);
	va_list args;

	va_start(args, format);
	(void)vsnprintf(said, sizeof(said), format, args);
	va_end(args);
	return err_fail(ERR_IO, "%s: %s", said, why);
}

const char *err_detail(void)
{
	return detail;
}
