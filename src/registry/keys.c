// SPDX-License-Identifier: Apache-2.0
#include "registry/keys.h"

#include "registry/schema.h"
#include "registry/set_up/settings.h"

static enum err add_answer_key(struct registry *registry)
{
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;
	BUF_CLEANUP struct buf pem = buf_growing(SETTING_MAX);

	TRY(jose_key_make(JOSE_ES256, &key));
	enum err err = jose_key_to_pem(key, true, &pem);

	err = err == OK ? setting_add(registry, "answer-key", buf_contents(&pem)) : err;
	buf_wipe(&pem);
	return err;
}

static enum err open_answer_key(struct registry *registry)
{
	BUF_CLEANUP struct buf pem = buf_growing(SETTING_MAX);
	enum err err = setting_find(registry, "answer-key", &pem);

	if (err == ERR_NOT_FOUND) {
		TRY(add_answer_key(registry));
		err = setting_find(registry, "answer-key", &pem);
	}
	err = err == OK ? jose_key_from_pem(buf_contents(&pem), &registry->answer_key) : err;
	buf_wipe(&pem);
	return err;
}

enum err keys_start_up(struct registry *registry)
{
	const struct ring_secret log = {"log-seed", FIND_SETTING, ADD_SETTING};

	TRY(open_answer_key(registry));
	return ring_open_secret(registry->store, loop_env(registry->loop), registry->ring, &log,
		&registry->log_seed);
}

void keys_shut_down(struct registry *registry)
{
	jose_key_free(registry->answer_key);
	registry->answer_key = NULL;
	secret_wipe(&registry->log_seed);
}
