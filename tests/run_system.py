# SPDX-License-Identifier: Apache-2.0
"""The system tier: pytest over tests/system/test_*.py, a process for each file."""
import argparse
import json
import os
import subprocess
import sys
import time

from run_case import LOGS, ROOT, SCALE, Case, Failure, Result
from run_host import build

FILE_SECONDS = 900 * SCALE


def _record(result: Result, report: dict) -> None:
    """One line that tests/system/conftest.py wrote."""
    name = report["name"]
    if report["outcome"] == "passed":
        result.passed += 1
    elif report["outcome"] == "skipped":
        result.skips.append(f"{name}: {report['reason']}")
    elif report["outcome"] == "known":
        result.known.append(f"{name}: {report['reason']}")
    else:
        result.failures.append(
            Failure(
                report["sentence"] or name,
                report["place"],
                report["details"],
                only=f"{result.name}::{name}",
            )
        )


def _system(stem: str, only: str):
    def body(result: Result) -> None:
        LOGS.mkdir(parents=True, exist_ok=True)
        result.log = LOGS / f"system-{stem}.log"
        reports = LOGS / f"system-{stem}.json"
        reports.unlink(missing_ok=True)
        argv = [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            "-q",
            f"tests/system/{stem}.py",
        ]
        if "::" in only:
            argv += ["-k", only.split("::")[1]]
        environment = {
            **os.environ,
            "BULKHEAD_REPORTS": str(reports),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        with result.log.open("wb") as log, subprocess.Popen(
            argv,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
        ) as pytest:
            try:
                status = pytest.wait(timeout=FILE_SECONDS)
            except subprocess.TimeoutExpired:
                pytest.terminate()
                status = pytest.wait()
                result.failures.append(Failure(f"not over after {FILE_SECONDS:.0f} s"))
        if reports.exists():
            for line in reports.read_text(encoding="utf-8").splitlines():
                _record(result, json.loads(line))
        result.output = result.log.read_text(encoding="utf-8", errors="replace")
        # 0 and 1 are pytest's words for "all ran"; all else is a broken file.
        if status not in (0, 1):
            result.failures.append(
                Failure(
                    f"pytest ended with status {status}", details=result.output.splitlines()[-10:]
                )
            )

    return body


def system_cases(args: argparse.Namespace) -> list[Case]:
    files = sorted((ROOT / "tests" / "system").glob("test_*.py"))

    # The longest of the last run first, so that none is left alone at the end.
    def age(path) -> float:
        log, reports = LOGS / f"system-{path.stem}.log", LOGS / f"system-{path.stem}.json"
        if not (log.exists() and reports.exists()):
            return time.time()
        return sum(
            json.loads(line)["seconds"] for line in reports.read_text(encoding="utf-8").splitlines()
        )

    files.sort(key=age, reverse=True)
    if args.only:
        files = [
            path for path in files if args.only.split("::")[0] in (path.stem, path.stem[5:])
        ] or files
    built = Result("system", "build")
    if files and not build(
        ["all", "guests", "build/guest/Image", "build/guest/initrd.cpio.gz"], built
    ):
        return [Case("system", "build", lambda into: into.failures.extend(built.failures))]
    return [Case("system", path.stem, _system(path.stem, args.only)) for path in files]
