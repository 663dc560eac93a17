// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "hierarchy.h"
#include "registry/api/api.h"

#include <ctype.h>

void hierarchy_open(struct hierarchy *h)
{
	*h = (struct hierarchy){.count = 0};
	fake_ca_open(&h->ca);
}

void hierarchy_close(struct hierarchy *h)
{
	while (h->count > 0) {
		registry_flow_stop(&h->at[--h->count]);
	}
	fake_ca_close(&h->ca);
}

static void small(const char *id, char ret[64])
{
	size_t i;

	for (i = 0; id[i]; i++) {
		ret[i] = id[i] == '.' ? '-' : (char)tolower(id[i]);
	}
	(void)snprintf(ret + i, 64 - i, ".example");
}

static struct registry_flow *add(struct hierarchy *h, const char *id, const char *host,
	const char *own, const char *more)
{
	struct registry_flow *r = &h->at[h->count++];
	char yaml[2048];

	(void)snprintf(yaml, sizeof(yaml), "  listen: 127.0.0.1:0\n%s  authority: %s\n%s", own,
		h->ca.authority, more);
	registry_flow_host = host;
	registry_flow_start(r, id, yaml);
	registry_flow_host = NULL;
	return r;
}

struct registry_flow *hierarchy_add(struct hierarchy *h, const char *id, const char *more)
{
	struct fake_certificate own;
	char host[64], dns[80], lines[256];

	small(id, host);
	(void)snprintf(dns, sizeof(dns), "DNS:%s", host);
	fake_ca_issue(&h->ca, host, dns, 10, &own);
	(void)snprintf(lines, sizeof(lines), "  certificate: %s\n  key: %s\n", own.certificate,
		own.key);
	return add(h, id, host, lines, more);
}

struct registry_flow *hierarchy_add_bare(struct hierarchy *h, const char *id, const char *more)
{
	char host[64];

	small(id, host);
	return add(h, id, host, "", more);
}

void hierarchy_restart(struct hierarchy *h, struct registry_flow *r)
{
	char address[ADDRESS_MAX];

	(void)h;
	(void)snprintf(address, sizeof(address), "%s", api_address(r->registry.api));
	assert_ok(conf_set(registry_options, "api.listen", address, &r->conf));
	registry_flow_restart(r);
}

void hierarchy_turn(struct hierarchy *h)
{
	for (size_t i = 0; i < h->count; i++) {
		fake_env_advance(&h->at[i].env, 2);
		loop_turn(h->at[i].loop, 1);
	}
}

struct peer *hierarchy_peer(const struct registry_flow *r, const char *id)
{
	return peers_find(r->registry.peers, view_text(id));
}

bool hierarchy_is(const struct registry_flow *r, const char *id, enum peer_state state)
{
	const struct peer *peer = hierarchy_peer(r, id);

	return peer && peer->state == state;
}

bool hierarchy_in_step(const struct registry_flow *at, const struct registry_flow *with)
{
	const struct peer *peer = hierarchy_peer(at, with->registry.id.text);

	return peer && peer->follower && peer->follower->check.greeted &&
	       peer->seq == ledger_size(with->registry.ledger);
}

unsigned hierarchy_ask(struct registry_flow *child, struct registry_flow *parent,
	const char *relation)
{
	char body[512], host[64];

	small(parent->registry.id.text, host);
	(void)snprintf(body, sizeof(body),
		"{\"id\":\"%s\",\"url\":\"https://%s\",\"address\":\"%s\",\"relation\":\"%s\"}",
		parent->registry.id.text, host, api_address(parent->registry.api), relation);
	return registry_ask(child, "POST", "/v1/registries", body);
}

void hierarchy_join(struct hierarchy *h, struct registry_flow *child, struct registry_flow *parent,
	const char *relation)
{
	const char *child_id = child->registry.id.text, *parent_id = parent->registry.id.text;
	char target[128];

	if (hierarchy_ask(child, parent, relation) != 202) {
		fail_msg("%s", registry_said(child));
	}
	hierarchy_until(h, hierarchy_is(parent, child_id, PEER_ASKED));
	(void)snprintf(target, sizeof(target), "/v1/registries/%s/approval", child_id);
	assert_registry(parent, 200, "PUT", target, "{\"approve\":true}");
	hierarchy_until(h, hierarchy_is(child, parent_id, PEER_JOINED));
	hierarchy_until(h, hierarchy_in_step(parent, child) && hierarchy_in_step(child, parent));
}
