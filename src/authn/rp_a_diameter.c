// SPDX-License-Identifier: Apache-2.0
#include "authn/rp_a_diameter.h"

#include "authn/announcement.h"
#include "authn/elements.h"
#include "authn/events.h"
#include "authn/rp_a.h"
#include "base/log.h"
#include "base/text.h"

enum { SESSION_ID_MAX = 256 };

/* --- what is asked --- */

static struct rp_a_request request_of(struct diameter_request *request, const char *realm,
	const char *tx)
{
	return (struct rp_a_request){.carrier = &rp_a_diameter,
		.message = request,
		.element = request->origin,
		.realm = realm,
		.peer = request->peer,
		.tx = tx};
}

/* It is written again with each answer. */
static enum err check_session(const struct rp_session *s, struct diameter_fault *ret)
{
	*ret = (struct diameter_fault){.result = DIAMETER_INVALID_AVP_VALUE};
	return s->session_id.len <= SESSION_ID_MAX
		       ? OK
		       : err_fail(ERR_RANGE, "RP_A: Session-Id longer than %d bytes",
				 SESSION_ID_MAX);
}

void rp_a_diameter_on_pull(void *authn, struct diameter_request *request)
{
	struct rp_bir bir;
	struct diameter_fault fault;
	char tx[LOG_TX];

	if (diameter_decode(request->message, rp_bir_rows, &bir, &fault) != OK ||
		check_session(&bir.s, &fault) != OK) {
		diameter_refuse(request, &fault, err_detail());
		return;
	}
	log_tx_of(bir.s.session_id, tx);
	const struct rp_a_request asked = request_of(request, "", tx);

	rp_a_pull(authn, &asked, &bir);
}

void rp_a_diameter_on_announcement(void *authn, struct diameter_request *request)
{
	struct rp_rpr rpr;
	struct diameter_fault fault;
	char tx[LOG_TX], realm[ELEMENT_TEXT];

	if (diameter_decode(request->message, rp_rpr_rows, &rpr, &fault) != OK ||
		check_session(&rpr.s, &fault) != OK ||
		text_copy(realm, sizeof(realm), rpr.s.origin_realm, "RP_A: Origin-Realm") != OK) {
		diameter_refuse(request, &fault, err_detail());
		return;
	}
	log_tx_of(rpr.s.session_id, tx);
	const struct rp_a_request asked = request_of(request, realm, tx);

	announcement_take(authn, &asked, &rpr, NULL);
}

/* --- answers --- */

/* The request lives until it is answered, and its Session-Id with it. */
static struct rp_session session_of(const struct authn *authn, const struct rp_a_request *request)
{
	const struct diameter_request *message = request->message;
	struct diameter_base base = {.has_result = false};
	struct diameter_fault fault;

	(void)!diameter_decode_base(message->message, &base, &fault); /* it has been read before */
	return (struct rp_session){.session_id = base.session_id,
		.origin_host = ident_view(&authn->node),
		.origin_realm = ident_view(&authn->realm),
		.auth_session_state = 1};
}

static void give(struct authn *authn, const struct rp_a_request *request, const struct rp_bia *bia)
{
	struct rp_bia own = *bia;

	own.s = session_of(authn, request);
	own.s.has_result = true;
	own.s.result = DIAMETER_SUCCESS;
	diameter_answer(request->message, rp_bia_rows, &own);
}

static void accept(struct authn *authn, const struct rp_a_request *request,
	const struct rp_a_accepted *accepted)
{
	bool whole = accepted->refused[0] == '\0';
	struct rp_rpa rpa = {.s = session_of(authn, request),
		.log = events_log(authn),
		.has_serial = true,
		.serial = events_last(authn)};

	rpa.s.has_result = whole;
	rpa.s.result = DIAMETER_SUCCESS;
	rpa.s.has_experimental = !whole;
	rpa.s.experimental = DIAMETER_NOT_AUTHORIZED;
	rpa.s.error_message = whole ? view_of(NULL, 0) : view_text(accepted->refused);
	diameter_answer(request->message, rp_rpa_rows, &rpa);
	outbox_follow(accepted->element, accepted->log, accepted->serial, true);
}

/* 54xx are experimental results of 3GPP (TS 29.109 6.2); others are Result-Codes. BIA and RPA refuse alike. */
static void answer_refusal(struct authn *authn, const struct rp_a_request *request,
	enum diameter_result result, const char *detail)
{
	struct rp_rpa rpa = {.s = session_of(authn, request)};

	rpa.s.error_message = view_text(detail);
	rpa.s.has_experimental = result >= DIAMETER_IDENTITY_UNKNOWN;
	rpa.s.experimental = result;
	rpa.s.has_result = !rpa.s.has_experimental;
	rpa.s.result = result;
	diameter_answer(request->message, rp_rpa_rows, &rpa);
}

static void refuse(struct authn *authn, const struct rp_a_request *request, enum err why,
	const char *detail)
{
	struct diameter_fault fault = {.result = DIAMETER_TOO_BUSY};

	switch (why) {
	case ERR_DENIED:
		answer_refusal(authn, request, DIAMETER_NOT_AUTHORIZED, detail);
		return;
	case ERR_NOT_FOUND:
		answer_refusal(authn, request, DIAMETER_TRANSACTION_IDENTIFIER_INVALID, detail);
		return;
	case ERR_SYNTAX:
	case ERR_RANGE:
		fault.result = DIAMETER_INVALID_AVP_VALUE;
		diameter_refuse(request->message, &fault, detail);
		return;
	case ERR_OVERLOAD:
	case ERR_MEMORY:
		diameter_refuse(request->message, &fault, detail);
		return;
	default:
		answer_refusal(authn, request, DIAMETER_UNABLE_TO_COMPLY, detail);
	}
}

/* --- what is told --- */

/* OK: it has the event. ERR_DENIED: it will never take it. */
static enum err verdict(enum err result, struct view message)
{
	struct rp_rpa rpa;
	struct diameter_fault fault;

	if (result != OK) {
		return err_fail(result == ERR_DENIED ? ERR_UNAVAILABLE : result,
			"RP_A: no answer to a push");
	}
	TRY(diameter_decode(message, rp_rpa_rows, &rpa, &fault));
	uint32_t code = rpa.s.has_experimental ? rpa.s.experimental : rpa.s.result;

	if (code == DIAMETER_SUCCESS) {
		return OK;
	}
	return err_fail(code >= 5000 && code != DIAMETER_UNABLE_TO_COMPLY ? ERR_DENIED
									  : ERR_UNAVAILABLE,
		"RP_A: a push was answered with %u", code);
}

static void answered(void *user, uint64_t ref, enum err result, struct view message)
{
	outbox_answered(user, ref, verdict(result, message));
}

static enum err tell(struct element *element, const struct rp_rpr *rpr, const char *tx,
	pool_ref push)
{
	struct authn *authn = element->authn;
	BUF_CLEANUP struct buf session_id = buf_growing(2 * SESSION_ID_MAX);
	struct rp_rpr own = *rpr;

	diameter_session_id(authn->diameter, &session_id);
	buf_printf(&session_id, ";%s", tx);
	TRY(buf_end(&session_id, "RP_A: Session-Id"));
	own.s = (struct rp_session){.session_id = buf_contents(&session_id),
		.origin_host = ident_view(&authn->node),
		.origin_realm = ident_view(&authn->realm),
		.destination_host = view_text(element->host),
		.destination_realm = view_text(element->realm),
		.auth_session_state = 1};
	diameter_send(authn->diameter, DIAMETER_ZN, DIAMETER_RPR, element->host, element->realm,
		rp_rpr_rows, &own, answered, authn, push);
	return OK;
}

void rp_a_diameter_on_peer_changed(void *authn, const char *host, bool open)
{
	if (!open) {
		elements_forget_peer(authn, host);
	}
}

const struct rp_a_carrier rp_a_diameter = {
	.name = "diameter",
	.give = give,
	.accept = accept,
	.refuse = refuse,
	.tell = tell,
};
