// SPDX-License-Identifier: Apache-2.0
/*
 * registration: the operations of the API, one file a noun (Y.3056 9.2.2). Each becomes one unit of
 * work; the answer comes after its commit.  req: B9.2.2-a B9.2.2-c B9.2.2-d B9.2.2-e B9.2.2-f B9.2.2-g
 */
#pragma once

#include "authz/api/call.h"

call_operation openapi_show, problem_show;
call_operation status_show, realm_show;
call_operation subscriber_add, subscriber_list, subscriber_show, subscriber_change,
	subscriber_remove;
call_operation subscriber_pull, directory_show;
call_operation device_add, device_list, device_show, device_change, device_remove;
call_operation device_public_key_set, device_public_key_clear;
call_operation asp_add, asp_list, asp_show, asp_change, asp_remove;
call_operation application_add, application_list, application_show, application_change,
	application_remove, application_confirm, application_refuse, application_prove;
call_operation catalogue_list, catalogue_show;
call_operation grant_set, grant_list, grant_clear;
call_operation extension_add, extension_list, extension_show, extension_approve, extension_refuse,
	extension_withdraw;
call_operation delegation_add, delegation_list, delegation_remove;
call_operation me_show, account_set, account_remove, account_change, code_send, sign_in,
	sign_in_list, sign_out;
call_operation key_add, key_list, key_remove;
call_operation asp_application_add, asp_application_list, asp_application_show,
	asp_application_approve, asp_application_refuse, asp_application_collect;
call_operation certificate_add, certificate_list;
call_operation audit_list, notice_list, notice_remove;
call_operation change_add, change_list, change_show, change_abort, change_receipt, change_approve,
	change_refuse, change_key_show, departure_list;
call_operation import_lines, import_list, import_show, import_errors;

/* A subscriber's id is the operator's own: 1 to 64 letters, digits, or one of . _ @ + : -  ERR_SYNTAX. */
enum err subscriber_check_id(struct view id);
/* "none", "prepaid", "postpaid". ERR_SYNTAX. */
enum err subscriber_check_verification(struct view word);
/* What is personal of a subscriber. */
struct person {
	struct view name;
	const struct json *claims; /* as claims_check() takes them; NULL: none */
	int64_t verified;	   /* when, seconds since 1970; 0: not told */
};
/* Seals it, to stand in the subscriber's row. */
enum err subscriber_seal_record(const struct authz *authz, struct view id,
	const struct person *person, struct buf *ret);
/* Opens it: views into `ret_record`, which the caller frees. ERR_IO. */
enum err subscriber_open_record(const struct authz *authz, struct view id, struct view sealed,
	struct json **ret_record, struct person *ret);
/* Writes members for what is both granted and known. ERR_IO. */
enum err subscriber_put_attributes(const struct authz *authz, struct view id, struct view sealed,
	const struct words *granted, struct json_writer *w);
/* Writes those members into an object. */
void subscriber_put_claims(const struct person *person, const struct words *granted,
	struct json_writer *w);
enum { SUBSCRIBER_RECORD_MAX = 4096 };

/* Pools of the imports. Before the loop runs; after the calls have been answered. */
enum err import_start_up(struct authz *authz);
void import_shut_down(struct authz *authz);

/* The connector, if one is configured. Shut down after the calls have been answered; NULL is fine. */
enum err directory_start_up(struct authz *authz);
void directory_shut_down(struct authz *authz);

/* The names in the certificates of application elements, 1 to `most`, each of them once. ERR_RANGE, ERR_SYNTAX. */
enum err asp_read_elements(const struct call *call, const char *member, size_t most,
	struct ident *ret, struct view *ret_views, size_t *ret_count);

/* Certificates of ASPs: members of an answer; the step that keeps one; and its making, for the names of the request
 * or all elements. `names` is room; `ret_names` gets them as they are kept. ERR_DENIED: a name that is not the ASP's. */
struct issued;
struct csr;
void certificate_put(struct json_writer *w, const struct authz *authz,
	const struct issued *certificate);
struct store_step certificate_step(struct view asp, struct view names,
	const struct issued *certificate, int64_t now);
enum err certificate_make(const struct call *call, const struct csr *csr,
	const struct view *elements, size_t count, struct view *names, struct buf *ret_names,
	struct issued *ret);

/* portal.sign_ins, for a name, unless NULL, and the address that asks; alike for names that are known and others. ERR_AGAIN. */
enum err account_check_rate(const struct call *call, const char *subscriber);

/* Worker, rate limits and the hash for names that nobody has. Shut down after the calls have been answered. */
enum err accounts_start_up(struct authz *authz);
void accounts_shut_down(struct authz *authz);
