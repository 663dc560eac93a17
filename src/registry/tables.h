// SPDX-License-Identifier: Apache-2.0
/*
 * tables of no part:
 * setting	what a registry made for itself, sealed: keys
 * data_key	store/ring.h
 */
#pragma once

#include "store/ring.h"

#define CORE_TABLES(TEXT, INT, BLOB, ROWS, KEYED)                                                  \
	"CREATE TABLE data_key (id " INT " PRIMARY KEY, wrapped " BLOB " NOT NULL)" ROWS ";"       \
	"CREATE TABLE setting (name " TEXT " PRIMARY KEY, record " BLOB " NOT NULL)" KEYED ";"

#define CORE_STATEMENTS(S)                                                                         \
	S(DATA_KEYS, STORE_ALONE, RING_SELECT)                                                     \
	S(ADD_DATA_KEY, STORE_ALONE, RING_INSERT)                                                  \
	S(SET_DATA_KEY, STORE_ALONE, RING_UPDATE)                                                  \
	S(DROP_DATA_KEYS, STORE_ALONE, RING_DELETE)                                                \
	/* from this name on, how many -> name, record */                                          \
	S(PAGE_SETTINGS, STORE_ALONE,                                                              \
		"SELECT setting.name, setting.record FROM setting WHERE setting.name >= $1"        \
		" ORDER BY setting.name LIMIT $2")                                                 \
	/* name, record, the record before */                                                      \
	S(REPLACE_SETTING, STORE_BY_KEY,                                                           \
		"UPDATE setting SET record = $2 WHERE setting.name = $1 AND setting.record = $3")  \
	/* name -> record */                                                                       \
	S(FIND_SETTING, STORE_ALONE, "SELECT setting.record FROM setting WHERE setting.name = $1") \
	/* name, record */                                                                         \
	S(ADD_SETTING, STORE_ALONE,                                                                \
		"INSERT INTO setting (name, record) VALUES ($1, $2) ON CONFLICT (name) DO "        \
		"NOTHING")                                                                         \
	/* name, record: in the place of what is there */                                          \
	S(PUT_SETTING, STORE_BY_KEY,                                                               \
		"INSERT INTO setting (name, record) VALUES ($1, $2) ON CONFLICT (name) DO "        \
		"UPDATE SET record = excluded.record")
