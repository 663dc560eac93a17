// SPDX-License-Identifier: Apache-2.0
#include "device/symdev_renewal.h"

#include "wire/digest.h"

#include <string.h>

enum { COAP_UNAUTHORIZED = 0x81, EARLIEST = 80, SPREAD = 11 };

#define SECOND INT64_C(1000000) /* microseconds */

/* --- what applications say, carrier by carrier --- */

enum symdev_event symdev_signal_tls_alert(unsigned alert)
{
	switch (alert) {
	case 115: /* unknown_psk_identity */
	case 51:  /* decrypt_error */
	case 40:  /* handshake_failure */
	case 47:  /* illegal_parameter: OpenSSL, for a wrong binder */
	case 20:  /* bad_record_mac: TLS 1.2 with another key */
		return SYMDEV_TOKEN_REQUIRED;
	default:
		return SYMDEV_NO_EVENT;
	}
}

/* Other servers behind the same connection may have realms of their own. */
static bool is_realm_of(struct view realm, const struct ident *application)
{
	static const char prefix[] = "3GPP-bootstrapping@";
	const size_t len = sizeof(prefix) - 1;
	struct view host = ident_host_of(application);
	char name[IDENT_MAX + 1];

	if (realm.len <= len || !view_is_nocase(view_of(realm.data, len), prefix)) {
		return false;
	}
	memcpy(name, host.data ? host.data : (const uint8_t *)"", host.len);
	name[host.len] = '\0';
	return view_is_nocase(view_of(realm.data + len, realm.len - len), name);
}

enum symdev_event symdev_signal_http(unsigned status, struct view www_authenticate,
	const struct ident *application)
{
	struct digest_challenge demand;

	if (status != 401 || digest_parse_demand(www_authenticate, &demand) != OK ||
		!is_realm_of(demand.realm, application)) {
		return SYMDEV_NO_EVENT;
	}
	return demand.stale ? SYMDEV_NEW_TOKEN_REQUIRED : SYMDEV_TOKEN_REQUIRED;
}

enum symdev_event symdev_signal_coap(uint8_t code)
{
	return code == COAP_UNAUTHORIZED ? SYMDEV_TOKEN_REQUIRED : SYMDEV_NO_EVENT;
}

enum symdev_event symdev_signal_closed(const struct symdev_token *token, int64_t now)
{
	return now >= token->until ? SYMDEV_NEW_TOKEN_REQUIRED : SYMDEV_NO_EVENT;
}

/* --- when --- */

/* RAND differs by device and run, and is at hand. */
int64_t symdev_token_renewal(const struct symdev_token *token)
{
	int64_t life = token->until - token->from;

	return token->from + life / 100 * (EARLIEST + token->rand[0] % SPREAD) +
	       life % 100 * EARLIEST / 100;
}

void symdev_renewal_begin(struct symdev_renewal *r, const struct env *env)
{
	*r = (struct symdev_renewal){.env = env};
}

static int64_t now_us(const struct symdev_renewal *r)
{
	return r->env->steady_us(r->env);
}

/* Doubling, and of that a random half to whole, so that devices which failed together do not come back together. */
static int64_t back_off_us(const struct symdev_renewal *r, unsigned tries)
{
	int64_t most = SYMDEV_BACK_OFF_S;
	uint32_t random = 0;

	for (unsigned i = 1; i < tries && most < SYMDEV_BACK_OFF_MAX_S; i++) {
		most *= 2;
	}
	most = (most < SYMDEV_BACK_OFF_MAX_S ? most : SYMDEV_BACK_OFF_MAX_S) * SECOND;
	if (r->env->random(r->env, &random, sizeof(random)) != OK) {
		random = UINT32_MAX; /* the longest wait is always right */
	}
	return most / 2 + (int64_t)((double)most / 2 * random / UINT32_MAX);
}

static void hold(struct symdev_renewal *r, int64_t us)
{
	int64_t until = now_us(r) + us;

	r->not_before_us = until > r->not_before_us ? until : r->not_before_us;
}

void symdev_renewal_token(struct symdev_renewal *r, const struct symdev_token *token)
{
	memcpy(r->id, token->id, sizeof(r->id));
	r->renew_at = symdev_token_renewal(token);
	r->until = token->until;
	if (r->running && !r->wanted) { /* as planned: nobody had complained */
		r->tries = 0;
		r->not_before_us = 0;
	}
	r->wanted = r->running = false;
}

void symdev_renewal_works(struct symdev_renewal *r)
{
	if (!r->running && !r->wanted) {
		r->tries = 0;
		r->not_before_us = 0;
	}
}

bool symdev_renewal_signal(struct symdev_renewal *r, enum symdev_event event, const char *id)
{
	if (event == SYMDEV_NO_EVENT || strcmp(id, r->id) != 0) {
		return false;
	}
	r->wanted = true;
	return true;
}

bool symdev_renewal_usable(const struct symdev_renewal *r)
{
	return r->id[0] && !r->wanted && env_wall(r->env) < r->until;
}

static int64_t until_ms(int64_t us)
{
	return us <= 0 ? 0 : us / 1000 + (us % 1000 != 0);
}

int64_t symdev_renewal_wait_ms(const struct symdev_renewal *r)
{
	int64_t held = until_ms(r->not_before_us - now_us(r));

	if (r->running) {
		return -1;
	}
	if (!r->id[0] || r->wanted) {
		return held;
	}
	int64_t planned = r->renew_at * 1000 - r->env->wall_ms(r->env);

	planned = planned > 0 ? planned : 0;
	return planned > held ? planned : held;
}

/* The wait before the next one begins here: a bootstrap that succeeds, and whose token is refused, is no success. */
void symdev_renewal_started(struct symdev_renewal *r)
{
	r->running = true;
	if (r->tries < UINT32_MAX) {
		r->tries++;
	}
	hold(r, back_off_us(r, r->tries));
}

void symdev_renewal_failed(struct symdev_renewal *r, enum err why, int64_t retry_after)
{
	r->running = false;
	if (why == ERR_CONFLICT &&
		r->tries == 1) { /* the node forgot its challenge: once more, at once */
		r->not_before_us = 0;
		return;
	}
	hold(r, retry_after > 0 ? retry_after * SECOND : 0);
}
