// SPDX-License-Identifier: Apache-2.0
#include "cli/things.h"

#include "base/text.h"
#include "wire/json.h"

#include <stdio.h>
#include <string.h>

enum { FACTS_MAX = 4096, ADVISORY_MAX = 16384 };

/* Of the Z-Wave Alliance's product list: names as their makers registered them. */
static const struct {
	const char *make, *model, *type, *power;
	size_t registry;
	const char *folder, *number, *urn, *id;
} rows[THINGS] = {
	[SENSOR] = {"Aeotec Ltd.", "ZWA009", "sensor", "battery", PRIMARY, "sensor", "201",
		"urn:dev:mac:0024befffe804ff1", "mac:0024befffe804ff1"},
	[SENSOR_NEWER] = {"Aeotec Ltd.", "ZWA009", "sensor", "battery", PRIMARY, "sensor-newer",
		"202", "urn:dev:mac:0024befffe804ff2", "mac:0024befffe804ff2"},
	[LOCK] = {"ABUS", "CFA3010", "lock", "battery", PRIMARY_ENERGY, "door-lock", "203",
		"urn:dev:mac:0024befffe804ff3", "mac:0024befffe804ff3"},
};

static char clients[THINGS][REALM_NAME];

/* In run N everything before 1.(2N + 1) is affected, and the sensor has 1.(2N). */
void thing_fixed_firmware(const struct up *up, char ret[THING_FIRMWARE])
{
	(void)snprintf(ret, THING_FIRMWARE, "1.%d", 2 * up->run + 1);
}

void thing_of(const struct up *up, size_t index, struct thing *ret)
{
	const struct realm *realm = &up->sites[FIRST].realm;

	(void)snprintf(clients[index], REALM_NAME, "001010000000%s@%.90s", rows[index].number,
		realm->realm);
	*ret = (struct thing){
		.make = rows[index].make,
		.model = rows[index].model,
		.registry = rows[index].registry,
		.walker = {rows[index].folder, clients[index], "alice", rows[index].urn},
		.urn = rows[index].urn,
	};
	(void)snprintf(ret->id, sizeof(ret->id), "%s:%s", registry_id(ret->registry),
		rows[index].id);
	(void)snprintf(ret->firmware, sizeof(ret->firmware), "%s",
		index == SENSOR_NEWER ? "11.1" : "2.0");
	if (index == SENSOR) {
		(void)snprintf(ret->firmware, sizeof(ret->firmware), "1.%d", 2 * up->run);
	}
}

static void put_list(struct json_writer *w, const char *name, const char *word)
{
	json_open_array(w, name);
	json_put_string(w, NULL, word);
	json_close_array(w);
}

static const char *type_of(const struct thing *thing, const char **ret_power)
{
	for (size_t i = 0; i < THINGS; i++) {
		if (strcmp(rows[i].urn, thing->urn) == 0) {
			*ret_power = rows[i].power;
			return rows[i].type;
		}
	}
	return "";
}

enum err thing_write_facts(const struct up *up, const struct thing *thing, char ret[PATH_MAX])
{
	BUF_CLEANUP struct buf text = buf_growing(FACTS_MAX);
	struct json_writer w = json_to(&text);
	const char *power = "";
	char file[64];

	json_open(&w, NULL);
	json_put_string(&w, "make", thing->make);
	json_put_string(&w, "model", thing->model);
	json_put_string(&w, "firmware", thing->firmware);
	json_put_string(&w, "type", type_of(thing, &power));
	put_list(&w, "communication", "z-wave");
	put_list(&w, "connectivity", "ip");
	put_list(&w, "power", power);
	put_list(&w, "protocols", "coap");
	json_close(&w);
	buf_u8(&text, '\n');
	TRY(buf_end(&text, "facts"));
	(void)snprintf(file, sizeof(file), "%s.facts", thing->walker.folder);
	return text_write_file(realm_path(&up->sites[FIRST].realm, file, ret), buf_contents(&text),
		0600);
}

/* --- the advisory --- */

static void put_note(struct json_writer *w, const char *category, const char *text)
{
	json_open_array(w, "notes");
	json_open(w, NULL);
	json_put_string(w, "category", category);
	json_put_string(w, "text", text);
	json_close(w);
	json_close_array(w);
}

static void put_document(struct json_writer *w, const char *id, const char *now)
{
	json_open(w, "document");
	json_put_string(w, "category", "csaf_security_advisory");
	json_put_string(w, "csaf_version", "2.0");
	json_put_string(w, "title", "An example: no vulnerability of this product is known");
	json_open(w, "publisher");
	json_put_string(w, "category", "coordinator");
	json_put_string(w, "name", "The walk");
	json_put_string(w, "namespace", "https://cert.example");
	json_close(w);
	json_open(w, "distribution");
	json_open(w, "tlp");
	json_put_string(w, "label", "WHITE");
	json_close(w);
	json_close(w);
	put_note(w, "summary", "Shows what an advisory does in a hierarchy of trust registries.");
	json_open(w, "tracking");
	json_put_string(w, "id", id);
	json_put_string(w, "status", "final");
	json_put_string(w, "version", "1");
	json_put_string(w, "initial_release_date", now);
	json_put_string(w, "current_release_date", now);
	json_open_array(w, "revision_history");
	json_open(w, NULL);
	json_put_string(w, "date", now);
	json_put_string(w, "number", "1");
	json_put_string(w, "summary", "First.");
	json_close(w);
	json_close_array(w);
	json_close(w);
	json_close(w);
}

static void put_branch(struct json_writer *w, const char *category, const char *name)
{
	json_open_array(w, "branches");
	json_open(w, NULL);
	json_put_string(w, "category", category);
	json_put_string(w, "name", name);
}

static void put_product(struct json_writer *w, const char *category, const char *version,
	const char *id, const char *name)
{
	json_open(w, NULL);
	json_put_string(w, "category", category);
	json_put_string(w, "name", version);
	json_open(w, "product");
	json_put_string(w, "product_id", id);
	json_put_string(w, "name", name);
	json_close(w);
	json_close(w);
}

static void put_products(struct json_writer *w, const char *fixed)
{
	char range[THING_FIRMWARE + 16], name[128];

	(void)snprintf(range, sizeof(range), "vers:generic/<%s", fixed);
	json_open(w, "product_tree");
	put_branch(w, "vendor", rows[SENSOR].make);
	put_branch(w, "product_name", rows[SENSOR].model);
	json_open_array(w, "branches");
	(void)snprintf(name, sizeof(name), "%s %s before %s", rows[SENSOR].make, rows[SENSOR].model,
		fixed);
	put_product(w, "product_version_range", range, "before", name);
	(void)snprintf(name, sizeof(name), "%s %s %s", rows[SENSOR].make, rows[SENSOR].model, fixed);
	put_product(w, "product_version", fixed, "fixed", name);
	json_close_array(w);
	for (int i = 0; i < 2; i++) {
		json_close(w);
		json_close_array(w);
	}
	json_close(w);
}

static void put_product_list(struct json_writer *w, const char *name, const char *id)
{
	json_open_array(w, name);
	json_put_string(w, NULL, id);
	json_close_array(w);
}

static void put_vulnerability(struct json_writer *w, const char *id, struct buf *out)
{
	json_open_array(w, "vulnerabilities");
	json_open(w, NULL);
	json_open_array(w, "ids");
	json_open(w, NULL);
	json_put_string(w, "system_name", "The walk");
	json_put_string(w, "text", id);
	json_close(w);
	json_close_array(w);
	put_note(w, "description", "None: this is an example.");
	json_open(w, "product_status");
	put_product_list(w, "known_affected", "before");
	put_product_list(w, "fixed", "fixed");
	json_close(w);
	json_open_array(w, "scores");
	json_open(w, NULL);
	put_product_list(w, "products", "before");
	/* A score is the one real number that is written anywhere. */
	buf_text(out, ",\"cvss_v3\":{\"version\":\"3.1\",\"vectorString\":\"CVSS:3.1/AV:N/AC:L/"
		      "PR:N/UI:N/S:U/"
		      "C:H/I:H/A:H\",\"baseScore\":9.8,\"baseSeverity\":\"CRITICAL\"}");
	json_close(w);
	json_close_array(w);
	json_open_array(w, "remediations");
	json_open(w, NULL);
	json_put_string(w, "category", "vendor_fix");
	json_put_string(w, "details", "A newer firmware.");
	put_product_list(w, "product_ids", "before");
	json_close(w);
	json_close_array(w);
	json_close(w);
	json_close_array(w);
}

enum err thing_write_advisory(const struct up *up, char ret[PATH_MAX])
{
	BUF_CLEANUP struct buf text = buf_growing(ADVISORY_MAX);
	struct json_writer w = json_to(&text);
	char id[64], now[TEXT_TIME], fixed[THING_FIRMWARE];

	text_time(up->env->wall_ms(up->env) / 1000, now);
	(void)snprintf(id, sizeof(id), "WALK-%.4s-%04d", now, up->run);
	thing_fixed_firmware(up, fixed);
	json_open(&w, NULL);
	put_document(&w, id, now);
	put_products(&w, fixed);
	put_vulnerability(&w, id, &text);
	json_close(&w);
	buf_u8(&text, '\n');
	TRY(buf_end(&text, "advisory"));
	return text_write_file(realm_path(&up->sites[FIRST].realm, "advisory.json", ret),
		buf_contents(&text), 0600);
}
