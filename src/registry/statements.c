// SPDX-License-Identifier: Apache-2.0
#include "registry/schema.h"

#define STATEMENT_ROW(name, beside, sql) [name] = {#name, sql, beside},
const struct statement registry_statements[REGISTRY_STATEMENT_COUNT] = {
	REGISTRY_STATEMENTS(STATEMENT_ROW)};
