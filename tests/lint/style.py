#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Rules that no compiler or formatter holds: SPDX, braces, extern, line lengths, paths in text, and
what may lie at the top of the tree.
"""
import argparse
import os
import re
import sys

import common

SPDX = "SPDX-License-Identifier: Apache-2.0"
SPDX_EXEMPT = re.compile(r"^(LICENSE|VERSION)$|\.(asc|dtb|bin|png|gz)$")
COLUMNS_MAX = 100
MEASURED = (".c", ".h", ".S", ".ld", ".py", ".sh")
# Files and folders at the top: what a stray redirection leaves there is none of them.
TOP = set(
    """.ci .clang-format .gitignore CONTRIBUTING.md LICENSE Makefile README.md SECURITY.md VERSION
    boot core docs drivers irq linker.ld mm tests timer tools vm-configs""".split()
)
KEYWORD = re.compile(r"(?<![\w#])(if|for|while|else|do)\b")
# A path that climbs, at the start of a word.
CLIMBING = re.compile(r"(?<![\w/.})\"'])((?:\.\./)+[\w.-]+(?:/[\w.-]+)*)")
TODO = re.compile(r"\bTODO\b(?!\(#\d+\))")


def closing(code: str, at: int) -> int:
    """The position behind the parenthesis that closes the one at `at`."""
    depth = 0
    for position in range(at, len(code)):
        if code[position] == "(":
            depth += 1
        elif code[position] == ")":
            depth -= 1
            if depth == 0:
                return position + 1
    return len(code)


def check_braces(path: str, code: str, found: common.Findings) -> None:
    """Every body of a condition or loop has braces."""
    code = re.sub(
        r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: re.sub(r"[^\n]", " ", m[0]), code, flags=re.M
    )
    for match in KEYWORD.finditer(code):
        position = match.end()
        if match[1] in ("if", "for", "while"):
            opening = re.compile(r"\s*\(").match(code, position)
            if opening is None:
                continue
            position = closing(code, opening.end() - 1)
        rest = code[position : position + 200].lstrip()
        if rest.startswith("{") or (match[1] == "else" and re.match(r"if\b", rest)):
            continue
        if match[1] == "while" and rest.startswith(";"):
            continue  # of do { } while, or a loop without a body
        line = code.count("\n", 0, match.start()) + 1
        found.add(path, line, f"`{match[1]}` without braces.")


def check_lines(path: str, text: str, found: common.Findings) -> None:
    for number, line in enumerate(text.split("\n"), 1):
        if line != line.rstrip() and not path.endswith(".md"):
            found.add(path, number, "blanks at the end of the line.")
        if path.endswith(MEASURED) and len(line.expandtabs(8)) > COLUMNS_MAX:
            found.add(path, number, f"{len(line.expandtabs(8))} columns, {COLUMNS_MAX} at most.")
        # TAP and README of the tests have the word too, for known gaps.
        if TODO.search(line) and not path.startswith("tests/"):
            found.add(path, number, "a TODO names its issue: TODO(#12).")
        for climb in CLIMBING.findall(line):
            target = os.path.normpath(os.path.join(os.path.dirname(path), climb))
            # What make builds may not be there yet.
            if not target.startswith("build/") and not (common.ROOT / target).exists():
                found.add(path, number, f"{climb}: no such place in this tree.")


def main() -> int:
    argparse.ArgumentParser(description=__doc__).parse_args()
    found = common.Findings()
    for path in common.tracked():
        if path.split("/")[0] not in TOP:
            found.add(
                path, 1, "nothing of that name belongs at the top of the tree; if it does, TOP in "
                "tests/lint/style.py names it.",
            )
        if SPDX_EXEMPT.search(path):
            continue
        text = common.read(path)
        if SPDX not in "\n".join(text.split("\n")[:4]):
            found.add(path, 1, f"no '{SPDX}' in the first lines.")
        check_lines(path, text, found)
        if path.endswith((".c", ".h")):
            code = common.code_only(text)
            check_braces(path, code, found)
            if path.endswith(".c"):
                for match in re.finditer(r"^\s*extern\b", code, re.M):
                    found.add(
                        path,
                        code.count("\n", 0, match.end()) + 1,
                        "`extern` in a .c file: include the header that declares it.",
                    )
    return found.status()


sys.exit(main())
