// SPDX-License-Identifier: Apache-2.0
#include "authz/rp_b.h"

#include "authz/degrees.h"
#include "authz/figures.h"
#include "authz/keys.h"
#include "authz/mapping.h"
#include "authz/schema.h"
#include "base/log.h"
#include "wire/gba_xml.h"
#include "wire/public_key.h"
#include "wire/rp_messages.h"

#include <string.h>

enum { SESSION_ID_MAX = 256 };

/* One request under way: what its answer repeats. */
struct question {
	struct authz *authz;
	pool_ref ref;
	struct diameter_request *request;
	uint8_t session_id[SESSION_ID_MAX];
	size_t session_id_len;
	struct ident client; /* of kind NONE: an announcement names none */
	bool keeps_state;    /* what the request says of its session */
	char tx[LOG_TX];
	int64_t since_us;
};

static void on_vector(void *user, uint64_t ref, enum err result, const struct vector *vector,
	unsigned awaits);
static void on_client(void *user, uint64_t ref, const struct store_result *result);
static void on_permission(void *user, uint64_t ref, const struct mapping_answer *answer);
static struct rp_session session_of(const struct question *question);
static void close_question(struct question *question);
static void answer_mar(struct question *question, const struct vector *vector, unsigned awaits);
static void answer_client(struct question *question, unsigned awaits);
static void refuse_mar(struct question *question, enum diameter_result result, const char *why);
static void answer_aar(struct question *question, const struct mapping_answer *answer);
static void refuse_aar(struct question *question, const struct mapping_answer *answer);

static int64_t us_of(const struct question *question)
{
	const struct env *env = loop_env(question->authz->loop);

	return env->steady_us(env) - question->since_us;
}

static void step(const struct question *question, const char *event, const char *clause)
{
	log_step(event, question->tx, clause, "authz", "authn", us_of(question));
}

static enum err open_question(struct authz *authz, struct diameter_request *request,
	struct view session_id, struct view user_name, struct question **ret)
{
	struct question *question;
	struct ident client = {.kind = IDENT_NONE};
	pool_ref ref;

	if (session_id.len > SESSION_ID_MAX) {
		return err_fail(ERR_RANGE, "RP_B: Session-Id longer than %d bytes", SESSION_ID_MAX);
	}
	if (user_name.len > 0) {
		TRY(ident_parse(IDENT_CLIENT, user_name, &client));
	}
	TRY(pool_take(authz->questions, &ref, (void **)&question));
	question->authz = authz;
	question->ref = ref;
	question->request = request;
	question->client = client;
	question->since_us = loop_env(authz->loop)->steady_us(loop_env(authz->loop));
	memcpy(question->session_id, session_id.data, session_id.len);
	question->session_id_len = session_id.len;
	log_tx_of(session_id, question->tx);
	*ret = question;
	return OK;
}

static void refuse(struct diameter_request *request, enum err err)
{
	const struct diameter_fault fault = {
		.result = err == ERR_OVERLOAD ? DIAMETER_TOO_BUSY : DIAMETER_INVALID_AVP_VALUE,
	};

	diameter_refuse(request, &fault, err_detail());
}

/* 8.4: which security degrees the realm has.  req: B8.4-a */
static void answer_realm(struct authz *authz, struct diameter_request *request,
	const struct rp_mar *mar)
{
	struct question *question;
	struct degree degrees[RP_DEGREES];

	if (open_question(authz, request, mar->s.session_id, view_text(""), &question) != OK) {
		refuse(request, ERR_OVERLOAD);
		return;
	}
	struct rp_maa maa = {
		.s = session_of(question),
		.has_item = true,
		.item.scheme = view_text(RP_SCHEME_REALM),
	};

	for (size_t i = 0; i < RP_DEGREES && degree_at(authz->conf, i, &degrees[i]); i++) {
		const struct degree *degree = &degrees[i];

		maa.degrees[maa.degree_count++] = (struct rp_degree){
			.name = view_text(degree->name),
			.mechanisms = view_text(degree->need.mechanisms),
			.algorithms = view_text(degree->need.algorithms),
			.has_strength = true,
			.strength = (uint32_t)degree->need.strength,
			.has_lifetime = true,
			.lifetime = (uint32_t)degree->lifetime,
		};
	}
	maa.s.has_result = true;
	maa.s.result = DIAMETER_SUCCESS;
	diameter_answer(question->request, rp_maa_rows, &maa);
	close_question(question);
}

/* 10.4/1b with public keys: whose is this one? The same two look-ups, whether it is anybody's.  req: B10.4-asym B9.2.1-a */
static void ask_client(struct authz *authz, struct diameter_request *request,
	const struct rp_mar *mar)
{
	struct question *question;
	enum err err =
		mar->item.authorization.len == PUBLIC_KEY_DIGEST
			? open_question(authz, request, mar->s.session_id, view_text(""), &question)
			: err_fail(ERR_SYNTAX, "RP_B: 610 is the SHA-256 of a public key");

	if (err != OK) {
		refuse(request, err);
		return;
	}
	const struct store_step steps[] = {
		{.statement = FIND_KEY_HOLDER,
			.param_count = 1,
			.params = {STORE_BLOB_OF(mar->item.authorization)}},
		{.statement = FIND_CERTIFIED,
			.param_count = 1,
			.params = {STORE_TEXT_OF(mar->user_name)}},
	};

	if (store_submit(authz->store, steps, 2, on_client, authz, question->ref) != OK) {
		refuse_mar(question, DIAMETER_TOO_BUSY, err_detail());
	}
}

static bool take_client(struct question *question, const struct store_result *result,
	unsigned *ret_awaits)
{
	for (size_t i = 0; i < 2; i++) {
		if (result->steps[i].rows > 0) {
			*ret_awaits = (unsigned)store_at(result, i, 0, 1).number;
			return ident_parse(IDENT_CLIENT, store_at(result, i, 0, 0).bytes,
				       &question->client) == OK;
		}
	}
	return false;
}

static void on_client(void *user, uint64_t ref, const struct store_result *result)
{
	struct authz *authz = user;
	struct question *question = pool_at(authz->questions, ref);
	unsigned awaits = 0;

	if (!question) {
		return;
	}
	authz_figures_vector(authz, result->err, us_of(question));
	if (result->err != OK) {
		log_event(LOG_ERROR, "rp_b.no_vector", question->tx, LOG_TEXT("clause", "10.4/1c"),
			LOG_TEXT("detail", result->detail));
		refuse_mar(question, DIAMETER_UNABLE_TO_COMPLY, "10.4/1c: cannot be looked up now");
		return;
	}
	step(question, "rp_b.key_looked_up", "10.4/1c");
	if (!take_client(question, result, &awaits)) {
		refuse_mar(question, DIAMETER_IDENTITY_UNKNOWN,
			"10.4/1c: no device is registered with this key");
		return;
	}
	answer_client(question, awaits);
}

/* 10.4/1b: keying material for a client. */
void rp_b_on_mar(void *user, struct diameter_request *request)
{
	struct rp_mar mar;
	struct diameter_fault fault;
	struct question *question;
	const uint8_t *rand_auts = NULL;

	if (diameter_decode(request->message, rp_mar_rows, &mar, &fault) != OK) {
		diameter_refuse(request, &fault, err_detail());
		return;
	}
	if (mar.has_item && view_is(mar.item.scheme, RP_SCHEME_REALM)) {
		answer_realm(user, request, &mar);
		return;
	}
	if (mar.has_item && view_is(mar.item.scheme, RP_SCHEME_CERTIFICATE)) {
		ask_client(user, request, &mar);
		return;
	}
	if (mar.has_item && mar.item.authorization.len > 0) {
		if (mar.item.authorization.len != RAND_SIZE + AUTS_SIZE) {
			refuse(request,
				err_fail(ERR_SYNTAX,
					"RP_B: 610 in a request is RAND || AUTS, 30 bytes"));
			return;
		}
		rand_auts = mar.item.authorization.data;
	}
	enum err err = mar.user_name.len > 0 ? open_question(user, request, mar.s.session_id,
						       mar.user_name, &question)
					     : err_fail(ERR_SYNTAX, "RP_B: User-Name is empty");

	if (err != OK) {
		refuse(request, err);
		return;
	}
	keys_make_vector(user, ident_view(&question->client), rand_auts, on_vector, question->ref);
}

static void on_vector(void *user, uint64_t ref, enum err result, const struct vector *vector,
	unsigned awaits)
{
	struct authz *authz = user;
	struct question *question = pool_at(authz->questions, ref);

	if (!question) {
		return;
	}
	authz_figures_vector(authz, result, us_of(question));
	if (result == ERR_AUTH) {
		log_event(LOG_WARN, "rp_b.forged_auts", question->tx, LOG_TEXT("clause", "10.4/1c"));
		refuse_mar(question, DIAMETER_AUTHENTICATION_REJECTED,
			"10.4/1c: AUTS does not verify");
		return;
	}
	if (result != OK) {
		log_event(LOG_ERROR, "rp_b.no_vector", question->tx, LOG_TEXT("clause", "10.4/1c"),
			LOG_DETAIL());
		refuse_mar(question, DIAMETER_UNABLE_TO_COMPLY, "10.4/1c: no vector now");
		return;
	}
	step(question, "rp_b.vector_made", "10.4/1c");
	answer_mar(question, vector, awaits);
}

static struct rp_session session_of(const struct question *question)
{
	return (struct rp_session){
		.session_id = view_of(question->session_id, question->session_id_len),
		.origin_host = ident_view(&question->authz->node),
		.origin_realm = ident_view(&question->authz->realm),
		.auth_session_state = question->keeps_state ? 0 : 1,
	};
}

static void close_question(struct question *question)
{
	pool_give(question->authz->questions, question->ref);
}

static void answer_mar(struct question *question, const struct vector *vector, unsigned awaits)
{
	uint8_t challenge[RAND_SIZE + AUTN_SIZE];
	BUF_CLEANUP struct buf xml = buf_growing(8192);
	struct guss guss = {.lifetime = (int32_t)(question->authz->conf->key_lifetime / 1000)};
	struct rp_maa maa = {
		.s = session_of(question),
		.user_name = ident_view(&question->client),
		.has_item = true,
		.item =
			{
				.scheme = view_text("Digest-AKAv1-MD5"),
				.authenticate = view_of(challenge, sizeof(challenge)),
				.authorization = secret_view(&vector->xres),
				.confidentiality_key = secret_view(&vector->ck),
				.integrity_key = secret_view(&vector->ik),
			},
		.has_key_strength = true,
		.key_strength = DEGREE_STRENGTH_AKA,
	};

	maa.key_algorithm = view_text(aka_algorithm_name(vector->algorithm));
	memcpy(challenge, vector->rand, RAND_SIZE);
	memcpy(challenge + RAND_SIZE, vector->autn, AUTN_SIZE);
	memcpy(guss.id, question->client.text, sizeof(question->client.text));
	gba_xml_write_guss(&xml, &guss);
	maa.guss = buf_contents(&xml);
	maa.has_awaits = awaits != 0;
	maa.awaits = awaits;
	maa.s.has_result = true;
	maa.s.result = DIAMETER_SUCCESS;
	diameter_answer(question->request, rp_maa_rows, &maa);
	close_question(question);
}

static void answer_client(struct question *question, unsigned awaits)
{
	BUF_CLEANUP struct buf xml = buf_growing(8192);
	struct guss guss = {.lifetime = (int32_t)(question->authz->conf->key_lifetime / 1000)};
	struct rp_maa maa = {
		.s = session_of(question),
		.user_name = ident_view(&question->client),
		.has_item = true,
		.item.scheme = view_text(RP_SCHEME_CERTIFICATE),
		.has_awaits = awaits != 0,
		.awaits = awaits,
	};

	memcpy(guss.id, question->client.text, sizeof(question->client.text));
	gba_xml_write_guss(&xml, &guss);
	maa.guss = buf_contents(&xml);
	maa.s.has_result = true;
	maa.s.result = DIAMETER_SUCCESS;
	diameter_answer(question->request, rp_maa_rows, &maa);
	close_question(question);
}

static void refuse_mar(struct question *question, enum diameter_result result, const char *why)
{
	struct rp_maa maa = {.s = session_of(question)};

	maa.s.has_result = result != DIAMETER_IDENTITY_UNKNOWN;
	maa.s.has_experimental = !maa.s.has_result;
	maa.s.result = maa.s.experimental = result;
	maa.s.error_message = view_text(why);
	diameter_answer(question->request, rp_maa_rows, &maa);
	close_question(question);
}

/* An announcement is for an element; all else is about a client. */
static enum err check_aar(const struct rp_aar *aar)
{
	return aar->user_name.len > 0 || aar->nas_identifier.len > 0
		       ? OK
		       : err_fail(ERR_SYNTAX, "RP_B: neither User-Name nor NAS-Identifier");
}

/* 10.4/3a: may this client use this application? Or, of an announcement: may this element serve it? */
void rp_b_on_aar(void *user, struct diameter_request *request)
{
	struct authz *authz = user;
	struct rp_aar aar;
	struct diameter_fault fault;
	struct question *question;
	struct ident application;
	struct mapping_question asked = {.application = &application};

	if (diameter_decode(request->message, rp_aar_rows, &aar, &fault) != OK) {
		diameter_refuse(request, &fault, err_detail());
		return;
	}
	enum err err = check_aar(&aar);

	if (err == OK) {
		err = rp_from_naf_id(aar.naf_id, &application, &asked.ua);
	}
	if (err == OK) {
		err = open_question(authz, request, aar.s.session_id, aar.user_name, &question);
	}
	if (err != OK) {
		refuse(request, err);
		return;
	}
	asked.element = aar.nas_identifier;
	if (question->client.kind == IDENT_CLIENT) {
		asked.client = &question->client;
		question->keeps_state = aar.s.auth_session_state == 0;
		asked.origin = view_text(request->origin);
		asked.session = question->keeps_state ? aar.s.session_id : asked.session;
	}
	mapping_ask(authz, &asked, on_permission, question->ref);
}

/* 10.4/3b */
static void on_permission(void *user, uint64_t ref, const struct mapping_answer *answer)
{
	struct authz *authz = user;
	struct question *question = pool_at(authz->questions, ref);

	if (!question) {
		return;
	}
	authz_figures_permission(authz, answer->err, us_of(question));
	step(question, "rp_b.permission_answered", "10.4/3b");
	if (answer->err == OK) {
		answer_aar(question, answer);
		return;
	}
	refuse_aar(question, answer);
}

/* NAF-Id = application or group || each Ua id, into `room`; views into it. */
static enum err put_naf_ids(const struct mapping_answer *answer, struct buf *room,
	struct rp_aaa *aaa)
{
	for (size_t i = 0; i < answer->ua_count; i++) {
		size_t at = room->len;

		TRY(rp_naf_id(&answer->application, answer->uas[i], room));
		aaa->naf_ids[i] = view_of(room->data + at, room->len - at);
	}
	aaa->naf_id_count = answer->ua_count;
	return OK;
}

/* What concerns the client: its pseudonym, and its identity if that is granted. */
static void put_client(const struct question *question, const struct mapping_answer *answer,
	struct buf *xml, struct rp_aaa *aaa)
{
	if (question->client.kind != IDENT_CLIENT) {
		return;
	}
	const struct guss guss = {.uss = {answer->setting}, .uss_count = 1};

	gba_xml_write_uss_list(xml, &guss);
	aaa->guss = buf_contents(xml);
	if (answer->identity) {
		aaa->user_name = ident_view(&question->client);
	}
}

static void answer_aar(struct question *question, const struct mapping_answer *answer)
{
	BUF_CLEANUP struct buf xml = buf_growing(8192);
	uint8_t room[RP_UAS * NAF_ID_MAX];
	struct buf naf_ids = buf_fixed(room, sizeof(room));
	struct rp_aaa aaa = {
		.s = session_of(question),
		.auth_application = DIAMETER_NASREQ,
		.request_type = 2, /* AUTHORIZE_ONLY */
		.has_authorization_lifetime = true,
		.authorization_lifetime = (uint32_t)answer->lifetime,
		.format = answer->format,
		.degree = answer->degree,
		.has_token_lifetime = true,
		.token_lifetime = (uint32_t)answer->token_lifetime,
		.member_count = answer->member_count,
		.attributes = answer->attributes,
		.degree_mechanisms = view_text(answer->need.mechanisms),
		.degree_algorithms = view_text(answer->need.algorithms),
		.has_degree_strength = true,
		.degree_strength = (uint32_t)answer->need.strength,
	};

	aaa.right_count = words_split(&answer->rights, aaa.rights);

	if (put_naf_ids(answer, &naf_ids, &aaa) != OK) {
		refuse_aar(question,
			&(struct mapping_answer){.err = ERR_RANGE, .detail = err_detail()});
		return;
	}
	memcpy(aaa.members, answer->members, sizeof(aaa.members));
	put_client(question, answer, &xml, &aaa);
	aaa.s.has_result = true;
	aaa.s.result = DIAMETER_SUCCESS;
	diameter_answer(question->request, rp_aaa_rows, &aaa);
	close_question(question);
}

static void refuse_aar(struct question *question, const struct mapping_answer *answer)
{
	struct rp_aaa aaa = {
		.s = session_of(question),
		.auth_application = DIAMETER_NASREQ,
		.request_type = 2,
	};

	aaa.s.error_message =
		view_text(answer->err == ERR_DENIED ? "10.4/3b: not permitted"
						    : "10.4/3b: cannot be looked up now");
	if (answer->err == ERR_DENIED) {
		aaa.s.has_experimental = true;
		aaa.s.experimental = DIAMETER_NOT_AUTHORIZED;
	} else {
		log_event(LOG_ERROR, "rp_b.no_permission", question->tx,
			LOG_TEXT("detail", answer->detail));
		aaa.s.has_result = true;
		aaa.s.result = DIAMETER_UNABLE_TO_COMPLY;
	}
	diameter_answer(question->request, rp_aaa_rows, &aaa);
	close_question(question);
}

enum err rp_b_serve(struct authz *authz)
{
	return pool_new(sizeof(struct question), (size_t)authz->conf->questions, &authz->questions);
}

static void abandon(void *user, pool_ref ref, void *slot)
{
	const struct diameter_fault fault = {.result = DIAMETER_TOO_BUSY};
	struct question *question = slot;

	(void)user;
	(void)ref;
	diameter_refuse(question->request, &fault, "this node is stopping");
	close_question(question);
}

void rp_b_stop_serving(struct authz *authz)
{
	if (authz->questions) {
		pool_each(authz->questions, abandon, NULL);
	}
	pool_free(authz->questions);
	authz->questions = NULL;
}
