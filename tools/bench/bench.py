#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Measures exit costs: one guest on bare QEMU, Bulkhead, Xen and KVM, instructions counted.

`make bench` calls it; what it runs is built before. docs/benchmarks.md explains the method.
"""
import argparse
import concurrent.futures
import importlib.util
import os
import pathlib
import subprocess
import sys
import time

import gate
import limits
import report
import runs
from runs import RUNS, Run, board


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        epilog="machines: " + "; ".join(f"{run.key} ({run.title})" for run in RUNS),
    )
    parser.add_argument(
        "--only",
        default="",
        help="machines, with commas between: names or their beginnings (bulkhead, kvm, xen)",
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="hold Bulkhead to tests/bench/limits.txt and fail with where it is over",
    )
    parser.add_argument(
        "--limits", type=pathlib.Path, default=limits.LIMITS, help="another file for --check"
    )
    parser.add_argument(
        "--check-document",
        metavar="FILE",
        type=pathlib.Path,
        nargs="?",
        const=report.DOCUMENT,
        help="fail where the page's columns of Bulkhead on cortex-a57 are not what is measured",
    )
    parser.add_argument(
        "--profile", metavar="OPERATION", help="which EL2 functions Bulkhead spends it in, and end"
    )
    parser.add_argument("--qemu", help="default: $QEMU, else QEMU 7.2, else the host's")
    parser.add_argument("--jobs", type=int, default=min(os.cpu_count() or 1, 2), help="at a time")
    parser.add_argument(
        "--document",
        action="store_true",
        help="write the tables and the chart into docs/ too; needs all machines",
    )
    parser.add_argument("--no-chart", action="store_true", help="where pygal is not installed")
    return parser.parse_args()


def selected(only: str) -> list[Run]:
    words = [word for word in only.split(",") if word]
    chosen = [run for run in RUNS if not words or any(run.key.startswith(word) for word in words)]
    for word in words:
        if not any(run.key.startswith(word) for run in RUNS):
            keys = ", ".join(run.key for run in RUNS)
            sys.exit(f"--only {only}: no machine {word}; there are {keys}.")
    return chosen


def version_of(qemu: str) -> tuple[str, str]:
    """What QEMU calls itself, and its major version."""
    try:
        done = subprocess.run([qemu, "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"{qemu}: {error}; install qemu-system-arm, or name one with --qemu.")
    words = done.stdout.split("\n")[0].split()
    number = words[words.index("version") + 1]
    return f"QEMU {number}", number.split(".")[0]


def measure(chosen: list[Run], qemu: str, jobs: int) -> None:
    """Runs all; a line as each starts and ends, so that one sees what takes long."""

    def one(run: Run) -> tuple[Run, float]:
        print(f"  runs     {run.key}: {run.title}", file=sys.stderr, flush=True)
        start = time.monotonic()
        runs.make(run, qemu)
        return run, time.monotonic() - start

    # What takes longest goes first.
    order = sorted(chosen, key=lambda run: -run.seconds)
    with concurrent.futures.ThreadPoolExecutor(max_workers=max(jobs, 1)) as pool:
        for future in concurrent.futures.as_completed([pool.submit(one, run) for run in order]):
            run, took = future.result()
            said = run.failure or f"{len(run.figures)} operations"
            print(f"  {'FAILS' if run.failure else 'done':<8} {run.key}: {said}  {took:.0f} s",
                  file=sys.stderr, flush=True)  # fmt: skip


def add_rests(chosen: list[Run], qemu: str, major: str) -> None:
    """Of the boot what is neither libfdt nor log, of a request what is no copy: figures that only
    QEMU 7.2's plugin gives."""
    for run in chosen:
        if run.key == limits.MAIN and run.figures and major == "7":
            gate.measure_boot(run, qemu)
        if run.devices and run.figures and major == "7":
            gate.measure_rests(run, qemu)


def prepare(chosen: list[Run]) -> list[Run]:
    """Makes what several runs boot; those that can be made here. Of the others it tells."""
    runs.WORK.mkdir(parents=True, exist_ok=True)
    able = []
    for run in chosen:
        why = runs.lacks(run)
        if why:
            print(f"  left out {run.key}: {why}", file=sys.stderr, flush=True)
        else:
            able.append(run)
    if not able:
        raise runs.Unfit("no machine is left to measure")
    return able


def held_machines(chosen: list[Run], held: dict[str, limits.Limit]) -> list[Run]:
    """Those of the chosen ones that have limits; ends with a sentence where none has."""
    keys = {limits.machine_of(name) for name in held}
    ours = [run for run in chosen if run.key in keys]
    if not ours:
        sys.exit(f"--check needs one of {', '.join(sorted(keys))}: leave --only out or name it.")
    return ours


def checked(ours: list[Run], qemu: str, held: dict[str, limits.Limit]) -> int:
    """The gate: 0, or 1 with a sentence for each figure over its limit."""
    over: set[str] = set()
    for run in ours:
        if run.failure:
            print(f"{run.key}: {run.failure}")
            over |= {name for name in held if limits.machine_of(name) == run.key}
            continue
        for one in gate.check(run, qemu, held):
            print(gate.sentence(one, run))
            over.add(one.name)
    measured = {run.key for run in ours}
    count = sum(limits.machine_of(name) in measured for name in held)
    print(f"{count - len(over)} of {count} operations are within their limits")
    return 1 if over else 0


def document_checked(chosen: list[Run], path: pathlib.Path) -> int:
    """0, or 1 with a sentence for each figure of the page that is not what was measured."""
    said = report.stale(chosen, path)
    for sentence in said:
        print(f"{path}: {sentence}")
    if said:
        print("Write the tables again: make bench OPTIONS=--document")
    return 1 if said else 0


def chart_of(args: argparse.Namespace, done: list[Run]) -> str:
    """The SVG, or nothing and a sentence why."""
    if args.no_chart or not any(run.key == "bulkhead-a57" and run.figures for run in done):
        return ""
    if importlib.util.find_spec("pygal") is None:
        print("no chart: pygal is missing (Debian's python3-pygal)")
        return ""
    import chart  # needs pygal

    return chart.draw(done)


def document(done: list[Run], svg: str, version: str) -> None:
    """Writes the page's tables and its chart: both or, where a figure is missing, neither."""
    lost = [run.key for run in RUNS if not any(run.key == one.key and one.figures for one in done)]
    lost += [f"{run.key} ({run.failure})" for run in done if run.failure and run.key not in lost]
    if not any("boot_rest" in run.figures for run in done):
        lost.append("boot_rest (QEMU 7.2 counts it)")
    if not svg:
        lost.append("the chart")
    if lost:
        raise runs.Unfit(f"--document changes nothing: there is none of {', '.join(lost)}")
    report.write_document(done, version)
    report.DOCUMENT.with_suffix(".svg").write_text(svg, encoding="utf-8")
    print(f"tables and chart: {report.DOCUMENT.relative_to(board.ROOT)}")


def publish(args: argparse.Namespace, chosen: list[Run], version: str) -> None:
    """Tables on the terminal, JSON, chart, and the document's section."""
    print(report.aligned(report.rows(chosen)))
    print("\n† measured elsewhere (tests/bench/elsewhere.txt)\n")
    if sum(run.key.startswith("bulkhead") for run in chosen) > 1:
        print(report.aligned(report.cpu_rows(chosen)) + "\n")
        print(report.aligned(report.gic_rows(chosen)) + "\n")
    if len(report.device_rows(chosen)) > 1:
        print(report.aligned(report.device_rows(chosen)) + "\n")
    if any(run.roles for run in chosen):
        print(report.aligned(report.shared_rows(chosen)) + "\n")
    for title, lines in report.histograms(chosen):
        print("\n  ".join([title, *lines]) + "\n")
    report.write_json(runs.WORK / "results.json", chosen, version)
    print("figures: build/bench/results.json")
    svg = chart_of(args, chosen)
    if args.document:
        document(chosen, svg, version)
    elif svg:
        path = runs.WORK / "results.svg"
        path.write_text(svg, encoding="utf-8")
        print(f"chart: {path.relative_to(board.ROOT)}")


def print_profile(run: Run, qemu: str, name: str) -> None:
    """Functions, most first; of the boot its parts too."""
    figure = run.figures.get(gate.RESTS.get(name, name))
    if run.failure:
        raise runs.Unfit(f"{run.key}: {run.failure}")
    if name not in gate.BOOT and (figure is None or figure.missing):
        why = figure.missing if figure else "the guest does not know it"
        raise runs.Unfit(f"--profile {name}: {run.key} has no figure of it: {why}")
    for function, count in gate.profile(run, qemu, name):
        print(f"{count:8.1f}  {function}")
    if name in gate.BOOT:
        for part, count in gate.boot_parts(*gate.boot_profile(run, qemu)).items():
            print(f"{count:8d}  ({part})")


def profiled(args: argparse.Namespace) -> list[Run]:
    """The one machine of --profile; ends with a sentence where it or the operation is unknown."""
    known = [*report.OPERATIONS, *report.SHARED]
    if args.profile not in known:
        sys.exit(f"--profile {args.profile}: no such operation; {', '.join(known)}.")
    chosen = [run for run in selected(args.only or limits.MAIN) if run.key.startswith("bulkhead")]
    if not chosen:
        sys.exit(f"--profile looks into Bulkhead: --only {args.only} names none of its machines.")
    return chosen[:1]


def main() -> int:
    args = arguments()
    qemu = args.qemu or os.environ.get("QEMU") or board.qemu_of_version(7) or board.qemu_binary()
    version, major = version_of(qemu)
    chosen = profiled(args) if args.profile else selected(args.only)
    if args.document and len(chosen) != len(RUNS):
        sys.exit("--document needs all machines: leave --only out.")
    try:
        held = limits.read(args.limits, major) if args.check else {}
        if args.check:
            chosen = held_machines(chosen, held)
        chosen = prepare(chosen)
        measure(chosen, qemu, args.jobs)
        if args.profile:
            print_profile(chosen[0], qemu, args.profile)
            return 0
        add_rests(chosen, qemu, major)
        if args.check:
            return checked(chosen, qemu, held)
        if args.check_document:
            return document_checked(chosen, args.check_document)
        publish(args, chosen, version)
    except runs.Unfit as error:
        sys.exit(f"bench: {error}")
    return 1 if any(run.failure for run in chosen) else 0


if __name__ == "__main__":
    sys.exit(main())
