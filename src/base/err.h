// SPDX-License-Identifier: Apache-2.0
/*
 * err: one set of error codes for the whole tree, and a sentence about the last failure.
 *
 * A function that can fail returns `enum err`, and the compiler warns when it is ignored. The
 * place that finds the fault says what is wrong with err_fail(): the sentence is kept per thread,
 * and names the clause where an outside text was broken ("Y.3056 10.4/2c: ..."). Programs log it
 * or show it; libraries never do both. No secret and no subscriber identity goes into it.
 */
#pragma once

#if defined(__clang__)
#define MUST_USE_TYPE __attribute__((warn_unused_result))
#else
#define MUST_USE_TYPE [[nodiscard]]
#endif
#define PRINTF_LIKE(at, first) __attribute__((format(printf, at, first)))

enum MUST_USE_TYPE err {
	OK = 0,
	ERR_SYNTAX,	    /* malformed input */
	ERR_RANGE,	    /* outside what is allowed: too long, too large, too many */
	ERR_NOT_FOUND,	    /* no such thing */
	ERR_EXISTS,	    /* already there */
	ERR_CONFLICT,	    /* not what was expected: a row count, a version */
	ERR_DENIED,	    /* known, but not allowed */
	ERR_AUTH,	    /* authentication failed: RES, digest, MAC, certificate, sealed data */
	ERR_SYNC,	    /* AUTN verifies, but its SQN is out of range (TS 33.102 6.3.3) */
	ERR_EXPIRED,	    /* past its lifetime */
	ERR_REPLAY,	    /* used before */
	ERR_WRONG_STATE,    /* not now: the call does not fit the state (ERR_STATE is OpenSSL's) */
	ERR_UNSUPPORTED,    /* valid, but not offered here */
	ERR_UNAVAILABLE,    /* a peer, a disk or a database is away; later it may work */
	ERR_TIMEOUT,	    /* no answer in time */
	ERR_OVERLOAD,	    /* a ceiling is reached, nothing was begun */
	ERR_CLOSED,	    /* the other side closed */
	ERR_AGAIN,	    /* not yet: wait and call again */
	ERR_UNKNOWN_RESULT, /* a commit may or may not have happened */
	ERR_CONFIG,	    /* configuration is wrong */
	ERR_MEMORY,	    /* out of memory */
	ERR_IO,		    /* the system refused a file or a socket */
	ERR_CRYPTO,	    /* the cryptographic library refused */
	ERR_COUNT,
};

/* The code's name as it stands in logs, "syntax" for ERR_SYNTAX; never NULL. */
const char *err_name(enum err code);

/* Keeps the sentence for this thread (cut at 255 bytes) and returns `code`. */
enum err err_fail(enum err code, const char *format, ...) PRINTF_LIKE(2, 3);

/* Like err_fail() for a failed system call: adds strerror(errno) and returns ERR_IO. */
enum err err_system(const char *format, ...) PRINTF_LIKE(1, 2);

/* What the last err_fail() of this thread said; "" when nothing was said. */
const char *err_detail(void);

/* Returns from the calling function with the error of `call`, if it has one. */
#define TRY(call)                                                                                  \
	do {                                                                                       \
		enum err try_result = (call);                                                      \
		if (try_result != OK) {                                                            \
			return try_result;                                                         \
		}                                                                                  \
	} while (0)
