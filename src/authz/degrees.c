// SPDX-License-Identifier: Apache-2.0
#include "authz/degrees.h"

#include <stdio.h>
#include <string.h>

const struct conf_option degree_options[] = CONF_TABLE(degree_conf, DEGREE_OPTIONS);

/* Where none are configured. Values: docs/protocol/rp_b.md. */
static const struct degree built_in[] = {
	{"basic", 86400, true, {.strength = 0}},
	{"standard", 28800, true, {.strength = 112}},
	{"high", 3600, false, {.strength = 128}},
};
enum { BUILT_IN = sizeof(built_in) / sizeof(built_in[0]) };

enum err degrees_check_name(const char *text)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_";
	size_t len = strlen(text);

	return len >= 1 && len <= DEGREE_NAME_MAX && strspn(text, allowed) == len
		       ? OK
		       : err_fail(ERR_SYNTAX, "degrees: a name of 1 to %d letters and digits",
				 DEGREE_NAME_MAX);
}

bool degree_at(const struct authz_conf *conf, size_t index, struct degree *ret)
{
	if (conf->degrees.count == 0) {
		if (index < BUILT_IN) {
			*ret = built_in[index];
		}
		return index < BUILT_IN;
	}
	if (index >= conf->degrees.count) {
		return false;
	}
	const struct degree_conf *row = (const struct degree_conf *)conf->degrees.items + index;

	*ret = (struct degree){.name = row->name, .lifetime = row->lifetime / 1000, .gba = row->gba};
	ret->need.strength = (int)row->strength;
	(void)snprintf(ret->need.mechanisms, sizeof(ret->need.mechanisms), "%s", row->mechanisms);
	(void)snprintf(ret->need.algorithms, sizeof(ret->need.algorithms), "%s", row->algorithms);
	return true;
}

enum err degree_find(const struct authz_conf *conf, struct view name, struct degree *ret)
{
	struct degree degree;

	for (size_t i = 0; degree_at(conf, i, &degree); i++) {
		if (view_is(name, degree.name)) {
			*ret = degree;
			return OK;
		}
	}
	return err_fail(ERR_NOT_FOUND, "degree: none of this name is configured");
}

/* Tokens of format gba are AKA's, of whatever key, and a node that makes them may not know the degree. */
static enum err check_gba(const struct degree *degree)
{
	const struct degree_key aka = {.mechanism = "aka", .strength = DEGREE_STRENGTH_AKA};

	return !degree->gba || degree_check("the degree", &degree->need, &aka) == OK
		       ? OK
		       : err_fail(ERR_CONFIG,
				 "degrees: %s allows gba, and then asks for more than AKA with any "
				 "algorithm has",
				 degree->name);
}

enum err degrees_check(const struct authz_conf *conf)
{
	struct degree degree, other;

	for (size_t i = 0; degree_at(conf, i, &degree); i++) {
		TRY(check_gba(&degree));
		for (size_t k = 0; k < i && degree_at(conf, k, &other); k++) {
			if (view_is(view_text(other.name), degree.name)) {
				return err_fail(ERR_CONFIG, "degrees: %s is there twice",
					degree.name);
			}
		}
	}
	return OK;
}

void degrees_with_gba(const struct authz_conf *conf, char ret[DEGREE_NAMES])
{
	struct buf names = buf_fixed(ret, DEGREE_NAMES);
	struct degree degree;

	buf_u8(&names, ' ');
	for (size_t i = 0; degree_at(conf, i, &degree); i++) {
		if (degree.gba) {
			buf_text(&names, degree.name);
			buf_u8(&names, ' ');
		}
	}
	ret[names.len < DEGREE_NAMES ? names.len : DEGREE_NAMES - 1] = '\0';
}
