#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the module map: who may include whom, as layers.txt says."""
import argparse
import fnmatch
import re
import sys

import common

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)
# What a freestanding compiler has, and libfdt.
SYSTEM = {"stdarg.h", "stdbool.h", "stddef.h", "stdint.h", "libfdt.h"}
GENERATED = {"core/arm64/offsets.h", "version.h"}


class Map:
    """layers.txt as data."""

    def __init__(self, text: str) -> None:
        self.lines: list[tuple[int, str, str]] = []
        self.shared: set[str] = set()
        self.alone: set[str] = set()
        self.allowed: list[tuple[str, str]] = []
        for line in text.splitlines():
            words = line.split("#")[0].split()
            if not words:
                continue
            if words[0] == "shared":
                self.shared.update(words[1:])
            elif words[0] == "alone":
                self.alone.update(words[1:])
            elif words[0] == "allow":
                self.allowed.append((words[1], words[2]))
            else:
                self.lines += [(int(words[0]), words[1], glob) for glob in words[2:]]

    def module(self, path: str) -> tuple[int, str] | None:
        """Rank and module of a file, by the first line that matches."""
        for rank, module, glob in self.lines:
            if fnmatch.fnmatchcase(path, glob):
                return rank, module
        return None

    def objection(self, path: str, header: str) -> str | None:
        """Why `path` may not include `header`, or None."""
        own, other = self.module(path), self.module(header)
        if own is None:
            return None  # said once for the file
        if other is None:
            return f'"{header}" is in no module of tests/lint/layers.txt.'
        if any(fnmatch.fnmatchcase(path, glob) and header == name for glob, name in self.allowed):
            return None
        if other[0] > own[0]:
            return (
                f'rank {own[0]} ({own[1]}) includes "{header}" of rank {other[0]} ({other[1]}): '
                "calls upward go through an ops struct that rank 7 registers."
            )
        same_noun = path.rsplit(".", 1)[0] == header.rsplit(".", 1)[0]
        if other[1] == own[1]:
            if own[1] in self.alone and not same_noun:
                return f'the models of module {own[1]} do not include each other: "{header}".'
            return None
        if other[0] == own[0] and other[1] not in self.shared:
            return (
                f'module {own[1]} includes "{header}" of module {other[1]}, of the same rank '
                f"{own[0]}: only your own module."
            )
        return None


def check_file(layers: Map, path: str, found: common.Findings) -> None:
    ranked = path.split("/")[0] in common.EL2_FOLDERS and not path.startswith("core/fdt/libc/")
    if ranked and layers.module(path) is None:
        found.add(
            path, 1, "in no module of tests/lint/layers.txt: add it to the line it belongs to."
        )
    text = common.read(path)
    for match in INCLUDE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        kind, name = match.groups()
        if kind == "<":
            if ranked and name not in SYSTEM:
                found.add(path, line, f"<{name}>: EL2 has no C library; see core/base.")
        elif not (common.ROOT / name).is_file() and name not in GENERATED:
            found.add(path, line, f'"{name}" is no path from the root of the tree.')
        elif ranked:
            objection = layers.objection(path, name)
            if objection:
                found.add(path, line, objection)


def main() -> int:
    argparse.ArgumentParser(description=__doc__).parse_args()
    layers = Map(common.read("tests/lint/layers.txt"))
    found = common.Findings()
    for path in common.files(common.CODE_FOLDERS, (".c", ".h", ".S")):
        check_file(layers, path, found)
    return found.status()


sys.exit(main())
