// SPDX-License-Identifier: Apache-2.0
/* status: what this node is, does and holds, for the operator. */
#include "authz/registration/registration.h"

#include "authz/degrees.h"
#include "authz/sessions.h"

enum { PEERS_MAX = 1024, COUNTS = 5 };

static void put_peers(struct json_writer *w, const struct authz *authz)
{
	struct diameter_peer_state peers[PEERS_MAX];
	size_t count = authz->diameter ? diameter_node_peers(authz->diameter, peers, PEERS_MAX) : 0;

	json_open_array(w, "peers");
	for (size_t i = 0; i < count; i++) {
		json_open(w, NULL);
		json_put_string(w, "host", peers[i].host);
		json_put_bool(w, "open", peers[i].open);
		json_put_int(w, "requests_in", (int64_t)peers[i].requests_in);
		json_put_int(w, "requests_out", (int64_t)peers[i].requests_out);
		json_put_int(w, "timeouts", (int64_t)peers[i].timeouts);
		json_put_int(w, "outstanding", (int64_t)peers[i].outstanding);
		json_close(w);
	}
	json_close_array(w);
}

static void put_store(struct json_writer *w, const struct authz *authz)
{
	struct store_figures figures;

	store_figures(authz->store, &figures);
	json_open(w, "store");
	json_put_int(w, "units", (int64_t)figures.units);
	json_put_int(w, "commits", (int64_t)figures.commits);
	json_put_int(w, "replays", (int64_t)figures.replays);
	json_put_int(w, "failures", (int64_t)figures.failures);
	json_put_int(w, "waiting", (int64_t)figures.waiting);
	json_close(w);
}

/* Permissions given, and those whose end or change is still to be told. */
static void put_sessions(struct json_writer *w, const struct authz *authz, int64_t ending,
	int64_t changing)
{
	struct sessions_figures figures;

	sessions_figures(authz, &figures);
	json_open(w, "sessions");
	json_put_int(w, "kept", (int64_t)figures.kept);
	json_put_int(w, "ending", ending);
	json_put_int(w, "changing", changing);
	json_close(w);
}

static void put_node(struct json_writer *w, const struct authz *authz)
{
	json_put_text(w, "node", ident_view(&authz->node));
	json_put_text(w, "realm", ident_view(&authz->realm));
	json_put_string(w, "version", SYMBOLON_VERSION);
}

static enum err on_counts(struct call *call, const struct store_result *result)
{
	static const char *const names[COUNTS] = {"subscribers", "devices", "asps", "applications",
		"grants"};
	const struct authz *authz = call->authz;
	struct json_writer w = json_to(&call->reply);

	json_open(&w, NULL);
	put_node(&w, authz);
	json_put_int(&w, "uptime", env_wall(loop_env(authz->loop)) - authz->started);
	put_peers(&w, authz);
	put_store(&w, authz);
	json_open(&w, "counts");
	for (size_t i = 0; i < COUNTS; i++) {
		json_put_int(&w, names[i], store_at(result, 0, 0, i).number);
	}
	json_close(&w);
	put_sessions(&w, authz, store_at(result, 0, 0, COUNTS).number,
		store_at(result, 0, 0, COUNTS + 1).number);
	json_close(&w);
	call_answer(call, 200);
	return OK;
}

enum err status_show(struct call *call)
{
	const struct store_step step = {.statement = COUNT_ALL, .expect = STORE_ONE};

	return call_submit(call, &step, 1, on_counts);
}

static void put_address(struct json_writer *w, const char *name, const char *address)
{
	if (address && address[0]) {
		json_put_string(w, name, address);
	}
}

static void put_degrees(struct json_writer *w, const struct authz *authz)
{
	struct degree degree;

	json_open_array(w, "degrees");
	for (size_t i = 0; degree_at(authz->conf, i, &degree); i++) {
		json_open(w, NULL);
		json_put_string(w, "name", degree.name);
		json_put_int(w, "lifetime", degree.lifetime);
		json_put_bool(w, "gba", degree.gba);
		json_put_string(w, "mechanisms", degree.need.mechanisms);
		json_put_string(w, "algorithms", degree.need.algorithms);
		json_put_int(w, "strength", degree.need.strength);
		json_close(w);
	}
	json_close_array(w);
}

enum err realm_show(struct call *call)
{
	const struct authz *authz = call->authz;
	struct json_writer w = json_to(&call->reply);

	json_open(&w, NULL);
	put_node(&w, authz);
	put_peers(&w, authz);
	json_open(&w, "reference_points");
	if (authz->diameter) {
		put_address(&w, "rp_b", diameter_node_address(authz->diameter));
		put_address(&w, "rp_b_plain", diameter_node_plain_address(authz->diameter));
	}
	if (authz->operator_https) {
		put_address(&w, "operator", http_server_address(authz->operator_https));
	}
	if (authz->portal) {
		put_address(&w, "portal", http_server_address(authz->portal));
	}
	put_address(&w, "operator_socket", authz->conf->operator_socket);
	json_close(&w);
	json_open_array(&w, "token_formats");
	json_put_string(&w, NULL, token_format_name(TOKEN_Y3056));
	json_put_string(&w, NULL, token_format_name(TOKEN_GBA));
	json_close_array(&w);
	put_degrees(&w, authz);
	json_close(&w);
	call_answer(call, 200);
	return OK;
}
