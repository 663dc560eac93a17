// SPDX-License-Identifier: Apache-2.0
/* portal: what each role looks at: the catalogue, what it was told, and for operators the audit. */
#include "cli/cli.h"

enum { FILTER, AFTER, LIMIT };

static const struct print_column catalogue_columns[] = {
	{"APPLICATION", "id"},
	{"ASP", "asp"},
	{"TITLE", "title"},
	{"VERIFICATION", "verification"},
	{"ATTRIBUTES", "attributes"},
	{"DESCRIPTION", "description"},
};

static const struct print_column notice_columns[] = {
	{"AT", "at"},
	{"KIND", "kind"},
	{"ABOUT", "object"},
	{"TEXT", "text"},
};

static const struct print_column audit_columns[] = {
	{"AT", "at"},
	{"ROLE", "role"},
	{"BY", "by"},
	{"OPERATION", "operation"},
	{"OBJECT", "object"},
	{"DETAIL", "detail"},
};

static enum cli_status list(struct cli *cli, const struct cli_arguments *args,
	const char *collection, const char *filter, const struct print_column *columns, size_t count)
{
	const struct cli_page page = {.filter = filter,
		.value = args->values[FILTER],
		.after = args->values[AFTER],
		.limit = args->values[LIMIT]};

	return cli_list(cli, collection, &page, columns, count);
}

static enum cli_status catalogue(struct cli *cli, const struct cli_arguments *args)
{
	return list(cli, args, "/v1/catalogue", "q", catalogue_columns,
		sizeof(catalogue_columns) / sizeof(catalogue_columns[0]));
}

static enum cli_status notifications(struct cli *cli, const struct cli_arguments *args)
{
	const struct cli_page page = {.after = args->values[0], .limit = args->values[1]};

	return cli_list(cli, "/v1/notifications", &page, notice_columns,
		sizeof(notice_columns) / sizeof(notice_columns[0]));
}

static enum cli_status audit(struct cli *cli, const struct cli_arguments *args)
{
	return list(cli, args, "/v1/audit", "object", audit_columns,
		sizeof(audit_columns) / sizeof(audit_columns[0]));
}

static const struct cli_command catalogue_commands[] = {{
	.noun = "catalogue",
	.summary = "browse the applications that are published",
	.options = {CLI_OPTION("search", "TEXT", "what stands in a name, title or description"),
		CLI_PAGE_OPTIONS},
	.run = catalogue,
}};
const struct cli_noun cli_catalogue_noun = {"catalogue", "applications that are published",
	catalogue_commands, 1};

static const struct cli_command notification_commands[] = {{
	.noun = "notifications",
	.summary = "show what one was told, oldest first",
	.options = {CLI_PAGE_OPTIONS},
	.run = notifications,
}};
const struct cli_noun cli_notifications_noun = {"notifications", "what one was told",
	notification_commands, 1};

static const struct cli_command audit_commands[] = {{
	.noun = "audit",
	.summary = "show who changed what, oldest first",
	.options = {CLI_OPTION("object", "ID",
			    "to this subscriber, client, ASP or application only"),
		CLI_PAGE_OPTIONS},
	.run = audit,
}};
const struct cli_noun cli_audit_noun = {"audit", "who changed what", audit_commands, 1};
