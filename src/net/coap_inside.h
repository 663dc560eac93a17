// SPDX-License-Identifier: Apache-2.0
/* coap_inside: what the files of CoAP share: coap.c (the loop, messages), coap_server.c, coap_client.c. */
#pragma once

#include "net/coap.h"

#include <coap3/coap.h>
#include <openssl/ssl.h>

/* A libcoap context, and what drives it. */
struct coap_runner {
	struct loop *loop;
	coap_context_t *context;
	SSL_CTX *dtls; /* the context's own */
	struct watch *watch;
	struct timer due;
};

enum err coap_runner_open(struct coap_runner *r, struct loop *loop);
void coap_runner_close(struct coap_runner *r);
/* After something was sent or ended from outside of libcoap's calls. */
void coap_runner_wake(struct coap_runner *r);

/* Numbers of a text address. */
enum err coap_address_of(const char *text, coap_address_t *ret);
/* The options and payload of a message that came. ERR_RANGE: more than a net_coap_message has. */
enum err coap_read_message(const coap_pdu_t *pdu, struct net_coap_message *ret);
/* Options go in by their numbers; those that libcoap sets by itself are left out. */
enum err coap_write_options(coap_pdu_t *pdu, const struct net_coap_message *message);
uint16_t coap_suite_of(const coap_session_t *session); /* the one agreed; 0: none yet */
/* A copy for libcoap, which gives it back to coap_free_copy(). */
uint8_t *coap_copy(struct view bytes);
void coap_free_copy(coap_session_t *session, void *copy);
