// SPDX-License-Identifier: Apache-2.0
/*
 * guests: devices that come over CoAP and DTLS-PSK (mode coap): who they are, their requests to the application's own CoAP
 * server and its answers back.  req: B9.6.4-a
 */
#pragma once

#include "gateway/gateway.h"

/* The door is a CoAP server; the backend of an application is asked by a client that is opened with it. */
enum err guests_open_door(struct door *door);
void guests_close_door(struct door *door);
enum err guests_open(struct application *application);
void guests_close(struct application *application);

/* What has happened to a token happens to those that stand on it. Returns how many. */
size_t guests_change(struct application *application, const struct symapp_change *change);

/*
 * What goes on to the application: what a device sent, but for what says where it was sent to, and what looks as if the
 * gateway had said it; then what the gateway says, as Uri-Query: symbolon-application, -expires, -pseudonym, -degree,
 * -rights. `room` holds the text of these. ERR_DENIED: Uri-Host is another application. ERR_RANGE: too many options.
 * req: B9.4.1-g
 */
enum { GUESTS_ROOM = 2048 };
enum err guests_to_backend(const struct net_coap_message *request, const char *host,
	const struct symapp_token *token, char room[GUESTS_ROOM], struct net_coap_message *ret);
