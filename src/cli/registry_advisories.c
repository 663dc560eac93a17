// SPDX-License-Identifier: Apache-2.0
/* Advisories of a trust registry: imported from files, with what became of each.  req: R7-b R9.3-ii-b */
#include "cli/registry_status.h"

#include "base/text.h"
#include "wire/csaf.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

enum { ADVISORY_MAX = 32 << 20, FILES_MAX = 100000 };

/* Files that are imported, in the order of their names. */
struct files {
	char **paths;
	size_t count, room;
};

struct tally {
	size_t recorded, refused;
};

static void free_files(struct files *files)
{
	for (size_t i = 0; i < files->count; i++) {
		free(files->paths[i]);
	}
	free(files->paths);
}

static enum err add_file(struct files *files, struct view path)
{
	if (files->count == FILES_MAX) {
		return err_fail(ERR_RANGE, "more than %d files", FILES_MAX);
	}
	if (files->count == files->room) {
		size_t room = files->room > 0 ? 2 * files->room : 64;
		char **paths = realloc(files->paths, room * sizeof(*paths));

		if (!paths) {
			return err_fail(ERR_MEMORY, "out of memory");
		}
		files->paths = paths;
		files->room = room;
	}
	files->paths[files->count] = text_dup(path);
	return files->paths[files->count++] ? OK : err_fail(ERR_MEMORY, "out of memory");
}

static int compare_paths(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

static bool ends_with(const char *name, const char *end)
{
	const size_t len = strlen(name), tail = strlen(end);

	return len > tail && strcmp(name + len - tail, end) == 0;
}

/* A file, or the files of a folder whose names end in .json. */
static enum err find_files(const char *path, struct files *files)
{
	DIR *dir = opendir(path);
	enum err err = OK;

	if (!dir) {
		return add_file(files, view_text(path));
	}
	for (struct dirent *e = readdir(dir); e && err == OK; e = readdir(dir)) {
		BUF_CLEANUP struct buf full = buf_growing(4096);

		buf_printf(&full, "%s/%s", path, e->d_name);
		err = buf_end(&full, "a file's name");
		if (err == OK && ends_with(e->d_name, ".json")) {
			err = add_file(files, buf_contents(&full));
		}
	}
	closedir(dir);
	if (files->count > 0) {
		qsort(files->paths, files->count, sizeof(files->paths[0]), compare_paths);
	}
	return err;
}

static void put_refusal(const struct cli *cli, struct buf *out)
{
	JSON_CLEANUP struct json *problem = NULL;
	struct view detail = view_text("refused");

	if (json_parse(api_body(cli->api), ADVISORY_MAX, &problem) == OK) {
		(void)!json_text_opt(problem, "detail", &detail);
	}
	buf_view(out, detail);
}

/* CLI_UNREACHABLE ends it; what is refused does not. */
static enum cli_status import_file(struct cli *cli, const char *target, const char *path,
	struct tally *tally, struct buf *said)
{
	static const struct http_field type = {{(const uint8_t *)"Content-Type", 12},
		{(const uint8_t *)"application/csaf+json", 21}};
	const struct api_extra extra = {.fields = &type, .count = 1};
	BUF_CLEANUP struct buf document = buf_growing(0);

	buf_clear(said);
	if (text_read_file(path, ADVISORY_MAX, &document) != OK) {
		buf_text(said, err_detail());
		tally->refused++;
		return CLI_REFUSED;
	}
	if (api_ask_with(cli->api, "POST", target, buf_contents(&document), &extra) != OK) {
		cli_say("%s", err_detail());
		return CLI_UNREACHABLE;
	}
	if (api_status(cli->api) / 100 == 2) {
		buf_text(said, "recorded");
		tally->recorded++;
		return CLI_DONE;
	}
	put_refusal(cli, said);
	tally->refused++;
	return CLI_REFUSED;
}

static enum cli_status import_all(struct cli *cli, const char *target, const struct files *files)
{
	BUF_CLEANUP struct buf said = buf_growing(4096);
	enum cli_status result = CLI_DONE;
	struct tally tally = {0};

	for (size_t i = 0; i < files->count; i++) {
		enum cli_status one = import_file(cli, target, files->paths[i], &tally, &said);

		if (one == CLI_UNREACHABLE) {
			return one;
		}
		result = one == CLI_DONE ? result : one;
		(void)printf("%zu of %zu: %s: %s\n", i + 1, files->count, files->paths[i],
			buf_string(&said));
	}
	(void)printf("%zu recorded, %zu refused\n", tally.recorded, tally.refused);
	return result;
}

enum cli_status registry_import_advisories(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf target = buf_growing(CLI_TARGET);
	struct files files = {.count = 0};
	const char *release = args->values[RELEASE_OPTION];
	int64_t at = 0;

	if (release && text_from_time(view_text(release), &at, "--release-at") != OK) {
		cli_say("%s", err_detail());
		return CLI_USAGE;
	}
	buf_text(&target, "/v1/advisories");
	if (release) {
		buf_printf(&target, "?release_at=%lld", (long long)at * 1000);
	}
	enum cli_status status = CLI_USAGE;

	if (find_files(args->words[0], &files) != OK) {
		cli_say("%s", err_detail());
	} else {
		status = import_all(cli, buf_string(&target), &files);
	}
	free_files(&files);
	return status;
}

/* Those of a device as it is now. */
static enum cli_status of_device(struct cli *cli, const char *device)
{
	static const struct print_column columns[] = {
		{"ID", "id"},
		{"SEVERITY", "severity"},
		{"CVE", "cve"},
		{"SOURCE", "source"},
		{"POSSIBLE", "possible"},
		{"RULE", "rule"},
		{"SINCE", "since"},
	};
	BUF_CLEANUP struct buf target = buf_growing(CLI_TARGET);
	const struct cli_page page = {.limit = NULL};

	buf_text(&target, "/v1/devices/");
	text_percent(&target, view_text(device));
	buf_text(&target, "/vulnerabilities");
	return cli_list(cli, buf_string(&target), &page, columns, 7);
}

enum cli_status registry_vulnerabilities(struct cli *cli, const struct cli_arguments *args)
{
	static const struct print_column columns[] = {
		{"ID", "id"},
		{"VERSION", "version"},
		{"SEVERITY", "severity"},
		{"TLP", "tlp"},
		{"STATE", "state"},
		{"TITLE", "title"},
	};
	const struct cli_page page = {.after = args->values[0], .limit = args->values[1]};

	if (args->values[DEVICE_OPTION]) {
		return of_device(cli, args->values[DEVICE_OPTION]);
	}
	return cli_list(cli, "/v1/advisories", &page, columns, 6);
}
