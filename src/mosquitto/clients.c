// SPDX-License-Identifier: Apache-2.0
#include "mosquitto/clients.h"

#include "base/table.h"
#include "wire/mqtt_topic.h"

#include <stdlib.h>
#include <string.h>

enum { KICK_AT_ONCE = 256 };

struct clients {
	struct table *table; /* struct client, by handle */
	size_t over;	     /* how many of them are */
};

enum err clients_new(const struct mosquitto_conf *conf, struct clients **ret)
{
	struct clients *c = calloc(1, sizeof(*c));

	if (!c) {
		return err_fail(ERR_MEMORY, "clients: out of memory");
	}
	enum err err = table_new((size_t)conf->clients, &c->table);

	if (err != OK) {
		free(c);
		return err;
	}
	*ret = c;
	return OK;
}

static void free_one(void *user, struct view key, void *value)
{
	(void)user;
	(void)key;
	free(value);
}

void clients_free(struct clients *c)
{
	if (!c) {
		return;
	}
	table_each(c->table, free_one, NULL);
	table_free(c->table);
	free(c);
}

static struct view key_of(const struct mosquitto *const *handle)
{
	return view_of(handle, sizeof(*handle));
}

struct client *clients_at(const struct clients *c, const struct mosquitto *handle)
{
	return table_get(c->table, key_of(&handle));
}

void clients_drop(struct clients *c, const struct mosquitto *handle)
{
	struct client *client = table_remove(c->table, key_of(&handle));

	if (client) {
		c->over -= client->over;
		free(client);
	}
}

enum err clients_put(struct clients *c, struct mosquitto *handle, const struct symapp_token *token)
{
	clients_drop(c, handle);
	struct client *client = calloc(1, sizeof(*client));

	if (!client) {
		return err_fail(ERR_MEMORY, "clients: out of memory");
	}
	client->handle = handle;
	client->token = *token;
	secret_wipe(&client->token.key);
	const struct mosquitto *key = handle;
	enum err err = table_put(c->table, key_of(&key), client);

	if (err != OK) {
		free(client);
	}
	return err;
}

/* What is done to each. */
struct sweep {
	struct clients *clients;
	const char *token_id; /* NULL: all */
	const char *rights;
	int64_t until;
	size_t count;
};

static bool is_meant(const struct sweep *sweep, const struct client *client)
{
	return !sweep->token_id || strcmp(client->token.id, sweep->token_id) == 0;
}

static void end(struct sweep *sweep, struct client *client)
{
	if (!client->over) {
		client->over = true;
		sweep->clients->over++;
		sweep->count++;
	}
}

static void end_if_meant(void *user, struct view key, void *value)
{
	(void)key;
	if (is_meant(user, value)) {
		end(user, value);
	}
}

size_t clients_end(struct clients *c, const char *token_id)
{
	struct sweep sweep = {.clients = c, .token_id = token_id};

	table_each(c->table, end_if_meant, &sweep);
	return sweep.count;
}

static void move_if_meant(void *user, struct view key, void *value)
{
	struct sweep *sweep = user;
	struct client *client = value;

	(void)key;
	if (is_meant(sweep, client)) {
		client->token.until = sweep->until;
	}
}

void clients_move(struct clients *c, const char *token_id, int64_t until)
{
	struct sweep sweep = {.clients = c, .token_id = token_id, .until = until};

	table_each(c->table, move_if_meant, &sweep);
}

static void grant_if_meant(void *user, struct view key, void *value)
{
	struct sweep *sweep = user;
	struct client *client = value;

	(void)key;
	if (is_meant(sweep, client)) {
		memcpy(client->token.rights, sweep->rights, sizeof(client->token.rights));
	}
}

void clients_grant(struct clients *c, const struct symapp_token *token)
{
	struct sweep sweep = {.clients = c, .token_id = token->id, .rights = token->rights};

	table_each(c->table, grant_if_meant, &sweep);
}

static void end_if_due(void *user, struct view key, void *value)
{
	struct sweep *sweep = user;
	struct client *client = value;

	(void)key;
	if (client->token.until <= sweep->until) {
		end(sweep, client);
	}
}

void clients_expire(struct clients *c, int64_t now)
{
	struct sweep sweep = {.clients = c, .until = now};

	table_each(c->table, end_if_due, &sweep);
}

/* A kick drops its client while it is made: so first who, then the kicks. */
struct chosen {
	struct mosquitto *handles[KICK_AT_ONCE];
	size_t count;
};

static void choose(void *user, struct view key, void *value)
{
	struct chosen *chosen = user;
	struct client *client = value;

	(void)key;
	if (client->over && chosen->count < KICK_AT_ONCE) {
		chosen->handles[chosen->count++] = client->handle;
	}
}

bool clients_kick(struct clients *c, const char *(*name)(const struct mosquitto *handle),
	void (*kick)(const char *name))
{
	struct chosen chosen = {.count = 0};

	if (c->over == 0) {
		return false;
	}
	table_each(c->table, choose, &chosen);
	for (size_t i = 0; i < chosen.count; i++) {
		const char *id = clients_at(c, chosen.handles[i]) ? name(chosen.handles[i]) : NULL;

		if (id) {
			kick(id);
			clients_drop(c, chosen.handles[i]);
		}
	}
	return c->over > 0;
}

/* `rights` as "read write". */
static bool has_right(const char *rights, const char *right)
{
	size_t len = strlen(right);

	for (const char *at = rights; len > 0 && (at = strstr(at, right)); at += len) {
		if ((at == rights || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0')) {
			return true;
		}
	}
	return len == 0;
}

bool client_may(const struct mosquitto_conf *conf, const struct client *client, const char *topic,
	enum topic_access access)
{
	const struct topic_conf *rows = conf->topics.items;

	for (size_t i = 0; !client->over && i < conf->topics.count; i++) {
		if ((rows[i].access == TOPIC_BOTH || rows[i].access == (int)access) &&
			has_right(client->token.rights, rows[i].right) &&
			mqtt_pattern_covers(view_text(rows[i].topic),
				view_text(client->token.pseudonym), view_text(topic))) {
			return true;
		}
	}
	return false;
}
