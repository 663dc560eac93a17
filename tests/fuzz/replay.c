// SPDX-License-Identifier: Apache-2.0
/*
 * replay: runs a fuzz target without libFuzzer, so that any compiler can. Each file of the corpus
 * goes in as it is, cut short at every length, and with bytes changed by a fixed generator: the
 * same inputs at every run.
 */
#include "fuzz.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INPUT_MAX = 1 << 20, CUTS = 2048, MUTATIONS = 2000 };

static uint8_t input[INPUT_MAX];

static void feed(const uint8_t *data, size_t size)
{
	uint8_t *exact = malloc(size ? size : 1);

	if (!exact) {
		abort();
	}
	memcpy(exact, data, size);
	(void)LLVMFuzzerTestOneInput(exact, size);
	free(exact);
}

/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators", 2016. */
static uint32_t next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (uint32_t)(*state * 0x2545f4914f6cdd1d >> 32);
}

static void feed_mutations(size_t size)
{
	static const uint8_t telling[] = {0x00, 0x01, 0x7f, 0x80, 0xff, '"', '=', ',', '<', '\n'};
	static uint8_t changed[INPUT_MAX];
	uint64_t state = 0x9e3779b97f4a7c15;

	for (int i = 0; size > 0 && i < MUTATIONS; i++) {
		memcpy(changed, input, size);
		for (uint32_t n = 1 + next_random(&state) % 4; n > 0; n--) {
			uint32_t r = next_random(&state);
			size_t at = next_random(&state) % size;

			changed[at] = r & 1 ? telling[(r >> 1) % sizeof(telling)]
					    : changed[at] ^ (uint8_t)(1 << ((r >> 1) & 7));
		}
		feed(changed, size);
	}
}

static bool replay(const char *folder, const char *name)
{
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "rb");
	if (!file) {
		perror(path);
		return false;
	}
	size_t size = fread(input, 1, sizeof(input), file);
	(void)fclose(file);

	printf("%s\n", path);
	(void)fflush(stdout);
	feed(input, size);
	for (size_t cut = 0; cut < size && cut < CUTS; cut++) {
		feed(input, cut);
	}
	feed_mutations(size);
	return true;
}

int main(int argc, char **argv)
{
	size_t files = 0;

	for (int i = 1; i < argc; i++) {
		DIR *folder = opendir(argv[i]);
		if (!folder) {
			perror(argv[i]);
			return 1;
		}
		for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
			if (entry->d_name[0] == '.') {
				continue;
			}
			if (!replay(argv[i], entry->d_name)) {
				return 1;
			}
			files++;
		}
		(void)closedir(folder);
	}
	if (files == 0) {
		(void)fprintf(stderr, "usage: %s CORPUS-FOLDER...: no inputs found\n", argv[0]);
		return 1;
	}
	printf("%zu inputs replayed\n", files);
	return 0;
}
