# SPDX-License-Identifier: Apache-2.0
"""What `make bench` says of shared CPUs, with the counts that `make soak` has time for.

The guest is tests/bench/sharing.c; instructions are counted.
"""
import dataclasses
import sys
from collections.abc import Callable

from run_case import BUILD, ROOT, Result
from run_host import build
from soak import Part, Record, Run

sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tools" / "bench")]
import runs  # noqa: E402  (tools/bench)

GOALS = ["hyp", "host", "build/bench/sharing.bin", "build/bench/sharing-v2.bin"]
SECONDS = 1800


@dataclasses.dataclass(frozen=True)
class Timing:
    """A run of the bench with another count, and the bound that its figure must keep."""

    says: str
    key: str  # of the run
    figure: str
    count: int
    unit: str
    bound: float
    of_all: bool  # the bound is that of the longest, not of the mean


TIMINGS = {
    "wake": Timing(
        "100,000 wake-ups by the timer, the other VM computes all it can",
        "bulkhead-wake", "wake_late", 100_000, "instructions late", 1500, True,
    ),
    "calls": Timing(
        "the same, the other VM makes hypercalls and has ticks besides",
        "bulkhead-wake-calls", "wake_late", 100_000, "instructions late", 1500, True,
    ),
    # An early one would be 2^64 late, a lost one would leave no figure.
    "ticks": Timing(
        "a million ticks of a virtual timer whose vCPU is not loaded: none lost, none early",
        "bulkhead-wake", "wake_late", 1_000_000, "instructions late", 1500, True,
    ),
    "budget": Timing(
        "10 s of a budget of 2 ms in 10",
        "bulkhead-budget", "budget_error", 1000, "ppm off", 10_000, False,
    ),
    "window": Timing(
        "10 s of a window of 1 ms in 5",
        "bulkhead-window", "window_late", 2000, "instructions late", 2000, True,
    ),
    "wake-v2": Timing(
        "100,000 wake-ups by the timer, GICv2, the other VM computes all it can",
        "bulkhead-wake-v2", "wake_late", 100_000, "instructions late", 1500, True,
    ),
    "ticks-v2": Timing(
        "a million ticks of a virtual timer whose vCPU is not loaded, GICv2",
        "bulkhead-wake-v2", "wake_late", 1_000_000, "instructions late", 1500, True,
    ),
}  # fmt: skip


def _timing(key: str, timing: Timing) -> Callable[[Run], Record]:
    def body(how: Run) -> Record:
        result = Result("soak", f"sharing-{key}")
        if not build(GOALS, result):
            return Record("", [result.failures[0].sentence, *result.failures[0].details])
        run = next(one for one in runs.RUNS if one.key == timing.key)
        run = dataclasses.replace(run, key=f"soak-{key}", seconds=SECONDS)
        bundle = runs.sharing_bundle(run, timing.count)
        image = str(BUILD / "bulkhead.img")
        argv = runs.command(
            "qemu-system-aarch64", run, runs.EL2, "-kernel", image, "-initrd", str(bundle)
        )
        try:
            text = runs.watch(argv, BUILD / "log" / f"soak-sharing-{key}.log", SECONDS)
        except runs.Unfit as error:
            return Record("no figure", [str(error)])
        figure = runs.read_figures(text).get(timing.figure)
        if figure is None or figure.count < timing.count:
            return Record("no figure", text.split("\n")[-5:])
        how.tell("\n".join([key, *runs.histogram(text)]))
        worst = figure.max if timing.of_all else figure.mean
        failures = []
        if worst > timing.bound:
            failures.append(f"{worst:.0f} {timing.unit}, {timing.bound:.0f} at most")
        most = f", {figure.max} at most" if timing.of_all else ""
        done = f"{figure.count} times: {figure.mean:.0f} {timing.unit} (mean){most}"
        return Record(done, failures)

    return body


def soak_parts() -> list[Part]:
    return [Part(f"sharing/{key}", one.says, _timing(key, one)) for key, one in TIMINGS.items()]
