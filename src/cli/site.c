// SPDX-License-Identifier: Apache-2.0
/* site: the processes of a realm, from their start to their end. */
#include "cli/up_inside.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READY_MS = 20000, STOP_MS = 8000 };

static void on_node_line(void *user, struct view line)
{
	const struct node *node = user;

	walk_line(node->site->up->walk, node->actor, line);
}

static void on_node_ended(void *user, int status)
{
	struct node *node = user;

	node->ended = true;
	node->status = status;
}

static const struct process_on node_on = {on_node_line, NULL, on_node_ended};

void site_mark(struct site *site, const char *mark)
{
	site->mark = mark;
	for (size_t i = 0; i < NODES; i++) {
		struct node *node = &site->nodes[i];

		(void)snprintf(node->actor, sizeof(node->actor), "%s%s", mark,
			node->name ? node->name : "");
	}
}

static enum err start_node(struct site *site, struct node *node, const char *name,
	const char *const *argv)
{
	char file[64], path[PATH_MAX], log[PATH_MAX];

	*node = (struct node){.site = site, .name = name};
	(void)snprintf(file, sizeof(file), "%s.ready", name);
	(void)unlink(realm_path(&site->realm, file, path));
	(void)snprintf(file, sizeof(file), "logs/%s.log", name);
	return process_start(site->up->loop, argv, realm_path(&site->realm, file, log), &node_on,
		node, &node->process);
}

enum err node_say_ended(const struct node *node)
{
	return err_fail(ERR_UNAVAILABLE, "%s ended with status %d; see %s/logs/%s.log", node->name,
		node->status, node->site->realm.dir, node->name);
}

/* Nodes let others wait for them; here all is ours alone. */
static enum err hide_ready(const struct site *site, const char *name)
{
	char file[64], path[PATH_MAX];

	(void)snprintf(file, sizeof(file), "%s.ready", name);
	realm_path(&site->realm, file, path);
	return chmod(path, 0600) == 0 ? OK : err_system("%s", path);
}

enum err node_wait(const struct node *node, const char *member, char *ret, size_t room)
{
	const struct site *site = node->site;
	struct up *up = site->up;
	int64_t deadline = loop_now(up->loop) + READY_MS;

	while (!up->stop && loop_now(up->loop) < deadline) {
		TRY(realm_ready(&site->realm, node->name, member, ret, room));
		if (ret[0]) {
			return hide_ready(site, node->name);
		}
		if (node->ended) {
			return node_say_ended(node);
		}
		loop_turn(up->loop, 10);
	}
	return err_fail(ERR_TIMEOUT, "%s did not get ready; see %s/logs/%s.log", node->name,
		site->realm.dir, node->name);
}

enum err node_start(struct site *site, struct node *node, const char *name, const char *program)
{
	char file[64], yaml[PATH_MAX], ready[PATH_MAX];

	(void)snprintf(file, sizeof(file), "%s.yaml", name);
	realm_path(&site->realm, file, yaml);
	(void)snprintf(file, sizeof(file), "%s.ready", name);
	realm_path(&site->realm, file, ready);
	const char *const argv[] = {program, "--config", yaml, "--ready-file", ready, NULL};

	return start_node(site, node, name, argv);
}

static enum err start_daemon(struct site *site, enum node_index index, const char *name,
	const char *program)
{
	TRY(node_start(site, &site->nodes[index], name, program));
	site_mark(site, site->mark);
	return OK;
}

static enum err wait_ready(struct site *site, enum node_index index, const char *member, char *ret,
	size_t room)
{
	return node_wait(&site->nodes[index], member, ret, room);
}

static enum err start_hello(struct site *site)
{
	char ready[PATH_MAX];

	realm_path(&site->realm, "hello.ready", ready);
	const char *const argv[] = {"symbolon-hello", "--listen", site->realm.backend,
		"--ready-file", ready, NULL};

	TRY(start_node(site, &site->nodes[HELLO], "hello", argv));
	site_mark(site, site->mark);
	return OK;
}

static void say_up(const struct site *site, const char *what, const char *node, const char *where)
{
	up_say(site->up, "  %-42s %-28s %s\n", what, node, where);
}

enum err site_start_authz(struct site *site)
{
	struct realm *realm = &site->realm;

	TRY(realm_configure_authz(realm));
	TRY(start_daemon(site, AUTHZ, "authz", "symbolon-authz"));
	TRY(wait_ready(site, AUTHZ, "rp_b", realm->rp_b, REALM_ADDRESS));
	TRY(realm_ready(realm, "authz", "operator", realm->operator_api, REALM_ADDRESS));
	say_up(site, "authorization element (9.2), RP_B", realm->authz, realm->rp_b);
	say_up(site, "  its portal", "", realm->portal);
	return OK;
}

enum err site_start_authn(struct site *site)
{
	struct realm *realm = &site->realm;

	TRY(realm_configure_authn(realm));
	TRY(start_daemon(site, AUTHN, "authn", "symbolon-authn"));
	TRY(wait_ready(site, AUTHN, "rp_c", realm->rp_c, REALM_ADDRESS));
	TRY(realm_ready(realm, "authn", "rp_a", realm->rp_a, REALM_ADDRESS));
	say_up(site, "authentication element (9.1), RP_C", realm->authn, realm->rp_c);
	return OK;
}

enum err site_start_gateway(struct site *site)
{
	struct realm *realm = &site->realm;

	TRY(start_hello(site));
	TRY(wait_ready(site, HELLO, "listen", realm->backend, REALM_ADDRESS));
	say_up(site, "sample application, plain HTTP", "symbolon-hello", realm->backend);
	TRY(realm_configure_gateway(realm));
	TRY(start_daemon(site, GATEWAY, "gateway", "symbolon-gateway"));
	TRY(wait_ready(site, GATEWAY, "rp_d", realm->rp_d, REALM_ADDRESS));
	say_up(site, "application element (8.3) before it, RP_D", realm->element, realm->rp_d);
	return OK;
}

static enum err open_site(struct up *up, struct site *site, const char *dir, const char *name)
{
	struct realm *realm = &site->realm;

	site->up = up;
	TRY(realm_open(up->env, dir, name, realm));
	(void)snprintf(realm->rp_b, REALM_ADDRESS, "127.0.0.1:0");
	(void)snprintf(realm->rp_a, REALM_ADDRESS, "127.0.0.1:0");
	(void)snprintf(realm->rp_c, REALM_ADDRESS, "127.0.0.1:0");
	(void)snprintf(realm->rp_d, REALM_ADDRESS, "127.0.0.1:0");
	(void)snprintf(realm->operator_api, REALM_ADDRESS, "127.0.0.1:0");
	(void)snprintf(realm->backend, REALM_ADDRESS, "127.0.0.1:0");
	return realm_choose_ports(realm);
}

enum err sites_open(struct up *up)
{
	struct site *first = &up->sites[FIRST], *other = &up->sites[OTHER];
	char dir[PATH_MAX];

	first->mark = "";
	other->mark = "new:";
	TRY(open_site(up, first, up->dir, up->name));
	TRY(open_site(up, other, realm_path(&first->realm, "other", dir), up->other_name));
	(void)snprintf(first->realm.rp_c, REALM_ADDRESS, "%.63s", up->rp_c);
	(void)snprintf(first->realm.rp_d, REALM_ADDRESS, "%.63s", up->rp_d);
	first->realm.neighbour = &other->realm;
	other->realm.neighbour = &first->realm;
	TRY(hierarchy_name(up));
	TRY(realm_write_authorities(&first->realm));
	return realm_write_authorities(&other->realm);
}

enum err sites_check(const struct up *up)
{
	for (size_t i = 0; i < SITES; i++) {
		for (size_t k = 0; k < NODES; k++) {
			const struct node *node = &up->sites[i].nodes[k];

			if (node->ended) {
				return node_say_ended(node);
			}
		}
	}
	return hierarchy_check(up);
}

void node_stop(struct node *node)
{
	if (!node->process) {
		return;
	}
	struct up *up = node->site->up;

	int64_t deadline = loop_now(up->loop) + STOP_MS;

	while (!node->ended && loop_now(up->loop) < deadline) {
		loop_turn(up->loop, 20);
	}
	process_free(node->process);
	node->process = NULL;
}

/* In either realm the gateway first; both at a time. */
void sites_stop(struct up *up)
{
	hierarchy_stop(up);
	for (size_t k = NODES; k-- > 0;) {
		for (size_t i = 0; i < SITES; i++) {
			process_stop(up->sites[i].nodes[k].process);
		}
		for (size_t i = 0; i < SITES; i++) {
			node_stop(&up->sites[i].nodes[k]);
		}
	}
	for (size_t i = 0; i < SITES; i++) {
		realm_close(&up->sites[i].realm);
	}
}
