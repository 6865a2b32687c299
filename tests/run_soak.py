#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The same tests with long counts: hours of them where `make test` has seconds.

What `make soak` calls. Each part prints its progress, and what came of it is kept in
build/soak/PART.json; `make soak-record` writes those into docs/soak.md. A tier has parts by a
function soak_parts() -> list[Part], named in SOURCES.
"""
import argparse
import concurrent.futures
import datetime
import fnmatch
import json
import os
import pathlib
import subprocess
import sys
import threading
import time
from collections.abc import Callable

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import run_diff  # noqa: E402  (beside this file)
import copies  # noqa: E402
import garbage  # noqa: E402
import hostile  # noqa: E402
import packets  # noqa: E402
import run_host  # noqa: E402
import sharing  # noqa: E402
import sockets  # noqa: E402
import verbs  # noqa: E402
from run_case import BUILD, ROOT  # noqa: E402
from soak import Part, Record, Run  # noqa: E402

SOURCES: list[Callable[[], list[Part]]] = [
    run_diff.soak_parts,
    run_host.soak_parts,
    hostile.soak_parts,
    garbage.soak_parts,
    sharing.soak_parts,
    verbs.soak_parts,
    sockets.soak_parts,
    packets.soak_parts,
    copies.soak_parts,
]

KEPT = BUILD / "soak"
DOCUMENT = ROOT / "docs" / "soak.md"
# Between two lines of a part that has much to tell.
TELL_SECONDS = 15.0

HEAD = """<!-- SPDX-License-Identifier: Apache-2.0 -->
# Soak runs

`make soak` runs tests with long counts; `make soak-record` writes this file from what it left in
`build/soak/`. A part keeps its row until it is recorded again.

| part | what was done | seed | took | found | version | date |
|---|---|---|---|---|---|---|
"""


class Teller:
    """Prints lines of several parts, of each not too often."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.last: dict[str, float] = {}

    def line(self, text: str) -> None:
        with self.lock:
            print(text, flush=True)

    def of(self, name: str) -> Callable[[str], None]:
        def tell(text: str) -> None:
            now = time.monotonic()
            if now - self.last.get(name, 0.0) >= TELL_SECONDS:
                self.last[name] = now
                self.line(f"     {name}: {text}")

        return tell


def version() -> str:
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or "no version"


def took(seconds: float) -> str:
    return f"{seconds / 60:.1f} min" if seconds >= 90 else f"{seconds:.0f} s"


def run_part(part: Part, run: Run, teller: Teller) -> Record:
    """One part; what came of it is written down."""
    teller.line(f"RUN  {part.name}: {part.says}, seed {run.seed}")
    started = time.monotonic()
    try:
        record = part.run(Run(run.seed, run.minutes, teller.of(part.name)))
    except OSError as error:
        record = Record("", [f"can't be run: {error}"])
    record.part, record.seed, record.version = part.name, run.seed, version()
    record.seconds = round(time.monotonic() - started, 1)
    record.date = datetime.date.today().isoformat()
    KEPT.mkdir(parents=True, exist_ok=True)
    path = KEPT / (part.name.replace("/", "-") + ".json")
    path.write_text(json.dumps(vars(record), indent=1) + "\n", encoding="utf-8")
    word = "FAIL" if record.failures else "PASS"
    teller.line(f"{word} {part.name}: {record.done}, {took(record.seconds)}")
    for line in record.failures:
        teller.line(f"     {line}")
    return record


def rows(document: pathlib.Path) -> dict[str, str]:
    """The rows that the document has, by part."""
    found = {}
    if document.exists():
        for line in document.read_text(encoding="utf-8").splitlines():
            name = line.split("|")[1].strip() if line.startswith("| ") else "part"
            if name != "part":
                found[name] = line
    return found


def write_document() -> int:
    """Rows of docs/soak.md from build/soak/*.json; other rows stay."""
    table = rows(DOCUMENT)
    records = sorted(KEPT.glob("*.json"))
    if not records:
        print("build/soak/ has no records: make soak")
        return 1
    for path in records:
        record = Record(**json.loads(path.read_text(encoding="utf-8")))
        found = f"{record.failures[0]}" if record.failures else "nothing"
        table[record.part] = (
            f"| {record.part} | {record.done} | {record.seed} | {took(record.seconds)} "
            f"| {found} | {record.version} | {record.date} |"
        )
    DOCUMENT.write_text(HEAD + "".join(table[name] + "\n" for name in sorted(table)), "utf-8")
    print(f"docs/soak.md has {len(table)} rows, {len(records)} of them from build/soak/")
    return 0


def selected(only: str) -> list[Part]:
    """The parts that ONLY= names, by tier, by name or as a pattern."""
    return [
        part
        for source in SOURCES
        for part in source()
        if not only or part.name.split("/")[0] == only or fnmatch.fnmatchcase(part.name, only)
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--only", default="", help="a tier (diff), a part (diff/v3) or a pattern")
    parser.add_argument("--minutes", type=float, help="for each part, in place of its own count")
    parser.add_argument("--seed", type=int, help="default: another one each time, printed")
    parser.add_argument("--jobs", type=int, default=min(os.cpu_count() or 1, 4))
    parser.add_argument("--list", action="store_true", help="the parts there are")
    parser.add_argument("--record", action="store_true", help="write docs/soak.md, run nothing")
    args = parser.parse_args()
    if args.record:
        return write_document()
    parts = selected(args.only)
    if args.list:
        for part in parts:
            print(f"{part.name:16} {part.says}")
        return 0
    if not parts:
        print(f"No part is called {args.only}; --list shows them.")
        return 1
    teller = Teller()
    seed = args.seed if args.seed is not None else int(time.time()) % 1000000
    with concurrent.futures.ThreadPoolExecutor(max_workers=args.jobs) as pool:
        run = Run(seed, args.minutes, teller.line)
        records = list(pool.map(lambda part: run_part(part, run, teller), parts))
    failed = sum(bool(record.failures) for record in records)
    print(f"{len(records) - failed} parts passed, {failed} failed, seed {seed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
