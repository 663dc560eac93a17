// SPDX-License-Identifier: Apache-2.0
/* The document that tells the world of a registry (Y.3059 9.1 vi).  req: R9.1-vi */
#include "registry/ledger/proof.h"
#include "registry/peers/peers.h"
#include "registry/set_up/set_up.h"
#include "registry/status/policing.h"

enum { DOCUMENT_MAX = 60 * 1024, DAY = 86400 };

#define JWS_TYPE "trust-registry+jwt"

static void put_words(struct json_writer *w, const char *name, const char *const *words)
{
	json_open_array(w, name);
	for (; *words; words++) {
		json_put_string(w, NULL, *words);
	}
	json_close_array(w);
}

static void put_url(const struct registry *registry, struct json_writer *w, const char *name,
	const char *path)
{
	char text[512];
	struct buf url = buf_fixed(text, sizeof(text));

	set_up_put_url(registry, &url);
	buf_text(&url, path);
	json_put_text(w, name, buf_contents(&url));
}

static void put_endpoints(const struct registry *registry, struct json_writer *w)
{
	static const struct {
		const char *name, *path;
	} endpoints[] = {
		{"api", "/v1/"},
		{"openapi", "/v1/openapi.json"},
		{"parties", "/v1/parties"},
		{"status_lists", "/v1/status-lists"},
		{"checkpoint", "/log/checkpoint"},
		{"tiles", "/log/tile/"},
	};

	json_open(w, "endpoints");
	for (size_t i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++) {
		put_url(registry, w, endpoints[i].name, endpoints[i].path);
	}
	json_close(w);
}

static void put_log(const struct registry *registry, struct json_writer *w)
{
	const struct note_key *key = ledger_key(registry->ledger);
	char text[512];
	struct buf vkey = buf_fixed(text, sizeof(text));

	note_key_write(key, &vkey);
	json_open(w, "log");
	json_put_string(w, "origin", key->name);
	json_put_text(w, "key", buf_contents(&vkey));
	json_close(w);
}

/* That of its name, and those in other hierarchies that it has joined (6.1).  req: R6.1-a */
static void put_parents(const struct registry *registry, struct json_writer *w)
{
	struct reg_id parent;
	const bool has_one = reg_id_parent(&registry->id, &parent);

	json_open_array(w, "parents");
	if (has_one) {
		json_put_text(w, NULL, reg_id_view(&parent));
	}
	peers_put_parents(registry, has_one ? &parent : NULL, w);
	json_close_array(w);
}

static void put_names(const struct registry *registry, struct json_writer *w)
{
	json_put_text(w, "registry", reg_id_view(&registry->id));
	json_put_string(w, "type", registry_type_name(registry->type));
	if (registry->conf->name[0]) {
		json_put_string(w, "name", registry->conf->name);
	}
	if (registry->conf->contact[0]) {
		json_put_string(w, "contact", registry->conf->contact);
	}
	put_url(registry, w, "url", "");
	put_parents(registry, w);
}

static enum err put_document(const struct registry *registry, struct json_writer *w)
{
	static const char *const tls[] = {"TLSv1.2", "TLSv1.3", NULL};
	static const char *const protocols[] = {"RP_D", "http/1.1", "h2", "coap", NULL};
	static const char *const evidence[] = {"aka", "x509", NULL};
	const int64_t now = registry_now(registry) / 1000;

	put_names(registry, w);
	json_open_array(w, "keys");
	TRY(jose_key_write_jwk(registry->answer_key, w, NULL));
	json_close_array(w);
	put_log(registry, w);
	put_words(w, "tls", tls);
	put_words(w, "protocols", protocols);
	put_words(w, "evidence", evidence);
	json_open_array(w, "roots_of_trust");
	policy_put_roots(registry, w);
	json_close_array(w);
	put_endpoints(registry, w);
	put_url(registry, w, "practice_statement", "/practice-statement");
	json_put_int(w, "issued", now);
	json_put_int(w, "expires", now + DAY);
	return OK;
}

/* Once more as a JWS, for those who keep it. */
enum err registry_show(struct call *call)
{
	const struct registry *registry = call->registry;
	BUF_CLEANUP struct buf document = buf_growing(DOCUMENT_MAX);
	BUF_CLEANUP struct buf jws = buf_growing(JOSE_MAX);
	struct json_writer inner = json_to(&document), w = json_to(&call->reply);

	json_open(&inner, NULL);
	TRY(put_document(registry, &inner));
	json_close(&inner);
	TRY(buf_end(&document, "document"));
	TRY(jose_sign(registry->answer_key, JWS_TYPE, buf_contents(&document), &jws));
	json_open(&w, NULL);
	TRY(put_document(registry, &w));
	json_put_text(&w, "jws", buf_contents(&jws));
	json_close(&w);
	call_field(call, "Cache-Control", view_text("public, max-age=300"));
	call_answer(call, 200);
	return OK;
}
