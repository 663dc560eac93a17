// SPDX-License-Identifier: Apache-2.0
/* private_file: whether a file with a secret in it is its owner's alone. */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

/*
 * Group and others may do nothing with it. Or a service manager has handed it to this process alone: a credential
 * (systemd.exec(5), LoadCredential=), root's, in the folder of $CREDENTIALS_DIRECTORY; its access list shows as a
 * right of the group.
 */
bool private_file_is(const char *path, const struct stat *st);
