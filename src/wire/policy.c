// SPDX-License-Identifier: Apache-2.0
#include "wire/policy.h"

#include "base/text.h"
#include <string.h>

/* One line's words, taken from the front. */
struct line {
	const char *file;
	unsigned number;
	struct view left;
};

const char policy_default[] =
	"# What a registry thinks of its devices. The rule of most weight decides.\n"
	"\n"
	"rule confirmed     when always                          then trusted    weight 0\n"
	"rule no-det        when not confirmed                   then unverified weight 500\n"
	"rule overdue       when report older than 30d           then unverified grace 7d weight "
	"100\n"
	"rule vulnerable    when vulnerability high              then unreliable grace 14d weight "
	"200\n"
	"rule critical      when vulnerability critical          then unreliable weight 210\n"
	"rule to-be-looked-at when possible vulnerability critical then unverified grace 7d weight "
	"150\n"
	"rule self-reported when vulnerability medium from device owner then unverified weight "
	"120\n"
	"rule no-root       when root of trust withdrawn         then unreliable weight 300\n"
	"rule clone         when duplicate identifier            then unverified weight 400\n"
	"rule lost          when life lost                       then unverified weight 600\n"
	"rule stolen        when life stolen                     then unreliable weight 700\n"
	"rule retired       when life retired                    then unverified weight 800\n"
	"rule warned        when word unreliable from weight 50  then unverified weight 130\n"
	"rule decided       when decision                        then decided    weight 1000\n"
	"\n"
	"brake 5% or 100 devices within 1h\n";

static const struct {
	enum policy_source source;
	const char *name;
} sources[] = {{POLICY_FROM_ADVISORY, "advisory"}, {POLICY_FROM_AGENCY, "agency"},
	{POLICY_FROM_REGISTRY, "registry"}, {POLICY_FROM_OWNER, "owner"},
	{POLICY_FROM_DEVICE, "device"}};

enum { SOURCES = sizeof(sources) / sizeof(sources[0]) };

const char *policy_source_name(enum policy_source source)
{
	for (size_t i = 0; i < SOURCES; i++) {
		if (sources[i].source == source) {
			return sources[i].name;
		}
	}
	return "";
}

enum err policy_source_of(struct view name, enum policy_source *ret)
{
	for (size_t i = 0; i < SOURCES; i++) {
		if (view_is(name, sources[i].name)) {
			*ret = sources[i].source;
			return OK;
		}
	}
	return err_fail(ERR_SYNTAX, "a source is advisory, agency, registry, owner or device");
}

static enum err bad(const struct line *line, const char *what)
{
	return err_fail(ERR_SYNTAX, "%s: line %u: %s", line->file, line->number, what);
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct view peek(const struct line *line)
{
	struct view word = line->left;

	while (word.len > 0 && is_blank(*word.data)) {
		word = view_of(word.data + 1, word.len - 1);
	}
	size_t len = 0;

	while (len < word.len && !is_blank(word.data[len])) {
		len++;
	}
	return view_of(word.data, len);
}

static struct view take(struct line *line)
{
	struct view word = peek(line);
	size_t past = (size_t)(word.data + word.len - line->left.data);

	if (word.len > 0) {
		line->left = view_of(line->left.data + past, line->left.len - past);
	}
	return word;
}

static bool take_if(struct line *line, const char *word)
{
	if (!view_is(peek(line), word)) {
		return false;
	}
	(void)take(line);
	return true;
}

/* All of a phrase, or a sentence that says what is missing. */
static enum err take_phrase(struct line *line, const char *phrase)
{
	for (const char *at = phrase; *at;) {
		size_t len = strcspn(at, " ");
		struct view word = take(line);

		if (word.len != len || memcmp(word.data, at, len) != 0) {
			return err_fail(ERR_SYNTAX, "%s: line %u: \"%s\" is expected", line->file,
				line->number, phrase);
		}
		at += len + (at[len] == ' ');
	}
	return OK;
}

static enum err take_number(struct line *line, int64_t most, int64_t *ret)
{
	uint64_t number;

	if (text_from_u64(take(line), (uint64_t)most, &number, "") != OK) {
		return err_fail(ERR_SYNTAX, "%s: line %u: a whole number from 0 to %lld is expected",
			line->file, line->number, (long long)most);
	}
	*ret = (int64_t)number;
	return OK;
}

/* 90s, 10m, 24h, 30d */
static enum err take_duration(struct line *line, int64_t *ret)
{
	static const struct {
		char unit;
		int64_t ms;
	} units[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', 86400000}};
	struct view word = take(line);
	uint64_t number;

	for (size_t i = 0; word.len > 1 && i < 4; i++) {
		if (word.data[word.len - 1] == units[i].unit &&
			text_from_u64(view_of(word.data, word.len - 1), 1000000, &number, "") ==
				OK) {
			*ret = (int64_t)number * units[i].ms;
			return OK;
		}
	}
	return bad(line, "a duration like 90s, 10m, 24h or 30d is expected");
}

static enum err take_status(struct line *line, enum trust *ret)
{
	return trust_of(take(line), ret) == OK
		       ? OK
		       : bad(line, "trusted, unverified or unreliable is expected");
}

/* Conditions. */

static enum err read_report(struct line *line, struct policy_rule *rule)
{
	TRY(take_phrase(line, "older than"));
	TRY(take_duration(line, &rule->age));
	return rule->age > 0 ? OK : bad(line, "a report is older than a time past 0");
}

static enum err read_sources(struct line *line, struct policy_rule *rule)
{
	enum policy_source source;

	rule->sources = POLICY_FROM_ANYBODY;
	if (!take_if(line, "from")) {
		return OK;
	}
	for (rule->sources = 0; policy_source_of(peek(line), &source) == OK; (void)take(line)) {
		rule->sources |= source;
	}
	return rule->sources != 0
		       ? OK
		       : bad(line, "advisory, agency, registry, owner or device is expected");
}

static enum err read_vulnerability(struct line *line, struct policy_rule *rule)
{
	if (csaf_severity_of(take(line), &rule->severity) != OK) {
		return bad(line, "unknown, none, low, medium, high or critical is expected");
	}
	return read_sources(line, rule);
}

static enum err read_possible(struct line *line, struct policy_rule *rule)
{
	TRY(take_phrase(line, "vulnerability"));
	return read_vulnerability(line, rule);
}

static enum err read_life(struct line *line, struct policy_rule *rule)
{
	return lifecycle_of(take(line), &rule->life) == OK
		       ? OK
		       : bad(line, "registered, active, lost, stolen or retired is expected");
}

static enum err read_word(struct line *line, struct policy_rule *rule)
{
	TRY(take_status(line, &rule->word));
	TRY(take_phrase(line, "from weight"));
	return take_number(line, POLICY_WEIGHT_MAX, &rule->word_weight);
}

static enum err read_not(struct line *line, struct policy_rule *rule)
{
	(void)rule;
	return take_phrase(line, "confirmed");
}

static enum err read_root(struct line *line, struct policy_rule *rule)
{
	(void)rule;
	return take_phrase(line, "of trust withdrawn");
}

static enum err read_duplicate(struct line *line, struct policy_rule *rule)
{
	(void)rule;
	return take_phrase(line, "identifier");
}

static const struct {
	const char *word; /* the first */
	enum err (*rest)(struct line *line, struct policy_rule *rule);
	bool begins; /* it is known since when it holds, so that there may be a grace */
} conditions[] = {
	[POLICY_ALWAYS] = {"always", NULL, false},
	[POLICY_NOT_CONFIRMED] = {"not", read_not, true},
	[POLICY_REPORT_OLDER] = {"report", read_report, true},
	[POLICY_ROOT_WITHDRAWN] = {"root", read_root, true},
	[POLICY_VULNERABLE] = {"vulnerability", read_vulnerability, true},
	[POLICY_PERHAPS_VULNERABLE] = {"possible", read_possible, true},
	[POLICY_LIFE] = {"life", read_life, false},
	[POLICY_DUPLICATE] = {"duplicate", read_duplicate, false},
	[POLICY_DECIDED] = {"decision", NULL, false},
	[POLICY_WORD] = {"word", read_word, false},
};

static enum err read_condition(struct line *line, struct policy_rule *rule)
{
	for (enum policy_condition c = POLICY_ALWAYS; c <= POLICY_WORD; c++) {
		if (take_if(line, conditions[c].word)) {
			rule->condition = c;
			return conditions[c].rest ? conditions[c].rest(line, rule) : OK;
		}
	}
	return bad(line, "there is no such condition");
}

/* Lines. */

static enum err read_name(struct line *line, const struct policy *policy, char ret[POLICY_NAME])
{
	struct view name = take(line);

	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.data[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-') {
			return bad(line, "a rule's name has a to z, 0 to 9 and -");
		}
	}
	if (name.len == 0 || name.len >= POLICY_NAME) {
		return bad(line, "a rule's name has 1 to 32 characters");
	}
	for (size_t i = 0; i < policy->rule_count; i++) {
		if (view_is(name, policy->rules[i].name)) {
			return bad(line, "this name has another rule");
		}
	}
	return text_copy(ret, POLICY_NAME, name, line->file);
}

static enum err read_consequence(struct line *line, struct policy_rule *rule)
{
	bool decided = rule->condition == POLICY_DECIDED;

	TRY(take_phrase(line, decided ? "then decided" : "then"));
	if (!decided) {
		TRY(take_status(line, &rule->then));
	}
	if (take_if(line, "grace")) {
		TRY(take_duration(line, &rule->grace));
		if (!conditions[rule->condition].begins) {
			return bad(line, "this condition has no beginning, and so no grace");
		}
	}
	return take_if(line, "weight") ? take_number(line, POLICY_WEIGHT_MAX, &rule->weight) : OK;
}

static enum err read_rule(struct line *line, struct policy *policy)
{
	struct policy_rule rule = {.line = line->number};

	if (policy->rule_count == POLICY_RULES_MAX) {
		return bad(line, "too many rules");
	}
	TRY(read_name(line, policy, rule.name));
	TRY(take_phrase(line, "when"));
	TRY(read_condition(line, &rule));
	TRY(read_consequence(line, &rule));
	policy->rules[policy->rule_count++] = rule;
	return OK;
}

static enum err read_registry(struct line *line, struct policy *policy)
{
	struct view id = take(line);
	struct policy_registry *row = &policy->registries[policy->registry_count];

	if (policy->registry_count == POLICY_REGISTRIES_MAX) {
		return bad(line, "too many registries");
	}
	if (id.len == 0 || !text_is_printable(id) || id.len >= POLICY_REGISTRY) {
		return bad(line, "a RegID like IN.TEL.P01 is expected");
	}
	for (size_t i = 0; i < policy->registry_count; i++) {
		if (view_is(id, policy->registries[i].id)) {
			return bad(line, "this registry has another line");
		}
	}
	TRY(text_copy(row->id, sizeof(row->id), id, line->file));
	TRY(take_phrase(line, "weight"));
	TRY(take_number(line, POLICY_WEIGHT_MAX, &row->weight));
	policy->registry_count++;
	return OK;
}

static enum err read_brake(struct line *line, struct policy *policy)
{
	struct view share = take(line);
	uint64_t percent;

	if (policy->brake_permille >= 0) {
		return bad(line, "there is another brake");
	}
	if (share.len < 2 || share.data[share.len - 1] != '%' ||
		text_from_u64(view_of(share.data, share.len - 1), 100, &percent, "") != OK) {
		return bad(line, "a share from 0% to 100% is expected");
	}
	policy->brake_permille = (int64_t)percent * 10;
	if (take_if(line, "or")) {
		TRY(take_number(line, INT32_MAX, &policy->brake_devices));
		TRY(take_phrase(line, "devices"));
	}
	return take_if(line, "within") ? take_duration(line, &policy->brake_within) : OK;
}

static enum err read_line(struct line *line, struct policy *policy)
{
	struct view word = take(line);

	if (word.len == 0) {
		return OK;
	}
	if (view_is(word, "rule")) {
		TRY(read_rule(line, policy));
	} else if (view_is(word, "registry")) {
		TRY(read_registry(line, policy));
	} else if (view_is(word, "brake")) {
		TRY(read_brake(line, policy));
	} else {
		return bad(line, "a line begins with rule, registry or brake");
	}
	return peek(line).len == 0 ? OK : bad(line, "there is more than a line may have");
}

static struct view without_comment(struct view text)
{
	const uint8_t *mark = text.len > 0 ? memchr(text.data, '#', text.len) : NULL;

	return mark ? view_of(text.data, (size_t)(mark - text.data)) : text;
}

static enum err check(const char *name, const struct policy *policy)
{
	for (size_t i = 0; i < policy->rule_count; i++) {
		if (policy->rules[i].condition == POLICY_ALWAYS) {
			return OK;
		}
	}
	return err_fail(ERR_SYNTAX, "%s: there is no rule that holds \"always\"", name);
}

static enum err read_lines(const char *name, struct view text, struct policy *policy)
{
	struct line line = {.file = name, .number = 1};

	for (bool more = true; more; line.number++) {
		const uint8_t *end = text.len > 0 ? memchr(text.data, '\n', text.len) : NULL;
		size_t len = end ? (size_t)(end - text.data) : text.len;

		line.left = without_comment(view_of(text.data, len));
		TRY(read_line(&line, policy));
		more = end != NULL;
		text = more ? view_of(text.data + len + 1, text.len - len - 1) : text;
	}
	return check(name, policy);
}

enum err policy_parse(const char *name, struct view text, struct policy *ret)
{
	static const struct policy empty = {.brake_permille = -1, .brake_within = 3600000};

	if (text.len > POLICY_TEXT_MAX) {
		return err_fail(ERR_RANGE, "%s: longer than %d bytes", name, POLICY_TEXT_MAX);
	}
	*ret = empty;
	return read_lines(name, text, ret);
}

int64_t policy_weight_of(const struct policy *policy, struct view registry)
{
	size_t best = 0;
	int64_t weight = 0;

	for (size_t i = 0; i < policy->registry_count; i++) {
		const struct policy_registry *row = &policy->registries[i];
		size_t len = strlen(row->id);
		bool above = registry.len >= len && memcmp(registry.data, row->id, len) == 0 &&
			     (registry.len == len || registry.data[len] == '.');

		if (above && len > best) {
			best = len;
			weight = row->weight;
		}
	}
	return weight;
}

int64_t policy_brake(const struct policy *policy, int64_t devices)
{
	if (policy->brake_permille < 0) {
		return INT64_MAX;
	}
	int64_t share = devices / 1000 * policy->brake_permille +
			devices % 1000 * policy->brake_permille / 1000;

	return share > policy->brake_devices ? share : policy->brake_devices;
}
