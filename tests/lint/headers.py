#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Each header compiles alone, and twice: self-contained and guarded."""
import argparse
import concurrent.futures
import os
import shlex
import subprocess
import sys

import common

# Assembly and libfdt's stand-ins have their own rules.
EXEMPT = ("core/fdt/libc/",)


def compile_alone(command: str, path: str) -> str:
    """The compiler's complaint, or nothing."""
    source = f'#include "{path}"\n#include "{path}"\n'
    done = subprocess.run(
        shlex.split(command) + ["-fsyntax-only", "-x", "c", "-"],
        cwd=common.ROOT,
        input=source,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stderr if done.returncode != 0 else ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    for part in ("el2", "guest", "host"):
        parser.add_argument(part, help=f"compiler and flags of what is compiled for the {part}")
    args = parser.parse_args()
    found = common.Findings()
    jobs = []
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for path in common.files(common.CODE_FOLDERS, (".h",)):
            if path.startswith(EXEMPT):
                continue
            command = args.guest if path.startswith("tests/guest/") else args.el2
            if path.startswith(("tests/unit/", "tests/fuzz/", "tests/bench/kvm/", "tools/")):
                command = args.host
            jobs.append((path, pool.submit(compile_alone, command, path)))
        for path, job in jobs:
            complaint = job.result()
            if complaint:
                first = next(
                    (line for line in complaint.splitlines() if "error:" in line), complaint
                )
                found.add(path, 1, f"does not compile alone: {first.strip()}")
    return found.status()


sys.exit(main())
