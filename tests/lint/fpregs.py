#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""EL2 leaves the guest's FP/SIMD registers alone: no instruction of bulkhead.elf names one, but in
the functions of fp_allowed.txt. Also: no part of the image is both writable and executable.
"""
import argparse
import re
import struct
import subprocess
import sys

import common

SYMBOL = re.compile(r"^[0-9a-f]+ <([^>]+)>:")
INSTRUCTION = re.compile(r"^\s*([0-9a-f]+):\s+(?:[0-9a-f]{8}|(?:[0-9a-f]{2} ){4})\s+(\S+)\s*(.*)")
REGISTER = re.compile(r"(?<![\w#.])(?:[vqdshb](?:[12]?\d|3[01])(?:\.\w+)?|fpcr|fpsr)(?!\w)", re.I)
PT_LOAD, PF_X, PF_W = 1, 1, 2


def check_rights(path: str, found: common.Findings) -> None:
    """Program headers of an ELF64 file, little-endian."""
    with open(path, "rb") as file:
        data = file.read()
    (offset,) = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    for index in range(count):
        kind, flags = struct.unpack_from("<II", data, offset + index * size)
        if kind == PT_LOAD and flags & PF_X and flags & PF_W:
            found.add(path, 1, f"program header {index} is writable and executable.")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("objdump", help="of the target's binutils, or llvm-objdump")
    parser.add_argument("elf", help="bulkhead.elf")
    args = parser.parse_args()
    objdump, elf = args.objdump, args.elf
    allowed = {
        line.split("#")[0].strip() for line in common.read("tests/lint/fp_allowed.txt").splitlines()
    }
    found = common.Findings()
    check_rights(elf, found)
    listing = subprocess.run(
        [objdump, "-d", elf], capture_output=True, text=True, check=True
    ).stdout
    symbol = ""
    for line in listing.splitlines():
        head = SYMBOL.match(line)
        if head:
            symbol = head[1]
            continue
        code = INSTRUCTION.match(line)
        if code is None or symbol in allowed or code[2].startswith("."):
            continue
        operands = re.sub(r"<[^>]*>|//.*", "", code[3])
        if REGISTER.search(operands):
            found.add(
                elf, 1, f"{symbol} at 0x{code[1]} touches an FP/SIMD register: {code[2]} {code[3]}."
            )
    return found.status()


sys.exit(main())
