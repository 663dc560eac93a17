// SPDX-License-Identifier: Apache-2.0
#include "mosquitto/conf.h"

#include "core/ident.h"
#include "core/token.h"
#include "wire/mqtt_topic.h"

#include <stdio.h>
#include <string.h>

const struct conf_option topic_options[] = CONF_TABLE(topic_conf, TOPIC_OPTIONS);
const struct conf_option mosquitto_options[] = CONF_TABLE(mosquitto_conf, MOSQUITTO_OPTIONS);

enum err mosquitto_check_application(const char *text)
{
	struct ident id;

	return ident_parse(IDENT_APPLICATION, view_text(text), &id);
}

enum err mosquitto_check_group(const char *text)
{
	return text[0] ? mosquitto_check_application(text) : OK;
}

static enum err read_suite(const char *text, struct ua *ret)
{
	char digits[UA_SIZE * 2 + 1];

	if (strcmp(text, "tls13") == 0) {
		*ret = UA_TLS13_PSK;
		return OK;
	}
	if (strlen(text) != 4) {
		return err_fail(ERR_CONFIG, "a suite has four hex digits, as ccac");
	}
	(void)snprintf(digits, sizeof(digits), "010001%.4s", text);
	return ua_parse(view_text(digits), ret);
}

enum err mosquitto_check_suite(const char *text)
{
	struct ua ua;

	return read_suite(text, &ua);
}

struct ua mosquitto_ua(const struct mosquitto_conf *conf)
{
	struct ua ua = UA_ALL;

	(void)!read_suite(conf->suite, &ua); /* checked when it was read */
	return ua;
}

enum err mosquitto_check_pattern(const char *text)
{
	return mqtt_pattern_check(view_text(text));
}

enum err mosquitto_check_store(const char *text)
{
	return text[0] ? node_check_store(text) : OK;
}
