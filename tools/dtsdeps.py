#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Lists the files a config names, /incbin/ and /include/, as prerequisites of its dtb.

Written before dtc runs, so that make builds an image that doesn't exist yet. With --missing it
says in a sentence each which of them are not there, and exits with 1 if there are any. With --lines
it writes where each node and property stands, for the checker's sentences: "PATH: PROPERTY: ", a
tab and FILE:LINE, of which the longest that a sentence begins with is the one.
"""
import argparse
import os
import re
import sys
from dataclasses import dataclass

TOKEN = re.compile(
    r'/\*.*?\*/|//[^\n]*|"(?:[^"\\]|\\.)*"|/(?:incbin|include)/|[{};=]'
    r'|(?:(?!/\*|//)[^\s{};="])+',
    re.S,
)
# A quote or a backslash in a string has one before it.
ESCAPED = re.compile(r'\\(["\\])')
# What a path may consist of to stand in a makefile, spaces with a backslash before them.
PLAIN = re.compile(r"[\w./+,@~ -]+")


@dataclass(frozen=True)
class Named:
    """A file that line `line` of `source` names, in property `prop` of `node`."""

    kind: str
    path: str
    source: str
    line: int
    node: str
    prop: str

    def sentence(self) -> str:
        """For a person: what is missing, where it is named, what to do."""
        where = f"{self.source}:{self.line}: "
        if self.kind == "incbin":
            where += f"{self.node}: {self.prop}: "
        return (
            f"error: {where}the file {self.path} is missing: put it there, or name another in "
            f"/{self.kind}/ (a path is relative to the file that names it)"
        )


def path_of(source: str, name: str) -> str:
    """The file's path from here, or in full where it lies elsewhere. A link stays one."""
    whole = os.path.join(os.path.dirname(source), name)
    whole = os.path.join(os.path.realpath(os.path.dirname(whole)), os.path.basename(whole))
    short = os.path.relpath(whole)
    return whole if short.startswith("..") else short


def node_path(node: list[str]) -> str:
    """The path of the node that the last of these names is; the first may be a reference."""
    return "/".join([node[0].strip("/"), *node[1:]]) if node else "/"


def named_files(
    source: str, node: list[str], seen: set[str], places: dict[str, str]
) -> list[Named]:
    """All files that a .dts names, and those that what it includes names; fills `places`."""
    try:
        with open(source, encoding="utf-8", errors="replace") as file:
            text = file.read()
    except OSError:
        return []  # make or dtc says so
    found, words, prop, kind = [], [], "", ""
    for token in TOKEN.finditer(text):
        word, line = token[0], text.count("\n", 0, token.start()) + 1
        if word.startswith(("/*", "//")):
            continue
        if word in ("/incbin/", "/include/"):
            kind = word.strip("/")
        elif word.startswith('"') and kind:
            path = path_of(source, ESCAPED.sub(r"\1", word[1:-1]))
            found.append(Named(kind, path, source, line, node_path(node), prop))
            if kind == "include" and path not in seen:
                seen.add(path)
                found += named_files(path, node, seen, places)
            kind = ""
        elif word == "{":
            node.append(words[-1] if words else "?")
            places[f"{node_path(node)}: "] = f"{source}:{line}"
            words = []
        elif word in ";}":
            if words and node and not prop:
                places[f"{node_path(node)}: {words[-1]}: "] = f"{source}:{line}"
            if word == "}" and node:
                node.pop()
            words, prop = [], ""
        elif word == "=":
            prop = words[-1] if words else ""
            places[f"{node_path(node)}: {prop}: "] = f"{source}:{line}"
        elif not word.startswith('"'):
            words.append(word)
    return found


def rules(found: list[Named], dtb: str, own: str) -> str:
    """Make rules: `dtb` depends on all files, this list on those that are included.

    A rule without a recipe for each lets a missing file be dtc.sh's to complain about.
    """
    plain = sorted({item.path for item in found if PLAIN.fullmatch(item.path)})
    text = [path.replace(" ", "\\ ") for path in plain]
    lists = [
        item.path.replace(" ", "\\ ")
        for item in found
        if item.kind == "include" and item.path in plain
    ]
    # A path that make can't write down: look again each time.
    force = [] if all(item.path in plain for item in found) else ["FORCE"]
    return "".join(
        [
            f"{dtb}: {' '.join(text + force)}\n",
            f"{own}: {' '.join(sorted(set(lists)))}\n",
            *(f"{path}:\n" for path in text),
        ]
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--missing", action="store_true", help="name the files that aren't there")
    parser.add_argument("--lines", metavar="OUTPUT", help="write where nodes and properties stand")
    parser.add_argument("config", metavar="CONFIG.dts")
    parser.add_argument("dtb", metavar="TARGET.dtb", nargs="?")
    parser.add_argument("output", metavar="OUTPUT.d", nargs="?")
    args = parser.parse_args()
    places: dict[str, str] = {}
    found = named_files(args.config, [], set(), places)
    if args.lines:
        with open(args.lines, "w", encoding="utf-8") as out:
            out.writelines(f"{start}\t{place}\n" for start, place in places.items())
        return 0
    if args.missing:
        missing = [item for item in found if not os.path.exists(item.path)]
        for item in missing:
            print(item.sentence(), file=sys.stderr)
        return 1 if missing else 0
    if args.output is None:
        parser.error("TARGET.dtb and OUTPUT.d are missing")
    with open(args.output, "w", encoding="utf-8") as out:
        out.write(rules(found, args.dtb, args.output))
    return 0


sys.exit(main())
