// SPDX-License-Identifier: Apache-2.0
/* The commands there are, and the options of all of them. */
#include "cli/cli.h"

#include <string.h>

/* In the order of help: what one looks at, what one registers, what one permits. */
const struct cli_noun *const cli_nouns[] = {
	&cli_status_noun,
	&cli_realm_noun,
	&cli_subscriber_noun,
	&cli_device_noun,
	&cli_directory_noun,
	&cli_import_noun,
	&cli_imports_noun,
	&cli_asp_noun,
	&cli_app_noun,
	&cli_grant_noun,
	&cli_revoke_noun,
	&cli_grants_noun,
	&cli_change_noun,
	&cli_departures_noun,
	&cli_catalogue_noun,
	&cli_notifications_noun,
	&cli_audit_noun,
	&cli_me_noun,
	&cli_sign_in_noun,
	&cli_sign_out_noun,
	&cli_account_noun,
	&cli_key_noun,
	&cli_extension_noun,
	&cli_delegation_noun,
	&cli_jwt_noun,
	&cli_registry_noun,
	&cli_backup_noun,
	&cli_restore_noun,
	&cli_rotate_noun,
	&cli_check_noun,
};
const size_t cli_noun_count = sizeof(cli_nouns) / sizeof(cli_nouns[0]);

const struct cli_option cli_globals[CLI_GLOBALS] = {
	[CLI_SOCKET] = CLI_OPTION("socket", "PATH",
		"the node's Unix socket; $SYMBOLON_SOCKET, else " CLI_DEFAULT_SOCKET),
	[CLI_URL] = CLI_OPTION("url", "URL",
		"another node, or its portal: https://NAME[:PORT], with --ca; $SYMBOLON_URL"),
	[CLI_CONNECT] =
		CLI_OPTION("connect", "ADDRESS", "where to connect in place of the URL's NAME"),
	[CLI_CERT] = CLI_OPTION("cert", "FILE", "PEM certificate of an operator or an ASP"),
	[CLI_KEY] = CLI_OPTION("key", "FILE", "its PEM key"),
	[CLI_CA] = CLI_OPTION("ca", "FILE",
		"PEM certificates that the node is verified against; $SYMBOLON_CA"),
	[CLI_SESSION] = CLI_OPTION("session", "FILE",
		"file with a session or an API key; $SYMBOLON_SESSION"),
	[CLI_JSON] = CLI_FLAG("json", "print the answers of the API as they come"),
	[CLI_HELP] = CLI_FLAG("help", "show this"),
	[CLI_VERSION] = CLI_FLAG("version", "show the version"),
};

const struct cli_command *cli_noun_at(const struct cli_noun *noun, size_t i)
{
	if (i < noun->count) {
		return &noun->commands[i];
	}
	i -= noun->count;
	for (const struct cli_noun *const *part = noun->parts; part && *part; part++) {
		if (i < (*part)->count) {
			return &(*part)->commands[i];
		}
		i -= (*part)->count;
	}
	return NULL;
}

int cli_find_option(const struct cli_option *options, size_t count, const char *word,
	const char **ret_value)
{
	const char *equals = strchr(word, '=');
	size_t len = equals ? (size_t)(equals - word) : strlen(word);

	for (size_t i = 0; i < count && options[i].name; i++) {
		if (strlen(options[i].name) == len && memcmp(options[i].name, word, len) == 0) {
			*ret_value = equals ? equals + 1 : NULL;
			return (int)i;
		}
	}
	return -1;
}
