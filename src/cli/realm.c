// SPDX-License-Identifier: Apache-2.0
#include "cli/realm.h"

#include "base/secret.h"
#include "base/text.h"
#include "cli/ca.h"
#include "wire/jose.h"
#include "wire/json.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SOCKET_PATH_MAX = 100, AUTHORITY_MAX = 16 * 1024 };
enum { PORT_FIRST = 20000, PORTS = 12000, PORT_TRIES = 64 };

static enum err make_folder(const char *path)
{
	if (mkdir(path, 0700) != 0 && errno != EEXIST) {
		return err_system("%s", path);
	}
	return OK;
}

const char *realm_path(const struct realm *realm, const char *name, char *ret)
{
	int len = snprintf(ret, PATH_MAX, "%s/%s", realm->dir, name);

	return len < PATH_MAX ? ret : "";
}

enum err realm_make_folder(const struct realm *realm, const char *name)
{
	char path[PATH_MAX];

	return make_folder(realm_path(realm, name, path));
}

static enum err lock_folder(struct realm *realm)
{
	char path[PATH_MAX];

	realm->lock = open(realm_path(realm, "lock", path), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (realm->lock < 0) {
		return err_system("%s", path);
	}
	if (flock(realm->lock, LOCK_EX | LOCK_NB) != 0) {
		return err_fail(ERR_WRONG_STATE,
			"%s: another `symbolon up` runs here; stop it, or choose --dir", realm->dir);
	}
	return OK;
}

enum err realm_make_master(const struct env *env, const struct realm *realm, const char *name)
{
	char path[PATH_MAX];
	uint8_t bytes[32], text[65];
	struct buf hex = buf_fixed(text, sizeof(text));

	if (access(realm_path(realm, name, path), F_OK) == 0) {
		return OK;
	}
	TRY(env->random(env, bytes, sizeof(bytes)));
	text_hex(&hex, view_of(bytes, sizeof(bytes)));
	buf_u8(&hex, '\n');
	enum err err = text_write_file(path, buf_contents(&hex), 0600);

	bytes_wipe(bytes, sizeof(bytes));
	bytes_wipe(text, sizeof(text));
	return err;
}

static void name_all(struct realm *realm, const char *name)
{
	(void)snprintf(realm->realm, REALM_NAME, "%.90s", name);
	(void)snprintf(realm->authz, REALM_NAME, "authz1.%.90s", name);
	(void)snprintf(realm->authn, REALM_NAME, "authn1.%.90s", name);
	(void)snprintf(realm->element, REALM_NAME, "gateway.app.example");
	(void)snprintf(realm->application, REALM_NAME, "app.example");
	(void)snprintf(realm->client, REALM_NAME, "001010123456789@%.90s", name);
	(void)snprintf(realm->refused, REALM_NAME, "001010123456790@%.90s", name);
}

/* realm.key signs the realm document, realm.pem is what devices pin; envelope.key opens keys that devices bring along. */
static enum err make_pair(const struct realm *realm, const char *pair_name, const char *half_name)
{
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;
	BUF_CLEANUP struct buf pair = buf_growing(4096), half = buf_growing(4096);
	char path[PATH_MAX];

	if (access(realm_path(realm, pair_name, path), F_OK) == 0) {
		return OK;
	}
	TRY(jose_key_make(JOSE_ES256, &key));
	TRY(jose_key_to_pem(key, false, &half));
	TRY(jose_key_to_pem(key, true, &pair));
	TRY(text_write_file(realm_path(realm, half_name, path), buf_contents(&half), 0600));
	enum err err =
		text_write_file(realm_path(realm, pair_name, path), buf_contents(&pair), 0600);

	buf_wipe(&pair);
	return err;
}

enum err realm_open(const struct env *env, const char *dir, const char *name, struct realm *ret)
{
	char path[PATH_MAX];

	name_all(ret, name);
	ret->lock = -1;
	TRY(make_folder(dir));
	if (!realpath(dir, ret->dir)) {
		return err_system("%s", dir);
	}
	if (strlen(ret->dir) > SOCKET_PATH_MAX - strlen("/authz.sock")) {
		return err_fail(ERR_RANGE,
			"%s: too long for a Unix socket in it; choose a shorter --dir", ret->dir);
	}
	TRY(lock_folder(ret));
	TRY(make_folder(realm_path(ret, "certificates", path)));
	TRY(ca_make(path, ret->realm));
	TRY(ca_issue(path, ret->authz));
	TRY(ca_issue(path, ret->authn));
	TRY(ca_issue(path, ret->element));
	TRY(ca_issue(path, "operator"));
	TRY(make_folder(realm_path(ret, "device", path)));
	TRY(make_folder(realm_path(ret, "logs", path)));
	TRY(make_pair(ret, "realm.key", "realm.pem"));
	TRY(make_pair(ret, "envelope.key", "envelope.pem"));
	TRY(realm_make_master(env, ret, "authz.master"));
	TRY(realm_make_master(env, ret, "authn.master"));
	return realm_make_master(env, ret, "gateway.master");
}

void realm_close(struct realm *realm)
{
	if (realm->lock >= 0) {
		close(realm->lock);
		realm->lock = -1;
	}
}

static enum err append_authority(const struct realm *realm, struct buf *out)
{
	BUF_CLEANUP struct buf pem = buf_growing(0);
	char path[PATH_MAX];

	TRY(text_read_file(realm_path(realm, "certificates/ca.pem", path), AUTHORITY_MAX, &pem));
	buf_view(out, buf_contents(&pem));
	return OK;
}

/* `wanted` 0: any. */
static enum err try_port(uint16_t wanted, char ret[REALM_ADDRESS])
{
	struct sockaddr_in at = {.sin_family = AF_INET,
		.sin_port = htons(wanted),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const int yes = 1;
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool failed = fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0 ||
		      bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 ||
		      getsockname(fd, (struct sockaddr *)&at, &len) != 0;
	enum err err = failed ? err_system("a port on the loopback") : OK;

	if (fd >= 0) {
		(void)close(fd);
	}
	TRY(err);
	(void)snprintf(ret, REALM_ADDRESS, "127.0.0.1:%u", ntohs(at.sin_port));
	return OK;
}

/* Not of those that the system gives to whoever asks for any: somebody would have it before the node starts. */
enum err realm_choose_port(char ret[REALM_ADDRESS])
{
	static unsigned tries;

	for (int i = 0; i < PORT_TRIES; i++) {
		unsigned number = (unsigned)getpid() * 97 + 131 * tries++;

		if (try_port((uint16_t)(PORT_FIRST + number % PORTS), ret) == OK) {
			return OK;
		}
	}
	return try_port(0, ret);
}

enum err realm_keep_port(const struct realm *realm, const char *name, char ret[REALM_ADDRESS])
{
	BUF_CLEANUP struct buf kept = buf_growing(64);
	char path[PATH_MAX];

	realm_path(realm, name, path);
	if (access(path, F_OK) == 0) {
		TRY(text_read_file(path, 64, &kept));
		if (try_port((uint16_t)atoi(buf_string(&kept)), ret) == OK) {
			return OK;
		}
	}
	TRY(realm_choose_port(ret));
	return text_write_file(path, view_text(strrchr(ret, ':') + 1), 0600);
}

enum err realm_choose_ports(struct realm *realm)
{
	TRY(realm_choose_port(realm->portal));
	return realm_choose_port(realm->change);
}

enum err realm_write_authorities(const struct realm *realm)
{
	BUF_CLEANUP struct buf pem = buf_growing(2 * AUTHORITY_MAX);
	char path[PATH_MAX];

	TRY(append_authority(realm, &pem));
	TRY(realm->neighbour ? append_authority(realm->neighbour, &pem) : OK);
	TRY(buf_end(&pem, "authorities.pem"));
	return text_write_file(realm_path(realm, "authorities.pem", path), buf_contents(&pem), 0600);
}

enum err realm_write_yaml(const struct realm *realm, const char *name, struct buf *yaml)
{
	char path[PATH_MAX];

	TRY(buf_end(yaml, name));
	return text_write_file(realm_path(realm, name, path), buf_contents(yaml), 0600);
}

static void common(struct buf *yaml, const struct realm *realm, const char *program,
	const char *node, const char *node_realm)
{
	buf_printf(yaml, "# Written by `symbolon up` at every start.\n");
	buf_printf(yaml, "node: {host: %s, realm: %s}\n", node, node_realm);
	buf_printf(yaml, "log: {level: debug}\n");
	buf_printf(yaml, "store: {url: \"sqlite:%s/%s.db\"}\n", realm->dir, program);
	buf_printf(yaml, "seal: {master_key: \"%s/%s.master\"}\n", realm->dir, program);
}

static void tls_files_of(struct buf *yaml, const struct realm *realm, const char *node,
	const char *authority)
{
	buf_printf(yaml, "  certificate: \"%s/certificates/%s.pem\"\n", realm->dir, node);
	buf_printf(yaml, "  key: \"%s/certificates/%s.key\"\n", realm->dir, node);
	buf_printf(yaml, "  authority: \"%s/%s\"\n", realm->dir, authority);
}

static void tls_files(struct buf *yaml, const struct realm *realm, const char *node)
{
	tls_files_of(yaml, realm, node, "certificates/ca.pem");
}

/* The other operator: devices change to it and come from it (10.6). */
static void put_change(struct buf *yaml, const struct realm *realm)
{
	const struct realm *other = realm->neighbour;

	if (!other) {
		return;
	}
	buf_printf(yaml, "change:\n  listen: \"%s\"\n  approval: automatic\n  retry: 1s\n",
		realm->change);
	tls_files_of(yaml, realm, realm->authz, "authorities.pem");
	buf_printf(yaml, "  envelope_key: \"%s/envelope.key\"\n  signing_key: \"%s/realm.key\"\n",
		realm->dir, realm->dir);
	buf_printf(yaml,
		"  realms:\n    - {realm: %s, host: %s, address: \"%s\",\n"
		"       key: \"%s/envelope.pem\", signing_key: \"%s/realm.pem\"}\n",
		other->realm, other->authz, other->change, other->dir, other->dir);
}

static void put_portal(struct buf *yaml, const struct realm *realm)
{
	buf_printf(
		yaml, "portal:\n  listen: \"%s\"\n  url: \"https://%s\"\n  operator: \"The operator of %s\"\n",
		realm->portal, realm->portal, realm->realm);
	tls_files(yaml, realm, realm->authz);
	buf_printf(yaml, "extension: {key: \"%s/realm.key\"}\n", realm->dir);
	buf_printf(yaml,
		"asp: {ca_certificate: \"%s/certificates/ca.pem\", ca_key: "
		"\"%s/certificates/ca.key\"}\n",
		realm->dir, realm->dir);
}

enum err realm_configure_authz(const struct realm *realm)
{
	BUF_CLEANUP struct buf yaml = buf_growing(16384);

	common(&yaml, realm, "authz", realm->authz, realm->realm);
	buf_printf(&yaml, "diameter:\n  listen: \"%s\"\n", realm->rp_b);
	tls_files(&yaml, realm, realm->authz);
	buf_printf(&yaml, "  peers:\n    - {host: %s, realm: %s}\n", realm->authn, realm->realm);
	buf_printf(&yaml, "operator:\n  listen: \"%s\"\n  socket: \"%s/authz.sock\"\n",
		realm->operator_api, realm->dir);
	tls_files(&yaml, realm, realm->authz);
	buf_printf(&yaml, "  operators: [operator]\nadmin: {socket: \"%s/admin.sock\"}\n",
		realm->dir);
	put_portal(&yaml, realm);
	put_change(&yaml, realm);
	return realm_write_yaml(realm, "authz.yaml", &yaml);
}

enum err realm_configure_authn(const struct realm *realm)
{
	BUF_CLEANUP struct buf yaml = buf_growing(16384);

	common(&yaml, realm, "authn", realm->authn, realm->realm);
	buf_printf(&yaml, "diameter:\n  listen: \"%s\"\n", realm->rp_a);
	tls_files_of(&yaml, realm, realm->authn, "authorities.pem");
	buf_printf(&yaml, "  peers:\n    - {host: %s, realm: %s, address: \"%s\"}\n", realm->authz,
		realm->realm, realm->rp_b);
	buf_printf(&yaml, "    - {host: %s, realm: %s}\n", realm->element, realm->application);
	for (size_t i = 0; i < REALM_TRUSTED && realm->trusted[i]; i++) {
		buf_printf(&yaml, "    - {host: %s, realm: %s}\n", realm->trusted[i],
			realm->trusted[i]);
	}
	buf_printf(&yaml,
		"realm_document:\n  key: \"%s/realm.key\"\n  change_key: \"%s/envelope.pem\"\n"
		"  trust_anchors: \"%s/certificates/ca.pem\"\n  portal: \"https://%s\"\n"
		"  nodes: [{role: authz, host: %s, address: \"%s\"}]\n",
		realm->dir, realm->dir, realm->dir, realm->portal, realm->authz, realm->portal);
	buf_printf(&yaml, "rp_c:\n  listen: \"%s\"\n", realm->rp_c);
	tls_files(&yaml, realm, realm->authn);
	return realm_write_yaml(realm, "authn.yaml", &yaml);
}

enum err realm_configure_gateway(const struct realm *realm)
{
	BUF_CLEANUP struct buf yaml = buf_growing(16384);

	common(&yaml, realm, "gateway", realm->element, realm->application);
	/* Of its own realm all but URL and key comes from the document; another realm's node is named here. */
	buf_printf(&yaml, "diameter:\n");
	tls_files_of(&yaml, realm, realm->element, "authorities.pem");
	if (realm->neighbour) {
		buf_printf(&yaml, "  peers:\n    - {host: %s, realm: %s, address: \"%s\"}\n",
			realm->neighbour->authn, realm->neighbour->realm, realm->neighbour->rp_a);
	}
	buf_printf(&yaml,
		"realm:\n  url: \"https://%s\"\n  address: \"%s\"\n  anchor: \"%s/realm.pem\"\n",
		realm->authn, realm->rp_c, realm->dir);
	buf_printf(&yaml,
		"applications:\n  - {id: %s, listen: \"%s\", mode: http, backend: \"%s\"}\n",
		realm->application, realm->rp_d, realm->backend);
	return realm_write_yaml(realm, "gateway.yaml", &yaml);
}

enum err realm_ready(const struct realm *realm, const char *name, const char *member, char *ret,
	size_t room)
{
	char file[64], path[PATH_MAX];
	BUF_CLEANUP struct buf text = buf_growing(16384);
	JSON_CLEANUP struct json *ready = NULL;
	struct view value;

	ret[0] = '\0';
	(void)snprintf(file, sizeof(file), "%s.ready", name);
	if (access(realm_path(realm, file, path), F_OK) != 0) {
		return OK;
	}
	TRY(text_read_file(path, 16384, &text));
	TRY(json_parse(buf_contents(&text), 16384, &ready));
	TRY(json_text(ready, member, &value));
	return text_copy(ret, room, value, member);
}

static void put_path(struct json_writer *w, const struct realm *realm, const char *name,
	const char *file)
{
	char path[PATH_MAX];

	json_put_string(w, name, realm_path(realm, file, path));
}

static void put_node(struct json_writer *w, const struct realm *realm, const char *name,
	const char *node)
{
	char file[PATH_MAX];

	json_open(w, name);
	json_put_string(w, "node", node);
	(void)snprintf(file, sizeof(file), "certificates/%s.pem", node);
	put_path(w, realm, "certificate", file);
	(void)snprintf(file, sizeof(file), "%s.yaml", name);
	put_path(w, realm, "configuration", file);
	(void)snprintf(file, sizeof(file), "logs/%s.log", name);
	put_path(w, realm, "log", file);
}

enum err realm_write_endpoints(const struct realm *realm)
{
	char path[PATH_MAX];
	BUF_CLEANUP struct buf text = buf_growing(65536);
	struct json_writer w = json_to(&text);

	json_open(&w, NULL);
	json_put_string(&w, "realm", realm->realm);
	put_path(&w, realm, "authority", "certificates/ca.pem");
	put_node(&w, realm, "authz", realm->authz);
	json_put_string(&w, "rp_b", realm->rp_b);
	json_put_string(&w, "operator", realm->operator_api);
	json_put_string(&w, "portal", realm->portal);
	put_path(&w, realm, "operator_socket", "authz.sock");
	json_close(&w);
	put_node(&w, realm, "authn", realm->authn);
	json_put_string(&w, "rp_a", realm->rp_a);
	json_put_string(&w, "rp_c", realm->rp_c);
	json_close(&w);
	put_node(&w, realm, "gateway", realm->element);
	json_put_string(&w, "rp_d", realm->rp_d);
	json_put_string(&w, "backend", realm->backend);
	json_close(&w);
	json_put_string(&w, "application", realm->application);
	json_put_string(&w, "client", realm->client);
	put_path(&w, realm, "device", "device");
	json_close(&w);
	buf_u8(&text, '\n');
	TRY(buf_end(&text, "endpoints.json"));
	return text_write_file(realm_path(realm, "endpoints.json", path), buf_contents(&text), 0600);
}
