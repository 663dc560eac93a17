// SPDX-License-Identifier: Apache-2.0
/*
 * Clause 10.4 with public keys in place of pre-shared ones (its NOTE): the device has shown a certificate in TLS 1.3, and
 * proved there that it has the key; the node has done the same. Ks is the exporter of that connection. What follows is
 * what follows in any bootstrap.  req: B10.4-asym
 */
#include "authn/bootstrap_inside.h"

#include "core/exporter.h"

#include <stdio.h>

static void on_client(void *user, uint64_t ref, const struct rp_b_client *answer);
static enum err agree(struct bootstrap *run);

/* 10.4/1b: whose is the key? */
void certificate_begin(struct bootstrap *run)
{
	bootstrap_enter(run, WAIT_CERTIFICATE);
	bootstrap_step(run, "rp_b.key_asked", "10.4/1b", "authn", "authz");
	rp_b_ask_client(run->authn, run->who.key.digest, run->who.key.name, run->tx, on_client,
		run->ref);
}

/* 10.4/1c, 1d. Who has the key of a device may know that it is registered, and nobody else can ask. */
static void on_client(void *user, uint64_t ref, const struct rp_b_client *answer)
{
	struct bootstrap *run = bootstrap_find(user, ref, ON_CERTIFICATE);

	if (!run) {
		return;
	}
	if (answer->err == ERR_DENIED) {
		log_event(LOG_INFO, "rp_c.refused", run->tx, LOG_TEXT("clause", "10.4/1d"),
			LOG_TEXT("detail", "the key is nobody's"));
		bootstrap_refuse(run, 403,
			"10.4/1d: no device is registered with this certificate's key");
		return;
	}
	if (answer->err != OK) {
		log_event(LOG_WARN, "rp_b.no_vector", run->tx, LOG_TEXT("detail", answer->detail));
		bootstrap_refuse(run, 503,
			"10.4/1b: the authorization element is away; come back later");
		return;
	}
	run->who.client = answer->client;
	run->key =
		(struct degree_key){.mechanism = "certificate", .strength = run->who.key.strength};
	(void)snprintf(run->key.algorithm, sizeof(run->key.algorithm), "%s", run->who.key.algorithm);
	run->lifetime = answer->lifetime;
	run->awaits = answer->awaits;
	if (agree(run) != OK) {
		bootstrap_refuse(run, 500, err_detail());
		return;
	}
	bootstrap_step(run, "rp_c.key_verified", "10.4/1d", "device", "authn");
	bootstrap_authenticated(run);
}

/* Ks, under a RAND of this run. */
static enum err agree(struct bootstrap *run)
{
	const struct env *env = loop_env(run->authn->loop);
	uint8_t room[EXPORTER_CONTEXT];
	struct buf context = buf_fixed(room, sizeof(room));

	if (!run->request->stream) {
		return err_fail(ERR_CLOSED, "10.4/1d: the device has gone");
	}
	TRY(env->random(env, run->rand, sizeof(run->rand)));
	TRY(exporter_context(&run->who.client, &run->authn->node, run->rand, &context));
	TRY(stream_export(run->request->stream, EXPORTER_LABEL, buf_contents(&context), &run->ks));
	return bootstrap_keep_channel(run);
}
