// SPDX-License-Identifier: Apache-2.0
#include "authn/parcel.h"

static enum err put_naf_id(const struct ident *application, struct ua ua, uint8_t room[NAF_ID_MAX],
	struct view *ret)
{
	struct buf out = buf_fixed(room, NAF_ID_MAX);

	TRY(rp_naf_id(application, ua, &out));
	*ret = buf_contents(&out);
	return OK;
}

static bool is_served(const struct service *service, struct ua ua)
{
	for (size_t i = 0; i < service->ua_count; i++) {
		if (ua_equal(service->uas[i], ua)) {
			return true;
		}
	}
	return false;
}

/* One key for each Ua id that is both registered and announced.  req: B9.4.1-f */
static enum err put_keys(const struct token *token, const struct service *service,
	struct parcel *ret)
{
	for (size_t i = 0; i < token->ua_count; i++) {
		struct ua ua = token->uas[i];
		size_t at = ret->rpr.key_count;

		if (!is_served(service, ua)) {
			continue;
		}
		TRY(token_key(token, &token->application, ua, &ret->keys[at]));
		TRY(put_naf_id(&token->application, ua, ret->key_naf_ids[at],
			&ret->rpr.keys[at].naf_id));
		ret->rpr.keys[at].key = secret_view(&ret->keys[at]);
		ret->rpr.key_count++;
	}
	return OK;
}

/* The subscription information that access control needs; never the device's identity.  req: B9.6.1-b B9.4.1-g */
static enum err put_token(const struct event *event, const struct service *service,
	struct parcel *ret)
{
	const struct token *token = event->token;
	struct rp_rpr *rpr = &ret->rpr;

	if (event->kind != RP_A_REVOKE) {
		rpr->has_expiry = true;
		rpr->expiry = event->expiry;
	}
	if (!token) {
		return OK;
	}
	const struct subscription *s = &token->subscription;

	rpr->guss = view_of(s->settings, s->settings_len);
	rpr->right_count = words_split(&s->rights, rpr->rights);
	rpr->attributes = view_of(s->attributes, s->attributes_len);
	if (event->kind != RP_A_PUSH) {
		return OK;
	}
	rpr->format = view_text(token_format_name(token->format));
	rpr->degree = view_text(token->degree);
	rpr->has_creation = true;
	rpr->creation = token->from;
	return put_keys(token, service, ret);
}

enum err parcel_fill(const struct element *element, const struct event *event, struct parcel *ret)
{
	const struct service *service = element_serves(element, &event->application);

	ret->rpr = (struct rp_rpr){.type = event->kind,
		.log = events_log(element->authn),
		.has_serial = true,
		.serial = event->serial,
		.transaction_id = event->token_id};
	TRY(put_naf_id(&event->application, UA_ALL, ret->naf_id, &ret->rpr.naf_id));
	return put_token(event, service, ret);
}

void parcel_wipe(struct parcel *parcel)
{
	bytes_wipe(parcel->keys, sizeof(parcel->keys));
}
