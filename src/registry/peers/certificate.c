// SPDX-License-Identifier: Apache-2.0
#include "registry/peers/certificate.h"

#include "base/log.h"
#include "base/text.h"
#include "registry/api/api.h"
#include "registry/enquiry/party.h"
#include "registry/set_up/settings.h"
#include "wire/certificate.h"
#include "wire/http_signature.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	PEM_MAX = SETTING_MAX - REG_ID_MAX - 1,
	URI_MAX = 160,
	RENEWAL_MAX = 3600 * 1000,
	SECOND = 1000
};

#define KEY_SETTING	    "peer-key"
#define CERTIFICATE_SETTING "peer-certificate"

/* Of a registry without a certificate in its configuration. */
struct own_certificate {
	struct tls *bare;     /* shows nothing, and verifies others */
	struct buf key;	      /* PEM, private */
	struct buf csr;	      /* PEM */
	char host[PEER_URL];  /* ours */
	struct reg_id issuer; /* "": it has none yet */
	int64_t from, until;  /* seconds since 1970 */
	struct timer renewal;
};

/* --- at the parent --- */

static void write_uri(const struct peer *peer, char ret[URI_MAX])
{
	(void)snprintf(ret, URI_MAX, "urn:symbolon:registry:%s:%s", peer->id.text, peer->answer_key);
}

bool certificate_is_of(const struct peer *peer, const struct stream *stream)
{
	struct tls_certificate shown;
	char uri[URI_MAX];

	if (!stream_peer_is(stream, peer->host)) {
		return false;
	}
	if (!stream_peer_is_ours(stream)) {
		return true;
	}
	write_uri(peer, uri);
	return peer->answer_key[0] && stream_peer_certificate(stream, &shown) == OK &&
	       strcmp(shown.name, uri) == 0;
}

/* Where this registry itself is reached: nobody below it gets a certificate for that. */
static enum err own_host(const struct registry *registry, char ret[PEER_URL])
{
	struct peer own = {0};

	if (!registry->conf->url[0]) {
		(void)snprintf(ret, PEER_URL, "%s", registry->conf->node_host);
		return OK;
	}
	TRY(peer_set_place(&own, view_text(registry->conf->url), view_of(NULL, 0)));
	(void)snprintf(ret, PEER_URL, "%s", own.host);
	return OK;
}

static enum err check_host(const struct registry *registry, const char *host)
{
	char own[PEER_URL];
	struct ident name;

	if (ident_parse(IDENT_FQDN, view_text(host), &name) != OK ||
		!view_is(ident_view(&name), host)) {
		return err_fail(ERR_DENIED,
			"csr: certificates are for host names in small letters");
	}
	TRY(own_host(registry, own));
	return strcasecmp(host, own) == 0 || strcasecmp(host, registry->conf->node_host) == 0
		       ? err_fail(ERR_DENIED, "csr: that host is this registry's own")
		       : OK;
}

static enum err check_signature(const struct call *call, const struct jose_key *key)
{
	const struct signed_message message = signed_request(call->request->head);
	struct http_signature signature;

	TRY(party_read_signature(call, CERTIFICATE_JOINING_TAG, &signature));
	return http_signature_check(&signature, &message, key);
}

enum err certificate_read_wish(const struct call *call, const char *host,
	struct certificate_wish *ret)
{
	const struct registry *registry = call->registry;
	const struct view name = view_text(host);
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;
	const struct json *jwk = json_member(call->body, "answer_key");
	struct view csr;

	if (!registry->peers->issuer) {
		return err_fail(ERR_DENIED, "this registry gives no certificates "
					    "(peers.ca_certificate): show one that it knows");
	}
	if (!jwk) {
		return err_fail(ERR_SYNTAX, "answer_key: a JWK goes with a csr");
	}
	TRY(json_text(call->body, "csr", &csr));
	TRY(check_host(registry, host));
	TRY(jose_key_from_jwk(jwk, &key));
	TRY(check_signature(call, key));
	TRY(csr_read(csr, &ret->csr));
	TRY(issuer_check_names(&ret->csr, &name, 1));
	return jose_thumbprint(key, ret->answer_key);
}

enum err certificate_give(const struct peer *peer, const struct csr *csr, struct json_writer *w)
{
	const struct registry *registry = peer->registry;
	const struct view host = view_text(peer->host);
	char uri[URI_MAX];
	const struct issuer_names names = {&host, 1, uri};
	struct issued made;

	write_uri(peer, uri);
	TRY(issuer_issue(registry->peers->issuer, csr, &names, registry_now(registry) / SECOND,
		registry->conf->peers_certificate_lifetime / SECOND, &made));
	log_event(LOG_INFO, "registry.certificate_issued", "",
		LOG_VIEW("registry", reg_id_view(&peer->id)), LOG_TEXT("serial", made.serial));
	json_put_text(w, "certificate", buf_contents(&made.pem));
	buf_free(&made.pem);
	return OK;
}

static enum err add_issuer(struct peers *peers)
{
	const struct registry_conf *conf = peers->registry->conf;
	struct tls *door = api_tls(peers->registry->api);

	if (!conf->peers_ca_certificate[0] || !conf->peers_ca_key[0]) {
		return err_fail(ERR_CONFIG, "peers.ca_certificate and peers.ca_key go together");
	}
	if (!peers->tls) {
		return err_fail(ERR_CONFIG, "peers.ca_certificate needs api.authority too");
	}
	if (issuer_open(conf->peers_ca_certificate, conf->peers_ca_key, &peers->issuer) != OK) {
		return err_fail(ERR_CONFIG, "peers.ca: %s", err_detail());
	}
	TRY(tls_add_authority(peers->tls, issuer_pem(peers->issuer)));
	return door ? tls_add_authority(door, issuer_pem(peers->issuer)) : OK;
}

/* --- at the child --- */

static bool is_good(const struct peers *peers)
{
	return peers->own->until > registry_now(peers->registry) / SECOND;
}

bool certificate_is_wanted_of(const struct peer *peer)
{
	const struct peers *peers = peer->registry->peers;
	const struct own_certificate *own = peers->own;
	const struct peer *issuer =
		own && own->issuer.len > 0 ? peers_find(peers, reg_id_view(&own->issuer)) : NULL;

	return own && peer->relation == PEER_PARENT &&
	       (!issuer || issuer == peer || issuer->state != PEER_JOINED || !is_good(peers));
}

enum err certificate_put_wish(const struct peers *peers, struct json_writer *w)
{
	json_put_text(w, "csr", buf_contents(&peers->own->csr));
	return jose_key_write_jwk(peers->registry->answer_key, w, "answer_key");
}

int64_t certificate_from(const struct peers *peers)
{
	return peers->own ? peers->own->from : 0;
}

int64_t certificate_until(const struct peers *peers)
{
	return peers->own ? peers->own->until : 0;
}

struct tls *certificate_bare_tls(const struct peers *peers)
{
	return peers->own->bare;
}

static void renew(void *user);

/* A third of its time before it ends; looked at each hour, since the clock may be set meanwhile. */
static void set_renewal(struct peers *peers)
{
	struct own_certificate *own = peers->own;
	const int64_t life = SECOND * (own->until - own->from), least = life / 30 + 1;
	int64_t wait = SECOND * own->until - life / 3 - registry_now(peers->registry);

	wait = wait < RENEWAL_MAX ? wait : RENEWAL_MAX;
	wait = wait > least ? wait : least;
	timer_start(peers->registry->loop, &own->renewal, wait, renew, peers);
}

static void renew(void *user)
{
	struct peers *peers = user;
	struct own_certificate *own = peers->own;
	struct peer *issuer = peers_find(peers, reg_id_view(&own->issuer));
	const int64_t due = own->until - (own->until - own->from) / 3;

	if (registry_now(peers->registry) >= SECOND * due && issuer &&
		issuer->state == PEER_JOINED) {
		asking_start(issuer);
	}
	set_renewal(peers);
}

static enum err show(struct peers *peers, const struct reg_id *issuer, struct view pem)
{
	struct own_certificate *own = peers->own;
	struct tls *door = api_tls(peers->registry->api);
	int64_t from, until;

	if (pem.len > PEM_MAX) {
		return err_fail(ERR_RANGE, "certificate: longer than %d bytes", PEM_MAX);
	}
	TRY(issued_read(pem, own->host, &from, &until));
	TRY(tls_show(peers->tls, pem, buf_contents(&own->key)));
	if (door) {
		TRY(tls_show(door, pem, buf_contents(&own->key)));
	}
	own->issuer = *issuer;
	own->from = from;
	own->until = until;
	set_renewal(peers);
	return OK;
}

enum err certificate_take(const struct peer *peer, const struct json *answer)
{
	struct peers *peers = peer->registry->peers;
	BUF_CLEANUP struct buf kept = buf_growing(SETTING_MAX);
	struct view pem = {NULL, 0};

	TRY(json_text_opt(answer, "certificate", &pem));
	if (pem.len == 0) {
		return err_fail(ERR_NOT_FOUND, "no certificate yet");
	}
	TRY(show(peers, &peer->id, pem));
	log_event(LOG_INFO, "registry.certificate_taken", "",
		LOG_VIEW("issuer", reg_id_view(&peer->id)), LOG_INT("until", peers->own->until));
	buf_view(&kept, reg_id_view(&peer->id));
	buf_u8(&kept, '\n');
	buf_view(&kept, pem);
	TRY(buf_end(&kept, "certificate"));
	return setting_put(peers->registry, CERTIFICATE_SETTING, buf_contents(&kept));
}

static enum err open_key(struct peers *peers)
{
	struct buf *key = &peers->own->key;
	JOSE_KEY_CLEANUP struct jose_key *made = NULL;
	enum err err = setting_find(peers->registry, KEY_SETTING, key);

	if (err != ERR_NOT_FOUND) {
		return err;
	}
	TRY(jose_key_make(JOSE_ES256, &made));
	TRY(jose_key_to_pem(made, true, key));
	TRY(setting_add(peers->registry, KEY_SETTING, buf_contents(key)));
	buf_wipe(key); /* another process of the same store may have been first */
	return setting_find(peers->registry, KEY_SETTING, key);
}

/* For the host of the URL that goes with it: it names none itself. */
static enum err make_csr(struct own_certificate *own)
{
	BUF_CLEANUP struct buf der = buf_growing(CSR_MAX);
	BIO *bio = BIO_new_mem_buf(own->key.data, (int)own->key.len);
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
	enum err err = key ? certificate_request(NULL, key, "", &der)
			   : err_fail(ERR_CRYPTO, "peer key: it cannot be read");

	EVP_PKEY_free(key);
	BIO_free(bio);
	TRY(err);
	return certificate_to_pem("CERTIFICATE REQUEST", buf_contents(&der), &own->csr);
}

static enum err show_kept(struct peers *peers)
{
	BUF_CLEANUP struct buf kept = buf_growing(SETTING_MAX);
	struct reg_id issuer;
	enum err err = setting_find(peers->registry, CERTIFICATE_SETTING, &kept);

	if (err != OK) {
		return err == ERR_NOT_FOUND ? OK : err;
	}
	const uint8_t *end = memchr(kept.data, '\n', kept.len);
	const size_t len = end ? (size_t)(end - kept.data) : 0;

	err = reg_id_parse(view_of(kept.data, len), &issuer);
	err = err == OK ? show(peers, &issuer, view_of(kept.data + len + 1, kept.len - len - 1))
			: err;
	if (err != OK) {
		log_event(LOG_WARN, "registry.certificate_not_shown", "", LOG_DETAIL());
	}
	return OK;
}

static enum err open_own(struct peers *peers)
{
	const struct tls_files files = {.authority = peers->registry->conf->api_authority};
	struct own_certificate *own = calloc(1, sizeof(*own));

	if (!own) {
		return err_fail(ERR_MEMORY, "registry: out of memory");
	}
	peers->own = own;
	own->key = buf_growing(SETTING_MAX);
	own->csr = buf_growing(CSR_MAX);
	TRY(own_host(peers->registry, own->host));
	TRY(tls_client(&files, &own->bare));
	TRY(open_key(peers));
	TRY(make_csr(own));
	return show_kept(peers);
}

enum err certificate_start_up(struct peers *peers)
{
	const struct registry_conf *conf = peers->registry->conf;

	if (conf->peers_ca_certificate[0] || conf->peers_ca_key[0]) {
		TRY(add_issuer(peers));
	}
	return peers->tls && !conf->api_certificate[0] ? open_own(peers) : OK;
}

void certificate_be_quiet(struct peers *peers)
{
	if (peers->own) {
		timer_stop(peers->registry->loop, &peers->own->renewal);
	}
}

void certificate_shut_down(struct peers *peers)
{
	struct own_certificate *own = peers->own;

	issuer_free(peers->issuer);
	if (!own) {
		return;
	}
	tls_free(own->bare);
	buf_wipe(&own->key);
	buf_free(&own->key);
	buf_free(&own->csr);
	free(own);
}
