#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Lists the files a config names, /incbin/ and /include/, as prerequisites of its dtb.

Written before dtc runs, so that make builds an image that doesn't exist yet.
"""
import os
import re
import sys

NAMED = re.compile(r'/(incbin|include)/\s*\(?\s*"([^"]+)"')
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)


def named_files(dts: str, seen: set[str]) -> None:
    """Adds all files that `dts` names, paths relative to the file that names them."""
    try:
        with open(dts, encoding="utf-8", errors="replace") as source:
            text = COMMENT.sub("", source.read())
    except OSError:
        return  # make or dtc says so
    for kind, name in NAMED.findall(text):
        path = os.path.relpath(os.path.realpath(os.path.join(os.path.dirname(dts), name)))
        if path.startswith(".."):
            path = os.path.realpath(path)
        if path not in seen:
            seen.add(path)
            if kind == "include":
                named_files(path, seen)


def main() -> int:
    if len(sys.argv) != 4:
        print("usage: dtsdeps.py CONFIG.dts TARGET.dtb OUTPUT.d", file=sys.stderr)
        return 2
    seen: set[str] = set()
    named_files(sys.argv[1], seen)
    with open(sys.argv[3], "w", encoding="utf-8") as out:
        out.write(f"{sys.argv[2]}: {' '.join(sorted(seen))}\n")
    return 0


sys.exit(main())
