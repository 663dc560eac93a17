// SPDX-License-Identifier: Apache-2.0
#include "authn/rp_b.h"

#include "authn/figures.h"
#include "base/log.h"
#include "base/text.h"
#include "core/key_update.h"
#include "wire/gba_xml.h"
#include "wire/rp_messages.h"

#include <string.h>

/* A question under way: who waits for the answer. */
struct question {
	rp_b_vector_done *vector_done;
	rp_b_client_done *client_done;
	rp_b_degrees_done *degrees_done;
	rp_b_update_done *update_done; /* NULL with the others: nobody waits */
	rp_b_permission_done *permission_done;
	uint64_t ref;
	struct ident application; /* that permission is asked for */
};

static void vector_answered(void *user, uint64_t ref, enum err result, struct view message);
static enum err read_vector(struct view message, struct rp_b_vector *ret);
static void client_answered(void *user, uint64_t ref, enum err result, struct view message);
static enum err read_client(struct view message, struct rp_b_client *ret);
static void permission_answered(void *user, uint64_t ref, enum err result, struct view message);
static enum err read_permission(struct view message, struct rp_b_permission *ret);

enum err rp_b_start_up(struct authn *authn)
{
	return pool_new(sizeof(struct question),
		(size_t)(authn->conf->bootstraps + authn->conf->pulls), &authn->questions);
}

void rp_b_shut_down(struct authn *authn)
{
	pool_free(authn->questions);
	authn->questions = NULL;
}

/* A question's slot, taken out of the pool: answers find it once. */
static bool take(struct authn *authn, uint64_t ref, struct question *ret)
{
	struct question *question = pool_at(authn->questions, ref);

	if (!question) {
		return false;
	}
	*ret = *question;
	pool_give(authn->questions, ref);
	return true;
}

static enum err ask(struct authn *authn, const struct question *question, uint64_t *ret_ref)
{
	struct question *slot;

	if (pool_take(authn->questions, ret_ref, (void **)&slot) != OK) {
		return err_fail(ERR_OVERLOAD, "RP_B: too many questions under way");
	}
	*slot = *question;
	return OK;
}

static struct rp_session session_of(struct authn *authn, struct buf *session_id, const char *tx)
{
	diameter_session_id(authn->diameter, session_id);
	buf_printf(session_id, ";%s", tx);
	return (struct rp_session){
		.session_id = buf_contents(session_id),
		.origin_host = ident_view(&authn->node),
		.origin_realm = ident_view(&authn->realm),
		.destination_realm = ident_view(&authn->realm),
		.auth_session_state = 1,
	};
}

void rp_b_ask_vector(struct authn *authn, const struct ident *client, const uint8_t *rand_auts,
	const char *tx, rp_b_vector_done *done, uint64_t ref)
{
	uint64_t question;
	BUF_CLEANUP struct buf session_id = buf_growing(512);
	struct rp_mar mar = {
		.s = session_of(authn, &session_id, tx),
		.user_name = ident_view(client),
		.has_item = true,
		.item.scheme = view_text("Digest-AKAv1-MD5"),
		.has_item_count = true,
		.item_count = 1,
	};

	if (rand_auts) {
		mar.item.authorization = view_of(rand_auts, RAND_SIZE + AUTS_SIZE);
	}
	if (ask(authn, &(struct question){.vector_done = done, .ref = ref}, &question) != OK) {
		done(authn, ref, &(struct rp_b_vector){.err = ERR_OVERLOAD, .detail = err_detail()});
		return;
	}
	diameter_send(authn->diameter, DIAMETER_ZH, DIAMETER_MAR, "", authn->realm.text,
		rp_mar_rows, &mar, vector_answered, authn, question);
}

/* What a Diameter answer says, as an error of ours: OK for 2001 alone. */
static enum err verdict(const struct rp_session *s)
{
	uint32_t result = s->has_experimental ? s->experimental : s->result;

	switch (result) {
	case DIAMETER_SUCCESS:
		return OK;
	case DIAMETER_AUTHENTICATION_REJECTED:
	case DIAMETER_AUTHORIZATION_REJECTED:
	case DIAMETER_IDENTITY_UNKNOWN:
	case DIAMETER_NOT_AUTHORIZED:
		return err_fail(ERR_DENIED, "RP_B: refused with %u", result);
	default:
		return err_fail(ERR_UNAVAILABLE, "RP_B: answered with %u", result);
	}
}

static void vector_answered(void *user, uint64_t ref, enum err result, struct view message)
{
	struct authn *authn = user;
	struct question question;
	struct rp_b_vector answer = {.err = result};

	if (!take(authn, ref, &question)) {
		return;
	}
	if (result == OK) {
		answer.err = read_vector(message, &answer);
	}
	authn_figures_vector(authn, answer.err);
	answer.detail = err_detail();
	question.vector_done(authn, question.ref, &answer);
	vector_wipe(&answer.vector);
}

static enum err read_vector(struct view message, struct rp_b_vector *ret)
{
	struct rp_maa maa;
	struct diameter_fault fault;
	struct guss guss;

	TRY(diameter_decode(message, rp_maa_rows, &maa, &fault));
	TRY(verdict(&maa.s));
	if (maa.item.authenticate.len != RAND_SIZE + AUTN_SIZE ||
		maa.item.confidentiality_key.len != 16 || maa.item.integrity_key.len != 16 ||
		maa.item.authorization.len < RES_MIN || maa.item.authorization.len > RES_MAX) {
		return err_fail(ERR_UNAVAILABLE,
			"RP_B: MAA without a whole vector (TS 29.109 4.2)");
	}
	memcpy(ret->vector.rand, maa.item.authenticate.data, RAND_SIZE);
	memcpy(ret->vector.autn, maa.item.authenticate.data + RAND_SIZE, AUTN_SIZE);
	TRY(secret_set(&ret->vector.xres, maa.item.authorization.data, maa.item.authorization.len));
	TRY(secret_set(&ret->vector.ck, maa.item.confidentiality_key.data, 16));
	TRY(secret_set(&ret->vector.ik, maa.item.integrity_key.data, 16));
	ret->awaits = maa.has_awaits ? maa.awaits : 0;
	ret->key = (struct degree_key){.mechanism = "aka", .strength = DEGREE_STRENGTH_AKA};
	TRY(text_copy(ret->key.algorithm, sizeof(ret->key.algorithm), maa.key_algorithm,
		"RP_B: Key-Algorithm"));
	if (maa.has_key_strength && maa.key_strength < DEGREE_STRENGTH_AKA) {
		ret->key.strength = (int)maa.key_strength;
	}
	if (maa.guss.len > 0) {
		TRY(gba_xml_read_guss(maa.guss, &guss));
		ret->lifetime = guss.lifetime;
	}
	return OK;
}

/* User-Name has to stand in MAR: nobody's is the empty one of the realm (RFC 7542 2.4). */
void rp_b_ask_client(struct authn *authn, const uint8_t digest[PUBLIC_KEY_DIGEST], const char *name,
	const char *tx, rp_b_client_done *done, uint64_t ref)
{
	uint64_t question;
	BUF_CLEANUP struct buf session_id = buf_growing(512), nobody = buf_growing(512);

	buf_printf(&nobody, "@%s", authn->realm.text);
	const struct rp_mar mar = {
		.s = session_of(authn, &session_id, tx),
		.user_name = name[0] ? view_text(name) : buf_contents(&nobody),
		.has_item = true,
		.item = {.scheme = view_text(RP_SCHEME_CERTIFICATE),
			.authorization = view_of(digest, PUBLIC_KEY_DIGEST)},
		.has_item_count = true,
		.item_count = 1,
	};

	if (ask(authn, &(struct question){.client_done = done, .ref = ref}, &question) != OK) {
		done(authn, ref, &(struct rp_b_client){.err = ERR_OVERLOAD, .detail = err_detail()});
		return;
	}
	diameter_send(authn->diameter, DIAMETER_ZH, DIAMETER_MAR, "", authn->realm.text,
		rp_mar_rows, &mar, client_answered, authn, question);
}

static void client_answered(void *user, uint64_t ref, enum err result, struct view message)
{
	struct authn *authn = user;
	struct question question;
	struct rp_b_client answer = {.err = result};

	if (!take(authn, ref, &question)) {
		return;
	}
	if (result == OK) {
		answer.err = read_client(message, &answer);
	}
	if (answer.err == OK &&
		!view_equal(ident_realm_of(&answer.client), ident_view(&authn->realm))) {
		answer.err = err_fail(ERR_UNAVAILABLE, "RP_B: MAA with a client of another realm");
	}
	authn_figures_vector(authn, answer.err);
	answer.detail = err_detail();
	question.client_done(authn, question.ref, &answer);
}

/* An authorization element that does not know the scheme may have answered with a vector. */
static enum err read_client(struct view message, struct rp_b_client *ret)
{
	struct rp_maa maa;
	struct diameter_fault fault;
	struct guss guss;

	TRY(diameter_decode(message, rp_maa_rows, &maa, &fault));
	TRY(verdict(&maa.s));
	if (!maa.has_item || !view_is(maa.item.scheme, RP_SCHEME_CERTIFICATE) ||
		ident_parse(IDENT_CLIENT, maa.user_name, &ret->client) != OK) {
		return err_fail(ERR_UNAVAILABLE,
			"RP_B: the authorization element does not know " RP_SCHEME_CERTIFICATE);
	}
	ret->awaits = maa.has_awaits ? maa.awaits : 0;
	if (maa.guss.len > 0) {
		TRY(gba_xml_read_guss(maa.guss, &guss));
		ret->lifetime = guss.lifetime;
	}
	return OK;
}

/* The earlier permission's Session-Id, so that the same one is asked for again; or a new one. */
static void name_session(struct authn *authn, const struct rp_b_question *question, struct buf *ret)
{
	if (question->session && question->session[0]) {
		buf_text(ret, question->session);
		return;
	}
	diameter_session_id(authn->diameter, ret);
	buf_printf(ret, ";%s", question->tx);
}

static enum err send_aar(struct authn *authn, const struct rp_b_question *question, uint64_t ref)
{
	BUF_CLEANUP struct buf session_id = buf_growing(SESSION_MAX);
	uint8_t room[NAF_ID_MAX];
	struct buf naf_id = buf_fixed(room, sizeof(room));

	name_session(authn, question, &session_id);
	TRY(buf_end(&session_id, "RP_B: Session-Id"));
	TRY(rp_naf_id(question->application, question->ua, &naf_id));
	struct rp_aar aar = {
		.s = {.session_id = buf_contents(&session_id),
			.origin_host = ident_view(&authn->node),
			.origin_realm = ident_view(&authn->realm),
			.destination_realm = ident_view(&authn->realm),
			.auth_session_state =
				question->client ? 0 : 1}, /* kept: it may be revoked */
		.auth_application = DIAMETER_NASREQ,
		.request_type = 2, /* AUTHORIZE_ONLY */
		.naf_id = buf_contents(&naf_id),
		.nas_identifier = view_text(question->element),
	};

	if (question->client) {
		aar.user_name = ident_view(question->client);
	}
	diameter_send(authn->diameter, DIAMETER_NASREQ, DIAMETER_AAR, "", authn->realm.text,
		rp_aar_rows, &aar, permission_answered, authn, ref);
	return OK;
}

/* --- degrees --- */

static enum err read_degrees(struct view message, struct rp_maa *ret)
{
	struct diameter_fault fault;

	TRY(diameter_decode(message, rp_maa_rows, ret, &fault));
	TRY(verdict(&ret->s));
	return ret->has_item && view_is(ret->item.scheme, RP_SCHEME_REALM)
		       ? OK
		       : err_fail(ERR_UNSUPPORTED,
				 "RP_B: the authorization element does not know " RP_SCHEME_REALM);
}

static void degrees_answered(void *user, uint64_t ref, enum err result, struct view message)
{
	struct authn *authn = user;
	struct question question;
	struct rp_maa maa;
	struct rp_b_degrees answer = {.err = result};

	if (!take(authn, ref, &question)) {
		return;
	}
	if (result == OK) {
		answer.err = read_degrees(message, &maa);
	}
	if (answer.err == OK) {
		answer.degrees = maa.degrees;
		answer.count = maa.degree_count;
	}
	question.degrees_done(authn, question.ref, &answer);
}

void rp_b_ask_degrees(struct authn *authn, rp_b_degrees_done *done, uint64_t ref)
{
	uint64_t question;
	BUF_CLEANUP struct buf session_id = buf_growing(512), nobody = buf_growing(512);

	buf_printf(&nobody, "@%s", authn->realm.text);
	const struct rp_mar mar = {
		.s = session_of(authn, &session_id, ""),
		.user_name = buf_contents(&nobody),
		.has_item = true,
		.item.scheme = view_text(RP_SCHEME_REALM),
		.has_item_count = true,
		.item_count = 1,
	};

	if (ask(authn, &(struct question){.degrees_done = done, .ref = ref}, &question) != OK) {
		done(authn, ref, &(struct rp_b_degrees){.err = ERR_OVERLOAD});
		return;
	}
	diameter_send(authn->diameter, DIAMETER_ZH, DIAMETER_MAR, "", authn->realm.text,
		rp_mar_rows, &mar, degrees_answered, authn, question);
}

void rp_b_ask_permission(struct authn *authn, const struct rp_b_question *question,
	rp_b_permission_done *done, uint64_t ref)
{
	const struct question slot = {.permission_done = done,
		.ref = ref,
		.application = *question->application};
	uint64_t slot_ref;
	enum err err = ask(authn, &slot, &slot_ref);

	if (err == OK) {
		err = send_aar(authn, question, slot_ref);
		if (err == OK) {
			return;
		}
		pool_give(authn->questions, slot_ref);
	}
	done(authn, ref, &(struct rp_b_permission){.err = err, .detail = err_detail()});
}

static void permission_answered(void *user, uint64_t ref, enum err result, struct view message)
{
	struct authn *authn = user;
	struct question question;
	struct rp_b_permission answer = {.err = result};

	if (!take(authn, ref, &question)) {
		return;
	}
	answer.application = question.application;
	answer.format = TOKEN_GBA;
	if (result == OK) {
		answer.err = read_permission(message, &answer);
	}
	authn_figures_permission(authn, answer.err);
	answer.detail = err_detail();
	question.permission_done(authn, question.ref, &answer);
}

/* All name one application, or the group that it belongs to. */
static enum err read_naf_ids(const struct rp_aaa *aaa, struct rp_b_permission *ret)
{
	for (size_t i = 0; i < aaa->naf_id_count; i++) {
		struct ident application;

		TRY(rp_from_naf_id(aaa->naf_ids[i], &application, &ret->uas[i]));
		if (i > 0 && !ident_equal(&application, &ret->application)) {
			return err_fail(ERR_SYNTAX, "RP_B: AAA with NAF-Ids of two applications");
		}
		ret->application = application;
	}
	ret->ua_count = aaa->naf_id_count;
	return OK;
}

/* What no standard has; an authorization element that has only Zh and NASREQ leaves it out. */
static enum err read_terms(const struct rp_aaa *aaa, struct rp_b_permission *ret)
{
	char format[16] = "";

	if (aaa->format.len > 0) {
		TRY(text_copy(format, sizeof(format), aaa->format, "RP_B: Token-Format"));
		TRY(token_format_of(format, &ret->format));
	}
	if (aaa->degree.len > 0) {
		TRY(text_copy(ret->degree, sizeof(ret->degree), aaa->degree,
			"RP_B: Security-Degree"));
	}
	TRY(text_copy(ret->need.mechanisms, sizeof(ret->need.mechanisms), aaa->degree_mechanisms,
		"RP_B: Degree-Mechanisms"));
	TRY(text_copy(ret->need.algorithms, sizeof(ret->need.algorithms), aaa->degree_algorithms,
		"RP_B: Degree-Algorithms"));
	ret->need.strength = aaa->has_degree_strength && aaa->degree_strength < INT16_MAX
				     ? (int)aaa->degree_strength
				     : 0;
	ret->token_lifetime = aaa->has_token_lifetime ? aaa->token_lifetime : 0;
	memcpy(ret->members, aaa->members, sizeof(ret->members));
	ret->member_count = aaa->member_count;
	return OK;
}

static enum err read_permission(struct view message, struct rp_b_permission *ret)
{
	struct rp_aaa aaa;
	struct diameter_fault fault;

	TRY(diameter_decode(message, rp_aaa_rows, &aaa, &fault));
	TRY(verdict(&aaa.s));
	if (aaa.has_authorization_lifetime && aaa.authorization_lifetime == 0) {
		return err_fail(ERR_DENIED, "RFC 6733 8.9: the permission is over already");
	}
	ret->lifetime = aaa.has_authorization_lifetime ? aaa.authorization_lifetime : 0;
	ret->identity = aaa.user_name.len > 0;
	ret->settings = aaa.guss;
	ret->attributes = aaa.attributes;
	for (size_t i = 0; i < aaa.right_count; i++) {
		TRY(words_add(&ret->rights, aaa.rights[i], "RP_B: Right"));
	}
	TRY(text_copy(ret->session, sizeof(ret->session), aaa.s.session_id, "RP_B: Session-Id"));
	TRY(read_naf_ids(&aaa, ret));
	return read_terms(&aaa, ret);
}

/* --- key update --- */

static void update_answered(void *user, uint64_t ref, enum err result, struct view message);

static enum err send_update(struct authn *authn, const struct rp_b_update_question *question,
	rp_b_update_done *done, uint64_t ref)
{
	BUF_CLEANUP struct buf session_id = buf_growing(512);
	const struct rp_kur kur = {
		.s = session_of(authn, &session_id, question->tx),
		.user_name = ident_view(question->client),
		.public_half = question->public_half,
		.wrap = question->wrap,
		.transaction_id = question->token,
		.confirm = question->confirm,
	};
	uint64_t slot;

	TRY(ask(authn, &(struct question){.update_done = done, .ref = ref}, &slot));
	diameter_send(authn->diameter, DIAMETER_ZH, DIAMETER_KUR, "", authn->realm.text,
		rp_kur_rows, &kur, update_answered, authn, slot);
	return OK;
}

void rp_b_ask_update(struct authn *authn, const struct rp_b_update_question *question,
	rp_b_update_done *done, uint64_t ref)
{
	if (send_update(authn, question, done, ref) != OK) {
		done(authn, ref, &(struct rp_b_update){.err = ERR_OVERLOAD, .detail = err_detail()});
	}
}

void rp_b_report_token(struct authn *authn, const struct ident *client, const char *tx)
{
	if (send_update(authn, &(struct rp_b_update_question){.client = client, .tx = tx}, NULL,
		    0) != OK) {
		log_event(LOG_WARN, "rp_b.not_reported", tx, LOG_DETAIL());
	}
}

static enum err update_verdict(const struct rp_session *s)
{
	if (s->has_result && s->result == DIAMETER_AUTHENTICATION_REJECTED) {
		return err_fail(ERR_AUTH, "RP_B: refused");
	}
	if (s->has_experimental && s->experimental == DIAMETER_NOT_AUTHORIZED) {
		return err_fail(ERR_CONFLICT, "RP_B: no key update is due");
	}
	return verdict(s);
}

static enum err read_update(struct view message, struct rp_b_update *ret)
{
	struct rp_kua kua;
	struct diameter_fault fault;

	TRY(diameter_decode(message, rp_kua_rows, &kua, &fault));
	TRY(update_verdict(&kua.s));
	if (kua.sealed.len > KEY_UPDATE_PLAIN_MAX + KEY_UPDATE_OVERHEAD ||
		kua.public_half.len > KEY_UPDATE_PUBLIC || kua.confirm.len > KEY_UPDATE_MAC) {
		return err_fail(ERR_UNAVAILABLE, "RP_B: KUA with values that are too long");
	}
	ret->public_half = kua.public_half;
	ret->sealed = kua.sealed;
	ret->confirm = kua.confirm;
	return OK;
}

static void update_answered(void *user, uint64_t ref, enum err result, struct view message)
{
	struct authn *authn = user;
	struct question question;
	struct rp_b_update answer = {.err = result};

	if (!take(authn, ref, &question)) {
		return;
	}
	if (result == OK) {
		answer.err = read_update(message, &answer);
	}
	answer.detail = err_detail();
	if (question.update_done) {
		question.update_done(authn, question.ref, &answer);
	} else if (answer.err != OK) {
		log_event(LOG_WARN, "rp_b.not_reported", "", LOG_TEXT("detail", answer.detail));
	}
}
