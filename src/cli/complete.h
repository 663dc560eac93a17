// SPDX-License-Identifier: Apache-2.0
/* complete: for the completion of a shell: what may stand where the cursor is. */
#pragma once

/*
 * The words after `symbolon`, the last one being typed. Prints one candidate a line, whatever was typed of it
 * already; "@files" where a file name is wanted.
 */
void complete(int count, char **words);
