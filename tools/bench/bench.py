#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Measures exit costs: one guest on bare QEMU, Bulkhead, Xen and KVM, instructions counted.

`make bench` calls it; what it runs is built before. docs/benchmarks.md explains the method.
"""
import argparse
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import time

import gate
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
        "--limits", type=pathlib.Path, default=gate.LIMITS, help="another file for --check"
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


def prepare(chosen: list[Run]) -> None:
    runs.WORK.mkdir(parents=True, exist_ok=True)
    if any(run.key.startswith("kvm") for run in chosen):
        runs.kvm_initrd()


def checked(chosen: list[Run], qemu: str, held: dict[str, gate.Limit]) -> int:
    """The gate: 0, or 1 with a sentence for each figure over its limit."""
    keys = {name.partition(" @ ")[2] or "bulkhead-a57" for name in held}
    ours = [run for run in chosen if run.key in keys]
    if not ours:
        sys.exit(f"--check needs one of {', '.join(sorted(keys))}: leave --only out or name it.")
    found = [(run, one) for run in ours for one in gate.check(run, qemu, held)]
    for run, one in found:
        print(gate.sentence(one, run))
    measured = {run.key for run in ours}
    count = sum((name.partition(" @ ")[2] or "bulkhead-a57") in measured for name in held)
    within = count - len({one.name for _, one in found})
    print(f"{within} of {count} operations are within their limits")
    return 1 if found else 0


def publish(args: argparse.Namespace, chosen: list[Run], version: str) -> None:
    """Tables on the terminal, JSON, chart, and the document's section."""
    print(report.aligned(report.rows(chosen)))
    print("\n† measured elsewhere (tests/bench/elsewhere.txt)\n")
    if sum(run.key.startswith("bulkhead") for run in chosen) > 1:
        print(report.aligned(report.cpu_rows(chosen)) + "\n")
        print(report.aligned(report.gic_rows(chosen)) + "\n")
    report.write_json(runs.WORK / "results.json", chosen, version)
    print("figures: build/bench/results.json")
    if args.no_chart or not any(run.key == "bulkhead-a57" and run.figures for run in chosen):
        return
    import chart  # needs pygal

    svg = report.DOCUMENT.with_suffix(".svg") if args.document else runs.WORK / "results.svg"
    chart.draw(chosen, svg)
    print(f"chart: {svg.relative_to(board.ROOT)}")
    if args.document:
        report.write_document(chosen, version)
        print(f"tables: {report.DOCUMENT.relative_to(board.ROOT)}")


def main() -> int:
    args = arguments()
    qemu = args.qemu or os.environ.get("QEMU") or board.qemu_of_version(7) or board.qemu_binary()
    version, major = version_of(qemu)
    chosen = selected(args.only or "bulkhead-a57") if args.profile else selected(args.only)
    if args.document and len(chosen) != len(RUNS):
        sys.exit("--document needs all machines: leave --only out.")
    try:
        prepare(chosen)
        measure(chosen, qemu, args.jobs)
        if args.profile:
            run = chosen[0]
            if args.profile not in run.figures:
                sys.exit(f"--profile {args.profile}: no such operation; {', '.join(run.figures)}.")
            for function, count in gate.profile(run, qemu, args.profile):
                print(f"{count:8.1f}  {function}")
            return 0
        if args.check:
            return checked(chosen, qemu, gate.limits(args.limits, major))
    except runs.Unfit as error:
        sys.exit(f"bench: {error}")
    publish(args, chosen, version)
    return 1 if any(run.failure for run in chosen) else 0


if __name__ == "__main__":
    sys.exit(main())
