// SPDX-License-Identifier: Apache-2.0
/* certificates: a throw-away CA in FOLDER, and a certificate for each NAME, as `symbolon up` makes them.
 *
 *	certificates FOLDER NAME...
 */
#include "cli/ca.h"
#include "measure.h"

int main(int argc, char **argv)
{
	must(argc > 2 && ca_make(argv[1], "realm.example") == OK, "FOLDER NAME...");
	for (int i = 2; i < argc; i++) {
		must(ca_issue(argv[1], argv[i]) == OK, argv[i]);
	}
	return 0;
}
