// SPDX-License-Identifier: Apache-2.0
#include "net/address.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static enum err parse_unix(const char *text, const char *path, struct address *ret)
{
	if (path[0] != '/' || strlen(path) >= sizeof(ret->sa.un.sun_path)) {
		return err_fail(ERR_SYNTAX,
			"address \"%s\": a Unix socket is unix: and an absolute "
			"path of at most %zu bytes",
			text, sizeof(ret->sa.un.sun_path) - 1);
	}
	ret->sa.un.sun_family = AF_UNIX;
	(void)strcpy(ret->sa.un.sun_path, path);
	ret->len = sizeof(ret->sa.un);
	return OK;
}

static bool is_name(const char *host)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";

	return host[0] != '\0' && host[0] != '-' && host[strspn(host, letters)] == '\0';
}

/* `text` is "host:port" or "[v6]:port"; fills host and port. */
static bool split(const char *text, struct address *ret, uint64_t *ret_port)
{
	const char *host = text, *colon = strrchr(text, ':'), *end = colon;

	if (!colon) {
		return false;
	}
	if (text[0] == '[') {
		if (colon[-1] != ']') {
			return false;
		}
		host++;
		end--;
	}
	struct view port = view_text(colon + 1);
	struct view name = view_of(host, end > host ? (size_t)(end - host) : 0);
	return text_from_u64(port, 65535, ret_port, "port") == OK &&
	       text_copy(ret->port, sizeof(ret->port), port, "port") == OK &&
	       text_copy(ret->host, sizeof(ret->host), name, "host") == OK;
}

enum err address_parse(const char *text, struct address *ret)
{
	uint64_t port = 0;

	memset(ret, 0, sizeof(*ret));
	if (strncmp(text, "unix:", 5) == 0) {
		return parse_unix(text, text + 5, ret);
	}
	if (strlen(text) < ADDRESS_MAX && split(text, ret, &port)) {
		if (text[0] == '[' && inet_pton(AF_INET6, ret->host, &ret->sa.in6.sin6_addr) == 1) {
			ret->sa.in6.sin6_family = AF_INET6;
			ret->sa.in6.sin6_port = htons((uint16_t)port);
			ret->len = sizeof(ret->sa.in6);
			return OK;
		}
		if (text[0] != '[' && inet_pton(AF_INET, ret->host, &ret->sa.in.sin_addr) == 1) {
			ret->sa.in.sin_family = AF_INET;
			ret->sa.in.sin_port = htons((uint16_t)port);
			ret->len = sizeof(ret->sa.in);
			return OK;
		}
		if (text[0] != '[' && is_name(ret->host)) {
			return OK;
		}
	}
	return err_fail(ERR_SYNTAX,
		"address \"%.128s\" is not like 127.0.0.1:8080, [::1]:8080, "
		"name.example:8080 or unix:/run/x.sock",
		text);
}

enum err address_check(const char *text)
{
	struct address a;

	return address_parse(text, &a);
}

void address_from(const struct sockaddr *sa, socklen_t len, struct address *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->len = len < sizeof(ret->sa) ? len : sizeof(ret->sa);
	memcpy(&ret->sa, sa, ret->len);
}

void address_text(const struct sockaddr *sa, char ret[ADDRESS_MAX])
{
	const struct sockaddr_in *in = (const void *)sa;
	const struct sockaddr_in6 *in6 = (const void *)sa;
	const struct sockaddr_un *un = (const void *)sa;
	char host[INET6_ADDRSTRLEN] = "";

	switch (sa->sa_family) {
	case AF_INET:
		(void)inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
		(void)snprintf(ret, ADDRESS_MAX, "%s:%u", host, ntohs(in->sin_port));
		break;
	case AF_INET6:
		(void)inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
		(void)snprintf(ret, ADDRESS_MAX, "[%s]:%u", host, ntohs(in6->sin6_port));
		break;
	case AF_UNIX:
		if (un->sun_path[0] == '/') {
			(void)snprintf(ret, ADDRESS_MAX, "unix:%s", un->sun_path);
			break;
		}
		(void)strcpy(ret, "unix");
		break;
	default:
		(void)strcpy(ret, "");
	}
}

struct view address_crowd(const union peer_address *peer)
{
	enum { SITE = 8 }; /* bytes of an IPv6 address that one site commonly has */

	if (peer->any.sa_family == AF_INET) {
		return view_of(&peer->in.sin_addr, sizeof(peer->in.sin_addr));
	}
	if (peer->any.sa_family == AF_INET6) {
		return view_of(&peer->in6.sin6_addr, SITE);
	}
	return view_text("unix");
}

bool address_is_number(const char *host)
{
	struct in6_addr any;

	return inet_pton(AF_INET, host, &any) == 1 || inet_pton(AF_INET6, host, &any) == 1;
}
