// SPDX-License-Identifier: Apache-2.0
/* hierarchy: a geographical, two sectoral and three primary registries, from their start to their end.  req: R6.1-a */
#include "cli/up_inside.h"

#include "cli/ca.h"

#include <stdio.h>
#include <string.h>

#define REGISTRAR "cin:U63119DL2026NPL000001"

enum { NONE = -1 };

/* Three levels; a geography goes by the name that it has already (9.1 i, NOTE). */
static const struct {
	const char *id, *type, *name;
	int parent;
} rows[REGISTRIES] = {
	[GEOGRAPHICAL] = {"IN", "geographical", "Trust registry of the geography", NONE},
	[SECTORAL_TELECOM] = {"IN.TEL", "sectoral", "Devices in telecommunications", GEOGRAPHICAL},
	[SECTORAL_ENERGY] = {"IN.NRG", "sectoral", "Devices in energy", GEOGRAPHICAL},
	[PRIMARY] = {"IN.TEL.P01", "primary", "Devices of one operator", SECTORAL_TELECOM},
	[PRIMARY_SECOND] = {"IN.TEL.P02", "primary", "Devices of another operator",
		SECTORAL_TELECOM},
	[PRIMARY_ENERGY] = {"IN.NRG.P01", "primary", "Meters and breakers", SECTORAL_ENERGY},
};

static struct realm *realm_of(struct up *up)
{
	return &up->sites[FIRST].realm;
}

const char *registry_id(size_t index)
{
	return rows[index].id;
}

size_t registry_parent(size_t index)
{
	return (size_t)rows[index].parent;
}

/* Where it is, and who: certificates name it as its RegID read backwards, as names in the DNS are. */
static enum err name_registry(struct up *up, size_t index)
{
	struct trust_registry *registry = &up->registries[index];
	const char *id = rows[index].id;
	char host[REALM_NAME] = "", file[64];
	size_t len = strlen(id), end = len;

	(void)snprintf(registry->name, sizeof(registry->name), "reg/%s", id);
	for (size_t at = len; at-- > 0;) {
		if (at == 0 || id[at - 1] == '.') {
			(void)snprintf(host + strlen(host), sizeof(host) - strlen(host), "%.*s.",
				(int)(end - at), id + at);
			end = at > 0 ? at - 1 : 0;
		}
	}
	for (char *c = host; *c; c++) {
		*c = (char)(*c >= 'A' && *c <= 'Z' ? *c | 0x20 : *c);
	}
	(void)snprintf(registry->host, sizeof(registry->host), "%.60sregistry.example", host);
	(void)snprintf(file, sizeof(file), "%s.port", registry->name);
	return realm_keep_port(realm_of(up), file, registry->api); /* others know it by now */
}

enum err hierarchy_name(struct up *up)
{
	const char **trusted = realm_of(up)->trusted;

	TRY(realm_make_folder(realm_of(up), "reg"));

	for (size_t i = 0; i < REGISTRIES; i++) {
		TRY(name_registry(up, i));
		if (i >= PRIMARY) {
			*trusted++ = up->registries[i].host;
		}
	}
	return OK;
}

static void put_tls(struct buf *yaml, const struct realm *realm, const char *host)
{
	buf_printf(yaml, "  certificate: \"%s/certificates/%s.pem\"\n", realm->dir, host);
	buf_printf(yaml, "  key: \"%s/certificates/%s.key\"\n", realm->dir, host);
	buf_printf(yaml, "  authority: \"%s/certificates/ca.pem\"\n", realm->dir);
}

/* Only a primary registry registers devices: it is a trusted application of the realm.  req: R9.2-note */
static void put_realm(struct buf *yaml, const struct realm *realm,
	const struct trust_registry *registry)
{
	buf_printf(yaml, "rp_d: {application: %s, listen: \"127.0.0.1:0\"}\n", registry->host);
	buf_printf(yaml, "coap: {listen: \"127.0.0.1:0\"}\n");
	buf_printf(yaml, "diameter:\n");
	put_tls(yaml, realm, registry->host);
	buf_printf(yaml, "  peers:\n    - {host: %s, realm: %s, address: \"%s\"}\n", realm->authn,
		realm->realm, realm->rp_a);
}

static enum err configure(struct up *up, size_t index)
{
	const struct trust_registry *registry = &up->registries[index];
	const struct realm *realm = realm_of(up);
	BUF_CLEANUP struct buf yaml = buf_growing(16384);
	char file[64];

	buf_printf(&yaml, "# Written by `symbolon up` at every start.\n");
	buf_printf(&yaml, "node: {host: %s, realm: %s}\nlog: {level: debug}\n", registry->host,
		registry->host);
	buf_printf(&yaml, "store: {url: \"sqlite:%s/%s.db\"}\n", realm->dir, registry->name);
	buf_printf(&yaml, "seal: {master_key: \"%s/%s.master\"}\n", realm->dir, registry->name);
	buf_printf(&yaml,
		"registry:\n  id: %s\n  type: %s\n  name: \"%s\"\n  url: \"https://%s%s\"\n"
		"  contact: registrar@%s\n",
		rows[index].id, rows[index].type, rows[index].name, registry->host,
		strrchr(registry->api, ':'), registry->host);
	/* The names are of no DNS. What asks a sectoral one to be taken in is of its own operator. */
	buf_printf(&yaml, "peers: {address: \"%s\", approve: %s}\n", registry->api,
		index == GEOGRAPHICAL ? "by-hand" : "below");
	buf_printf(&yaml, "api:\n  listen: \"%s\"\n  socket: \"%s/%s.sock\"\n", registry->api,
		realm->dir, registry->name);
	put_tls(&yaml, realm, registry->host);
	buf_printf(&yaml, "  administrators: [operator]\n");
	if (index >= PRIMARY) {
		put_realm(&yaml, realm, registry);
	}
	(void)snprintf(file, sizeof(file), "%s.yaml", registry->name);
	return realm_write_yaml(realm, file, &yaml);
}

static enum err prepare(struct up *up, size_t index)
{
	const struct trust_registry *registry = &up->registries[index];
	const struct realm *realm = realm_of(up);
	char file[64], certificates[PATH_MAX];

	(void)snprintf(file, sizeof(file), "%s.master", registry->name);
	TRY(realm_make_master(up->env, realm, file));
	TRY(ca_issue(realm_path(realm, "certificates", certificates), registry->host));
	return configure(up, index);
}

/* Each an application of its own, of an ASP that runs them all. */
static enum err register_applications(struct up *up)
{
	struct site *site = &up->sites[FIRST];
	const struct trust_registry *r = up->registries;

	OPERATE(site, "asp", "add", REGISTRAR, "--name", "Registrar", "--element", r[PRIMARY].host,
		"--element", r[PRIMARY_SECOND].host, "--element", r[PRIMARY_ENERGY].host,
		"--if-missing");
	for (size_t i = PRIMARY; i < REGISTRIES; i++) {
		OPERATE(site, "app", "add", r[i].host, "--asp", REGISTRAR, "--format", "y3056",
			"--ua", "0100000007", "--ua", "010001c0a8", "--attributes",
			"device_identity", "--if-missing");
	}
	return OK;
}

static enum err start(struct up *up, size_t index)
{
	struct trust_registry *registry = &up->registries[index];

	TRY(node_start(&up->sites[FIRST], &registry->node, registry->name, "symbolon-registry"));
	(void)snprintf(registry->node.actor, sizeof(registry->node.actor), "%s", rows[index].id);
	return OK;
}

static void say_up(const struct up *up, size_t index)
{
	char what[64];

	(void)snprintf(what, sizeof(what), "%*s%s registry (3.2.%d)",
		rows[index].parent == NONE	     ? 0
		: rows[index].parent == GEOGRAPHICAL ? 2
						     : 4,
		"", rows[index].type,
		index >= PRIMARY	? 1
		: index == GEOGRAPHICAL ? 3
					: 2);
	up_say(up, "  %-42s %-28s %s\n", what, rows[index].id, up->registries[index].api);
	if (up->registries[index].rp_d[0]) {
		up_say(up, "  %-42s %-28s %s, CoAP %s\n", "      for devices, RP_D", "",
			up->registries[index].rp_d, up->registries[index].coap);
	}
}

enum err hierarchy_start(struct up *up)
{
	const struct realm *realm = realm_of(up);

	if (up->registries[0].node.process) {
		return OK;
	}
	TRY(register_applications(up));
	TRY(realm_make_folder(realm, "logs/reg"));
	for (size_t i = 0; i < REGISTRIES; i++) {
		TRY(prepare(up, i));
		TRY(start(up, i));
	}
	for (size_t i = 0; i < REGISTRIES; i++) {
		struct trust_registry *registry = &up->registries[i];

		TRY(node_wait(&registry->node, "api", registry->api, REALM_ADDRESS));
		TRY(realm_ready(realm, registry->name, "rp_d", registry->rp_d, REALM_ADDRESS));
		TRY(realm_ready(realm, registry->name, "coap", registry->coap, REALM_ADDRESS));
		say_up(up, i);
	}
	return OK;
}

enum err hierarchy_check(const struct up *up)
{
	for (size_t i = 0; i < REGISTRIES; i++) {
		if (up->registries[i].node.ended) {
			return node_say_ended(&up->registries[i].node);
		}
	}
	return OK;
}

void hierarchy_stop(struct up *up)
{
	for (size_t i = REGISTRIES; i-- > 0;) {
		process_stop(up->registries[i].node.process);
	}
	for (size_t i = REGISTRIES; i-- > 0;) {
		node_stop(&up->registries[i].node);
	}
}
