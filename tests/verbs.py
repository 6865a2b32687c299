# SPDX-License-Identifier: Apache-2.0
"""Random operations on a VM by call, by the shell and by itself, all at once, on parallel CPUs.

tests/guest/verbs.c is in both VMs: one asks anything about the other, which turns its CPUs on and
off, resets and ends itself; meanwhile somebody types at the hypervisor's shell. Each answer is to
be one that is documented; at the end the VM can be started and runs. Used by the system tier (a few
thousand calls) and by `make soak`.
"""
import random
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from hostile import BUG, SHELL, image
from run_case import BUILD, ROOT, Result
from run_host import build
from soak import Part, Record, Run

sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests" / "system")]
import configs  # noqa: E402
import console  # noqa: E402

GOALS = ["hyp", "host", "build/guest/verbs.bin"]
CPUS = 4
SOAK_CALLS = 200_000
DONE = re.compile(r"^boss[|] verbs: (\d+) calls, (\d+) strange, (\d+) never done$", re.M)
END = re.compile(r"^boss[|] verbs: the end: state (\d+), (\d+) faults$", re.M)
LIFE = re.compile(r"^toy[|] toy: a life$", re.M)
RUNNING = 2
VERBS = ("start", "start", "resume", "resume", "stop", "restart", "pause", "kill")

# Where the two VMs are: on CPUs of their own, or one of each on the same.
VARIANTS = {"apart": [1, 2], "shared": [0, 1]}


@dataclass
class Outcome:
    """What came of a run."""

    calls: int = 0
    typed: int = 0
    lives: int = 0
    failures: list[str] = field(default_factory=list)

    def said(self) -> str:
        return f"{self.calls} calls, {self.typed} lines typed, {self.lives} lives"


def config(name: str, cpus: list[int], seed: int, calls: int) -> str:
    boss = configs.vm(
        "boss", kernel="verbs_image", initrd=None, memory="64M", cpus=[0],
        extra="manages = <&toy>;",
    )
    toy = configs.vm(
        "toy", kernel="verbs_image", initrd=None, memory="64M", vcpus=2, cpus=cpus,
    )
    return configs.config(boss, toy, images=image(name, "verbs", b"VERBPARM", seed, calls))


def command(rng: random.Random) -> str:
    verb = f"vm {rng.choice(VERBS)} toy"
    return rng.choice([
        verb,
        verb,
        f"vm affinity toy {rng.randrange(2)} {rng.randrange(CPUS)}",
        f"vm priority toy {rng.randrange(256)}",
        f"stat toy {rng.choice(['idle', 'time'])} {rng.choice(['on', 'off'])}",
        f"regs toy {rng.randrange(2)}",
        "stat toy",
        "vm",
        "sched",
    ])


def _type(run: console.Console, out: Outcome, rng: random.Random, limit: float,
          tell: Callable[[str], None]) -> None:
    """Until the one who asks has done so."""
    while not DONE.search(run.text):
        if time.monotonic() > limit:
            raise AssertionError("the calls did not end in time")
        run.run(command(rng), "^bulkhead> ", 60)
        out.typed += 1
        out.lives = len(LIFE.findall(run.text))
        tell(out.said())


def _end(run: console.Console, out: Outcome) -> None:
    """What was started last runs, and all is as granted."""
    calls, strange, never = (int(word) for word in DONE.search(run.text).groups())
    out.calls = calls
    if strange or never:
        out.failures.append(f"{strange} strange answers, {never} calls never carried out")
    run.expect("^bulkhead: toy starts, ", 60)
    run.expect_each(END.pattern, LIFE.pattern)
    found = END.search(run.text)
    if (int(found[1]), int(found[2])) != (RUNNING, 0):
        out.failures.append(found[0])
    out.lives = len(LIFE.findall(run.text))
    out.failures += sorted(set(BUG.findall(run.text)))
    run.line("audit")
    if "FAILED" in run.expect("^bulkhead: isolation audit.*", 30)[0]:
        out.failures.append("the audit fails")


def play(name: str, key: str, seed: int, calls: int, *, seconds: float = 7200.0,
         tell: Callable[[str], None] = lambda text: None) -> Outcome:
    """One run of so many calls."""
    out = Outcome()
    run = console.start(
        name,
        machine="virt-gicv3",
        kernel=BUILD / "bulkhead.img",
        initrd=configs.bundle(name, config(name, VARIANTS[key], seed, calls)),
        cpus=CPUS,
        memory=1024,
    )
    try:
        run.expect(LIFE.pattern, 60)
        run.focus(SHELL)
        run.expect("^bulkhead> ")
        _type(run, out, random.Random(seed), time.monotonic() + seconds, tell)
        _end(run, out)
    except AssertionError as error:
        out.failures.append(str(error))
    finally:
        run.close()
    return out


def _soak(key: str) -> Callable[[Run], Record]:
    def body(how: Run) -> Record:
        built = Result("soak", f"verbs-{key}")
        if not build(GOALS, built):
            return Record("", [built.failures[0].sentence, *built.failures[0].details])
        # four hundred a second
        calls = SOAK_CALLS if how.minutes is None else int(how.minutes * 60 * 400)
        outcome = play(f"soak-verbs-{key}", key, how.seed, calls, tell=how.tell)
        return Record(outcome.said(), outcome.failures)

    return body


def soak_parts() -> list[Part]:
    return [
        Part(f"verbs/{key}", f"verbs by call, shell and PSCI, {key}: {SOAK_CALLS} calls",
             _soak(key))
        for key in VARIANTS
    ]
