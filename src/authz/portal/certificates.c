// SPDX-License-Identifier: Apache-2.0
/* certificates: those that the realm gave to ASPs: more of them for further elements, new ones before the old run out. */
#include "authz/registration/registration.h"

#include "wire/issuer.h"
#include "authz/api/audit.h"
#include "base/text.h"

enum { NAMES_TEXT = CSR_NAMES * (IDENT_MAX + 1) };

static call_put put;

void certificate_put(struct json_writer *w, const struct authz *authz,
	const struct issued *certificate)
{
	char time[TEXT_TIME];

	text_time(certificate->until, time);
	json_put_string(w, "serial", certificate->serial);
	json_put_string(w, "until", time);
	json_put_text(w, "certificate", buf_contents(&certificate->pem));
	json_put_text(w, "authority", issuer_pem(authz->asp_ca));
}

struct store_step certificate_step(struct view asp, struct view names,
	const struct issued *certificate, int64_t now)
{
	return (struct store_step){
		.statement = ADD_CERTIFICATE,
		.param_count = 6,
		.params = {STORE_TEXT_OF(view_text(certificate->serial)), STORE_TEXT_OF(asp),
			STORE_TEXT_OF(names), STORE_TEXT_OF(buf_contents(&certificate->pem)),
			STORE_INT_OF(now), STORE_INT_OF(certificate->until)},
	};
}

/* For the names of the request, or for all elements when it names none. */
enum err certificate_make(const struct call *call, const struct csr *csr,
	const struct view *elements, size_t count, struct view *names, struct buf *ret_names,
	struct issued *ret)
{
	const struct authz *authz = call->authz;
	size_t wanted = csr->count > 0 ? csr->count : count < CSR_NAMES ? count : CSR_NAMES;

	if (!authz->asp_ca) {
		return err_fail(ERR_NOT_FOUND,
			"this realm gives no certificates (asp.ca_certificate)");
	}
	TRY(issuer_check_names(csr, elements, count));
	for (size_t i = 0; i < wanted; i++) {
		names[i] = csr->count > 0 ? ident_view(&csr->names[i]) : elements[i];
		buf_text(ret_names, i > 0 ? " " : "");
		buf_view(ret_names, names[i]);
	}
	TRY(buf_end(ret_names, "names"));
	const struct issuer_names whom = {names, wanted, NULL};

	return issuer_issue(authz->asp_ca, csr, &whom, env_wall(loop_env(authz->loop)),
		authz->conf->asp_certificate_lifetime / 1000, ret);
}

static enum err keep(struct call *call, const struct issued *certificate, struct view names)
{
	static const struct call_fault faults[] = {
		{0, ERR_CONFLICT, ERR_NOT_FOUND, "the ASP is registered no more"},
	};
	const struct view asp = ident_view(&call->asker.asp);
	const int64_t now = env_wall(loop_env(call->authz->loop));
	const struct store_step steps[] = {
		{.statement = FIND_ASP,
			.expect = STORE_SOME,
			.param_count = 1,
			.params = {STORE_TEXT_OF(asp)}},
		certificate_step(asp, names, certificate, now),
		{.statement = DROP_OLD_CERTIFICATES, .param_count = 1, .params = {STORE_INT_OF(now)}},
	};
	struct json_writer w = json_to(&call->reply);

	json_open(&w, NULL);
	json_put_text(&w, "asp", asp);
	certificate_put(&w, call->authz, certificate);
	json_close(&w);
	call->status = 201;
	call_audit(call, asp, certificate->serial);
	CALL_FAULTS(call, faults);
	return call_submit(call, steps, 3, call_on_done);
}

/* id, name, created, element: one row an element */
static enum err on_asp(struct call *call, const struct store_result *result)
{
	static _Thread_local struct csr csr;
	struct view elements[CALL_NAMES_MAX], names[CSR_NAMES];
	struct issued certificate;
	BUF_CLEANUP struct buf text = buf_growing(NAMES_TEXT);
	size_t count = 0;

	while (count < result->steps[0].rows && count < CALL_NAMES_MAX) {
		elements[count] = store_at(result, 0, count, 3).bytes;
		count++;
	}
	TRY(csr_read(buf_contents(&call->keep), &csr));
	TRY(certificate_make(call, &csr, elements, count, names, &text, &certificate));
	enum err err = keep(call, &certificate, buf_contents(&text));

	buf_free(&certificate.pem);
	return err;
}

enum err certificate_add(struct call *call)
{
	static const char *const known[] = {"csr", NULL};
	struct view csr;

	TRY(json_only(call->body, known));
	TRY(json_text(call->body, "csr", &csr));
	TRY(account_check_rate(call, NULL));
	if (csr.len > CSR_MAX) {
		return err_fail(ERR_RANGE, "csr: longer than %d bytes", CSR_MAX);
	}
	buf_view(&call->keep, csr);
	TRY(buf_end(&call->keep, "csr"));
	const struct store_step step = {
		.statement = FIND_ASP,
		.param_count = 1,
		.params = {STORE_TEXT_OF(ident_view(&call->asker.asp))},
	};

	return call_look(call, &step, 1, on_asp);
}

/* An ASP's own, or those of ?asp=. */
enum err certificate_list(struct call *call)
{
	BUF_CLEANUP struct buf after = buf_growing(ISSUED_SERIAL);
	struct ident asp = call->asker.asp;

	if (call->asker.who == WHO_OPERATOR) {
		enum err err = call_query_ident(call, "asp", IDENT_ASP, &asp);

		if (err != OK) {
			return err == ERR_NOT_FOUND ? err_fail(ERR_SYNTAX, "?asp= is wanted") : err;
		}
	}
	TRY(call_page(call, &after));
	const struct store_step step = {
		.statement = LIST_CERTIFICATES,
		.param_count = 3,
		.params = {STORE_TEXT_OF(ident_view(&asp)), STORE_TEXT_OF(buf_contents(&after)),
			STORE_INT_OF((int64_t)call->limit + 1)},
	};

	call->put = put;
	return call_submit(call, &step, 1, call_on_list);
}

/* serial, names, pem, created, until */
static enum err put(struct call *call, struct json_writer *w, const struct store_result *result,
	size_t row, size_t count)
{
	char time[TEXT_TIME];

	(void)call;
	(void)count;
	json_open(w, NULL);
	json_put_text(w, "serial", store_at(result, 0, row, 0).bytes);
	json_put_text(w, "names", store_at(result, 0, row, 1).bytes);
	text_time(store_at(result, 0, row, 3).number, time);
	json_put_string(w, "created", time);
	text_time(store_at(result, 0, row, 4).number, time);
	json_put_string(w, "until", time);
	json_put_text(w, "certificate", store_at(result, 0, row, 2).bytes);
	json_close(w);
	return OK;
}
