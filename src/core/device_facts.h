// SPDX-License-Identifier: Apache-2.0
/*
 * device_facts: what a trust registry keeps of a device, as all its parts and the device itself see it (Y.3059 9.2 i e,
 * 9.2 ii d). Whose device it is stands nowhere in here.  req: R9.2-i-e R9.2-ii-d
 */
#pragma once

#include "core/words.h"

enum { FACT_SIZE = 128, ROT_ID_SIZE = 128 }; /* bytes of text, with the zero */

/* What proves that the device is what it says (7 ii). ROT_TPM and others have a row here and in wire/evidence.c. */
enum rot_kind { ROT_NONE, ROT_AKA, ROT_X509, ROT_KINDS };

struct root_of_trust {
	enum rot_kind kind;
	/* AKA: the operator's realm. X.509: SHA-256 of the root's certificate in lower case hexadecimal digits. */
	char id[ROT_ID_SIZE];
};

/* Texts are UTF-8 without control characters and without blanks at their ends; "" and the empty set: not told. */
struct device_facts {
	char make[FACT_SIZE], model[FACT_SIZE];
	char firmware[FACT_SIZE]; /* its version */
	char hardware[FACT_SIZE]; /* its version */
	char serial[FACT_SIZE];
	char type[FACT_SIZE];	    /* "router", "camera", "meter", ... */
	struct words communication; /* by what: "lte", "nb-iot", "wifi", "ethernet", ... */
	struct words connectivity; /* how it is reached: "ip", "non-ip", "always", "intermittent", ... */
	struct words power;	   /* "mains", "battery", "harvested", ... */
	struct words protocols;	     /* "mqtt", "http", "coap", ... */
	struct root_of_trust origin; /* what the registry has verified; never the device's own word */
};
