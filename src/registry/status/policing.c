// SPDX-License-Identifier: Apache-2.0
#include "registry/status/policing_inside.h"

#include "base/log.h"
#include "base/text.h"
#include "net/metrics.h"
#include "net/worker.h"
#include "registry/status/policy_show.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ADVISORIES_WAITING = 256, ROOTS_TEXT_MAX = 4 << 20 };

int64_t policing_now(const struct policing *p)
{
	const int64_t now = registry_now(p->registry);

	return now > p->latest ? now : p->latest;
}

static enum err hash_of(struct view text, char ret[65])
{
	uint8_t hash[32];
	struct buf hex = buf_fixed(ret, 65);

	if (EVP_Digest(text.data, text.len, hash, NULL, EVP_sha256(), NULL) != 1) {
		return err_fail(ERR_CRYPTO, "policy: SHA-256 failed");
	}
	text_hex(&hex, VIEW(hash));
	ret[64] = '\0';
	return buf_end(&hex, "policy");
}

static enum err read_policy(const struct registry *registry, struct policy *ret, char ret_hash[65],
	struct buf *ret_text)
{
	const char *path = registry->conf->policy_file;
	BUF_CLEANUP struct buf file = buf_growing(0);

	if (path[0] != '\0') {
		TRY(text_read_file(path, POLICY_TEXT_MAX, &file));
	} else {
		file = buf_growing(POLICY_TEXT_MAX);
		buf_text(&file, policy_default);
	}
	if (policy_parse(path[0] != '\0' ? path : "policy", buf_contents(&file), ret) != OK) {
		char detail[256];

		(void)snprintf(detail, sizeof(detail), "%s", err_detail());
		return err_fail(ERR_CONFIG, "%s", detail);
	}
	buf_clear(ret_text);
	buf_view(ret_text, buf_contents(&file));
	return hash_of(buf_contents(&file), ret_hash);
}

/* ---- that it is another one than before ---- */

static void write_changed(const struct policing *p, struct buf *out)
{
	struct json_writer w = json_to(out);

	json_open(&w, NULL);
	json_put_string(&w, "subject", "policy");
	json_put_string(&w, "sha256", p->policy_hash);
	json_put_int(&w, "rules", (int64_t)p->policy.rule_count);
	json_close(&w);
}

static void on_changed(void *user, uint64_t ref, const struct store_result *result, int64_t seq)
{
	struct registry *registry = user;

	(void)ref;
	if (result->err == OK && registry->policing && !registry->policing->stopping) {
		moving_expect(registry->policing, seq);
		moving_wake(registry->policing);
	} else if (result->err != OK && result->err != ERR_CONFLICT) {
		log_event(LOG_ERROR, "policy.change_not_logged", "",
			LOG_TEXT("detail", result->detail));
	}
}

/* All devices are looked at, as one movement; nothing is logged when the store knows this text already. */
static enum err note_policy(struct policing *p)
{
	BUF_CLEANUP struct buf record = buf_growing(1024);
	const struct store_step steps[] = {
		{.statement = SET_POLICY,
			.expect = STORE_ONE,
			.param_count = 1,
			.params = {STORE_TEXT_OF(view_text(p->policy_hash))}},
		movement_step(p, MOVEMENT_ALL, view_text("policy"), view_text("")),
	};

	write_changed(p, &record);
	const struct event event = {.kind = EVENT_POLICY_CHANGED,
		.subject = view_text("policy"),
		.record = buf_contents(&record)};

	return ledger_submit(p->registry->ledger, &event, 1, steps, 2, on_changed, p->registry, 0);
}

static void on_known(void *user, uint64_t ref, const struct store_result *result)
{
	(void)ref;
	*(bool *)user = result->err == OK && result->steps[0].rows > 0;
}

/* At the first start there is nobody to be judged anew. */
static enum err note_first_policy(struct policing *p)
{
	const struct store_step find = {.statement = FIND_POLICY};
	const struct store_step set = {.statement = SET_POLICY,
		.param_count = 1,
		.params = {STORE_TEXT_OF(view_text(p->policy_hash))}};
	bool known = false;

	TRY(store_run(p->registry->store, &find, 1, on_known, &known));
	return known ? note_policy(p) : store_run(p->registry->store, &set, 1, on_known, &known);
}

enum err policing_reload(struct registry *registry)
{
	struct policing *p = registry->policing;
	struct policy *policy = calloc(1, sizeof(*policy));
	char hash[65];

	enum err err = policy ? read_policy(registry, policy, hash, &p->policy_text)
			      : err_fail(ERR_MEMORY, "policy: out of memory");

	if (err == OK && strcmp(hash, p->policy_hash) != 0) {
		p->policy = *policy;
		memcpy(p->policy_hash, hash, sizeof(hash));
		err = note_policy(p);
	}
	free(policy);
	return err;
}

/* ---- start and end ---- */

static enum err start(struct policing *p)
{
	p->policy_text = buf_growing(POLICY_TEXT_MAX);
	p->roots = buf_growing(ROOTS_TEXT_MAX);
	TRY(read_policy(p->registry, &p->policy, p->policy_hash, &p->policy_text));
	TRY(worker_new(p->registry->loop, 1, ADVISORIES_WAITING, &p->worker));
	TRY(judge_start_up(p));
	TRY(roots_start_up(p));
	TRY(moving_start_up(p));
	TRY(ticking_start_up(p));
	TRY(follow_start_up(p));
	return note_first_policy(p);
}

enum err policing_start_up(struct registry *registry)
{
	struct policing *p = calloc(1, sizeof(*p));

	if (!p) {
		return err_fail(ERR_MEMORY, "policy: out of memory");
	}
	p->registry = registry;
	registry->policing = p;
	enum err err = start(p);

	if (err != OK) {
		policing_shut_down(registry);
	}
	return err;
}

void policing_shut_down(struct registry *registry)
{
	struct policing *p = registry->policing;

	if (!p) {
		return;
	}
	p->stopping = true;
	worker_free(p->worker);
	follow_shut_down(p);
	ticking_shut_down(p);
	moving_shut_down(p);
	registry->policing = NULL;
	buf_free(&p->roots);
	pool_free(p->judgings);
	buf_free(&p->policy_text);
	free(p);
}

void policing_put_metrics(const struct policing *p, struct buf *out)
{
	if (!p) {
		return;
	}
	metrics_put_one(out, "symbolon_registry_judged_total", METRIC_COUNTER,
		"Devices that the policy was asked about.", p->judged);
	metrics_put_one(out, "symbolon_registry_status_changes_total", METRIC_COUNTER,
		"Devices whose status was changed.", p->moves);
	metrics_put_one(out, "symbolon_registry_movements_held_total", METRIC_COUNTER,
		"Movements that wait for a second person.", p->holds);
}

enum err policy_show(struct call *call)
{
	const struct policing *p = call->registry->policing;
	struct json_writer w = json_to(&call->reply);

	json_open(&w, NULL);
	json_put_string(&w, "sha256", p->policy_hash);
	json_put_text(&w, "text", buf_contents(&p->policy_text));
	json_close(&w);
	call_answer(call, 200);
	return OK;
}

void policy_forget_device(struct view device, struct store_step steps[POLICY_FORGETS])
{
	static const int statements[POLICY_FORGETS] = {DROP_WATCHED, DROP_DECISION, DROP_WORDS,
		DROP_TOLD_OF_ITSELF, DROP_DEVICE_VULNERABILITIES};

	for (size_t i = 0; i < POLICY_FORGETS; i++) {
		steps[i] = (struct store_step){
			.statement = statements[i],
			.param_count = 1,
			.params = {STORE_TEXT_OF(device)},
		};
	}
}
