// SPDX-License-Identifier: Apache-2.0
/*
 * asp_applications: how an ASP comes to the realm (10.2): it applies with its public identity, the names of its elements and a
 * CSR; an operator, or policy, approves; with the claim secret that it was given at first it collects its certificate,
 * once.  req: B10.2 B7.7-a B9.2.2-c B7.5-c
 */
#include "authz/registration/registration.h"

#include "wire/issuer.h"
#include "authz/portal/notices.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum {
	NAME_BYTES = 256,
	CONTACT_MAX = 256,
	REASON_MAX = 256,
	ELEMENTS = CALL_NAMES_MAX,
	ELEMENTS_TEXT = ELEMENTS * (IDENT_MAX + 1),
	ELEMENT_STEPS = CALL_NAMES_MAX / CALL_NAMES,
	PLACE = 32 + AUDIT_ID,
};

#define CLAIM "symclaim_"

/* What is read of an application, in the order of ASP_APPLICATION_COLUMNS. */
enum { ID, ASP, NAME, ELEMENTS_AT, CONTACT, STATE, REASON, CREATED, DECIDED, CSR, UNTIL };

static call_put put;

/* ---- applying ---- */

struct application {
	struct ident asp;
	struct view name, contact, csr_text;
	struct ident elements[ELEMENTS];
	struct view views[ELEMENTS];
	size_t count;
	char id[AUDIT_ID], secret[ASKER_TOKEN_TEXT];
	uint8_t hash[ASKER_TOKEN];
};

static void write_place(const char *id, char ret[PLACE])
{
	(void)snprintf(ret, PLACE, "asp_application/contact/%s", id);
}

/* Names of the realm's own nodes and operators are nobody else's: a certificate would open their doors. */
static enum err check_element(const struct authz *authz, const struct ident *name)
{
	struct view realm = ident_view(&authz->realm), text = ident_view(name);
	bool own = view_equal(text, realm) ||
		   (text.len > realm.len && text.data[text.len - realm.len - 1] == '.' &&
			   view_equal(realm, view_of(text.data + text.len - realm.len, realm.len)));

	for (size_t i = 0; i < authz->operators.count && !own; i++) {
		own = view_is_nocase(text, authz->operators.items[i]);
	}
	return own ? err_fail(ERR_DENIED, "elements: %s is this realm's own name", name->text) : OK;
}

static enum err check_csr(const struct application *a)
{
	static _Thread_local struct csr csr;

	TRY(csr_read(a->csr_text, &csr));
	return issuer_check_names(&csr, a->views, a->count);
}

static enum err read_text(const struct call *call, const char *name, size_t most, struct view *ret)
{
	TRY(json_text(call->body, name, ret));
	return ret->len >= 1 && ret->len <= most
		       ? OK
		       : err_fail(ERR_RANGE, "%s: 1 to %zu bytes", name, most);
}

static enum err read_application(struct call *call, struct application *ret)
{
	static const char *const known[] = {"id", "name", "elements", "contact", "csr", NULL};

	TRY(json_only(call->body, known));
	TRY(call_body_ident(call, "id", IDENT_ASP, &ret->asp));
	TRY(read_text(call, "name", NAME_BYTES, &ret->name));
	TRY(read_text(call, "contact", CONTACT_MAX, &ret->contact));
	TRY(asp_read_elements(call, "elements", ELEMENTS, ret->elements, ret->views, &ret->count));
	for (size_t i = 0; i < ret->count; i++) {
		TRY(check_element(call->authz, &ret->elements[i]));
	}
	TRY(read_text(call, "csr", CSR_MAX, &ret->csr_text));
	TRY(check_csr(ret));
	TRY(audit_new_id(call->authz, ret->id));
	return asker_new_token(call->authz, CLAIM, ret->secret, ret->hash);
}

static enum err write_receipt(struct call *call, const struct application *a, const char *state)
{
	const struct authz_conf *conf = call->authz->conf;
	struct json_writer w = json_to(&call->reply);
	char time[TEXT_TIME];

	text_time(env_wall(loop_env(call->authz->loop)) + conf->asp_claim_lifetime / 1000, time);
	json_open(&w, NULL);
	json_put_string(&w, "id", a->id);
	json_put_text(&w, "asp", ident_view(&a->asp));
	json_put_string(&w, "state", state);
	json_put_string(&w, "secret", a->secret);
	json_put_string(&w, "until", time);
	json_close(&w);
	call->status = 202;
	return OK;
}

static struct store_step add_asp_step(struct view asp, struct view name, int64_t now)
{
	return (struct store_step){.statement = ADD_ASP,
		.param_count = 3,
		.params = {STORE_TEXT_OF(asp), STORE_TEXT_OF(name), STORE_INT_OF(now)}};
}

/* Approved by policy: the ASP is registered in the unit that keeps its application. */
static enum err submit(struct call *call, const struct application *a, struct view contact)
{
	static const struct call_fault faults[] = {
		{1, ERR_CONFLICT, ERR_EXISTS,
			"an ASP with this id is registered already; its operator can add elements"},
		{2, ERR_EXISTS, ERR_EXISTS, "an application with this id is under way already"},
		{2, ERR_CONFLICT, ERR_OVERLOAD, "too many applications wait for the operator"},
		{3, ERR_EXISTS, ERR_EXISTS, "an ASP with this id is registered already"},
		{4, ERR_EXISTS, ERR_EXISTS, "elements: a name belongs to another ASP already"},
		{5, ERR_EXISTS, ERR_EXISTS, "elements: a name belongs to another ASP already"},
		{6, ERR_EXISTS, ERR_EXISTS, "elements: a name belongs to another ASP already"},
	};
	const struct authz_conf *conf = call->authz->conf;
	const bool automatic = conf->asp_approval == ASP_AUTOMATIC;
	const char *state = automatic ? "approved" : "pending";
	const struct view asp = ident_view(&a->asp);
	const int64_t now = env_wall(loop_env(call->authz->loop));
	BUF_CLEANUP struct buf elements = buf_growing(ELEMENTS_TEXT);
	struct store_step steps[5 + ELEMENT_STEPS];
	struct audit_room room;
	size_t count = 0;

	for (size_t i = 0; i < a->count; i++) {
		buf_text(&elements, i > 0 ? " " : "");
		buf_view(&elements, a->views[i]);
	}
	TRY(buf_end(&elements, "elements"));
	steps[count++] = (struct store_step){.statement = DROP_OLD_ASP_APPLICATIONS,
		.param_count = 1,
		.params = {STORE_INT_OF(now)}};
	steps[count++] = (struct store_step){.statement = FIND_ASP,
		.expect = STORE_NONE,
		.param_count = 1,
		.params = {STORE_TEXT_OF(asp)}};
	steps[count++] = (struct store_step){
		.statement = ADD_ASP_APPLICATION,
		.expect = STORE_ONE,
		.param_count = 11,
		.params = {STORE_TEXT_OF(view_text(a->id)), STORE_TEXT_OF(asp),
			STORE_TEXT_OF(a->name), STORE_TEXT_OF(buf_contents(&elements)),
			STORE_BLOB_OF(contact), STORE_TEXT_OF(a->csr_text),
			STORE_BLOB_OF(VIEW(a->hash)), STORE_TEXT_OF(view_text(state)),
			STORE_INT_OF(now), STORE_INT_OF(now + conf->asp_claim_lifetime / 1000),
			STORE_INT_OF(conf->asp_waiting)},
	};
	if (automatic) {
		steps[count++] = add_asp_step(asp, a->name, now);
		count += call_name_steps(ADD_ELEMENTS, asp, a->views, a->count, &steps[count]);
	}
	TRY(notice_step(call->authz,
		&(struct notice){.to = NOTICE_OPERATOR,
			.kind = automatic ? "asp-approved" : "asp-applied",
			.object = asp,
			.text = view_text(automatic ? "an ASP applied, and policy approved it"
						    : "an ASP applied: approve or refuse it")},
		&room, &steps[count++]));
	TRY(write_receipt(call, a, state));
	call_audit(call, asp, state);
	CALL_FAULTS(call, faults);
	return call_submit(call, steps, count, call_on_done);
}

/* Anyone's. The secret is what the applicant is known by until it has a certificate. */
enum err asp_application_add(struct call *call)
{
	static _Thread_local struct application a; /* one thread, and not within itself */
	BUF_CLEANUP struct buf sealed = buf_growing(CONTACT_MAX + SEAL_OVERHEAD);
	char place[PLACE];

	if (!call->authz->asp_ca) {
		return err_fail(ERR_NOT_FOUND,
			"this realm takes no applications of ASPs over its API");
	}
	TRY(account_check_rate(call, NULL));
	a = (struct application){.count = 0};
	TRY(read_application(call, &a));
	write_place(a.id, place);
	TRY(seal_close(call->authz->ring, place, a.contact, &sealed));
	enum err err = submit(call, &a, buf_contents(&sealed));

	bytes_wipe(a.secret, sizeof(a.secret));
	return err;
}

/* ---- deciding ---- */

static struct store_step decide_step(struct view id, const char *to, struct view reason,
	const char *from, int64_t now)
{
	return (struct store_step){
		.statement = DECIDE_ASP_APPLICATION,
		.expect = STORE_ONE,
		.param_count = 5,
		.params = {STORE_TEXT_OF(id), STORE_TEXT_OF(view_text(to)), STORE_TEXT_OF(reason),
			STORE_INT_OF(now), STORE_TEXT_OF(view_text(from))},
	};
}

static size_t split(struct view text, struct view ret[ELEMENTS])
{
	size_t count = 0;

	while (text.len > 0 && count < ELEMENTS) {
		const uint8_t *space = memchr(text.data, ' ', text.len);
		size_t len = space ? (size_t)(space - text.data) : text.len;

		ret[count++] = view_of(text.data, len);
		text = view_of(text.data + len, text.len - len);
		text = text.len > 0 ? view_of(text.data + 1, text.len - 1) : text;
	}
	return count;
}

static struct view field(const struct store_result *result, size_t column)
{
	return store_at(result, 0, 0, column).bytes;
}

static enum err write_decision(struct call *call, struct view asp, const char *state)
{
	struct json_writer w = json_to(&call->reply);

	json_open(&w, NULL);
	json_put_text(&w, "id", buf_contents(&call->segment));
	json_put_text(&w, "asp", asp);
	json_put_string(&w, "state", state);
	json_close(&w);
	return OK;
}

static const char no_such[] = "no such application of an ASP";

static enum err approve_row(struct call *call, const struct store_result *result)
{
	static const struct call_fault faults[] = {
		{0, ERR_CONFLICT, ERR_CONFLICT, "the application is not pending any more"},
		{1, ERR_EXISTS, ERR_EXISTS, "an ASP with this id is registered already"},
		{2, ERR_EXISTS, ERR_EXISTS, "elements: a name belongs to another ASP already"},
		{3, ERR_EXISTS, ERR_EXISTS, "elements: a name belongs to another ASP already"},
		{4, ERR_EXISTS, ERR_EXISTS, "elements: a name belongs to another ASP already"},
	};
	const int64_t now = env_wall(loop_env(call->authz->loop));
	struct store_step steps[4 + ELEMENT_STEPS];
	struct view elements[ELEMENTS];
	struct audit_room room;
	size_t count = 0;

	if (result->steps[0].rows == 0) {
		return err_fail(ERR_NOT_FOUND, "%s", no_such);
	}
	const struct view asp = field(result, ASP);

	steps[count++] = decide_step(field(result, ID), "approved", view_text(""), "pending", now);
	steps[count++] = add_asp_step(asp, field(result, NAME), now);
	count += call_name_steps(ADD_ELEMENTS, asp, elements,
		split(field(result, ELEMENTS_AT), elements), &steps[count]);
	TRY(notice_step(call->authz,
		&(struct notice){.to = NOTICE_ASP,
			.whom = asp,
			.kind = "asp-approved",
			.object = asp,
			.text = view_text("this realm has approved the ASP")},
		&room, &steps[count++]));
	TRY(write_decision(call, asp, "approved"));
	call_audit(call, asp, "approved");
	CALL_FAULTS(call, faults);
	return call_submit(call, steps, count, call_on_done);
}

static enum err look(struct call *call, call_done *done)
{
	const struct store_step step = {
		.statement = FIND_ASP_APPLICATION,
		.param_count = 1,
		.params = {STORE_TEXT_OF(buf_contents(&call->segment))},
	};

	return call_look(call, &step, 1, done);
}

enum err asp_application_approve(struct call *call)
{
	static const char *const known[] = {NULL};

	TRY(json_only(call->body, known));
	return look(call, approve_row);
}

/* Also of what was approved and not collected yet: the ASP goes again. */
static enum err refuse_row(struct call *call, const struct store_result *result)
{
	static const struct call_fault faults[] = {
		{0, ERR_CONFLICT, ERR_CONFLICT,
			"the application has been decided, or its certificate collected: `asp "
			"remove` "
			"takes the ASP out"},
		{1, ERR_CONFLICT, ERR_CONFLICT,
			"the ASP has applications already: remove them first"},
	};
	const int64_t now = env_wall(loop_env(call->authz->loop));

	if (result->steps[0].rows == 0) {
		return err_fail(ERR_NOT_FOUND, "%s", no_such);
	}
	const struct view asp = field(result, ASP);
	const bool approved = view_is(field(result, STATE), "approved");
	const struct store_step steps[] = {
		decide_step(field(result, ID), "refused", buf_contents(&call->keep),
			approved ? "approved" : "pending", now),
		{.statement = DROP_ASP, .param_count = 1, .params = {STORE_TEXT_OF(asp)}},
	};

	TRY(write_decision(call, asp, "refused"));
	call_audit(call, asp, "refused");
	CALL_FAULTS(call, faults);
	return call_submit(call, steps, approved ? 2 : 1, call_on_done);
}

enum err asp_application_refuse(struct call *call)
{
	static const char *const known[] = {"reason", NULL};
	struct view reason = view_text("");

	TRY(json_only(call->body, known));
	TRY(json_text_opt(call->body, "reason", &reason));
	if (reason.len > REASON_MAX) {
		return err_fail(ERR_RANGE, "reason: longer than %d bytes", REASON_MAX);
	}
	buf_view(&call->keep, reason);
	return look(call, refuse_row);
}

/* ---- collecting ---- */

enum { STEP_ELEMENTS = 1 };

static enum err write_certificate(struct call *call, struct view asp,
	const struct issued *certificate)
{
	struct json_writer w = json_to(&call->reply);

	json_open(&w, NULL);
	json_put_text(&w, "id", buf_contents(&call->segment));
	json_put_text(&w, "asp", asp);
	json_put_string(&w, "state", "collected");
	certificate_put(&w, call->authz, certificate);
	json_close(&w);
	return OK;
}

static enum err issue(struct call *call, const struct store_result *result,
	const struct issued *certificate, struct view names)
{
	static const struct call_fault faults[] = {
		{0, ERR_CONFLICT, ERR_CONFLICT,
			"the application was decided otherwise meanwhile: ask again"},
		{2, ERR_CONFLICT, ERR_CONFLICT, "the ASP was removed meanwhile"},
	};
	const int64_t now = env_wall(loop_env(call->authz->loop));
	const struct view asp = field(result, ASP);
	const struct store_step steps[] = {
		decide_step(field(result, ID), "collected", view_text(""), "approved", now),
		certificate_step(asp, names, certificate, now),
		{.statement = FIND_ASP,
			.expect = STORE_SOME,
			.param_count = 1,
			.params = {STORE_TEXT_OF(asp)}},
	};

	TRY(write_certificate(call, asp, certificate));
	call->asker.who = WHO_ASP;
	(void)snprintf(call->asker.by, sizeof(call->asker.by), "%.*s", (int)asp.len,
		(const char *)asp.data);
	call_audit(call, asp, certificate->serial);
	CALL_FAULTS(call, faults);
	return call_submit(call, steps, 3, call_on_done);
}

/* For the elements that the ASP has now: what was approved may have gone to another since. */
static enum err collect_certificate(struct call *call, const struct store_result *result)
{
	static _Thread_local struct csr csr;
	struct view elements[ELEMENTS], names[CSR_NAMES];
	struct issued certificate;
	BUF_CLEANUP struct buf text = buf_growing(ELEMENTS_TEXT);
	size_t count = 0;

	while (count < result->steps[STEP_ELEMENTS].rows && count < ELEMENTS) {
		elements[count] = store_at(result, STEP_ELEMENTS, count, 0).bytes;
		count++;
	}
	if (count == 0) {
		return err_fail(ERR_EXPIRED, "the ASP is registered no more: apply again");
	}
	TRY(csr_read(field(result, CSR), &csr));
	TRY(certificate_make(call, &csr, elements, count, names, &text, &certificate));
	enum err err = issue(call, result, &certificate, buf_contents(&text));

	buf_free(&certificate.pem);
	return err;
}

static enum err on_claim(struct call *call, const struct store_result *result)
{
	struct view state = field(result, STATE), reason = field(result, REASON);

	if (result->steps[0].rows == 0) {
		return err_fail(ERR_NOT_FOUND, "no such application, or not its secret");
	}
	if (view_is(state, "collected")) {
		return err_fail(ERR_EXPIRED,
			"this secret is used up: the certificate was collected");
	}
	if (store_at(result, 0, 0, UNTIL).number <= env_wall(loop_env(call->authz->loop))) {
		return err_fail(ERR_EXPIRED, "this secret has run out: apply again");
	}
	if (view_is(state, "refused")) {
		return err_fail(ERR_DENIED, "the application was refused%s%.*s",
			reason.len > 0 ? ": " : "", (int)reason.len,
			reason.data ? (const char *)reason.data : "");
	}
	if (view_is(state, "pending")) {
		TRY(write_decision(call, field(result, ASP), "pending"));
		call_answer(call, 202);
		return OK;
	}
	return collect_certificate(call, result);
}

/* Anyone's who has the secret. */
enum err asp_application_collect(struct call *call)
{
	static const char *const known[] = {"secret", NULL};
	struct view secret;
	uint8_t hash[ASKER_TOKEN];

	TRY(json_only(call->body, known));
	TRY(json_text(call->body, "secret", &secret));
	TRY(account_check_rate(call, NULL));
	asker_hash(secret, hash);
	const struct store_value id = STORE_TEXT_OF(buf_contents(&call->segment));
	const struct store_step steps[] = {
		{.statement = FIND_CLAIM,
			.param_count = 2,
			.params = {id, STORE_BLOB_OF(VIEW(hash))}},
		[STEP_ELEMENTS] = {.statement = ELEMENTS_OF_CLAIM, .param_count = 1, .params = {id}},
	};

	return call_look(call, steps, 2, on_claim);
}

/* ---- looking ---- */

static enum err put(struct call *call, struct json_writer *w, const struct store_result *result,
	size_t row, size_t count)
{
	static const char *const texts[] = {"id", "asp", "name"};
	struct view elements[ELEMENTS];
	BUF_CLEANUP struct buf contact = buf_growing(CONTACT_MAX);
	char id[AUDIT_ID], place[PLACE], time[TEXT_TIME];

	(void)count;
	TRY(text_copy(id, sizeof(id), store_at(result, 0, row, ID).bytes, "application"));
	write_place(id, place);
	if (seal_open(call->authz->ring, place, store_at(result, 0, row, CONTACT).bytes,
		    &contact) != OK) {
		return err_fail(ERR_IO, "an application's contact does not open");
	}
	json_open(w, NULL);
	for (size_t i = 0; i < 3; i++) {
		json_put_text(w, texts[i], store_at(result, 0, row, ID + i).bytes);
	}
	json_put_text(w, "contact", buf_contents(&contact));
	json_put_text(w, "state", store_at(result, 0, row, STATE).bytes);
	json_put_text(w, "reason", store_at(result, 0, row, REASON).bytes);
	text_time(store_at(result, 0, row, CREATED).number, time);
	json_put_string(w, "created", time);
	json_open_array(w, "elements");
	size_t names = split(store_at(result, 0, row, ELEMENTS_AT).bytes, elements);

	for (size_t i = 0; i < names; i++) {
		json_put_text(w, NULL, elements[i]);
	}
	json_close_array(w);
	json_close(w);
	return OK;
}

enum err asp_application_list(struct call *call)
{
	BUF_CLEANUP struct buf after = buf_growing(AUDIT_ID), state = buf_growing(16);
	enum err err = http_query(call->request->target.query, "state", &state);

	if (err != ERR_NOT_FOUND) {
		TRY(err);
		TRY(buf_end(&state, "state"));
	}
	TRY(call_page(call, &after));
	const struct store_step step = {
		.statement = LIST_ASP_APPLICATIONS,
		.param_count = 3,
		.params = {STORE_TEXT_OF(buf_contents(&after)),
			STORE_INT_OF((int64_t)call->limit + 1), STORE_TEXT_OF(buf_contents(&state))},
	};

	call->put = put;
	return call_submit(call, &step, 1, call_on_list);
}

enum err asp_application_show(struct call *call)
{
	const struct store_step step = {
		.statement = FIND_ASP_APPLICATION,
		.param_count = 1,
		.params = {STORE_TEXT_OF(buf_contents(&call->segment))},
	};

	call->put = put;
	return call_submit(call, &step, 1, call_on_item);
}
