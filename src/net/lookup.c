// SPDX-License-Identifier: Apache-2.0
#include "net/lookup.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_MAX = 8192, PATIENCE_S = 2, TRIES = 2 };

static enum err use_server(struct __res_state *state, const char *server)
{
	char host[INET_ADDRSTRLEN];
	const char *colon = strrchr(server, ':');
	size_t len = colon ? (size_t)(colon - server) : strlen(server);
	struct sockaddr_in to = {.sin_family = AF_INET};
	long port = colon ? strtol(colon + 1, NULL, 10) : NAMESERVER_PORT;

	(void)snprintf(host, sizeof(host), "%.*s", (int)(len < sizeof(host) ? len : 0), server);
	if (inet_pton(AF_INET, host, &to.sin_addr) != 1 || port < 1 || port > 65535) {
		return err_fail(ERR_CONFIG, "name server %s: ADDRESS:PORT is wanted", server);
	}
	to.sin_port = htons((uint16_t)port);
	state->nscount = 1;
	state->nsaddr_list[0] = to;
	return OK;
}

static enum err fault(const struct __res_state *state, const char *name)
{
	if (state->res_h_errno == HOST_NOT_FOUND || state->res_h_errno == NO_DATA) {
		return err_fail(ERR_NOT_FOUND, "%s: no such name, or nothing of the kind there",
			name);
	}
	return err_fail(ERR_UNAVAILABLE, "%s: the name server does not answer", name);
}

static enum err ask(const char *server, const char *name, int type, uint8_t answer[ANSWER_MAX],
	ns_msg *ret)
{
	struct __res_state state = {.options = 0};
	enum err err = OK;

	if (res_ninit(&state) != 0) {
		return err_fail(ERR_IO, "%s: the resolver cannot be set up", name);
	}
	state.retrans = PATIENCE_S;
	state.retry = TRIES;
	if (server[0]) {
		err = use_server(&state, server);
	}
	int len = err == OK ? res_nquery(&state, name, ns_c_in, type, answer, ANSWER_MAX) : -1;

	if (err == OK && len < 0) {
		err = fault(&state, name);
	}
	res_nclose(&state);
	TRY(err);
	if (len > ANSWER_MAX || ns_initparse(answer, len, ret) != 0) {
		return err_fail(ERR_SYNTAX, "%s: an answer that cannot be read", name);
	}
	return OK;
}

static enum err add_addresses(const char *server, const char *name, int type, size_t len,
	struct lookup_addresses *ret)
{
	uint8_t answer[ANSWER_MAX];
	ns_msg message;
	ns_rr rr;

	TRY(ask(server, name, type, answer, &message));
	for (int i = 0; i < ns_msg_count(message, ns_s_an); i++) {
		if (ns_parserr(&message, ns_s_an, i, &rr) != 0) {
			return err_fail(ERR_SYNTAX, "%s: an answer that cannot be read", name);
		}
		if ((int)ns_rr_type(rr) == type && ns_rr_rdlen(rr) == len &&
			ret->count < LOOKUP_ADDRESSES) {
			memcpy(ret->items[ret->count].bytes, ns_rr_rdata(rr), len);
			ret->items[ret->count++].len = len;
		}
	}
	return OK;
}

enum err lookup_addresses(const char *server, const char *name, struct lookup_addresses *ret)
{
	ret->count = 0;
	enum err four = add_addresses(server, name, ns_t_a, 4, ret);
	enum err six = add_addresses(server, name, ns_t_aaaa, 16, ret);

	if (ret->count > 0) {
		return OK;
	}
	if (four != OK && four != ERR_NOT_FOUND) {
		return four;
	}
	return six != OK ? six : err_fail(ERR_NOT_FOUND, "%s: it has no address", name);
}

/* RFC 1035 3.3.14: pieces of up to 255 bytes, each after its length. */
static void add_text(const ns_rr *rr, struct lookup_texts *ret)
{
	struct reader r = reader_of(view_of(ns_rr_rdata(*rr), ns_rr_rdlen(*rr)));
	struct buf text = buf_fixed(ret->texts[ret->count], LOOKUP_TEXT_MAX + 1);

	while (reader_left(&r) > 0) {
		buf_view(&text, reader_bytes(&r, reader_u8(&r)));
	}
	buf_u8(&text, '\0');
	if (!r.failed && !text.failed) {
		ret->count++;
	}
}

enum err lookup_texts(const char *server, const char *name, struct lookup_texts *ret)
{
	uint8_t answer[ANSWER_MAX];
	ns_msg message;
	ns_rr rr;

	ret->count = 0;
	TRY(ask(server, name, ns_t_txt, answer, &message));
	for (int i = 0; i < ns_msg_count(message, ns_s_an) && ret->count < LOOKUP_TEXTS; i++) {
		if (ns_parserr(&message, ns_s_an, i, &rr) != 0) {
			return err_fail(ERR_SYNTAX, "%s: an answer that cannot be read", name);
		}
		if (ns_rr_type(rr) == ns_t_txt) {
			add_text(&rr, ret);
		}
	}
	return ret->count > 0 ? OK : err_fail(ERR_NOT_FOUND, "%s: no TXT record", name);
}

static const struct {
	uint8_t bytes[16];
	uint8_t len, bits;
} not_public[] = {
	{{0}, 4, 8},
	{{10}, 4, 8},
	{{100, 64}, 4, 10},
	{{127}, 4, 8},
	{{169, 254}, 4, 16},
	{{172, 16}, 4, 12},
	{{192, 0, 0}, 4, 24},
	{{192, 0, 2}, 4, 24},
	{{192, 88, 99}, 4, 24},
	{{192, 168}, 4, 16},
	{{198, 18}, 4, 15},
	{{198, 51, 100}, 4, 24},
	{{203, 0, 113}, 4, 24},
	{{224}, 4, 3},			    /* multicast, and what is reserved */
	{{0x20, 0x01, 0x00, 0x00}, 16, 23}, /* Teredo, ORCHID and others */
	{{0x20, 0x01, 0x0d, 0xb8}, 16, 32},
	{{0x20, 0x02}, 16, 16}, /* 6to4: an IPv4 address inside */
	{{0x3f, 0xff}, 16, 20},
};

static bool begins_with(const uint8_t *address, const uint8_t *prefix, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (memcmp(address, prefix, whole) != 0) {
		return false;
	}
	return rest == 0 || (address[whole] ^ prefix[whole]) >> (8 - rest) == 0;
}

bool lookup_is_public(const struct lookup_address *address)
{
	if (address->len == 16 && address->bytes[0] >> 5 != 1) {
		return false; /* not 2000::/3 */
	}
	for (size_t i = 0; i < sizeof(not_public) / sizeof(not_public[0]); i++) {
		if (not_public[i].len == address->len &&
			begins_with(address->bytes, not_public[i].bytes, not_public[i].bits)) {
			return false;
		}
	}
	return true;
}

void lookup_print(const struct lookup_address *address, char ret[LOOKUP_PRINTED])
{
	char text[INET6_ADDRSTRLEN] = "";

	(void)inet_ntop(address->len == 4 ? AF_INET : AF_INET6, address->bytes, text, sizeof(text));
	(void)snprintf(ret, LOOKUP_PRINTED, address->len == 4 ? "%s" : "[%s]", text);
}
