# SPDX-License-Identifier: Apache-2.0
"""Holds Bulkhead's figures to tests/bench/limits.txt; says where a slow one's instructions go."""
import bisect
import pathlib
import re
import subprocess
from dataclasses import dataclass

import runs
from runs import Run, board

LIMITS = board.ROOT / "tests" / "bench" / "limits.txt"
PLUGIN = "tools/plugin/el2count.c"
SYMBOL = re.compile(r"^([0-9a-f]+) [tT] ([A-Za-z_][\w.]*)$", re.M)
BLOCK = re.compile(r"^(el2block|el2boot): ([0-9a-f]+) (\d+)$", re.M)
GUEST_ENTRY = 0x40080000  # in tests/bench/bench.dts
IMAGE_BASE = 1 << 47
FUNCTIONS_MAX = 12
# What main.c's MEASURE times is done once more for the maximum, a tenth as often.
TURNS = 1.1
TIMED_ALONE = re.compile(r"timer_spin|timer_wfi|sgi_spin|sgi_wfi|cpu_on")


@dataclass
class Limit:
    mean: float
    max: float | None


@dataclass
class Over:
    """A figure over its limit, and what EL2 executes for it: function -> instructions a time."""

    name: str
    what: str
    limit: float
    got: float
    functions: list[tuple[str, float]]


def limits(path: pathlib.Path, major: str) -> dict[str, Limit]:
    """The limits under QEMU `major`: a line of that version goes before one of `*`. By operation,
    and `operation @ machine` where that is not bulkhead-a57."""
    found: dict[str, Limit] = {}
    exact = set()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        words = [word.strip() for word in line.split("|")]
        if len(words) != 4:
            raise runs.Unfit(f"{path}:{number}: not `operation | version | mean | maximum`")
        name, version, mean, most = words
        if version == major or (version == "*" and name not in exact):
            found[name] = Limit(float(mean), None if most == "-" else float(most))
        if version == major:
            exact.add(name)
    return found


def symbols() -> tuple[list[int], list[str]]:
    """Text symbols of the hypervisor, sorted, without mapping symbols and local labels."""
    done = subprocess.run(
        ["nm", str(board.BUILD / "bulkhead.elf")], capture_output=True, text=True, check=True
    )
    table = sorted((int(at, 16) - IMAGE_BASE, name) for at, name in SYMBOL.findall(done.stdout))
    return [at for at, _ in table], [name for _, name in table]


def count_functions(run: Run, qemu: str, name: str) -> dict[str, int]:
    """Instructions at EL2 by function in a run of one operation, or until the guest starts.

    `none` is a run without any: the guest's own start and end.
    """
    plugin, report = runs.WORK / "el2count.so", runs.WORK / f"profile-{name}.txt"
    runs.call("gcc", "-shared", "-fPIC", "-O2", "-o", plugin, PLUGIN)
    bundle = runs.bulkhead_bundle(run, name)
    report.unlink(missing_ok=True)
    argv = runs.command(
        qemu, run, runs.EL2, "-kernel", str(board.BUILD / "bulkhead.img"), "-initrd", str(bundle),
        "-plugin", f"{plugin},guest={GUEST_ENTRY:x}", "-d", "plugin", "-D", str(report),
    )  # fmt: skip
    runs.watch(argv, runs.LOGS / f"bench-profile-{name}.log", run.seconds)
    if not report.exists() or not BLOCK.search(report.read_text(encoding="utf-8")):
        raise runs.Unfit(f"{qemu} takes no plugin of {PLUGIN}'s version: use QEMU 7.2")
    places, names = symbols()
    per_function: dict[str, int] = {}
    kind = "el2boot" if name == "reset_to_first" else "el2block"
    for found, offset, count in BLOCK.findall(report.read_text(encoding="utf-8")):
        if found != kind:
            continue
        function = names[bisect.bisect_right(places, int(offset, 16)) - 1]
        per_function[function] = per_function.get(function, 0) + int(count)
    return per_function


def profile(run: Run, qemu: str, name: str) -> list[tuple[str, float]]:
    """Functions by the instructions they execute at EL2 each time, most first.

    Other QEMUs have other plugin interfaces, but the instructions are the same: QEMU 7.2 counts.
    """
    qemu = board.qemu_of_version(7) or qemu
    besides = {} if name == "reset_to_first" else count_functions(run, qemu, "none")
    once_only = name == "reset_to_first" or TIMED_ALONE.match(name)
    turns = run.figures[name].count * (1 if once_only else TURNS)
    each = [
        (function, (count - besides.get(function, 0)) / turns)
        for function, count in count_functions(run, qemu, name).items()
    ]
    return sorted((item for item in each if item[1] >= 0.5), key=lambda item: -item[1])


def check(run: Run, qemu: str, held: dict[str, Limit]) -> list[Over]:
    """What is over its limit; a missing figure is too."""
    over = []
    for full_name, limit in held.items():
        name, _, key = full_name.partition(" @ ")
        if (key or "bulkhead-a57") != run.key:
            continue
        figure = run.figures.get(name)
        if figure is None or figure.missing:
            over.append(Over(full_name, "figure", limit.mean, float("nan"), []))
            continue
        for what, allowed, got in (
            ("mean", limit.mean, figure.mean),
            ("maximum", limit.max, float(figure.max)),
        ):
            if allowed is not None and got > allowed:
                over.append(Over(full_name, what, allowed, got, profile(run, qemu, name)))
    return over


def sentence(over: Over, run: Run) -> str:
    """What a person is told: operation, limit, got, and where the instructions go."""
    if over.got != over.got:
        log = f"build/log/bench-{run.key}.log"
        return f"{over.name}: no figure, the limit is {over.limit:g}; see {log}"
    text = f"{over.name}: limit {over.limit:.10g}, got {over.got:.10g}"
    text += f" ({over.what}, instructions, {run.cpu})"
    for function, count in over.functions[:FUNCTIONS_MAX]:
        text += f"\n    {count:8.1f}  {function}"
    if over.name == "reset_to_first":
        took = re.search(r"boot took .*", run.text)
        text += f"\n    {took[0]}" if took else ""
    return text
