# SPDX-License-Identifier: Apache-2.0
"""Holds Bulkhead's figures to their limits; says where a slow one's instructions go."""
import bisect
import pathlib
import re
import subprocess
from dataclasses import dataclass

import runs
from limits import Limit, machine_of
from runs import Figure, Run, board

PLUGIN = "tools/plugin/el2count.c"
# Without what the compiler puts behind a name: "f.constprop.0".
SYMBOL = re.compile(r"^([0-9a-f]+) [tT] ([A-Za-z_]\w*)(?:[.][\w.]+)?$", re.M)
BLOCK = re.compile(r"^(el2block|el2boot): ([0-9a-f]+) (\d+)$", re.M)
GUEST_ENTRY = 0x40080000  # in tests/bench/bench.dts
IMAGE_BASE = 1 << 47
FUNCTIONS_MAX = 12
# What main.c's MEASURE times is done once more for the maximum, a tenth as often.
TURNS = 1.1
BEFORE = re.compile(r"^el2count: before (\d+)", re.M)
# Of the boot: what libfdt executes in writing the guest's tree, and what the log does.
LIBFDT = re.compile(r"fdt_|memcmp$")
LOG = re.compile(
    r"printk|log_|format|put|pump_|take_(byte|run)|stage(_|$)|keep_partial|ring_|pl011_|next_port|"
    r"may_show"
)
BOOT = ("reset_to_first", "boot_rest")  # operations of the boot, not of the guest
# What EL2 executes for an operation outside of COPY, the loop that copies and does nothing else.
COPY = "copy_far"
COPYING = ("disk_read_4k", "disk_read_4k_packed", "net_64k", "net_64k_packed", "net_64k_merged")
RESTS = {f"{name}_rest": name for name in COPYING}
TIMED_ALONE = re.compile(r"timer_spin|timer_wfi|sgi_spin|sgi_wfi|cpu_on")


@dataclass
class Over:
    """A figure over its limit, and what EL2 executes for it: function -> instructions a time."""

    name: str
    what: str
    limit: float
    got: float
    functions: list[tuple[str, float]]


def symbols() -> tuple[list[int], list[str]]:
    """Text symbols of the hypervisor, sorted, without mapping symbols and local labels."""
    done = subprocess.run(
        ["nm", str(board.BUILD / "bulkhead.elf")], capture_output=True, text=True, check=True
    )
    table = sorted((int(at, 16) - IMAGE_BASE, name) for at, name in SYMBOL.findall(done.stdout))
    return [at for at, _ in table], [name for _, name in table]


def run_with_plugin(run: Run, qemu: str, name: str, twice: bool = False) -> str:
    """What the plugin counts in a run of one operation; `twice` as often."""
    plugin, report = runs.WORK / "el2count.so", runs.WORK / f"profile-{name}.txt"
    runs.call("gcc", "-shared", "-fPIC", "-O2", "-o", plugin, PLUGIN)
    if run.roles:
        bundle = runs.sharing_bundle(run, run.figures[name].count * (2 if twice else 1))
    else:
        bundle = runs.bulkhead_bundle(run, name, twice)
    report.unlink(missing_ok=True)
    argv = runs.command(
        qemu, run, runs.EL2, "-kernel", str(board.BUILD / "bulkhead.img"), "-initrd", str(bundle),
        "-plugin", f"{plugin},guest={GUEST_ENTRY:x}", "-d", "plugin", "-D", str(report),
    )  # fmt: skip
    try:
        runs.watch(argv, runs.LOGS / f"bench-profile-{name}.log", run.seconds)
    except runs.Unfit as error:
        raise runs.Unfit(f"no profile of {name}, for which QEMU 7.2 is needed: {error}") from None
    text = report.read_text(encoding="utf-8") if report.exists() else ""
    if not BLOCK.search(text):
        raise runs.Unfit(f"{qemu} takes no plugin of {PLUGIN}'s version: use QEMU 7.2")
    return text


def by_function(text: str, kind: str) -> dict[str, int]:
    """Instructions by function, of the blocks of one kind."""
    places, names = symbols()
    per_function: dict[str, int] = {}
    for found, offset, count in BLOCK.findall(text):
        if found == kind:
            function = names[bisect.bisect_right(places, int(offset, 16)) - 1]
            per_function[function] = per_function.get(function, 0) + int(count)
    return per_function


def boot_profile(run: Run, qemu: str) -> tuple[int, dict[str, int]]:
    """All instructions until the guest starts, and those of each function once the MMU is on."""
    text = run_with_plugin(run, board.qemu_of_version(7) or qemu, "reset_to_first")
    return int(BEFORE.search(text)[1]), by_function(text, "el2boot")


def boot_parts(total: int, functions: dict[str, int]) -> dict[str, int]:
    """libfdt, log, and all else with what is executed before the MMU is on."""
    libfdt = sum(count for name, count in functions.items() if LIBFDT.match(name))
    log = sum(count for name, count in functions.items() if LOG.match(name))
    return {"libfdt": libfdt, "log": log, "rest": total - libfdt - log}


def measure_boot(run: Run, qemu: str) -> None:
    """Adds the figure `boot_rest`; Unfit where it can't be had."""
    rest = boot_parts(*boot_profile(run, qemu))["rest"]
    run.figures["boot_rest"] = Figure(rest, rest, 1)


def each_time(run: Run, qemu: str, name: str) -> dict[str, float]:
    """What each function executes at EL2 for an operation: what more, where it is done twice as
    often."""
    turns = run.figures[name].count * (1 if TIMED_ALONE.match(name) or run.roles else TURNS)
    once = by_function(run_with_plugin(run, qemu, name), "el2block")
    twice = by_function(run_with_plugin(run, qemu, name, twice=True), "el2block")
    return {function: (count - once.get(function, 0)) / turns for function, count in twice.items()}


def without_copy(each: dict[str, float]) -> dict[str, float]:
    if COPY not in each:
        raise runs.Unfit(f"no function of this image is called {COPY}: what copies in it?")
    return {function: count for function, count in each.items() if function != COPY}


def measure_rests(run: Run, qemu: str) -> None:
    """Adds the figures of RESTS whose operations the run has; Unfit where they can't be had."""
    for rest, name in RESTS.items():
        figure = run.figures.get(name)
        if figure is not None and not figure.missing:
            each = without_copy(each_time(run, qemu, name))
            run.figures[rest] = Figure(sum(each.values()), 0, figure.count)


def profile(run: Run, qemu: str, name: str) -> list[tuple[str, float]]:
    """Functions by the instructions they execute at EL2 each time, most first.

    Other QEMUs have other plugin interfaces, but the instructions are the same: QEMU 7.2 counts.
    """
    each: dict[str, float]
    if name in BOOT:
        _, counts = boot_profile(run, qemu)
        each = {
            function: float(count)
            for function, count in counts.items()
            if name != "boot_rest" or not (LIBFDT.match(function) or LOG.match(function))
        }
    else:
        qemu = board.qemu_of_version(7) or qemu
        each = each_time(run, qemu, RESTS.get(name, name))
        each = without_copy(each) if name in RESTS else each
    return sorted((item for item in each.items() if item[1] >= 0.5), key=lambda item: -item[1])


def check(run: Run, qemu: str, held: dict[str, Limit]) -> list[Over]:
    """What is over its limit; a missing figure is too."""
    over = []
    for full_name, limit in held.items():
        name = full_name.partition(" @ ")[0]
        if machine_of(full_name) != run.key:
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
    if over.name in BOOT:
        took = re.search(r"boot took .*", run.text)
        text += f"\n    {took[0]}" if took else ""
    return text
