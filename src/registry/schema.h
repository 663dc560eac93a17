// SPDX-License-Identifier: Apache-2.0
/*
 * schema: the tables and statements of a registry's store. Each part has its own in a header, as two lists:
 *
 *	#define OWNER_TABLES(TEXT, INT, BLOB, ROWS, KEYED)	one DDL for both engines: see schema.c
 *		"CREATE TABLE owner (id " TEXT " PRIMARY KEY, since " INT " NOT NULL)" KEYED ";"
 *	#define OWNER_STATEMENTS(S)
 *		S(FIND_OWNER, STORE_ALONE, "SELECT ...")	name, enum store_beside, SQL
 *
 * and a line in each of the two lists here.
 */
#pragma once

#include "registry/devices/tables.h"
#include "registry/enquiry/tables.h"
#include "registry/ledger/tables.h"
#include "registry/owners/tables.h"
#include "registry/notify/tables.h"
#include "registry/peers/tables.h"
#include "registry/status/tables.h"
#include "registry/tables.h"
#include "store/store.h"

#define REGISTRY_TABLES(...)                                                                       \
	CORE_TABLES(__VA_ARGS__)                                                                   \
	STATUS_TABLES(__VA_ARGS__)                                                                 \
	LEDGER_TABLES(__VA_ARGS__)                                                                 \
	DEVICE_TABLES(__VA_ARGS__)                                                                 \
	PEER_TABLES(__VA_ARGS__)                                                                   \
	ENQUIRY_TABLES(__VA_ARGS__)                                                                \
	OWNER_TABLES(__VA_ARGS__)                                                                  \
	NOTIFY_TABLES(__VA_ARGS__)

#define REGISTRY_STATEMENTS(S)                                                                     \
	CORE_STATEMENTS(S)                                                                         \
	STATUS_STATEMENTS(S)                                                                       \
	LEDGER_STATEMENTS(S)                                                                       \
	DEVICE_STATEMENTS(S)                                                                       \
	PEER_STATEMENTS(S)                                                                         \
	ENQUIRY_STATEMENTS(S)                                                                      \
	OWNER_STATEMENTS(S)                                                                        \
	NOTIFY_STATEMENTS(S)

#define STATEMENT_NAME(name, beside, sql) name,
enum registry_statement { REGISTRY_STATEMENTS(STATEMENT_NAME) REGISTRY_STATEMENT_COUNT };

extern const struct statement registry_statements[REGISTRY_STATEMENT_COUNT];
extern const struct store_schema registry_schema;
