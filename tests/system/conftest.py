# SPDX-License-Identifier: Apache-2.0
"""pytest's set-up for the system tier: the `boot` fixture, and reports for tests/run_tests.py."""
import json
import os
import pathlib
import re
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests"), str(ROOT / "tests" / "system")]

import configs  # noqa: E402
import console  # noqa: E402
import machine as board  # noqa: E402

DETAILS_MAX = 20


@pytest.fixture
def boot(request):
    """boot(text, machine=..., cpus=..., ...) boots a config's text and returns its Console.

    boot(bundle=path) boots a bundle, boot() the image alone. All QEMUs end with the test; a Linux
    that stalls fails it, and a panic unless `allow_panic=True`.
    """
    started: list[tuple[console.Console, bool]] = []

    def start(
        text: str | None = None,
        *,
        bundle=None,
        image=None,
        no_kernel: bool = False,
        allow_panic: bool = False,
        **options,
    ):
        name = re.sub(r"\W+", "-", request.node.name).strip("-") + (
            f"-{len(started)}" if started else ""
        )
        name = f"{request.node.path.stem}-{name}"
        if text is not None:
            bundle = configs.bundle(name, text)
        running = console.start(
            name,
            kernel=None if no_kernel else image or board.BUILD / "bulkhead.img",
            initrd=bundle,
            **options,
        )
        started.append((running, allow_panic))
        return running

    yield start
    for running, _ in started:
        running.close()
    for running, allow_panic in started:
        running.check_stalled()
        if not allow_panic:
            running.check_forbidden()


@pytest.fixture
def qemu10():
    """QEMU 10's path; the test is skipped, naming it, where there is none."""
    path = board.qemu_of_version(10)
    if path is None:
        pytest.skip("QEMU 10 is missing: make fetch")
    return path


@pytest.fixture
def qemu7():
    """QEMU 7.2's path; the test is skipped, naming it, where there is none."""
    path = board.qemu_of_version(7)
    if path is None:
        pytest.skip("QEMU 7.2 is missing: make fetch")
    return path


def sentence(nodeid: str) -> str:
    """A test's name read as words."""
    return nodeid.split("::")[-1].removeprefix("test_").replace("_", " ")


@pytest.hookimpl(trylast=True)
def pytest_runtest_logreport(report) -> None:
    """One JSON line for each test that ends, for the runner."""
    path = os.environ.get("BULKHEAD_REPORTS")
    if path is None or (report.when != "call" and report.outcome == "passed"):
        return
    entry = {
        "name": report.nodeid.split("::")[-1],
        "outcome": report.outcome,
        "seconds": report.duration,
        "sentence": sentence(report.nodeid),
        "place": "",
        "details": [],
        "reason": "",
    }
    if hasattr(report, "wasxfail"):
        entry["outcome"] = "known" if report.outcome == "skipped" else "failed"
        entry["reason"] = report.wasxfail
    elif report.outcome == "skipped":
        entry["reason"] = str(report.longrepr[2]).removeprefix("Skipped: ")
    elif report.outcome == "failed":
        crash = getattr(report.longrepr, "reprcrash", None)
        message = crash.message if crash else str(report.longrepr)
        entry["details"] = message.removeprefix("AssertionError: ").split("\n")[:DETAILS_MAX]
        file, line = report.location[0], report.location[1] + 1
        entries = getattr(getattr(report.longrepr, "reprtraceback", None), "reprentries", [])
        for trace in entries:
            where = getattr(trace, "reprfileloc", None)
            if where is not None and where.path.endswith(os.path.basename(file)):
                line = where.lineno
        entry["place"] = f"{file}:{line}"
        if report.when != "call":
            entry["sentence"] += f" ({report.when})"
    with open(path, "a", encoding="utf-8") as out:
        out.write(json.dumps(entry) + "\n")
