#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Turns the marker lines of core/arm64/offsets.c's assembly into a header for the .S files."""
import re
import sys

MARKER = re.compile(r'\.ascii\s+"->(\w+) [#$]?(-?\d+)\s*(.*?)"')


def main() -> int:
    if len(sys.argv) != 3:
        print("usage: offsets.py INPUT.s OUTPUT.h", file=sys.stderr)
        return 2
    lines = [
        "/* SPDX-License-Identifier: Apache-2.0 */",
        "/* Generated from core/arm64/offsets.c. */",
        "#ifndef CORE_ARM64_OFFSETS_H",
        "#define CORE_ARM64_OFFSETS_H",
        "",
    ]
    with open(sys.argv[1], encoding="ascii") as source:
        for match in MARKER.finditer(source.read()):
            comment = f" /* {match[3]} */" if match[3] else ""
            lines.append(f"#define {match[1]} {match[2]}{comment}")
    lines += ["", "#endif", ""]
    with open(sys.argv[2], "w", encoding="ascii") as out:
        out.write("\n".join(lines))
    return 0


sys.exit(main())
