# SPDX-License-Identifier: Apache-2.0
"""A guest that leaves garbage behind and ends, again and again, beside one that must not notice.

tests/guest/garbage.c finds in each life what its VM was like after reset, fills all it can reach
and ends by reset, power-off, crash or watchdog; tests/guest/victim.c looks after its memory,
registers and timer. Used by the system tier (a few lives) and by `make soak`.
"""
import random
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from run_case import BUILD, ROOT, Result
from run_host import build
from soak import Part, Record, Run

sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests" / "system")]
import configs  # noqa: E402
import console  # noqa: E402
from hostile import (  # noqa: E402
    BOUND_NS,
    BUG,
    ICOUNT,
    NETWORK,
    SHELL,
    TICKS,
    VIRTIO,
    image,
    toy_disk,
)

GOALS = [
    "hyp", "host", "build/guest/garbage.bin", "build/guest/tick.bin", "build/guest/victim.bin",
]  # fmt: skip
SOAK_LIVES = 1001  # each but the first is a restart
VERB_SECONDS = 0.1  # between two of them, at most
SILENCE = 60.0  # seconds without a word of either VM

LIFE = re.compile(r"^garbage[|] garbage: life (\d+)$", re.M)
ENDS = {
    "reset": r"^bulkhead: garbage: reset by itself, starts again",
    "off": r"^bulkhead: garbage: powered off by itself, starts again",
    "crash": r"^bulkhead: garbage: crashed, starts again",
    "watchdog": r"^bulkhead: garbage: its watchdog ran out, starts again",
}
DEVICES = """devices {
uart { compatible = "bulkhead,pl011"; };
rtc { compatible = "bulkhead,pl031"; };
dog { compatible = "bulkhead,sp805"; };
};"""
PLAIN = 'devices { uart { compatible = "bulkhead,pl011"; }; };'


@dataclass(frozen=True)
class Variant:
    """A board, and what the VM is given on it."""

    says: str
    machine: str = "virt-gicv3"
    extra: str = "its; mbi; lpi-count = <1024>;"
    virtio: tuple[str, ...] = ()
    # Another party than the guest: verbs at random from the shell.
    verbs: bool = False
    # On CPUs that run side by side, where what the two do comes at once. Else on one CPU, where
    # instructions are counted, and lateness has a bound.
    parallel: bool = False


VARIANTS = {
    "v3": Variant("GICv3 and ITS"),
    "v2": Variant("GICv2", "virt-gicv2", "gicv2m;"),
    "v2on3": Variant("GICv2 by software", extra='gic = "v2"; gicv2m;'),
    # its serial port alone has its name
    "virtio": Variant("GICv3 and ITS, virtio devices", virtio=VIRTIO[1:]),
    "verbs": Variant("GICv3 and ITS, and the shell's verbs", verbs=True, parallel=True),
    "verbs-v2": Variant(
        "GICv2, and the shell's verbs", "virt-gicv2", "gicv2m;", verbs=True, parallel=True,
    ),
    "verbs-one": Variant("GICv3 and ITS, one CPU, and the shell's verbs", verbs=True),
    "verbs-one-v2": Variant(
        "GICv2, one CPU, and the shell's verbs", "virt-gicv2", "gicv2m;", verbs=True,
    ),
}  # fmt: skip
VERBS = ("start", "start", "start", "stop", "kill", "restart", "pause", "resume", "resume")


@dataclass
class Outcome:
    """What came of a run."""

    lives: int = 0
    verbs: int = 0
    ends: dict[str, int] = field(default_factory=dict)
    ticks: int = 0
    worst: int = 0
    failures: list[str] = field(default_factory=list)

    def said(self, bound: bool) -> str:
        ends = ", ".join(f"{count} by {what}" for what, count in self.ends.items())
        verbs = f", {self.verbs} verbs" if self.verbs else ""
        worst = f", worst {self.worst} ns late" if bound else ""
        return (
            f"{self.lives} lives (of those told of: {ends}){verbs}; "
            f"victim: {self.ticks} ticks{worst}"
        )


def config(name: str, variant: Variant, seed: int) -> str:
    """On one CPU what is measured is the hypervisor's; the victim has priority there."""
    garbage = configs.vm(
        "garbage",
        vcpus=2,
        cpus=[1, 2] if variant.parallel else [0, 0],
        kernel="garbage_image",
        initrd=None,
        memory="64M",
        devices=DEVICES.removesuffix("};")
        + "".join(f"virtio{i} {{ {node} }};" for i, node in enumerate(variant.virtio))
        + "};",
        extra=f'{variant.extra} start = "manual"; restart = "always"; restart-limit = <0>; '
        "vcpu-slice-us = <300>;",
    )
    victim = configs.vm(
        "victim",
        cpus=[0],
        kernel="victim_image",
        initrd=None,
        memory="64M",
        devices=PLAIN,
        extra="vcpu-priority = <200>;",
    )
    images = image(name, "garbage", b"GARBPARM", seed, len(variant.virtio))
    images += image(name, "victim", b"VICTPARM", 200, 20, 0, 0, 0, 0)
    if not variant.virtio:
        return configs.config(victim, garbage, images=images)
    return configs.config(victim, garbage, images=images + toy_disk(), extra=NETWORK)


class Session:
    """One run."""

    def __init__(self, name: str, variant: Variant, seed: int) -> None:
        self.outcome = Outcome()
        self.variant = variant
        self.random = random.Random(seed)
        text = config(name, variant, seed)
        self.board = console.start(
            name,
            machine=variant.machine,
            kernel=BUILD / "bulkhead.img",
            initrd=configs.bundle(name, text),
            cpus=3 if variant.parallel else 1,
            memory=1024,
            extra=() if variant.parallel else ICOUNT,
        )
        self.seen = 0
        self.heard = time.monotonic()

    def fail(self, sentence: str) -> None:
        if sentence not in self.outcome.failures:
            self.outcome.failures.append(sentence)

    def look(self) -> None:
        """Takes in the whole lines that have come."""
        out = self.outcome
        end = self.board.text.rfind("\n") + 1
        text, self.seen = self.board.text[self.seen : end], end
        for match in LIFE.finditer(text):
            # one that was ended from outside may have been too short to say so
            if int(match[1]) != out.lives + 1 and not self.variant.verbs:
                self.fail(f"life {match[1]} came after life {out.lives}")
            out.lives = int(match[1])
            self.heard = time.monotonic()
        for what, pattern in ENDS.items():
            out.ends[what] = out.ends.get(what, 0) + len(re.findall(pattern, text, re.M))
        for match in TICKS.finditer(text):
            ticks, early, lost, _, worst, wrong, _, _ = (int(word) for word in match.groups())
            # not what the shell's answers before the first life cost
            out.ticks, out.worst = ticks, max(out.worst, worst * (out.lives > 0))
            for count, fault in ((early, "early ticks"), (lost, "lost ticks"), (wrong, "errors")):
                if count:
                    self.fail(f"the victim saw {count} {fault}")
        for match in BUG.finditer(text):
            self.fail(match[0])
        if console.FORBIDDEN.search(text):
            self.fail("\n".join(text.split("\n")[-40:]))
        if time.monotonic() - self.heard > SILENCE * console.SCALE:
            self.fail(f"no new life within {SILENCE:.0f} s")

    def tables(self) -> dict[str, str]:
        """Pages, interrupts, and who has which memory; both VMs are silent."""
        answers = {what: self.board.run(what, "bulkhead> ", 60) for what in ("vm", "irq", "mem")}
        # what the board took goes up; how what a VM has stands doesn't
        answers["irq"] = re.sub("^board .*\n", "", answers["irq"], flags=re.M)
        counts = r"^(?:EL2 pages: |garbage: \d+ interrupts ).*"
        answers["vm"] = "\n".join(re.findall(counts, answers["vm"], re.M))
        return answers

    def be_silent(self) -> None:
        """The victim is paused: nothing comes between the shell's lines."""
        self.board.line("vm pause victim")
        # a line that has come in pieces, and whatever the victim still said
        self.board.expect("vm pause victim.*\n")
        while not re.search("^victim +paused", self.board.run("vm", "bulkhead> "), re.M):
            pass

    def run(self, lives: int, seconds: float, tell: Callable[[str], None]) -> None:
        self.board.expect("victim: ready", 60)
        for _ in range(4):
            self.board.switch()
            if self.board.expect(r"the keys now go to (.*?)  ")[1] == SHELL:
                break
            self.board.send(" ")
        self.be_silent()
        before = self.tables()
        self.board.run("vm resume victim", "bulkhead> ")
        self.board.line("vm start garbage")
        self.heard = started = following = time.monotonic()
        while not self.outcome.failures and self.outcome.lives < lives:
            if time.monotonic() - started > seconds:
                break
            if not self.board._read(0.2):
                self.fail("QEMU ended")
            self.look()
            if self.variant.verbs and time.monotonic() > following:
                following = time.monotonic() + self.random.random() * VERB_SECONDS
                self.board.line(f"vm {self.random.choice(VERBS)} garbage")
                self.outcome.verbs += 1
            tell(self.outcome.said(not self.variant.parallel))
        self.board.position = len(self.board.text)
        if self.outcome.failures:
            return
        self.board.expect("^bulkhead> $")
        self.board.line("vm kill garbage")
        self.be_silent()
        while not re.search("^garbage +stopped", self.board.run("vm", "bulkhead> "), re.M):
            pass
        self.compare(before, self.tables())

    def compare(self, before: dict[str, str], after: dict[str, str]) -> None:
        for what, table in before.items():
            if after[what] != table:
                self.fail(f"{what} before:\n{table}\nand after:\n{after[what]}")
        self.board.line("audit")
        if "FAILED" in self.board.expect("^bulkhead: isolation audit.*", 30)[0]:
            self.fail("the audit fails")
        if self.outcome.worst > BOUND_NS and not self.variant.parallel:
            self.fail(f"the victim had a tick {self.outcome.worst} ns late, {BOUND_NS} at most")


def play(
    name: str,
    variant: Variant,
    seed: int,
    lives: int,
    *,
    seconds: float = 7200.0,
    tell: Callable[[str], None] = lambda text: None,
) -> Outcome:
    """One run until so many lives were begun, or time is over."""
    session = Session(name, variant, seed)
    try:
        session.run(lives, seconds, tell)
    except AssertionError as error:
        session.fail(str(error))
    finally:
        session.board.close()
    return session.outcome


def _soak(key: str) -> Callable[[Run], Record]:
    def body(how: Run) -> Record:
        built = Result("soak", f"garbage-{key}")
        if not build(GOALS, built):
            return Record("", [built.failures[0].sentence, *built.failures[0].details])
        seconds = how.minutes * 60 if how.minutes else 7200.0
        lives = SOAK_LIVES if how.minutes is None else 1 << 60
        outcome = play(
            f"soak-garbage-{key}", VARIANTS[key], how.seed, lives, seconds=seconds, tell=how.tell
        )
        return Record(outcome.said(not VARIANTS[key].parallel), outcome.failures)

    return body


def soak_parts() -> list[Part]:
    return [
        Part(f"garbage/{key}", f"{variant.says}: {SOAK_LIVES - 1} restarts", _soak(key))
        for key, variant in VARIANTS.items()
    ]
