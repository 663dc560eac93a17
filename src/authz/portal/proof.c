// SPDX-License-Identifier: Apache-2.0
#include "authz/portal/proof.h"

#include "base/text.h"
#include "core/kdf.h"
#include "net/address.h"
#include "net/http_client.h"
#include "net/lookup.h"
#include "net/worker.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOKEN_BYTES = 16, VALUE = 44, BODY_MAX = 1024, FETCH_MS = 5000, WHY = 256 };

#define HTTP_PATH "/.well-known/symbolon-challenge/"
#define DNS_NAME  "_symbolon-challenge."

/* One look. It ends on the loop's thread in end(), outside of callbacks of the client. */
struct proof {
	struct proof *next;
	struct authz *authz;
	pool_ref call;
	proof_done *done;
	char host[IDENT_MAX + 1], value[VALUE], path[128], server[64];
	bool by_dns, allow_private, fetched;
	bool posted, ends, orphaned; /* ends: finish() will come */
	int64_t port;
	/* the worker's */
	struct lookup_addresses addresses;
	bool ran;
	struct lookup_texts texts;
	enum err err;
	char why[WHY];
	/* the fetch */
	struct http_client *client;
	unsigned status;
	struct buf body;
};

bool proof_is_wanted(const struct authz_conf *conf, const struct ident *application)
{
	struct view host = ident_host_of(application);
	char text[IDENT_MAX + 1];

	if (conf->application_proof == PROOF_NONE || host.len == 0 ||
		text_copy(text, sizeof(text), host, "host") != OK) {
		return false;
	}
	return conf->application_proof == PROOF_HTTP || !address_is_number(text);
}

enum err proof_new_token(const struct authz *authz, char ret[ASKER_TOKEN_TEXT])
{
	const struct env *env = loop_env(authz->loop);
	uint8_t bytes[TOKEN_BYTES];
	struct buf text = buf_fixed(ret, ASKER_TOKEN_TEXT);

	TRY(env->random(env, bytes, sizeof(bytes)));
	text_base64url(&text, VIEW(bytes));
	buf_u8(&text, '\0');
	return buf_end(&text, "token");
}

/* What is to be shown: nobody else can tell it. */
static enum err make_value(const struct authz *authz, const struct ident *application,
	const char *token, char ret[VALUE])
{
	char input[IDENT_MAX + ASKER_TOKEN_TEXT + 16];
	uint8_t mac[KDF_SIZE];
	struct buf text = buf_fixed(ret, VALUE);
	int len = snprintf(input, sizeof(input), "proof:%s:%s", application->text, token);

	TRY(kdf_hmac(&authz->realm_secret, view_of(input, (size_t)len), mac));
	text_base64url(&text, VIEW(mac));
	buf_u8(&text, '\0');
	return buf_end(&text, "proof");
}

static void write_url(const struct authz *authz, const char *host, const char *token, char ret[512])
{
	const bool six = strchr(host, ':') != NULL;
	char port[16] = "";

	if (authz->conf->application_proof_port != 80) {
		(void)snprintf(port, sizeof(port), ":%lld",
			(long long)authz->conf->application_proof_port);
	}
	(void)snprintf(ret, 512, "http://%s%s%s%s" HTTP_PATH "%s", six ? "[" : "", host,
		six ? "]" : "", port, token);
}

enum err proof_put(const struct authz *authz, struct json_writer *w,
	const struct ident *application, const char *token)
{
	const bool by_dns = authz->conf->application_proof == PROOF_DNS;
	char host[IDENT_MAX + 1], value[VALUE], where[512];

	TRY(text_copy(host, sizeof(host), ident_host_of(application), "host"));
	TRY(make_value(authz, application, token, value));
	if (by_dns) {
		(void)snprintf(where, sizeof(where), DNS_NAME "%s", host);
	} else {
		write_url(authz, host, token, where);
	}
	json_open(w, "challenge");
	json_put_string(w, "type", by_dns ? "dns" : "http");
	json_put_string(w, by_dns ? "name" : "url", where);
	json_put_string(w, "content", value);
	json_close(w);
	return OK;
}

/* ---- the end ---- */

static void unlink_proof(struct proof *p)
{
	struct proof **at = &p->authz->proofs;

	while (*at && *at != p) {
		at = &(*at)->next;
	}
	if (*at) {
		*at = p->next;
	}
}

static void drop(struct proof *p)
{
	unlink_proof(p);
	http_client_free(p->client);
	buf_free(&p->body);
	free(p);
}

static void finish(void *user)
{
	struct proof *p = user;

	if (p->orphaned) {
		free(p);
		return;
	}
	struct call *call = pool_at(p->authz->calls, p->call);
	proof_done *done = p->done;
	enum err err = p->err == OK ? OK : err_fail(p->err, "%s", p->why);

	drop(p);
	if (call) {
		done(call, err);
	}
}

static void end(struct proof *p, enum err err)
{
	if (p->posted) {
		return;
	}
	p->err = err;
	(void)snprintf(p->why, sizeof(p->why), "%s", err == OK ? "" : err_detail());
	p->posted = p->ends = true;
	loop_post(p->authz->loop, finish, p);
}

void proof_shut_down(struct authz *authz)
{
	struct proof *next;

	/* Those that a worker has come back when it is freed, which is next. */
	for (struct proof *p = authz->proofs; p; p = next) {
		next = p->next;
		if (!p->fetched) {
			continue;
		}
		p->posted = true; /* what the client says now is heard by nobody */
		unlink_proof(p);
		http_client_free(p->client);
		buf_free(&p->body);
		p->client = NULL;
		if (p->ends) {
			p->orphaned = true;
		} else {
			free(p);
		}
	}
}

/* ---- by a file ---- */

static void on_head(void *user, const struct http_head *head)
{
	((struct proof *)user)->status = head->status;
}

static void on_body(void *user, struct view part)
{
	buf_view(&((struct proof *)user)->body, part);
}

static struct view trim(struct view text)
{
	while (text.len > 0 && (text.data[text.len - 1] == '\n' || text.data[text.len - 1] == '\r' ||
				       text.data[text.len - 1] == ' ')) {
		text.len--;
	}
	return text;
}

static void on_done(void *user, enum err result)
{
	struct proof *p = user;

	if (result != OK) {
		end(p, err_fail(ERR_CONFLICT, "proof: %s cannot be fetched: %s", p->path,
			       err_detail()));
	} else if (p->status != 200) {
		end(p, err_fail(ERR_CONFLICT, "proof: %s answers %u in place of 200", p->path,
			       p->status));
	} else if (!view_is(trim(buf_contents(&p->body)), p->value)) {
		end(p, err_fail(ERR_CONFLICT, "proof: %s has something else in it", p->path));
	} else {
		end(p, OK);
	}
}

static enum err fetch(struct proof *p, const struct lookup_address *from)
{
	static const struct http_call_on on = {on_head, on_body, on_done};
	char printed[LOOKUP_PRINTED], address[LOOKUP_PRINTED + 8];
	const struct http_client_options options = {
		.address = address,
		.host = p->host,
		.connections = 1,
		.timeout_ms = FETCH_MS,
		.stall_ms = FETCH_MS,
		.limits = {.body = BODY_MAX},
	};
	struct http_call *call;

	lookup_print(from, printed);
	(void)snprintf(address, sizeof(address), "%s:%u", printed, (unsigned)p->port);
	TRY(http_client_new(p->authz->loop, &options, &p->client));
	return http_client_call(p->client, "GET", view_text(p->path), NULL, 0, (struct view){0},
		&on, p, &call);
}

/* One address that is not public is one too many: whoever answers first is chosen by others. */
static enum err check_public(const struct proof *p)
{
	for (size_t i = 0; i < p->addresses.count && !p->allow_private; i++) {
		if (!lookup_is_public(&p->addresses.items[i])) {
			return err_fail(ERR_CONFLICT, "proof: %s has an address that is not public",
				p->host);
		}
	}
	return OK;
}

/* ---- looking names up, on a worker ---- */

static bool read_number(struct proof *p)
{
	struct lookup_address *a = &p->addresses.items[0];

	a->len = inet_pton(AF_INET, p->host, a->bytes) == 1    ? 4
		 : inet_pton(AF_INET6, p->host, a->bytes) == 1 ? 16
							       : 0;
	p->addresses.count = a->len > 0 ? 1 : 0;
	return a->len > 0;
}

static void look_up(void *user)
{
	struct proof *p = user;
	char name[sizeof(DNS_NAME) + IDENT_MAX];

	if (p->by_dns) {
		(void)snprintf(name, sizeof(name), DNS_NAME "%s", p->host);
		p->err = lookup_texts(p->server, name, &p->texts);
	} else if (!read_number(p)) {
		p->err = lookup_addresses(p->server, p->host, &p->addresses);
	}
	p->ran = true;
	(void)snprintf(p->why, sizeof(p->why), "%s", err_detail());
}

static enum err judge_texts(const struct proof *p)
{
	for (size_t i = 0; i < p->texts.count; i++) {
		if (strcmp(p->texts.texts[i], p->value) == 0) {
			return OK;
		}
	}
	return err_fail(ERR_CONFLICT, "proof: " DNS_NAME "%s has no TXT record with it", p->host);
}

static void come_back(void *user)
{
	struct proof *p = user;
	enum err err = p->err == ERR_NOT_FOUND ? ERR_CONFLICT : p->err;

	p->fetched = true;
	if (!pool_at(p->authz->calls, p->call) || !p->ran) {
		drop(p);
		return;
	}
	if (err != OK) {
		char why[WHY];

		(void)snprintf(why, sizeof(why), "%.200s", p->why);
		end(p, err_fail(err, "proof: %s", why));
	} else if (p->by_dns) {
		end(p, judge_texts(p));
	} else {
		err = check_public(p);
		err = err == OK ? fetch(p, &p->addresses.items[0]) : err;
		if (err != OK) {
			end(p, err);
		}
	}
}

static enum err prepare(struct proof *p, const struct ident *application, const char *token)
{
	const struct authz_conf *conf = p->authz->conf;

	p->by_dns = conf->application_proof == PROOF_DNS;
	p->allow_private = conf->application_proof_private;
	p->port = conf->application_proof_port;
	p->body = buf_growing(BODY_MAX);
	(void)snprintf(p->server, sizeof(p->server), "%s", conf->application_resolver);
	(void)snprintf(p->path, sizeof(p->path), HTTP_PATH "%s", token);
	TRY(text_copy(p->host, sizeof(p->host), ident_host_of(application), "host"));
	TRY(make_value(p->authz, application, token, p->value));
	return worker_give(p->authz->waiter, look_up, come_back, p);
}

enum err proof_check(struct call *call, const struct ident *application, const char *token,
	proof_done *done)
{
	struct proof *p = calloc(1, sizeof(*p));

	if (!p) {
		return err_fail(ERR_MEMORY, "proof: out of memory");
	}
	p->authz = call->authz;
	p->call = call->ref;
	p->done = done;
	p->next = call->authz->proofs;
	call->authz->proofs = p;
	enum err err = prepare(p, application, token);

	if (err != OK) {
		drop(p);
	}
	return err;
}
