# SPDX-License-Identifier: Apache-2.0
"""One case of a tier, what came of it, and how it is printed."""
import os
import pathlib
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
LOGS = BUILD / "log"
# A test's limits only end what hangs; TEST_TIME_SCALE=3 makes all of them three times as long, for
# slow machines, and for those where nobody waits.
SCALE = float(os.environ.get("TEST_TIME_SCALE", "1"))


@dataclass
class Failure:
    """What went wrong: the test's sentence, the place, and lines that explain."""

    sentence: str
    place: str = ""
    details: list[str] = field(default_factory=list)
    only: str = ""  # how to rerun it alone, where not by the case's name


@dataclass
class Result:
    """What came of a case: counts of its single tests, failures, skips with what is missing."""

    tier: str
    name: str
    passed: int = 0
    failures: list[Failure] = field(default_factory=list)
    skips: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    seconds: float = 0.0
    log: pathlib.Path | None = None
    output: str = ""


@dataclass
class Case:
    """A case and the function that fills in its result."""

    tier: str
    name: str
    body: Callable[[Result], None]

    def run(self) -> Result:
        result = Result(self.tier, self.name)
        started = time.monotonic()
        try:
            self.body(result)
        except OSError as error:
            result.failures.append(Failure(f"can't be run: {error}"))
        result.seconds = time.monotonic() - started
        if not (result.passed or result.failures or result.skips or result.known):
            result.failures.append(Failure("ran and told nothing: no test in it"))
        return result


class Tally:
    """Counts of single tests."""

    def __init__(self) -> None:
        self.passed = self.failed = self.skipped = self.cases = 0

    def add(self, result: Result) -> None:
        self.cases += 1
        self.passed += result.passed + len(result.known)
        self.failed += len(result.failures)
        self.skipped += len(result.skips)

    def merge(self, other: "Tally") -> None:
        self.cases += other.cases
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped


class Printer:
    """A line for each case, a block for each failure; colour only on a terminal."""

    def __init__(self, verbose: bool) -> None:
        self.verbose = verbose
        self.colour = sys.stdout.isatty()

    def paint(self, word: str, code: int) -> str:
        return f"\033[{code}m{word}\033[0m" if self.colour else word

    def result(self, result: Result) -> None:
        word = self.paint("PASS", 32)
        if result.failures:
            word = self.paint("FAIL", 31)
        elif result.skips and not result.passed:
            word = self.paint("SKIP", 33)
        tests = result.passed + len(result.failures) + len(result.known)
        unit = "findings" if result.tier == "lint" else "tests"
        count = f", {tests} {unit}" if tests > 1 else ""
        print(f"{word} {result.tier} {result.name}{count}  {result.seconds:.1f} s")
        if self.verbose and result.output:
            print(result.output.rstrip("\n"))
        if result.tier == "lint":
            self.findings(result)
        else:
            for failure in result.failures:
                self.failure(result, failure)
        for reason in result.skips:
            print(f"     skipped: {reason}")
        for reason in result.known:
            print(f"     known gap: {reason}")
        sys.stdout.flush()

    def findings(self, result: Result) -> None:
        """Lint's failures, as lines that an editor can jump to."""
        for failure in result.failures:
            print(": ".join(part for part in (failure.place, failure.sentence) if part))
            for line in failure.details:
                print(f"     {line}")
        if result.failures:
            print(f"     rerun: make lint ONLY={result.name}")

    def failure(self, result: Result, failure: Failure) -> None:
        word = self.paint("FAIL", 31)
        print(f"{word} {result.name}: {failure.sentence}  {failure.place}".rstrip())
        for line in failure.details:
            print(f"     {line}")
        if result.log is not None:
            print(f"     log: {result.log.relative_to(ROOT)}")
        if result.tier == "build":
            print("     rerun: make")
        else:
            print(
                f"     rerun: make test-{result.tier} "
                f"ONLY={failure.only or result.name.split('/')[0]} V=1"
            )


def command(argv: list[str], result: Result, timeout: float = 300, **kwargs) -> int:
    """Runs a program, its output kept in result and log; its exit status, 124 on timeout."""
    LOGS.mkdir(parents=True, exist_ok=True)
    result.log = LOGS / f"{result.tier}-{result.name.replace('/', '-')}.log"
    try:
        done = subprocess.run(
            argv,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout * SCALE,
            check=False,
            **kwargs,
        )
        output, status = done.stdout, done.returncode
    except subprocess.TimeoutExpired as error:
        output, status = error.stdout or b"", 124
    result.output = output.decode(errors="replace")
    result.log.write_text(result.output, encoding="utf-8")
    return status
