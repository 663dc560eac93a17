// SPDX-License-Identifier: Apache-2.0
/*
 * rp_d: a registry is a trusted application of a realm (Y.3056): devices reach it with TLS under the key of their
 * bootstrap_token, so that the realm says who is calling, and the registry asks nobody's word for it. What is served
 * there are the routes of WHO_DEVICE and WHO_ANYONE.  req: R9.2-note R10 R7-i-b
 */
#pragma once

#include "app/symapp.h"
#include "registry/registry.h"

/* Without rp_d.application there is nothing to do. ERR_CONFIG names the option. */
enum err realm_door_start_up(struct registry *registry);
/* Whoever is connected is cut off, and all visits end. */
void realm_door_shut_down(struct registry *registry);

const char *realm_door_address(const struct realm *realm); /* where devices connect; "": nowhere */
const struct listener *realm_door_listener(const struct realm *realm); /* NULL: none */
struct symapp *realm_door_app(const struct realm *realm);	       /* NULL: none */
void realm_door_collect(const struct realm *realm, struct buf *out);
void realm_door_unready(const struct realm *realm, struct buf *out);
