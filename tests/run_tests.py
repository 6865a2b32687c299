#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the tests by tier, prints a line for each case, ends in one line with the counts.

What `make test`, `make lint` and `make test-TIER` call. CI=true in the environment: a skip fails.
"""
import argparse
import concurrent.futures
import fnmatch
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import run_diff  # noqa: E402  (beside this file)
import run_guest  # noqa: E402
import run_host  # noqa: E402
import run_system  # noqa: E402
from run_case import Case, Printer, Tally  # noqa: E402

# In the order they run: what is quick and says most comes first.
TIERS = {
    "build": run_host.build_cases,
    "lint": run_host.lint_cases,
    "unit": run_host.unit_cases,
    "guest": run_guest.guest_cases,
    "diff": run_diff.diff_cases,
    "system": run_system.system_cases,
    "fuzz": run_host.fuzz_cases,
}


def selected(cases: list[Case], only: str) -> list[Case]:
    """The cases that ONLY= names: exactly, as a pattern, or as FILE::TEST of the system tier."""
    if not only:
        return cases
    name = only.split("::")[0]
    return [
        case
        for case in cases
        if fnmatch.fnmatchcase(case.name, only)
        or case.name in (name, "test_" + name)
        or case.name.split("/")[0] == name
        or case.name == "build"
    ]


def run_tier(cases: list[Case], jobs: int, printer: Printer) -> Tally:
    """Runs the cases, at most `jobs` at a time; prints each as it ends."""
    tally = Tally()
    with concurrent.futures.ThreadPoolExecutor(max_workers=jobs) as pool:
        running = [pool.submit(case.run) for case in cases]
        for future in concurrent.futures.as_completed(running):
            tally.add(future.result())
            printer.result(future.result())
    return tally


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tiers", nargs="*", help=f"of: {' '.join(TIERS)}; default: all")
    parser.add_argument("--only", default="", help="run just this case of the tiers (a pattern)")
    parser.add_argument("--verbose", action="store_true", help="show the cases' own output")
    parser.add_argument(
        "--jobs",
        type=int,
        default=min(os.cpu_count() or 1, 4),
        help="cases at a time; default: one per processor, 4 at most",
    )
    args = parser.parse_args()
    unknown = [tier for tier in args.tiers if tier not in TIERS]
    if unknown:
        parser.error(f"no tier {unknown[0]}; there are {', '.join(TIERS)}")

    printer = Printer(args.verbose)
    total = Tally()
    for tier in args.tiers or TIERS:
        cases = selected(TIERS[tier](args), args.only)
        # Builds and lint share the processors themselves.
        jobs = 1 if tier == "build" else args.jobs
        total.merge(run_tier(cases, jobs, printer))
    if args.only and not total.cases:
        print(f"No case of {', '.join(args.tiers or TIERS)} is called {args.only}.")
        total.failed += 1
    failed = total.failed
    if os.environ.get("CI") == "true" and total.skipped:
        print("CI=true: a skipped test is a failure.")
        failed += total.skipped
        total.skipped = 0
    print(f"{total.passed} passed, {failed} failed, {total.skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
