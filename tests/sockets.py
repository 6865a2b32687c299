# SPDX-License-Identifier: Apache-2.0
"""A hundred megabytes each way between two Linux VMs by sockets, for `make soak`.

What tests/system/test_vsock.py does with ten of them.
"""
import sys
import time

from run_case import BUILD, ROOT, Result
from run_host import build
from soak import Part, Record, Run

sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests" / "system")]
import configs  # noqa: E402
import console  # noqa: E402
import test_vsock  # noqa: E402

GOALS = ["all", "build/guest/Image", "build/guest/initrd.cpio.gz"]
NAME = "soak-vsock-streams"
MEGABYTES = 100
WAYS = (("alpha", "beta"), ("beta", "alpha"))


def _boot(text: str) -> console.Console:
    return console.start(
        NAME, kernel=BUILD / "bulkhead.img", initrd=configs.bundle(NAME, text)
    )


def _streams(how: Run) -> Record:
    built = Result("soak", NAME)
    if not build(GOALS, built):
        return Record("", [built.failures[0].sentence, *built.failures[0].details])
    started: list[console.Console] = []
    speeds: list[float] = []
    failures: list[str] = []

    def boot(text: str) -> console.Console:
        started.append(_boot(text))
        return started[0]

    limit = time.monotonic() + 60 * (how.minutes or 0)
    try:
        run = test_vsock.boot_two(boot)
        while not speeds or time.monotonic() < limit:
            for sender, receiver in WAYS:
                run.to_prompt(receiver)
                speeds.append(test_vsock.stream(run, sender, receiver, MEGABYTES))
                how.tell(f"{len(speeds)} streams, the last with {speeds[-1]:.0f} MB/s")
        run.check_forbidden()
    except AssertionError as error:
        failures.append(str(error))
    finally:
        for run in started:
            run.close()
    speed = sum(speeds) / max(len(speeds), 1)
    return Record(f"{len(speeds)} streams of {MEGABYTES} MiB, {speed:.0f} MB/s (mean)", failures)


def soak_parts() -> list[Part]:
    return [Part("vsock/streams", f"{MEGABYTES} MiB each way between two Linux", _streams)]
