// SPDX-License-Identifier: Apache-2.0
/*
 * report: a registered device tells its security parameters, and has virtual RegDevIDs made that it shows in place of its own.
 *  req: R7-iv-c R9.2-ii-c R9.2-ii-d R9.3-i-c R9.3-iv R9.2-i-f
 */
#include "device-cli/registry.h"

#include "base/text.h"
#include "wire/evidence.h"
#include "wire/told_vulnerability.h"

#include <stdio.h>
#include <string.h>

enum { BODY_MAX = 64 * 1024, PATH = 4096 };

static enum err read_told(const struct options *options, struct told_vulnerabilities *ret)
{
	*ret = (struct told_vulnerabilities){.count = 0};
	if (options->vulnerability &&
		told_vulnerabilities_parse(view_text(options->vulnerability), ret) != OK) {
		char detail[DETAIL_MAX];

		(void)snprintf(detail, sizeof(detail), "%s", err_detail());
		return err_fail(ERR_CONFIG, "--vulnerability: %s", detail);
	}
	return OK;
}

static enum err write_report(struct registry_session *session,
	const struct registration *registration, struct buf *body)
{
	BUF_CLEANUP struct buf proof = buf_growing(JOSE_MAX);
	struct json_writer w = json_to(body);
	struct told_vulnerabilities told;
	struct device_facts facts;

	TRY(registry_read_facts(session->device->options, &facts));
	TRY(read_told(session->device->options, &told));
	json_open(&w, NULL);
	if (registration->has_key) {
		TRY(registry_prove(session, &facts, &proof));
		json_put_text(&w, "proof", buf_contents(&proof));
	} else {
		facts_write(&w, "facts", &facts);
	}
	if (told.count > 0) {
		told_vulnerabilities_write(&w, "vulnerabilities", &told);
	}
	json_close(&w);
	return buf_end(body, "report");
}

static enum err report(struct registry_session *session)
{
	BUF_CLEANUP struct buf body = buf_growing(BODY_MAX), path = buf_growing(PATH);
	JSON_CLEANUP struct json *answer = NULL;
	struct registration registration;

	TRY(registry_kept(session, &registration));
	TRY(write_report(session, &registration, &body));
	registry_path(&registration, "/reports", &path);
	TRY(buf_end(&path, "report"));
	TRY(registry_ask(session, "POST", buf_string(&path), buf_contents(&body), &answer));
	device_step(NULL, "9.3/i-c", "device.reported", 0);
	return registry_print(session->device->options, answer);
}

enum err command_report(const struct options *options)
{
	struct registry_session session;
	struct device device;
	enum err err = registry_open(options, &device, &session);

	err = err == OK ? report(&session) : err;
	registry_close(&session);
	return err;
}

/* --- virtual RegDevIDs --- */

static enum err issue(struct registry_session *session, const char *path)
{
	const struct options *options = session->device->options;
	BUF_CLEANUP struct buf body = buf_growing(BODY_MAX);
	JSON_CLEANUP struct json *answer = NULL;
	struct json_writer w = json_to(&body);

	json_open(&w, NULL);
	json_put_bool(&w, "once", options->once);
	if (options->until) {
		json_put_string(&w, "until", options->until);
	}
	json_close(&w);
	TRY(buf_end(&body, "virtual"));
	TRY(registry_ask(session, "POST", path, buf_contents(&body), &answer));
	return registry_print(options, answer);
}

static enum err print_all(const struct options *options, const struct json *answer)
{
	const struct json *items = json_member(answer, "items");

	for (const struct json *item = json_item(items, 0); item; item = json_next(item)) {
		TRY(registry_print(options, item));
	}
	return OK;
}

static enum err end(struct registry_session *session, const char *all, const char *id)
{
	BUF_CLEANUP struct buf path = buf_growing(PATH);
	JSON_CLEANUP struct json *answer = NULL;

	buf_printf(&path, "%s/", all);
	text_percent(&path, view_text(id));
	TRY(buf_end(&path, "virtual"));
	return registry_ask(session, "DELETE", buf_string(&path), view_of(NULL, 0), &answer);
}

static enum err act(struct registry_session *session)
{
	const struct options *options = session->device->options;
	BUF_CLEANUP struct buf path = buf_growing(PATH);
	JSON_CLEANUP struct json *answer = NULL;
	struct registration registration;

	TRY(registry_kept(session, &registration));
	registry_path(&registration, "/virtual", &path);
	TRY(buf_end(&path, "virtual"));
	if (options->end) {
		return end(session, buf_string(&path), options->end);
	}
	if (!options->list) {
		return issue(session, buf_string(&path));
	}
	TRY(registry_ask(session, "GET", buf_string(&path), view_of(NULL, 0), &answer));
	return print_all(options, answer);
}

enum err command_virtual(const struct options *options)
{
	struct registry_session session;
	struct device device;
	enum err err = registry_open(options, &device, &session);

	err = err == OK ? act(&session) : err;
	registry_close(&session);
	return err;
}
