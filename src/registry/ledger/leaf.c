// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "core/kdf.h"
#include "registry/ledger/ledger_inside.h"

#define KIND_NAME(number, constant, name) [number] = (name),
static const char *const names[EVENT_KINDS_END] = {EVENT_KINDS(KIND_NAME)};

const char *event_kind_name(enum event_kind kind)
{
	return kind > 0 && kind < EVENT_KINDS_END && names[kind] ? names[kind] : "?";
}

const char *event_kind_clause(enum event_kind kind)
{
	static const char *const clauses[EVENT_KINDS_END] = {
		[EVENT_REGISTRY_SET_UP] = "9.1/i",
		[EVENT_REGISTRY_JOINED] = "9.1/v",
		[EVENT_REGISTRY_LEFT] = "9.1/v",
		[EVENT_REGISTRY_ISOLATED] = "9.1/v",
		[EVENT_ROOT_OF_TRUST_ACCEPTED] = "9.1/vi",
		[EVENT_ROOT_OF_TRUST_WITHDRAWN] = "9.1/vi",
		[EVENT_DEVICE_REGISTERED] = "9.2/i-b",
		[EVENT_DEVICE_CONFIRMED] = "9.2/ii-b",
		[EVENT_OWNER_SET] = "9.2/i-d",
		[EVENT_VIRTUAL_ISSUED] = "9.2/i-f",
		[EVENT_DEVICE_PREREGISTERED] = "9.2/i-g",
		[EVENT_DEVICE_REPORTED] = "9.3/ii-a",
		[EVENT_VULNERABILITY_RECORDED] = "9.3/ii-b",
		[EVENT_VULNERABILITY_WITHDRAWN] = "9.3/ii-b",
		[EVENT_ENQUIRER_ENROLLED] = "9.3/i-a",
		[EVENT_ENQUIRER_CHANGED] = "9.3/i-a",
		[EVENT_STATUS_CHANGED] = "9.4/i-b",
		[EVENT_WORD_HEARD] = "9.4/i-b",
		[EVENT_SUBSCRIPTION_CHANGED] = "9.4/i-a",
	};

	return kind > 0 && kind < EVENT_KINDS_END && clauses[kind] ? clauses[kind] : "";
}

enum err event_kind_of(struct view name, enum event_kind *ret)
{
	for (size_t i = 0; i < EVENT_KINDS_END; i++) {
		if (names[i] && view_is(name, names[i])) {
			*ret = (enum event_kind)i;
			return OK;
		}
	}
	return err_fail(ERR_SYNTAX, "kind: no event is called so");
}

enum err leaf_commit(const uint8_t salt[LEDGER_SALT], struct view record, uint8_t ret[LEDGER_HASH])
{
	SECRET(key);

	TRY(secret_set(&key, salt, LEDGER_SALT));
	return kdf_hmac(&key, record, ret);
}

/* RegIDs and names of kinds need no escaping. */
void ledger_leaf(const struct ledger_entry *entry, struct buf *out)
{
	buf_printf(out, "{\"kind\":\"%s\",\"time\":%lld,\"registry\":\"%.*s\",\"commitment\":\"",
		event_kind_name(entry->kind), (long long)entry->time, (int)entry->origin.len,
		(const char *)entry->origin.data);
	text_base64url(out, view_of(entry->commitment, LEDGER_HASH));
	buf_text(out, "\"}");
}

enum err leaf_hash(const struct ledger_entry *entry, struct merkle_hash *ret)
{
	uint8_t room[LEDGER_LEAF_MAX];
	struct buf leaf = buf_fixed(room, sizeof(room));

	ledger_leaf(entry, &leaf);
	TRY(buf_end(&leaf, "leaf"));
	merkle_leaf(buf_contents(&leaf), ret);
	return OK;
}

enum err leaf_from_row(const struct ledger *l, const struct store_result *result, size_t row,
	struct ledger_entry *ret)
{
	enum { SEQ, KIND, AT, ORIGIN, ORIGIN_SEQ, SUBJECT, COMMITMENT };
	const struct store_value origin = store_at(result, 0, row, ORIGIN);
	const struct view commitment = store_at(result, 0, row, COMMITMENT).bytes;

	if (commitment.len != LEDGER_HASH) {
		return err_fail(ERR_IO, "event: a row that is none");
	}
	*ret = (struct ledger_entry){
		.seq = store_at(result, 0, row, SEQ).number,
		.kind = (enum event_kind)store_at(result, 0, row, KIND).number,
		.time = store_at(result, 0, row, AT).number,
		.origin = origin.type == STORE_NULL ? l->origin : origin.bytes,
		.origin_seq = store_at(result, 0, row, ORIGIN_SEQ).number,
		.subject = store_at(result, 0, row, SUBJECT).bytes,
		.commitment = commitment.data,
	};
	return OK;
}
