#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Functions, files, parameter lists and preprocessor conditions stay small."""
import argparse
import re
import sys

import common

FUNCTION_MAX, FILE_MAX, PARAMETERS_MAX = 60, 1000, 5
IFS_PER_1000 = 3
CONDITION = re.compile(r"^[ \t]*#[ \t]*(if|ifdef|ifndef|elif)\b[ \t]*(\w*)", re.M)
# A function: its name before the parameters, a brace in column 1 behind them.
FUNCTION = re.compile(
    r"^(?P<head>[A-Za-z_][^;{}=#]*?\b(?P<name>\w+)\((?P<args>[^;{}]*)\))\s*\n\{", re.M
)


def parameters(args: str) -> int:
    """How many; a function pointer's own parameters don't count."""
    while re.search(r"\([^()]*\)", args):
        args = re.sub(r"\([^()]*\)", "", args)
    return 0 if args.strip() in ("", "void") else args.count(",") + 1


def check_functions(path: str, code: str, found: common.Findings) -> None:
    for match in FUNCTION.finditer(code):
        start = code.count("\n", 0, match.start()) + 1
        end = code.find("\n}", match.end())
        lines = code.count("\n", match.start(), end + 1) + 1
        if lines > FUNCTION_MAX:
            found.add(
                path,
                start,
                f"{match['name']}() has {lines} lines, {FUNCTION_MAX} at most: "
                "split it by what its parts do.",
            )
        count = parameters(match["args"])
        if count > PARAMETERS_MAX:
            found.add(
                path,
                start,
                f"{match['name']}() has {count} parameters, {PARAMETERS_MAX} at "
                "most: some of them belong together in a struct.",
            )


def main() -> int:
    argparse.ArgumentParser(description=__doc__).parse_args()
    found = common.Findings()
    ifs = lines = 0
    for path in common.files(common.CODE_FOLDERS, (".c", ".h", ".S", ".py", ".sh")):
        text = common.read(path)
        count = text.count("\n")
        if count > FILE_MAX:
            found.add(path, FILE_MAX, f"{count} lines, {FILE_MAX} at most: one file, one noun.")
        if path.endswith((".c", ".h")):
            check_functions(path, common.code_only(text), found)
        if path.split("/")[0] in common.EL2_FOLDERS:
            lines += count
            guards = sum(
                1
                for kind, name in CONDITION.findall(text)
                if kind == "ifndef" and name.endswith("_H")
            )
            ifs += len(CONDITION.findall(text)) - guards
    if ifs * 1000 > IFS_PER_1000 * lines:
        found.add(
            "core", 1, f"{ifs} #if in {lines} lines of EL2: the budget is {IFS_PER_1000} per 1000."
        )
    return found.status()


sys.exit(main())
