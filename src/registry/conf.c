// SPDX-License-Identifier: Apache-2.0
#include "registry/conf.h"

#include "base/text.h"

#include <string.h>

enum { URL_MAX = 255, ID_MAX = 64 };

const struct conf_option registry_options[] = CONF_TABLE(registry_conf, REGISTRY_OPTIONS);

enum err registry_check_id(const char *text)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.";
	const size_t len = strlen(text);

	if (len == 0 || len > ID_MAX || strspn(text, allowed) != len || text[0] == '.' ||
		text[len - 1] == '.' || strstr(text, "..")) {
		return err_fail(ERR_SYNTAX, "Y.3059 9.1 i: not labels of A to Z and 0 to 9");
	}
	return OK;
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
