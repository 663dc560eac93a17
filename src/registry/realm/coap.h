// SPDX-License-Identifier: Apache-2.0
/*
 * coap: the door for constrained devices: CoAP over DTLS 1.2 with the key of their bootstrap_token. What is asked there are the
 * routes that there are, each by its path, with JSON as CBOR (docs/protocol/registry_coap.md): no operation is there twice.
 * req: R7-iv-a R7-iv-b R7-iv-c R9.2-note R7-i-b
 */
#pragma once

#include "net/coap.h"
#include "registry/realm/rp_d.h"

/* The protocol that its keys are for (the cipher suite). */
struct ua coap_door_ua(const struct registry *registry);
/* After realm_door_start_up(). Without coap.listen there is nothing to do. ERR_CONFIG names the option. */
enum err coap_door_start_up(struct registry *registry);
/* After all calls were answered. */
void coap_door_shut_down(struct registry *registry);
const char *coap_door_address(const struct registry *registry); /* "": nowhere */

/* ---- the translation, without a network ---- */

/* The CoAP code for a status, by the method that was asked with. */
uint8_t coap_code_of(unsigned status, uint8_t method);
/* GET, POST, PUT, DELETE; NULL: another. */
const char *coap_method_of(uint8_t code);
/* Path and query, appended percent-encoded. ERR_RANGE: longer than `target` takes; ERR_SYNTAX: it asks for a proxy. */
enum err coap_target_of(const struct net_coap_message *message, struct buf *target);
/* A JSON text as CBOR, appended. ERR_SYNTAX, ERR_RANGE. */
enum err coap_body_to_cbor(struct view json, struct buf *out);
/* CBOR as a JSON text, appended. As cbor_parse(). */
enum err coap_body_from_cbor(struct view cbor, struct buf *out);
