#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A text file as a C string: embed.py IN NAME OUT.c"""
import json
import pathlib
import sys

text = pathlib.Path(sys.argv[1]).read_text(encoding="ascii")
with open(sys.argv[3], "w", encoding="ascii") as out:
    out.write(f"extern const char {sys.argv[2]}[];\n\nconst char {sys.argv[2]}[] =\n")
    for line in text.splitlines(keepends=True):
        out.write("\t" + json.dumps(line) + "\n")
    out.write(";\n")
