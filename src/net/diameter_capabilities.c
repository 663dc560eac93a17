// SPDX-License-Identifier: Apache-2.0
/* Capabilities exchange (RFC 6733 5.3): what we say, and whether we accept what they say. */
#include "net/diameter_inside.h"

#include "net/address.h"

#define PRODUCT_NAME "Symbolon"

/* Our end of the connection as an Address: family, octets. */
static struct view own_address(struct conn *c, uint8_t room[18])
{
	struct buf out = buf_fixed(room, 18);
	char text[ADDRESS_MAX];
	struct address own;

	stream_own_address(c->stream, text);
	if (address_parse(text, &own) != OK) {
		return view_of(NULL, 0);
	}
	bool v6 = own.sa.any.sa_family == AF_INET6;

	buf_u16(&out, v6 ? 2 : 1);
	if (v6) {
		buf_bytes(&out, &own.sa.in6.sin6_addr, sizeof(own.sa.in6.sin6_addr));
	} else {
		buf_bytes(&out, &own.sa.in.sin_addr, sizeof(own.sa.in.sin_addr));
	}
	return buf_contents(&out);
}

static bool is_vendor_specific(uint32_t application)
{
	return application >= 0x01000000;
}

/* Peers differ in where they look for an application of a vendor, so it stands in both places. */
void capabilities_send(struct conn *c, const struct diameter_header *header,
	enum diameter_result result)
{
	struct diameter_node *n = c->node;
	uint8_t address[18];
	struct diameter_capabilities caps = {
		.has_result = !(header->flags & DIAMETER_REQUEST),
		.result = result,
		.origin_host = host_of(n),
		.origin_realm = realm_of(n),
		.host_address = own_address(c, address),
		.product_name = view_text(PRODUCT_NAME),
		.has_state_id = true,
		.origin_state_id = n->state_id,
		.supported_vendors = {VENDOR_3GPP},
		.supported_vendor_count = 1,
	};

	for (size_t i = 0; i < n->application_count; i++) {
		uint32_t application = n->applications[i];

		caps.auth_applications[caps.auth_application_count++] = application;
		if (is_vendor_specific(application)) {
			caps.vendor_applications[caps.vendor_application_count++] =
				(struct diameter_application_id){.vendor_id = VENDOR_3GPP,
					.has_auth = true,
					.auth = application};
		}
	}
	conn_send_rows(c, header, diameter_capabilities_rows, &caps);
}

static uint32_t common_applications(const struct diameter_node *n,
	const struct diameter_capabilities *caps)
{
	uint32_t mask = 0;

	for (size_t i = 0; i < n->application_count; i++) {
		if (diameter_announces(caps, n->applications[i])) {
			mask |= UINT32_C(1) << i;
		}
	}
	return mask;
}

static struct peer *find_peer(struct diameter_node *n, struct view host)
{
	for (size_t i = 0; i < n->peer_count; i++) {
		if (view_is_nocase(host, n->peers[i].host)) {
			return &n->peers[i];
		}
	}
	return NULL;
}

/* Who it says it is, is configured, and its certificate says so too.  req: B9.6.2 */
static enum err identify(struct conn *c, const struct diameter_capabilities *caps, struct peer **ret)
{
	struct peer *p = find_peer(c->node, caps->origin_host);

	if (!p) {
		return err_fail(ERR_DENIED, "RFC 6733 5.3: unknown peer %.*s",
			(int)caps->origin_host.len, (const char *)caps->origin_host.data);
	}
	if (!view_is_nocase(caps->origin_realm, p->realm)) {
		return err_fail(ERR_DENIED, "RFC 6733 5.3: %s is not of realm %.*s", p->host,
			(int)caps->origin_realm.len, (const char *)caps->origin_realm.data);
	}
	if (!c->secure && !p->plain) {
		return err_fail(ERR_DENIED, "RFC 6733 2.2: %s must use TLS", p->host);
	}
	if (c->secure && !stream_peer_is(c->stream, p->host)) {
		return err_fail(ERR_DENIED, "RFC 6733 13.1: the certificate of %s is not for %s",
			stream_peer_name(c->stream), p->host);
	}
	*ret = p;
	return OK;
}

enum err capabilities_check_cer(struct conn *c, struct view message, struct peer **ret,
	struct view *ret_origin_host, struct diameter_fault *ret_fault)
{
	struct diameter_capabilities caps;
	struct peer *p = NULL;

	TRY(diameter_decode(message, diameter_capabilities_rows, &caps, ret_fault));
	*ret_fault = (struct diameter_fault){.result = DIAMETER_UNKNOWN_PEER};
	TRY(identify(c, &caps, &p));
	c->cer_applications = common_applications(c->node, &caps);
	if (c->cer_applications == 0) {
		ret_fault->result = DIAMETER_NO_COMMON_APPLICATION;
		return err_fail(ERR_UNSUPPORTED, "RFC 6733 5.3: no application in common with %s",
			p->host);
	}
	*ret = p;
	*ret_origin_host = caps.origin_host;
	return OK;
}

enum err capabilities_check_cea(struct peer *p, const struct diameter_header *header,
	struct view message, uint32_t *ret_applications)
{
	struct diameter_capabilities caps;
	struct diameter_fault fault;

	if (header->command != DIAMETER_CER || header->flags & DIAMETER_REQUEST ||
		header->hop_by_hop != p->cer_id) {
		return err_fail(ERR_SYNTAX, "RFC 6733 5.6: command %u instead of the CEA",
			header->command);
	}
	TRY(diameter_decode(message, diameter_capabilities_rows, &caps, &fault));
	if (!caps.has_result || caps.result != DIAMETER_SUCCESS) {
		return err_fail(ERR_DENIED, "RFC 6733 5.3: it refuses us with %u: %.*s",
			caps.result, (int)caps.error_message.len,
			caps.error_message.len ? (const char *)caps.error_message.data : "");
	}
	if (!view_is_nocase(caps.origin_host, p->host) ||
		!view_is_nocase(caps.origin_realm, p->realm)) {
		return err_fail(ERR_DENIED, "RFC 6733 5.3: it is %.*s of %.*s",
			(int)caps.origin_host.len, (const char *)caps.origin_host.data,
			(int)caps.origin_realm.len, (const char *)caps.origin_realm.data);
	}
	*ret_applications = common_applications(p->node, &caps);
	return *ret_applications ? OK
				 : err_fail(ERR_UNSUPPORTED, "RFC 6733 5.3: no common application");
}
