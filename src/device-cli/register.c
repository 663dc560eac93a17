// SPDX-License-Identifier: Apache-2.0
/*
 * register: a device asks a registry for a RegDevID, keeps it in its secure element, and confirms it (det).
 *  req: R7-iv-a R7-iv-b R9.2-ii-a R9.2-ii-b R9.2-ii-d
 */
#include "device-cli/registry.h"

#include "base/text.h"
#include "wire/certificate.h"
#include "wire/evidence.h"

#include <string.h>

enum { BODY_MAX = 64 * 1024, CHAIN_FILE_MAX = 64 * 1024 };

#define END "-----END CERTIFICATE-----"

/* --- the evidence --- */

/* All certificates of a PEM file, in its order. */
static enum err read_chain(const char *path, struct buf *ders, struct view chain[DEVICE_CHAIN_MAX],
	size_t *count)
{
	BUF_CLEANUP struct buf text = buf_growing(0);
	size_t begins[DEVICE_CHAIN_MAX + 1] = {0};

	TRY(text_read_file(path, CHAIN_FILE_MAX, &text));
	const char *at = buf_string(&text), *end;
	size_t found = 0;

	while ((end = strstr(at, END))) {
		if (found + *count == DEVICE_CHAIN_MAX) {
			return err_fail(ERR_CONFIG, "--chain: more than %d certificates",
				DEVICE_CHAIN_MAX - 1);
		}
		TRY(certificate_from_pem(view_of(at, (size_t)(end - at) + strlen(END)), ders));
		begins[++found] = ders->len;
		at = end + strlen(END);
	}
	for (size_t i = 0; i < found; i++) {
		chain[(*count)++] = view_of(ders->data + begins[i], begins[i + 1] - begins[i]);
	}
	return OK;
}

/* The device's certificate, and what leads to its maker's root. */
static enum err put_certificate(struct registry_session *session, const struct device_facts *facts,
	struct json_writer *w)
{
	const struct options *options = session->device->options;
	BUF_CLEANUP struct buf own = buf_growing(DEVICE_CERTIFICATE_MAX);
	BUF_CLEANUP struct buf others = buf_growing(DEVICE_CHAIN_MAX * DEVICE_CERTIFICATE_MAX);
	BUF_CLEANUP struct buf proof = buf_growing(JOSE_MAX);
	struct view chain[DEVICE_CHAIN_MAX];
	size_t count = 1;

	enum err err = se_soft_ops.load(session->device->se, SYMDEV_OWN_CERTIFICATE, &own);

	if (err != OK) {
		return err_fail(err, "the device has no certificate of its own: `symbolon-device "
				     "own-key install`");
	}
	chain[0] = buf_contents(&own);
	TRY(options->chain ? read_chain(options->chain, &others, chain, &count) : OK);
	TRY(registry_prove(session, facts, &proof));
	evidence_put_x509(w, "evidence", chain, count, buf_contents(&proof));
	return OK;
}

static enum err with_certificate(const struct options *options, bool *ret)
{
	*ret = false;
	if (!options->evidence || strcmp(options->evidence, rot_kind_name(ROT_AKA)) == 0) {
		return OK;
	}
	*ret = true;
	return strcmp(options->evidence, rot_kind_name(ROT_X509)) == 0
		       ? OK
		       : err_fail(ERR_CONFIG, "--evidence: aka or x509");
}

static enum err write_request(struct registry_session *session, const struct device_facts *facts,
	bool certificate, struct buf *body)
{
	struct json_writer w = json_to(body);

	json_open(&w, NULL);
	if (certificate) {
		TRY(put_certificate(session, facts, &w));
	} else {
		facts_write(&w, "facts", facts);
		json_open(&w, "evidence");
		json_put_string(&w, "kind", rot_kind_name(ROT_AKA));
		json_close(&w);
	}
	json_close(&w);
	return buf_end(body, "register");
}

/* --- register, det --- */

static enum err keep(struct registry_session *session, const struct json *answer, bool certificate,
	struct registration *ret)
{
	struct view id, acknowledgement;

	*ret = (struct registration){.has_key = certificate};
	TRY(json_text(answer, "id", &id));
	TRY(json_text(answer, "acknowledgement", &acknowledgement));
	TRY(reg_dev_id_parse(id, &ret->id));
	TRY(text_copy(ret->acknowledgement, sizeof(ret->acknowledgement), acknowledgement,
		"acknowledgement"));
	return registry_keep(session, ret);
}

/* Only what is kept safely is confirmed. */
static enum err confirm(struct registry_session *session, const struct registration *registration)
{
	BUF_CLEANUP struct buf path = buf_growing(4096);
	JSON_CLEANUP struct json *answer = NULL;

	registry_path(registration, "/det", &path);
	TRY(buf_end(&path, "det"));
	TRY(registry_ask(session, "POST", buf_string(&path), view_text("{}"), &answer));
	device_step(NULL, "9.2/ii-b", "device.confirmed", 0);
	return registry_print(session->device->options, answer);
}

static enum err register_device(struct registry_session *session)
{
	const struct options *options = session->device->options;
	BUF_CLEANUP struct buf body = buf_growing(BODY_MAX);
	JSON_CLEANUP struct json *answer = NULL;
	struct registration registration;
	struct device_facts facts;
	bool certificate;

	TRY(with_certificate(options, &certificate));
	TRY(registry_read_facts(options, &facts));
	TRY(write_request(session, &facts, certificate, &body));
	TRY(registry_ask(session, "POST", "/v1/devices", buf_contents(&body), &answer));
	device_step(NULL, "9.2/ii-a", "device.registered", 0);
	TRY(keep(session, answer, certificate, &registration));
	return confirm(session, &registration);
}

enum err command_register(const struct options *options)
{
	struct registry_session session;
	struct device device;
	enum err err = registry_open(options, &device, &session);

	err = err == OK ? register_device(&session) : err;
	registry_close(&session);
	return err;
}

static enum err confirm_kept(struct registry_session *session)
{
	struct registration registration;

	TRY(registry_kept(session, &registration));
	return confirm(session, &registration);
}

enum err command_det(const struct options *options)
{
	struct registry_session session;
	struct device device;
	enum err err = registry_open(options, &device, &session);

	err = err == OK ? confirm_kept(&session) : err;
	registry_close(&session);
	return err;
}
