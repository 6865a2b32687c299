#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Turns the marker lines of core/arm64/offsets.c's assembly into a header for the .S files."""
import argparse
import re
import sys

MARKER = re.compile(r'\.ascii\s+"->(\w+) [#$]?(-?\d+)\s*(.*?)"')


def header(assembly: str) -> str:
    """The header's text."""
    lines = [
        "/* SPDX-License-Identifier: Apache-2.0 */",
        "/* Generated from core/arm64/offsets.c. */",
        "#ifndef CORE_ARM64_OFFSETS_H",
        "#define CORE_ARM64_OFFSETS_H",
        "",
    ]
    for match in MARKER.finditer(assembly):
        comment = f" /* {match[3]} */" if match[3] else ""
        lines.append(f"#define {match[1]} {match[2]}{comment}")
    lines += ["", "#endif", ""]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("assembly", metavar="INPUT.s")
    parser.add_argument("header", metavar="OUTPUT.h", help="the file to write")
    args = parser.parse_args()
    try:
        with open(args.assembly, encoding="ascii") as source:
            text = header(source.read())
        with open(args.header, "w", encoding="ascii") as out:
            out.write(text)
    except OSError as error:
        sys.exit(f"{error.filename}: {error.strerror}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
