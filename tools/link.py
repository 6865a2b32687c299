#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Links the hypervisor with a table of its own text symbols (see symtab.py).

The first link has an empty table. Each further one has the symbols of the link before, until the
table in the image describes the image: normally the second, since the table stands behind all text.
"""
import argparse
import pathlib
import shlex
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import symtab  # noqa: E402  (beside this file)

LINKS_MAX = 5


def run(command: list[str]) -> str:
    """Runs a tool; its complaint has been shown when this exits."""
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        sys.exit(1)
    return done.stdout


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for tool in ("cc", "ld", "nm", "script", "symbols"):
        parser.add_argument("--" + tool, required=True)
    parser.add_argument("-o", dest="output", required=True)
    parser.add_argument("inputs", nargs="+")
    args = parser.parse_args()

    absent = [path for path in [args.script, *args.inputs] if not pathlib.Path(path).exists()]
    if absent:
        sys.exit(f"{absent[0]}: no such file.")
    source = pathlib.Path(args.symbols)
    table: list[tuple[int, str]] = []
    temporary = args.output + ".tmp"
    for _ in range(LINKS_MAX):
        source.write_text(symtab.assembly(table), encoding="ascii")
        run(shlex.split(args.cc) + ["-c", "-o", str(source.with_suffix(".o")), str(source)])
        run(
            shlex.split(args.ld)
            + ["-T", args.script, "-o", temporary, *args.inputs, str(source.with_suffix(".o"))]
        )
        found = symtab.text_symbols(run(shlex.split(args.nm) + [temporary]))
        if found == table:
            pathlib.Path(temporary).rename(args.output)
            return 0
        table = found
    print(
        f"{args.script}: text still moves after {LINKS_MAX} links; put .symtab_table last in "
        ".rodata and .rodata behind .text",
        file=sys.stderr,
    )
    return 1


sys.exit(main())
