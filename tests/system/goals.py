# SPDX-License-Identifier: Apache-2.0
"""Runs make's goals as a person does, whatever make runs the tests."""
import os
import subprocess

import machine as board
from run_case import SCALE

MAKE_SECONDS = 300
# What a make around a test says to a make below it.
LEFT_OUT = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "V", "CI", "CONFIG", "KERNEL", "INITRD", "LIBFDT")


def make(*words: str, **variables: str) -> subprocess.CompletedProcess:
    """`make WORDS`, `variables` in its environment; its output as text, whatever its status."""
    environment = {key: value for key, value in os.environ.items() if key not in LEFT_OUT}
    return subprocess.run(
        ["make", "--no-print-directory", *words],
        cwd=board.ROOT,
        env={**environment, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=MAKE_SECONDS * SCALE,
    )


def made(*words: str, **variables: str) -> str:
    """What a make prints that must do well."""
    done = make(*words, **variables)
    assert done.returncode == 0, f"make {' '.join(words)}:\n{done.stdout}{done.stderr}"
    return done.stdout
