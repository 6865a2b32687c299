#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Each sentence that tests/guest/virtio_rules.md quotes is one of the program that it names."""
import argparse
import re
import sys

import common

TABLE = "tests/guest/virtio_rules.md"
QUOTED = re.compile(r'"([^"]+)"')
PROGRAM = re.compile(r"`(\w+)`")


def sentences(program: str) -> str:
    """A program's text, with strings that go over several lines in one piece."""
    return re.sub(r'"\s*\n\s*"', "", common.read(f"tests/guest/{program}.c"))


def main() -> int:
    argparse.ArgumentParser(description=__doc__).parse_args()
    found = common.Findings()
    for number, line in enumerate(common.read(TABLE).split("\n"), 1):
        columns = [column.strip() for column in line.split("|")]
        programs = PROGRAM.findall(columns[3]) if len(columns) == 6 else []
        texts = [sentences(program) for program in programs]
        for quoted in QUOTED.findall(columns[4]) if programs else []:
            if not any(quoted in text for text in texts):
                found.add(TABLE, number, f'"{quoted}" is in none of {", ".join(programs)}.')
    return found.status()


sys.exit(main())
