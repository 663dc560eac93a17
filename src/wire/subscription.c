// SPDX-License-Identifier: Apache-2.0
#include "wire/subscription.h"

#include "base/text.h"
#include "core/reg_id.h"

#include <strings.h>

static const char *const severities[SEVERITY_COUNT] = {"none", "low", "medium", "high", "critical"};

static const char *const deliveries[DELIVERY_COUNT] = {
	[DELIVERY_SSE] = "sse",
	[DELIVERY_WEBHOOK] = "webhook",
	[DELIVERY_MQTT] = "mqtt",
};

const char *severity_name(enum severity severity)
{
	return severities[severity < SEVERITY_COUNT ? severity : SEVERITY_NONE];
}

enum err severity_of(struct view name, enum severity *ret)
{
	for (int i = 0; i < SEVERITY_COUNT; i++) {
		if (view_is_nocase(name, severities[i])) {
			*ret = (enum severity)i;
			return OK;
		}
	}
	return err_fail(ERR_SYNTAX, "severity: none, low, medium, high or critical is wanted");
}

const char *delivery_name(enum delivery delivery)
{
	return deliveries[delivery < DELIVERY_COUNT ? delivery : DELIVERY_SSE];
}

/* --- read --- */

static enum err text_member(const struct json *object, const char *name, size_t max,
	struct view *ret)
{
	struct view text = view_text("");

	TRY(json_text_opt(object, name, &text));
	if (text.len > max) {
		return err_fail(ERR_RANGE, "subscription: %s is longer than %zu bytes", name, max);
	}
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < 0x20 || text.data[i] == 0x7f) {
			return err_fail(ERR_SYNTAX, "subscription: %s has a control character",
				name);
		}
	}
	*ret = text;
	return OK;
}

static enum err read_devices(const struct json *filter, struct subscription *ret)
{
	const struct json *devices = json_member(filter, "devices");

	if (!devices) {
		return OK;
	}
	if (!json_is_array(devices) || json_count(devices) == 0) {
		return err_fail(ERR_SYNTAX, "subscription: devices is an array of RegDevIDs");
	}
	if (json_count(devices) > SUBSCRIPTION_DEVICES) {
		return err_fail(ERR_RANGE, "subscription: more than %d devices",
			SUBSCRIPTION_DEVICES);
	}
	for (const struct json *d = json_item(devices, 0); d; d = json_next(d)) {
		struct reg_dev_id id;
		struct view text;

		TRY(json_as_text(d, &text));
		TRY(reg_dev_id_parse(text, &id));
		if (id.is_virtual || !view_equal(text, reg_dev_id_view(&id))) {
			return err_fail(ERR_SYNTAX,
				"subscription: a device is named by its RegDevID as it was given");
		}
	}
	ret->devices = devices;
	return OK;
}

static enum err read_kinds(const struct json *filter, struct words *ret)
{
	const struct json *kinds = json_member(filter, "kinds");

	if (kinds && !json_is_array(kinds)) {
		return err_fail(ERR_SYNTAX, "subscription: kinds is an array of words");
	}
	for (const struct json *k = json_item(kinds, 0); k; k = json_next(k)) {
		struct view word;

		TRY(json_as_text(k, &word));
		TRY(words_add(ret, word, "subscription: kinds"));
	}
	return OK;
}

static enum err read_trust(const struct json *filter, const char *name, int *ret)
{
	struct view word = view_text("");
	enum trust trust;

	TRY(json_text_opt(filter, name, &word));
	if (word.len > 0) {
		TRY(trust_of(word, &trust));
		*ret = (int)trust;
	}
	return OK;
}

static enum err read_severity(const struct json *filter, int *ret)
{
	struct view word = view_text("");
	enum severity severity;

	TRY(json_text_opt(filter, "severity", &word));
	if (word.len > 0) {
		TRY(severity_of(word, &severity));
		*ret = (int)severity;
	}
	return OK;
}

static enum err read_filter(const struct json *filter, struct subscription *ret)
{
	static const char *const known[] = {"devices", "own", "make", "model", "registry", "kinds",
		"from", "to", "severity", NULL};
	struct reg_id registry;

	if (!filter) {
		return OK;
	}
	TRY(json_only(filter, known));
	TRY(read_devices(filter, ret));
	TRY(json_bool_opt(filter, "own", &ret->own));
	TRY(text_member(filter, "make", SUBSCRIPTION_TEXT, &ret->make));
	TRY(text_member(filter, "model", SUBSCRIPTION_TEXT, &ret->model));
	TRY(text_member(filter, "registry", REG_ID_MAX, &ret->registry));
	if (ret->registry.len > 0) {
		TRY(reg_id_parse(ret->registry, &registry));
	}
	TRY(read_kinds(filter, &ret->kinds));
	TRY(read_trust(filter, "from", &ret->from));
	TRY(read_trust(filter, "to", &ret->to));
	return read_severity(filter, &ret->severity);
}

static enum err read_delivery(const struct json *delivery, struct subscription *ret)
{
	static const char *const known[] = {"method", "url", NULL};
	struct view method;
	int i = 0;

	TRY(json_only(delivery, known));
	TRY(json_text(delivery, "method", &method));
	TRY(text_member(delivery, "url", SUBSCRIPTION_URL, &ret->url));
	while (i < DELIVERY_COUNT && !view_is(method, deliveries[i])) {
		i++;
	}
	if (i == DELIVERY_COUNT) {
		return err_fail(ERR_SYNTAX, "subscription: method is sse, webhook or mqtt");
	}
	ret->delivery = (enum delivery)i;
	if ((ret->delivery == DELIVERY_WEBHOOK) != (ret->url.len > 0)) {
		return err_fail(ERR_SYNTAX, "subscription: a webhook has a url, and nothing else");
	}
	return OK;
}

static enum err read_digest(const struct json *digest, struct subscription *ret)
{
	static const char *const known[] = {"period", NULL};

	if (!digest) {
		return OK;
	}
	TRY(json_only(digest, known));
	return json_int(digest, "period", SUBSCRIPTION_PERIOD_MIN_S, SUBSCRIPTION_PERIOD_MAX_S,
		&ret->period_s);
}

static enum err read_document(struct subscription *ret)
{
	static const char *const known[] = {"label", "filter", "delivery", "digest", NULL};
	const struct json *document = ret->document;

	if (!json_is_object(document)) {
		return err_fail(ERR_SYNTAX, "subscription: no JSON object");
	}
	TRY(json_only(document, known));
	TRY(text_member(document, "label", SUBSCRIPTION_TEXT, &ret->label));
	TRY(read_filter(json_member(document, "filter"), ret));
	if (!json_member(document, "delivery")) {
		return err_fail(ERR_SYNTAX, "subscription: delivery is missing");
	}
	TRY(read_delivery(json_member(document, "delivery"), ret));
	return read_digest(json_member(document, "digest"), ret);
}

enum err subscription_parse(struct view text, struct subscription *ret)
{
	struct subscription s = {.from = -1, .to = -1, .severity = -1};

	TRY(json_parse(text, SUBSCRIPTION_MAX, &s.document));
	enum err err = read_document(&s);

	if (err != OK) {
		subscription_free(&s);
		return err;
	}
	*ret = s;
	return OK;
}

void subscription_free(struct subscription *s)
{
	json_free(s->document);
	*s = (struct subscription){.from = -1, .to = -1, .severity = -1};
}

/* --- written --- */

static void put_some(struct json_writer *w, const char *name, struct view text)
{
	if (text.len > 0) {
		json_put_text(w, name, text);
	}
}

static void put_kinds(const struct words *kinds, struct json_writer *w)
{
	struct view all[WORDS_MAX];
	size_t count = words_split(kinds, all);

	if (count == 0) {
		return;
	}
	json_open_array(w, "kinds");
	for (size_t i = 0; i < count; i++) {
		json_put_text(w, NULL, all[i]);
	}
	json_close_array(w);
}

static void put_filter(const struct subscription *s, struct json_writer *w)
{
	json_open(w, "filter");
	if (s->devices) {
		json_put_value(w, "devices", s->devices);
	}
	if (s->own) {
		json_put_bool(w, "own", true);
	}
	put_some(w, "make", s->make);
	put_some(w, "model", s->model);
	put_some(w, "registry", s->registry);
	put_kinds(&s->kinds, w);
	if (s->from >= 0) {
		json_put_string(w, "from", trust_name((enum trust)s->from));
	}
	if (s->to >= 0) {
		json_put_string(w, "to", trust_name((enum trust)s->to));
	}
	if (s->severity >= 0) {
		json_put_string(w, "severity", severity_name((enum severity)s->severity));
	}
	json_close(w);
}

void subscription_put(const struct subscription *s, struct json_writer *w)
{
	put_some(w, "label", s->label);
	put_filter(s, w);
	json_open(w, "delivery");
	json_put_string(w, "method", delivery_name(s->delivery));
	put_some(w, "url", s->url);
	json_close(w);
	if (s->period_s > 0) {
		json_open(w, "digest");
		json_put_int(w, "period", s->period_s);
		json_close(w);
	}
}

/* --- asked --- */

static bool same(struct view wanted, struct view told)
{
	return wanted.len == 0 ||
	       (wanted.len == told.len && strncasecmp((const char *)wanted.data,
						  (const char *)told.data, told.len) == 0);
}

static bool has_device(const struct json *devices, struct view device)
{
	if (!devices) {
		return true;
	}
	for (const struct json *d = json_item(devices, 0); d; d = json_next(d)) {
		struct view text;

		if (json_as_text(d, &text) == OK && view_equal(text, device)) {
			return true;
		}
	}
	return false;
}

/* The registry itself, or one whose name goes on after a dot. */
static bool within(struct view top, struct view registry)
{
	return top.len == 0 ||
	       (registry.len >= top.len && view_equal(top, view_of(registry.data, top.len)) &&
		       (registry.len == top.len || registry.data[top.len] == '.'));
}

bool subscription_takes(const struct subscription *s, const struct subscription_event *event)
{
	return (s->kinds.text[0] == '\0' || words_has(&s->kinds, event->kind)) &&
	       (s->from < 0 || s->from == event->from) && (s->to < 0 || s->to == event->to) &&
	       s->severity <= event->severity && within(s->registry, event->registry) &&
	       same(s->make, event->make) && same(s->model, event->model) &&
	       has_device(s->devices, event->device);
}
