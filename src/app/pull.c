// SPDX-License-Identifier: Apache-2.0
/* 10.4/4d in the plain form: the application element asks the node that its token id names (RP_A).  req: B9.4.3 */
#include "app/carrier.h"

#include "base/log.h"
#include "base/text.h"
#include "wire/gba_xml.h"
#include "wire/json.h"

#include <string.h>

struct pull {
	struct question *question; /* lives until it is settled, or gives up the pull */
	struct ident node;
	char tx[LOG_TX];
	int64_t since_us;
};

static enum err read_answer(struct symapp *app, const struct pull *pull, const struct rp_bia *bia,
	struct facts *ret);

static int64_t now_us(const struct symapp *app)
{
	return loop_env(app->loop)->steady_us(loop_env(app->loop));
}

static struct view name_in(const struct pull *pull)
{
	return view_of(pull->question->name, pull->question->name_len);
}

static enum err ask(const struct pull *pull, struct node *node, pool_ref ref)
{
	struct view name = name_in(pull);
	uint8_t room[NAF_ID_MAX];
	struct buf naf_id = buf_fixed(room, sizeof(room));
	struct ua ua = name_ua(name);

	buf_view(&naf_id, name_application(name));
	buf_bytes(&naf_id, ua.bytes, UA_SIZE);
	TRY(buf_end(&naf_id, "NAF-Id"));
	const struct rp_bir bir = {
		.transaction_id = name_token_id(name),
		.naf_id = buf_contents(&naf_id),
	};

	return node->carrier->pull(node, &bir, pull->tx, ref);
}

enum err pull_open(struct symapp *app, size_t ceiling)
{
	return pool_new(sizeof(struct pull), ceiling, &app->pulls);
}

void pull_give_up(struct symapp *app, pool_ref pull)
{
	pool_give(app->pulls, pull);
}

/* Only nodes that are peers are asked, so that strangers cannot aim us at hosts. */
enum err pull_start(struct symapp *app, struct question *question)
{
	struct pull *pull;
	struct ident node;

	TRY(token_id_node(name_token_id(view_of(question->name, question->name_len)), &node));
	struct node *known = node_of(app, ident_view(&node));

	if (!known) {
		return err_fail(ERR_NOT_FOUND, "10.4/4d: the token is of a node that is no peer");
	}
	if (!known->carrier->reaches(known)) {
		return err_fail(ERR_UNAVAILABLE, "10.4/4d: no way to %s now", node.text);
	}
	if (pool_take(app->pulls, &question->pull, (void **)&pull) != OK) {
		return err_fail(ERR_OVERLOAD, "10.4/4d: too many pulls under way");
	}
	*pull = (struct pull){.question = question, .node = node, .since_us = now_us(app)};
	enum err err = log_tx_make(loop_env(app->loop), pull->tx);

	if (err == OK) {
		err = ask(pull, known, question->pull);
	}
	if (err != OK) {
		pool_give(app->pulls, question->pull);
		return err;
	}
	log_step("rp_a.asked", pull->tx, "10.4/4d", "element", "authn", 0);
	return OK;
}

void pull_answered(struct symapp *app, pool_ref ref, enum err result, const struct rp_bia *bia)
{
	struct pull *slot = pool_at(app->pulls, ref);
	FACTS(facts);

	if (!slot) {
		return;
	}
	const struct pull pull = *slot;

	pool_give(app->pulls, ref);
	if (result == OK) {
		result = read_answer(app, &pull, bia, &facts);
	}
	app_figures_pull(app, result, now_us(app) - pull.since_us);
	memcpy(facts.tx, pull.tx, sizeof(facts.tx));
	if (result != OK) {
		bool refused = result == ERR_NOT_FOUND;

		log_event(refused ? LOG_INFO : LOG_WARN, refused ? "rp_a.refused" : "rp_a.failed",
			pull.tx, LOG_TEXT("clause", "10.4/4d"), LOG_TEXT("authn", pull.node.text),
			LOG_INT("us", now_us(app) - pull.since_us), LOG_DETAIL());
	}
	if (result == OK) {
		announce_after_pull(app, &pull.node);
	}
	find_settle(app, pull.question, result, &facts);
}

/* The first uid of the settings is what the application may call the device.  req: B9.4.1-g */
static enum err read_pseudonym(struct view settings, char ret[PSEUDONYM_MAX])
{
	struct guss guss = {.lifetime = 0};

	if (settings.len == 0) {
		return OK;
	}
	TRY(gba_xml_read_guss(settings, &guss));
	for (size_t i = 0; i < guss.uss_count && !ret[0]; i++) {
		struct view uid = view_text(guss.uss[i].uid);

		if (!text_is_printable(uid)) {
			return err_fail(ERR_SYNTAX, "RP_A: a uid that is not printable");
		}
		TRY(text_copy(ret, PSEUDONYM_MAX, uid, "RP_A: uid"));
	}
	return OK;
}

enum err read_told(const struct told *told, struct facts *ret)
{
	JSON_CLEANUP struct json *attributes = NULL;

	TRY(read_pseudonym(told->settings, ret->pseudonym));
	for (size_t i = 0; i < told->right_count; i++) {
		TRY(words_add(&ret->rights, told->rights[i], "9.6.1: Right"));
	}
	if (told->attributes.len == 0) {
		return OK;
	}
	TRY(json_parse(told->attributes, RP_ATTRIBUTES, &attributes));
	if (!json_is_object(attributes)) {
		return err_fail(ERR_SYNTAX, "9.6.1: attributes that are no JSON object");
	}
	return text_copy(ret->attributes, sizeof(ret->attributes), told->attributes,
		"9.6.1: Attributes");
}

/* User-Name, if it came, is left where it is.  req: B9.4.1-g */
static enum err read_answer(struct symapp *app, const struct pull *pull, const struct rp_bia *bia,
	struct facts *ret)
{
	int64_t now = env_wall(loop_env(app->loop));
	struct ident origin;

	TRY(ident_parse(IDENT_FQDN, bia->s.origin_host, &origin));
	if (!ident_equal(&origin, &pull->node)) {
		return err_fail(ERR_DENIED, "RP_A: %s answered in the place of %s", origin.text,
			pull->node.text);
	}
	if (bia->key_material.len != TOKEN_KEY || !bia->has_expiry) {
		return err_fail(ERR_SYNTAX,
			"RP_A: an answer without a key of %d bytes and its expiry (TS 29.109 5.2)",
			TOKEN_KEY);
	}
	if (bia->expiry <= now) {
		return err_fail(ERR_NOT_FOUND, "RP_A: the token has expired");
	}
	TRY(read_told(&(struct told){bia->guss, bia->rights, bia->right_count, bia->attributes},
		ret));
	ret->from = bia->has_creation ? bia->creation : now;
	ret->until = bia->expiry;
	ret->keys[0].ua = name_ua(name_in(pull));
	ret->key_count = 1;
	return secret_set(&ret->keys[0].key, bia->key_material.data, bia->key_material.len);
}
