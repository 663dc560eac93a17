// SPDX-License-Identifier: Apache-2.0
#include "registry/schema.h"

/* Types of columns, and how a table ends: one with a whole number as its key, and one with another. */
#define SQLITE	 "TEXT", "INTEGER", "BLOB", " STRICT", " STRICT, WITHOUT ROWID"
#define POSTGRES "TEXT COLLATE \"C\"", "BIGINT", "BYTEA", "", ""

static const struct migration migrations[] = {
	{1, REGISTRY_TABLES(SQLITE), REGISTRY_TABLES(POSTGRES)},
};

const struct store_schema registry_schema = {
	.name = "registry",
	.statements = registry_statements,
	.statement_count = REGISTRY_STATEMENT_COUNT,
	.migrations = migrations,
	.migration_count = sizeof(migrations) / sizeof(migrations[0]),
	.restored_sqlite = LEDGER_RESTORED NOTIFY_RESTORED,
	.restored_postgres = LEDGER_RESTORED NOTIFY_RESTORED,
};
