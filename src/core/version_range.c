// SPDX-License-Identifier: Apache-2.0
#include "core/version_range.h"

#include "base/text.h"
#include <string.h>

/* Reads the text from left to right; what it means so far is in `range`. */
struct reading {
	struct version_range *range;
	struct view left;
	enum version_sign sign; /* of the version that comes */
	bool signed_by;		/* a sign or a word was read for it */
	bool parted;		/* by "|", "," or "and" from what stands before */
	bool between;		/* "between 1 and 2": the next "and" is an upper bound */
};

static struct view skip(struct view v, size_t count)
{
	return view_of(v.data + count, v.len - count);
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static struct view trim(struct view v)
{
	while (v.len > 0 && is_blank(*v.data)) {
		v = skip(v, 1);
	}
	while (v.len > 0 && is_blank(v.data[v.len - 1])) {
		v.len--;
	}
	return v;
}

static bool begins(struct view v, const char *with)
{
	size_t len = strlen(with);

	return v.len >= len && view_is_nocase(view_of(v.data, len), with);
}

/* A whole word, or words, with what follows them not part of a word. */
static bool begins_word(struct view v, const char *with)
{
	size_t len = strlen(with);

	return begins(v, with) &&
	       (v.len == len || is_blank(v.data[len]) || strchr("<>=!|,;()", v.data[len]));
}

static enum err add(struct version_range *range, enum version_sign sign, struct view version)
{
	version = trim(version);
	if (version.len == 0) {
		return err_fail(ERR_SYNTAX, "version range: a sign without a version");
	}
	if (range->count == VERSION_RANGE_BOUNDS) {
		return err_fail(ERR_RANGE, "version range: more than %d versions",
			VERSION_RANGE_BOUNDS);
	}
	range->bounds[range->count++] = (struct version_bound){.sign = sign,
		.at = (uint16_t)(version.data - (const uint8_t *)range->text),
		.len = (uint16_t)version.len};
	return OK;
}

/* The sign at the front, if there is one. */
static size_t take_sign(struct view v, enum version_sign *ret)
{
	static const struct {
		const char *text;
		enum version_sign sign;
	} signs[] = {{"<=", VERSION_UP_TO}, {"<", VERSION_BELOW}, {">=", VERSION_FROM},
		{">", VERSION_ABOVE}, {"!=", VERSION_IS_NOT}, {"==", VERSION_IS}, {"=", VERSION_IS},
		{"\xe2\x89\xa4", VERSION_UP_TO}, {"\xe2\x89\xa5", VERSION_FROM}};

	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		if (begins(v, signs[i].text)) {
			*ret = signs[i].sign;
			return strlen(signs[i].text);
		}
	}
	return 0;
}

/* "vers:" ranges: https://github.com/package-url/vers-spec, with any scheme. */

/*
 * Percent-decoded where it stands: that is never longer. What should have been encoded and is not, such as a blank, is
 * taken as it is: many authors leave it so.
 */
static enum err decode(struct version_range *range, struct view in, struct view *ret)
{
	char *text = range->text + ((const char *)in.data - range->text);
	size_t len = 0, taken;

	for (size_t i = 0; i < in.len; i++) {
		text[len] = (char)in.data[i];
		if (in.data[i] == '%') {
			if (in.len - i < 3) {
				return err_fail(ERR_SYNTAX, "version range: %% without two digits");
			}
			TRY(text_from_hex(view_of(in.data + i + 1, 2), text + len, 1, &taken,
				"version range"));
			i += 2;
		}
		len++;
	}
	*ret = view_of(text, len);
	return OK;
}

static enum err parse_constraint(struct version_range *range, struct view part)
{
	enum version_sign sign = VERSION_IS;

	part = trim(part);
	if (view_is(part, "*")) {
		range->all = true;
		return OK;
	}
	part = skip(part, take_sign(part, &sign));
	TRY(decode(range, part, &part));
	return add(range, sign, part);
}

static enum err parse_vers(struct version_range *range, struct view left)
{
	const uint8_t *slash = memchr(left.data, '/', left.len);

	if (!slash || slash == left.data) {
		return err_fail(ERR_SYNTAX,
			"version range: \"vers:\" is followed by SCHEME/VERSIONS");
	}
	left = skip(left, (size_t)(slash - left.data) + 1);
	for (bool more = true; more;) {
		const uint8_t *bar = memchr(left.data, '|', left.len);
		size_t len = bar ? (size_t)(bar - left.data) : left.len;

		TRY(parse_constraint(range, view_of(left.data, len)));
		more = bar != NULL;
		left = skip(left, len + more);
	}
	if (range->all && range->count > 0) {
		return err_fail(ERR_SYNTAX, "version range: in \"vers:\" a * stands alone");
	}
	return OK;
}

/* Words and signs. */

static const struct {
	const char *words;
	enum version_sign sign;
} before_version[] = {
	{"up to and including", VERSION_UP_TO},
	{"up to", VERSION_UP_TO},
	{"through", VERSION_UP_TO},
	{"until", VERSION_UP_TO},
	{"to", VERSION_UP_TO},
	{"prior to", VERSION_BELOW},
	{"earlier than", VERSION_BELOW},
	{"older than", VERSION_BELOW},
	{"lower than", VERSION_BELOW},
	{"less than", VERSION_BELOW},
	{"before", VERSION_BELOW},
	{"below", VERSION_BELOW},
	{"newer than", VERSION_ABOVE},
	{"later than", VERSION_ABOVE},
	{"after", VERSION_ABOVE},
	{"starting with", VERSION_FROM},
	{"between", VERSION_FROM},
	{"from", VERSION_FROM},
	{"since", VERSION_FROM},
};

/* After "and" or "or". */
static const struct {
	const char *word;
	enum version_sign sign;
} after_version[] = {
	{"all prior", VERSION_UP_TO},
	{"all earlier", VERSION_UP_TO},
	{"prior", VERSION_UP_TO},
	{"earlier", VERSION_UP_TO},
	{"older", VERSION_UP_TO},
	{"below", VERSION_UP_TO},
	{"lower", VERSION_UP_TO},
	{"later", VERSION_FROM},
	{"newer", VERSION_FROM},
	{"above", VERSION_FROM},
	{"higher", VERSION_FROM},
};

static const char *const fillers[] = {"and", "or", "versions", "version", "all versions", "all",
	"any version", "firmware versions", "firmware version", "firmware"};
static const char *const conditions[] = {"with", "without", "only when", "when", "if", "on", "for",
	"of", "in", "using", "running", "where"};

static const char *find_word(struct view v, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (begins_word(v, words[i])) {
			return words[i];
		}
	}
	return NULL;
}

static bool is_condition(struct view v)
{
	return find_word(v, conditions, sizeof(conditions) / sizeof(conditions[0])) != NULL;
}

/* A word before a version: gives its length. */
static size_t take_opening(struct view v, enum version_sign *ret)
{
	size_t len = take_sign(v, ret);

	for (size_t i = 0; len == 0 && i < sizeof(before_version) / sizeof(before_version[0]); i++) {
		if (begins_word(v, before_version[i].words)) {
			*ret = before_version[i].sign;
			len = strlen(before_version[i].words);
		}
	}
	return len;
}

/* "and earlier", "or newer", at a blank: gives its length. */
static size_t take_closing(struct view v, enum version_sign *ret)
{
	struct view word = trim(v);
	size_t joint = begins_word(word, "and") ? 3 : begins_word(word, "or") ? 2 : 0;

	word = trim(skip(word, joint));
	for (size_t i = 0; joint > 0 && i < sizeof(after_version) / sizeof(after_version[0]); i++) {
		if (begins_word(word, after_version[i].word)) {
			*ret = after_version[i].sign;
			return (size_t)(word.data - v.data) + strlen(after_version[i].word);
		}
	}
	return 0;
}

/* "(including)" moves the bound before it; any other remark in brackets is a condition. */
static void take_remark(struct reading *r)
{
	const uint8_t *close = memchr(r->left.data, ')', r->left.len);
	size_t len = close ? (size_t)(close - r->left.data) : r->left.len;
	struct view remark = trim(view_of(r->left.data + 1, len - 1));
	struct version_bound *bound =
		r->range->count > 0 ? &r->range->bounds[r->range->count - 1] : NULL;
	bool lower = bound && (bound->sign == VERSION_FROM || bound->sign == VERSION_ABOVE);
	bool upper = bound && (bound->sign == VERSION_UP_TO || bound->sign == VERSION_BELOW);

	r->left = skip(r->left, len + (close != NULL));
	if ((lower || upper) &&
		(begins_word(remark, "including") || begins_word(remark, "inclusive"))) {
		bound->sign = lower ? VERSION_FROM : VERSION_UP_TO;
		return;
	}
	if ((lower || upper) &&
		(begins_word(remark, "excluding") || begins_word(remark, "exclusive"))) {
		bound->sign = lower ? VERSION_ABOVE : VERSION_BELOW;
		return;
	}
	r->range->conditional = true;
}

/* Where a version's text ends: at a sign, a separator, a bracket after a blank, or a word that is not part of it. */
static size_t version_length(struct view v)
{
	enum version_sign sign;

	for (size_t i = 0; i < v.len; i++) {
		struct view rest = skip(v, i);

		if (strchr("|,;", *rest.data) || take_sign(rest, &sign) > 0) {
			return i;
		}
		if (!is_blank(*rest.data)) {
			continue;
		}
		struct view word = trim(rest);

		if (word.len == 0 || *word.data == '(' || is_condition(word) ||
			begins_word(word, "and") || begins_word(word, "or") ||
			take_opening(word, &sign) > 0) {
			return i;
		}
	}
	return v.len;
}

static enum err take_version(struct reading *r)
{
	size_t len = version_length(r->left);
	enum version_sign sign = r->sign;

	if (len == 0) {
		return err_fail(ERR_SYNTAX, "version range: a sign without a version");
	}
	struct view version = view_of(r->left.data, len);

	r->left = skip(r->left, len);
	r->left = skip(r->left, r->signed_by ? 0 : take_closing(r->left, &sign));
	TRY(add(r->range, sign, version));
	r->sign = VERSION_IS;
	r->signed_by = r->parted = false;
	return OK;
}

/* "1.0 to 1.4" is one stretch; but a name right before a sign says whose versions follow. */
static void join_to_last(struct reading *r, bool word)
{
	struct version_range *range = r->range;

	if (r->parted || range->count == 0 || range->bounds[range->count - 1].sign != VERSION_IS) {
		return;
	}
	if (word && r->sign == VERSION_UP_TO) {
		range->bounds[range->count - 1].sign = VERSION_FROM;
		return;
	}
	range->count--;
	range->foreign = true;
}

static bool take_filler(struct reading *r)
{
	const char *word = find_word(r->left, fillers, sizeof(fillers) / sizeof(fillers[0]));

	if (!word) {
		return false;
	}
	r->range->all |= begins(r->left, "all") || begins(r->left, "any");
	r->parted |= begins(r->left, "and") || begins(r->left, "or");
	if (r->between && begins_word(r->left, "and")) {
		r->sign = VERSION_UP_TO;
		r->signed_by = true;
		r->between = false;
	}
	r->left = skip(r->left, strlen(word));
	return true;
}

static enum err take_part(struct reading *r)
{
	uint8_t first = *r->left.data;
	size_t len = take_opening(r->left, &r->sign);

	if (len > 0) {
		join_to_last(r, first >= 'A' && first <= 'z');
		r->signed_by = true;
		r->between |= begins_word(r->left, "between");
		r->left = skip(r->left, len);
		return OK;
	}
	if (first == '|' || first == ',' || first == ';') {
		r->parted = true;
		r->left = skip(r->left, 1);
		return OK;
	}
	if (first == '(') {
		take_remark(r);
		return OK;
	}
	if (first == '*' && (r->left.len == 1 || is_blank(r->left.data[1]))) {
		r->range->all = true;
		r->left = skip(r->left, 1);
		return OK;
	}
	if (!r->signed_by && is_condition(r->left)) {
		r->range->conditional = true;
		r->left = skip(r->left, r->left.len);
		return OK;
	}
	return take_filler(r) ? OK : take_version(r);
}

static enum err parse_words(struct version_range *range, struct view left)
{
	struct reading r = {.range = range, .left = left};

	for (r.left = trim(r.left); r.left.len > 0; r.left = trim(r.left)) {
		TRY(take_part(&r));
	}
	if (r.signed_by) {
		return err_fail(ERR_SYNTAX, "version range: a sign without a version");
	}
	/* "all versions below 2": the bounds count; a condition alone: any version. */
	range->all = range->count == 0 && (range->all || range->conditional);
	if (range->count == 0 && !range->all) {
		return err_fail(ERR_SYNTAX, "version range: no version in it");
	}
	return OK;
}

enum err version_range_parse(struct view text, struct version_range *ret)
{
	struct version_range range = {.count = 0};

	text = trim(text);
	if (text.len == 0) {
		return err_fail(ERR_SYNTAX, "version range: empty");
	}
	TRY(text_copy(range.text, sizeof(range.text), text, "version range"));
	struct view kept = view_text(range.text);
	enum err err = begins(kept, "vers:") ? parse_vers(&range, skip(kept, 5))
					     : parse_words(&range, kept);

	if (err == OK) {
		*ret = range; /* bounds are offsets: it may be moved */
	}
	return err;
}

/* Whether a version is in it. */

static enum version_in either(enum version_in a, enum version_in b)
{
	if (a == VERSION_IN || b == VERSION_IN) {
		return VERSION_IN;
	}
	return a == VERSION_IN_UNCLEAR ? a : b;
}

static enum version_in both(enum version_in a, enum version_in b)
{
	if (a == VERSION_OUT || b == VERSION_OUT) {
		return VERSION_OUT;
	}
	return a == VERSION_IN_UNCLEAR ? a : b;
}

static enum version_in not(enum version_in in) {
	return in == VERSION_IN	   ? VERSION_OUT
	       : in == VERSION_OUT ? VERSION_IN
				   : in;
}

static struct view bound_text(const struct version_range *range, const struct version_bound *bound)
{
	return view_of(range->text + bound->at, bound->len);
}

static enum version_in within(const struct version_range *range, const struct version_bound *bound,
	struct view version)
{
	struct view limit = bound_text(range, bound);
	enum version_order order = version_compare_pattern(version, limit);
	bool exact = bound->sign == VERSION_IS || bound->sign == VERSION_IS_NOT;

	if (order == VERSION_UNCLEAR || (exact && order != VERSION_SAME && version_is_odd(limit))) {
		return VERSION_IN_UNCLEAR;
	}
	switch (bound->sign) {
	case VERSION_BELOW:
		return order == VERSION_LESS ? VERSION_IN : VERSION_OUT;
	case VERSION_UP_TO:
		return order != VERSION_MORE ? VERSION_IN : VERSION_OUT;
	case VERSION_ABOVE:
		return order == VERSION_MORE ? VERSION_IN : VERSION_OUT;
	case VERSION_FROM:
		return order != VERSION_LESS ? VERSION_IN : VERSION_OUT;
	default:
		return order == VERSION_SAME ? VERSION_IN : VERSION_OUT;
	}
}

/* A lower bound with the upper bound after it is one stretch, unless that one lies below it. */
static bool is_pair(const struct version_range *range, size_t i)
{
	const struct version_bound *low = &range->bounds[i], *high = low + 1;

	return i + 1 < range->count && (low->sign == VERSION_FROM || low->sign == VERSION_ABOVE) &&
	       (high->sign == VERSION_UP_TO || high->sign == VERSION_BELOW) &&
	       version_compare(bound_text(range, low), bound_text(range, high)) != VERSION_MORE;
}

static enum version_in in_bounds(const struct version_range *range, struct view version)
{
	enum version_in in = VERSION_OUT, allowed = VERSION_IN;
	bool only_refusals = true;

	for (size_t i = 0; i < range->count; i++) {
		const struct version_bound *bound = &range->bounds[i];
		enum version_in here = within(range, bound, version);

		if (bound->sign == VERSION_IS_NOT) {
			allowed = both(allowed, not(here));
			continue;
		}
		only_refusals = false;
		if (is_pair(range, i)) {
			here = both(here, within(range, &range->bounds[++i], version));
		}
		in = either(in, here);
	}
	return both(only_refusals ? VERSION_IN : in, allowed);
}

enum version_in version_range_has(const struct version_range *range, struct view version)
{
	version = trim(version);
	if (range->foreign || (version.len == 0 && !range->all)) {
		return VERSION_IN_UNCLEAR;
	}
	enum version_in in = range->all ? VERSION_IN : in_bounds(range, version);

	return in == VERSION_IN && range->conditional ? VERSION_IN_UNCLEAR : in;
}
