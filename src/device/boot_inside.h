// SPDX-License-Identifier: Apache-2.0
/*
 * boot_inside: a run of clause 10.4 on the device, for the files that move it: boot.c (requests, answers, and what all runs
 * have in common), boot_aka.c and boot_certificate.c (how the two ends know each other), and nobody else.
 */
#pragma once

#include "device/answer.h"
#include "device/symdev.h"

/* The product token of who knows temporary identities (TS 24.109 4.4). */
#define TMPI "3gpp-gba-tmpi"

enum boot_state {
	IDLE,
	WAIT_CHALLENGE,
	WAIT_NEW_CHALLENGE, /* after AUTS, once a run */
	WAIT_RESULT,
	WAIT_TOKEN, /* with a certificate: the one answer */
	DONE,
	FAILED
};

/* boot_aka.c */
enum err boot_aka_on_challenge(struct symdev_boot *boot, const struct answer *answer); /* 2a */
enum err boot_aka_on_result(struct symdev_boot *boot, const struct answer *answer);    /* 4a */
/* ERR_AUTH: whoever answered does not know RES. */
enum err boot_aka_check_rspauth(const struct symdev_boot *boot, const struct answer *answer);

/* boot_certificate.c */
enum err boot_certificate_begin(struct symdev_boot *boot);
enum err boot_certificate_on_result(struct symdev_boot *boot, const struct answer *answer);
enum err boot_certificate_on_denied(struct symdev_boot *boot, const struct answer *answer);

/* boot.c */
void boot_enter(struct symdev_boot *boot, enum boot_state state);
void boot_step(struct symdev_boot *boot, const char *clause, const char *event);
/* Asks for a token for one application: the order of 10.4, and the stronger digest. */
bool boot_names_application(const struct symdev_boot *boot);
bool boot_has_certificate(const struct symdev_boot *boot);
enum digest_algorithm boot_algorithm(const struct symdev_boot *boot);
struct view boot_username(const struct symdev_boot *boot);
/* One request: the fields that all have, and the Authorization given, if any. */
enum err boot_write_request(struct symdev_boot *boot,
	const struct digest_authorization *authorization, enum digest_algorithm algorithm);
/* 10.4/1a with a certificate: nothing is said but what for. */
enum err boot_ask(struct symdev_boot *boot);
/* 10.4/4a: what the node says of the token, held against boot->base; then kept, and the run is done. */
enum err boot_make_token(struct symdev_boot *boot, const struct answer *answer);
enum err boot_keep_token(struct symdev_boot *boot);
