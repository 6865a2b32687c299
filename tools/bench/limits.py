# SPDX-License-Identifier: Apache-2.0
"""Reads tests/bench/limits.txt: what Bulkhead's operations may cost, by QEMU version."""
import math
import pathlib
from dataclasses import dataclass

import report
import runs
from runs import board

LIMITS = board.ROOT / "tests" / "bench" / "limits.txt"
MAIN = "bulkhead-a57"  # the machine of a line that names none
FORM = "`operation [@ machine] | QEMU's major version or * | mean | maximum or -`"


@dataclass
class Limit:
    mean: float
    max: float | None


def machine_of(name: str) -> str:
    """The machine of `operation` or `operation @ machine`."""
    return name.partition(" @ ")[2] or MAIN


def check_name(name: str) -> None:
    operation, at, key = name.partition(" @ ")
    known = [*report.OPERATIONS, *report.SHARED]
    if operation not in known:
        raise ValueError(f"no operation is called `{operation}`: {', '.join(known)}")
    keys = [run.key for run in runs.RUNS if run.key.startswith("bulkhead")]
    if at and key not in keys:
        raise ValueError(f"no machine of Bulkhead's is called `{key}`: {', '.join(keys)}")


def number_of(what: str, word: str) -> float:
    try:
        value = float(word)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"the {what} `{word}` is no number of instructions above 0")
    return value


def parse(line: str) -> tuple[str, str, Limit]:
    """A line's name, version and limit; ValueError says what is wrong with it."""
    words = [word.strip() for word in line.split("|")]
    if len(words) != 4:
        raise ValueError(f"not of the form {FORM}")
    name, version, mean, most = words
    check_name(name)
    if version != "*" and not version.isdecimal():
        raise ValueError(f"`{version}` is no major version of QEMU (7, 10), and not *")
    limit = Limit(number_of("mean", mean), None if most == "-" else number_of("maximum", most))
    if limit.max is not None and limit.max < limit.mean:
        raise ValueError(f"the maximum {most} is below the mean {mean}")
    return name, version, limit


def read(path: pathlib.Path, major: str) -> dict[str, Limit]:
    """The limits under QEMU `major`: a line of that version goes before one of `*`. By operation,
    and `operation @ machine` where that is not MAIN. Unfit: the file is of no use, and why."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise runs.Unfit(f"the limits in {path} can't be read: {why}") from None
    by_version: dict[str, dict[str, Limit]] = {}
    first: dict[tuple[str, str], int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            name, version, limit = parse(line)
        except ValueError as error:
            raise runs.Unfit(f"{path}:{number}: {error}") from None
        before = first.setdefault((name, version), number)
        if before != number:
            raise runs.Unfit(
                f"{path}:{number}: `{name}` for version {version} has a limit on line {before}"
            )
        by_version.setdefault(version, {})[name] = limit
    held = by_version.get("*", {}) | by_version.get(major, {})
    if not held:
        raise runs.Unfit(f"{path}: no limit in it is for QEMU {major}: add lines of * or {major}")
    return held
