// SPDX-License-Identifier: Apache-2.0
#include "registry/conf.h"

#include "base/text.h"
#include "core/reg_id.h"

#include <string.h>

enum { URL_MAX = 255 };

const struct conf_option registry_options[] = CONF_TABLE(registry_conf, REGISTRY_OPTIONS);

enum err registry_check_id(const char *text)
{
	struct reg_id id;

	return reg_id_parse(view_text(text), &id);
}

/* registry/enquiry/party.h */
enum err registry_check_role(const char *text)
{
	static const char *const roles[] = {"enquirer", "manufacturer", "agency", "owner"};

	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		if (strcmp(text, roles[i]) == 0) {
			return OK;
		}
	}
	return err_fail(ERR_SYNTAX, "not a role");
}

enum err registry_check_url(const char *text)
{
	static const char scheme[] = "https://";
	const size_t len = strlen(text), begin = strlen(scheme);

	if (len == 0) {
		return OK;
	}
	if (len <= begin || len > URL_MAX || strncmp(text, scheme, begin) != 0 ||
		strcspn(text + begin, "/?#@\"'<>& \\") != len - begin ||
		!text_is_printable(view_text(text))) {
		return err_fail(ERR_SYNTAX, "not https:// and a host, with a port if need be");
	}
	return OK;
}
