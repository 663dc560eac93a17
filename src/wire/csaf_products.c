// SPDX-License-Identifier: Apache-2.0
#include "wire/csaf_parts.h"

#include <stdlib.h>
#include <string.h>

/* Each product below a branch has its name again, and each relation those of its ends. */
enum { NAME_MAX_BYTES = 4096 };

/* What the branches above say of a product; the nearest counts. */
struct branch {
	struct view vendor, model, version;
	enum csaf_versions versions;
};

struct reading {
	struct csaf *csaf;
	struct csaf_names *names;
	size_t room;
};

static enum err read_branches(struct reading *r, const struct json *list,
	const struct branch *above);

static enum err add_product(struct reading *r, const struct json *product,
	const struct branch *branch)
{
	struct csaf *csaf = r->csaf;
	struct csaf_product added = {.vendor = branch->vendor,
		.model = branch->model,
		.version = branch->version,
		.versions = branch->versions};

	TRY(csaf_text(product, "product_id", "3.1.8", &added.id));
	TRY(csaf_text(product, "name", "3.1.3.1", &added.name));
	const struct json *helper = json_member(product, "product_identification_helper");

	TRY(csaf_array(helper, "model_numbers", 0, "3.1.3.3.5", &added.model_numbers));
	if (csaf->product_count == r->room) {
		return err_fail(ERR_RANGE, "CSAF: more than %d products", CSAF_PRODUCTS_MAX);
	}
	r->names->rows[r->names->count++] =
		(struct csaf_name){added.id, (uint32_t)csaf->product_count};
	csaf->products[csaf->product_count++] = added;
	return OK;
}

/* 3.1.2.2: categories that tell nothing of a device are passed through. */
static enum err read_branch(struct reading *r, const struct json *json, struct branch branch)
{
	struct view category, name;
	const struct json *product = json_member(json, "product"), *children;

	TRY(csaf_text(json, "category", "3.1.2.2", &category));
	TRY(csaf_text(json, "name", "3.1.2.3", &name));
	if (name.len > NAME_MAX_BYTES) {
		return err_fail(ERR_RANGE, "CSAF 2.0 3.1.2.3: a name of more than %d bytes",
			NAME_MAX_BYTES);
	}
	TRY(csaf_array(json, "branches", 0, "3.1.2.1", &children));
	if (!product == !children) {
		return csaf_bad("3.1.2", "a branch has branches, or a product");
	}
	if (view_is(category, "vendor")) {
		branch.vendor = name;
	} else if (view_is(category, "product_name")) {
		branch.model = name;
	} else if (view_is(category, "product_version")) {
		branch.version = name;
		branch.versions = CSAF_ONE_VERSION;
	} else if (view_is(category, "product_version_range")) {
		branch.version = name;
		branch.versions = CSAF_VERSION_RANGE;
	}
	return product ? add_product(r, product, &branch) : read_branches(r, children, &branch);
}

/* As deep as the JSON reader lets it be. */
static enum err read_branches(struct reading *r, const struct json *list, const struct branch *above)
{
	for (const struct json *b = json_item(list, 0); b; b = json_next(b)) {
		TRY(read_branch(r, b, *above));
	}
	return OK;
}

static enum err read_full_names(struct reading *r, const struct json *list)
{
	const struct branch none = {.versions = CSAF_EVERY_VERSION};

	for (const struct json *p = json_item(list, 0); p; p = json_next(p)) {
		TRY(add_product(r, p, &none));
	}
	return OK;
}

/* Names. */

static int compare_ids(struct view a, struct view b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int order = memcmp(a.data, b.data, len);

	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_names(const void *a, const void *b)
{
	const struct csaf_name *x = a, *y = b;

	return compare_ids(x->id, y->id);
}

static enum err sort_names(struct csaf_names *names)
{
	if (names->count > 0) {
		qsort(names->rows, names->count, sizeof(names->rows[0]), compare_names);
	}
	for (size_t i = 1; i < names->count; i++) {
		if (view_equal(names->rows[i - 1].id, names->rows[i].id)) {
			return csaf_bad("6.1.2", "a product_id is defined twice");
		}
	}
	return OK;
}

enum err csaf_find_product(const struct csaf_names *names, struct view id, uint32_t *ret)
{
	const struct csaf_name key = {.id = id};
	const struct csaf_name *found =
		names->count > 0 && id.len > 0
			? bsearch(&key, names->rows, names->count, sizeof(key), compare_names)
			: NULL;

	if (!found) {
		return csaf_bad("6.1.1", "a product_id is used, and defined nowhere");
	}
	*ret = found->product;
	return OK;
}

/* Relationships: a product as part of, or on, another one; 3.2.2.4. */

enum { OPEN = 0, UNDER_WAY, CLOSED };

struct relation {
	const struct json *json;
	uint32_t product, part, whole;
	bool is_on; /* "installed_on": the part is what runs on the whole, and its version the whole's */
	bool always; /* the part is in every one of them */
	uint8_t state;
};

static enum err read_relation(struct reading *r, const struct json *json, struct relation *ret)
{
	const struct branch none = {.versions = CSAF_EVERY_VERSION};
	struct view category;

	TRY(csaf_text(json, "category", "3.2.2.4.1", &category));
	ret->json = json;
	ret->is_on = view_is(category, "installed_on");
	ret->always = ret->is_on || view_is(category, "default_component_of");
	ret->product = (uint32_t)r->csaf->product_count;
	return add_product(r, json_member(json, "full_product_name"), &none);
}

static enum err find_ends(const struct csaf_names *names, struct relation *relation)
{
	struct view part, whole;

	TRY(csaf_text(relation->json, "product_reference", "3.2.2.4.3", &part));
	TRY(csaf_text(relation->json, "relates_to_product_reference", "3.2.2.4.4", &whole));
	TRY(csaf_find_product(names, part, &relation->part));
	return csaf_find_product(names, whole, &relation->whole);
}

/* The device is the whole. Its version is that of what is installed on it, when both are one vendor's. */
static void merge(struct csaf *csaf, const struct relation *relation)
{
	const struct csaf_product *part = &csaf->products[relation->part];
	const struct csaf_product *whole = &csaf->products[relation->whole];
	struct csaf_product *product = &csaf->products[relation->product];
	bool own = relation->is_on && part->versions != CSAF_EVERY_VERSION &&
		   view_equal(part->vendor, whole->vendor);
	bool by_part = !own && part->versions != CSAF_EVERY_VERSION;

	product->vendor = whole->vendor;
	product->model = whole->model;
	product->model_numbers = whole->model_numbers;
	product->version = own ? part->version : whole->version;
	product->versions = own ? part->versions : whole->versions;
	product->conditional =
		part->conditional || whole->conditional || by_part || !relation->always;
}

/* The relation that makes a product, or NULL. They stand in the order of their products. */
static struct relation *relation_of(struct relation *all, size_t count, uint32_t product)
{
	return count > 0 && product >= all[0].product ? &all[product - all[0].product] : NULL;
}

/*
 * Those that a relation builds on come first. An explicit path, since they may be long: the one that is `UNDER_WAY` last
 * is at the end of `path`.
 */
static enum err resolve(struct csaf *csaf, struct relation *all, size_t count, size_t first,
	uint32_t *path)
{
	size_t depth = 1;

	path[0] = (uint32_t)first;
	while (depth > 0) {
		struct relation *r = &all[path[depth - 1]];
		struct relation *part = relation_of(all, count, r->part);
		struct relation *whole = relation_of(all, count, r->whole);
		struct relation *next = part && part->state != CLOSED	  ? part
					: whole && whole->state != CLOSED ? whole
									  : NULL;

		r->state = UNDER_WAY;
		if (next && next->state == UNDER_WAY) {
			return csaf_bad("6.1.3", "a product is made of itself");
		}
		if (next) {
			path[depth++] = (uint32_t)(next - all);
			continue;
		}
		merge(csaf, r);
		r->state = CLOSED;
		depth--;
	}
	return OK;
}

static enum err read_relations(struct reading *r, const struct json *list, struct relation *all,
	uint32_t *path)
{
	size_t count = 0;

	for (const struct json *item = json_item(list, 0); item; item = json_next(item)) {
		TRY(read_relation(r, item, &all[count++]));
	}
	TRY(sort_names(r->names));
	for (size_t i = 0; i < count; i++) {
		TRY(find_ends(r->names, &all[i]));
	}
	for (size_t i = 0; i < count; i++) {
		if (all[i].state == OPEN) {
			TRY(resolve(r->csaf, all, count, i, path));
		}
	}
	return OK;
}

/* How many products there may be: each is an object of the tree with a product_id. */
static size_t count_branches(const struct json *list)
{
	size_t count = 0;

	for (const struct json *b = json_item(list, 0); b; b = json_next(b)) {
		count += 1 + count_branches(json_member(b, "branches"));
	}
	return count;
}

enum err csaf_read_products(struct csaf *csaf, const struct json *tree, struct csaf_names *ret)
{
	const struct branch none = {.versions = CSAF_EVERY_VERSION};
	struct reading r = {.csaf = csaf, .names = ret};
	const struct json *branches, *names, *relations;

	TRY(csaf_array(tree, "branches", 0, "3.2.2.1", &branches));
	TRY(csaf_array(tree, "full_product_names", 0, "3.2.2.2", &names));
	TRY(csaf_array(tree, "relationships", 0, "3.2.2.4", &relations));
	size_t count = json_count(relations);
	size_t most = count_branches(branches) + json_count(names) + count;

	r.room = most < CSAF_PRODUCTS_MAX ? most : CSAF_PRODUCTS_MAX;
	csaf->products = calloc(r.room + 1, sizeof(*csaf->products));
	ret->rows = calloc(r.room + 1, sizeof(*ret->rows));
	struct relation *all = calloc(count + 1, sizeof(*all));
	uint32_t *path = calloc(count + 1, sizeof(*path));
	enum err err = csaf->products && ret->rows && all && path
			       ? OK
			       : err_fail(ERR_MEMORY, "CSAF: out of memory");

	err = err == OK ? read_branches(&r, branches, &none) : err;
	err = err == OK ? read_full_names(&r, names) : err;
	err = err == OK ? read_relations(&r, relations, all, path) : err;
	free(all);
	free(path);
	return err;
}
