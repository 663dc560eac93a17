// SPDX-License-Identifier: Apache-2.0
#include "authz/change/envelope.h"

#include "wire/key_json.h"

#include <string.h>

enum { PLAIN_MAX = 2048 };

static void write_plain(const struct envelope_names *names, const struct aka_key *key, uint64_t sqn,
	struct buf *ret)
{
	struct json_writer w = json_to(ret);

	json_open(&w, NULL);
	json_put_string(&w, "change", names->change);
	json_put_text(&w, "client", ident_view(&names->client));
	json_put_text(&w, "new_client", ident_view(&names->new_client));
	key_put_json(&w, key);
	json_put_int(&w, "sqn", (int64_t)sqn);
	json_close(&w);
}

enum err envelope_seal(const struct jose_key *to, const struct envelope_names *names,
	const struct aka_key *key, uint64_t sqn, struct buf *out)
{
	uint8_t room[PLAIN_MAX];
	struct buf plain = buf_fixed(room, sizeof(room));

	write_plain(names, key, sqn, &plain);
	enum err err = buf_end(&plain, "envelope");

	err = err == OK ? jwe_encrypt(to, ENVELOPE_KEY_CTY, buf_contents(&plain), out) : err;
	bytes_wipe(room, sizeof(room));
	return err;
}

static enum err check_name(const struct json *object, const char *name, struct view awaited)
{
	struct view said;

	TRY(json_text(object, name, &said));
	return view_equal(said, awaited)
		       ? OK
		       : err_fail(ERR_AUTH, "10.6.1/3: the envelope is for another %s", name);
}

static enum err read_plain(const struct envelope_names *names, const struct json *object,
	struct aka_key *ret_key, uint64_t *ret_sqn)
{
	static const char *const known[] = {"change", "client", "new_client", "sqn", "algorithm",
		"k", "opc", "topc", "amf", "keccak_iterations", "res_bytes", NULL};
	bool from_op = false;
	int64_t sqn = 0;

	TRY(json_only(object, known));
	TRY(check_name(object, "change", view_text(names->change)));
	TRY(check_name(object, "client", ident_view(&names->client)));
	TRY(check_name(object, "new_client", ident_view(&names->new_client)));
	TRY(json_int(object, "sqn", 0, SQN_LAST, &sqn));
	TRY(key_from_json(object, ret_key, &from_op));
	*ret_sqn = (uint64_t)sqn;
	return OK;
}

enum err envelope_open(const struct jose_key *own, const struct envelope_names *names,
	struct view jwe, struct aka_key *ret_key, uint64_t *ret_sqn)
{
	BUF_CLEANUP struct buf plain = buf_growing(JWE_PLAIN_MAX);
	JSON_CLEANUP struct json *object = NULL;

	TRY(jwe_decrypt(own, ENVELOPE_KEY_CTY, jwe, &plain));
	enum err err = json_parse(buf_contents(&plain), JWE_PLAIN_MAX, &object);

	buf_wipe(&plain);
	TRY(err);
	return read_plain(names, object, ret_key, ret_sqn);
}
