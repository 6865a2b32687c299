# SPDX-License-Identifier: Apache-2.0
"""A guest that does all it can to its hypervisor, beside one that must not notice.

tests/guest/wild.c fires accesses, register numbers, calls, page tables, jumps and interrupt
controller programming by a seed; tests/guest/victim.c looks after its memory, its registers and
its timer; meanwhile somebody types at the hypervisor's shell. Used by the system tier (a fraction)
and by `make soak`.
"""
import random
import re
import struct
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
import machine as board  # noqa: E402

ICOUNT = ["-icount", "shift=0,sleep=off", "-seed", "1", "-rtc", "base=2024-01-01,clock=vm"]
SHELL = "the hypervisor's shell"
GOALS = ["hyp", "host", *(f"build/guest/{name}.bin" for name in ("wild", "victim", "tick"))]
# Instructions, where they are counted: how late a tick of the victim may be. docs/scheduling.md
# says what it is made of; docs/soak.md has the worst.
BOUND_NS = 1_500
# And how late a window of its begins, where it waits for that.
START_BOUND_NS = 2_000
SOAK_TRAPS = 1_000_000
LEAP = 100_000  # traps, or lives, from one line of the hostile VM's to the next: it is no count
SILENCE = 180.0  # seconds without a word of the victim: it does not run any more
STUCK = 8.0  # seconds without progress of the hostile VM: somebody restarts it
REVIVAL = 60.0  # seconds for it to run again
ECHO = 120.0  # seconds for the next line of the shell's answer
# Lines about one VM in a second: ten about faults, ten about lives.
LINES_A_SECOND = 20

# With the name of the console: what `log` tells again has none.
TRAPS = re.compile(r"^wild[|] wild: (\d+) traps, (\d+) operations, life (\d+)$", re.M)
TICKS = re.compile(
    r"^victim[|] victim: (\d+) ticks, (\d+) early, (\d+) lost, worst (\d+) ns of late (\d+), "
    r"(\d+) wrong, (\d+) KiB, at (\d+) us$",
    re.M,
)
BEST = re.compile(r"^victim[|] victim: best (\d+) ns$", re.M)
STARTS = re.compile(r"^victim[|] victim: (\d+) windows, worst start (\d+) ns$", re.M)
COMPLAINT = re.compile(r"^bulkhead: wild.*$", re.M)
BUG = re.compile(r"BUG:.*$", re.M)

DEVICES = """devices {{
uart {{ compatible = "bulkhead,pl011"; }};
rtc {{ compatible = "bulkhead,pl031"; }};
dog {{ compatible = "bulkhead,sp805"; }};
{mine}: bell {{ compatible = "bulkhead,doorbell"; peer = <&{other}>; }};
}};"""


# One of each kind, and a port that sees the other.
VIRTIO = (
    'compatible = "bulkhead,virtio-console";',
    'compatible = "bulkhead,virtio-blk"; ram-size = <0x0 0x200000>;',
    'compatible = "bulkhead,virtio-blk"; image = <&toy_disk>; overlay-size = <0x0 0x1000>;',
    'compatible = "bulkhead,virtio-net"; network = <&lan>; mtu = <9000>;',
    'compatible = "bulkhead,virtio-net"; network = <&lan>;',
    'compatible = "bulkhead,virtio-rng";',
    'compatible = "bulkhead,virtio-vsock"; guest-cid = <3>;',
    'compatible = "bulkhead,virtio-balloon";',
)
NETWORK = "networks { lan: lan { }; };"
PORT = 'compatible = "bulkhead,virtio-net"; network = <&lan>;'
# RAM that is in one piece, as no VM's with a balloon is: steps are short then.
PORTS = (PORT, PORT + " mtu = <9000>;", PORT, PORT + " rate-kbps = <100000>;")
CROWD = 30  # ports of a VM that is not started


@dataclass(frozen=True)
class Variant:
    """A board, and how the two VMs share it."""

    says: str
    machine: str = "virt-gicv3"
    cpu: str | None = None
    cpus: int = 3
    wild_cpus: tuple[int, ...] = (1, 2, 1, 2)
    wild: str = "its; mbi; lpi-count = <1024>;"
    victim: str = ""
    extra: str = ""  # of the config's root
    physical: bool = False  # the victim's timer
    frame_us: int = 0
    window_us: int = 0
    counted: bool = True  # instructions
    bound: bool = False  # lateness has one
    qemu: int | None = None
    virtio: tuple[str, ...] = ()  # devices of the hostile one
    crowds: int = 0  # VMs that have ports, and are not started


# Where instructions are counted an emulator runs CPUs in turns, so another CPU's turn may come
# between a tick and its taker: only on a board of one CPU is what is measured the hypervisor's.
ONE = {"cpus": 1, "wild_cpus": (0, 0, 0, 0), "bound": True}
FIRST = {"victim": "vcpu-priority = <200>;"}
V2 = {"machine": "virt-gicv2", "wild": "gicv2m;"}
SHARED = {"cpus": 2, "wild_cpus": (0, 1, 0, 1)}
VARIANTS = {
    "own": Variant("GICv3 and ITS, the victim on its own CPU"),
    "priority": Variant("GICv3 and ITS, one CPU, the victim has priority", **ONE, **FIRST),
    "physical": Variant(
        "GICv3 and ITS, one CPU, the victim has priority, and the physical timer",
        physical=True, **ONE, **FIRST,
    ),
    "budget": Variant(
        "GICv3 and ITS, one CPU, the victim has a budget",
        **ONE,
        victim="vcpu-budget-us = <2000>; vcpu-period-us = <4000>;",
    ),
    "window": Variant(
        "GICv3 and ITS, one CPU, the victim has a window",
        **ONE,
        # the hostile one has the CPU until the victim's window begins
        extra="schedule { one { cpu = <0>; window-us = <2000 300 2700>; "
        "window-vms = <&victim &toy &wild>; }; };",
        frame_us=5000,
        window_us=2000,
    ),
    "shared": Variant("GICv3 and ITS, two CPUs, both shared", **SHARED, **FIRST),
    "v2": Variant("GICv2, the victim on its own CPU", **V2),
    "v2-priority": Variant("GICv2, one CPU, the victim has priority", **V2, **ONE, **FIRST),
    "v2on3": Variant(
        "GICv2 by software, one CPU, the victim has priority",
        wild='gic = "v2"; gicv2m;',
        **ONE,
        **FIRST,
    ),
    "max": Variant(
        "the newest CPU, QEMU 10", machine="virt-max", qemu=10, **ONE, **FIRST,
    ),
    "virtio": Variant(
        "virtio devices of each kind, one CPU, the victim has priority",
        extra=NETWORK, virtio=VIRTIO, **ONE, **FIRST,
    ),
    "virtio-v2": Variant(
        "virtio devices, GICv2, one CPU, the victim has priority",
        extra=NETWORK, virtio=VIRTIO, **V2, **ONE, **FIRST,
    ),
    "network": Variant(
        "four of 64 ports of a network, one CPU, the victim has priority",
        extra=NETWORK, virtio=PORTS, crowds=2, **ONE, **FIRST,
    ),
    "parallel": Variant("GICv3 and ITS, a thread for each CPU", counted=False),
    "parallel-virtio": Variant(
        "virtio devices of each kind, a thread for each CPU",
        counted=False, extra=NETWORK, virtio=VIRTIO,
    ),
    "parallel-shared": Variant(
        "GICv3 and ITS, a thread for each CPU, both shared", counted=False, **SHARED, **FIRST,
    ),
    "parallel-v2": Variant("GICv2, a thread for each CPU", counted=False, **V2),
}  # fmt: skip


@dataclass
class Outcome:
    """What came of a run."""

    traps: int = 0
    operations: int = 0
    lives: int = 0
    commands: int = 0
    restarts: int = 0  # because nothing went on
    ticks: int = 0
    worst: int = 0
    best: int = 0
    windows: int = 0
    worst_start: int = 0
    guest_seconds: float = 0.0
    complaints: int = 0
    complaint_bytes: int = 0
    seconds: float = 0.0
    failures: list[str] = field(default_factory=list)

    def said(self, bound: bool) -> str:
        late = f", worst {self.worst} ns late, best {self.best}" if bound else ""
        if self.windows:
            late += f"; {self.windows} windows, worst begins {self.worst_start} ns late"
        return (
            f"{self.traps} traps in {self.operations} operations and {self.lives} lives, "
            f"{self.commands} commands; victim: {self.ticks} ticks{late}; "
            f"{self.complaint_bytes} bytes of log"
        )


def image(name: str, guest: str, magic: bytes, *values: int) -> str:
    """A guest's binary with its parameters, and the node that names it."""
    data = bytearray((BUILD / "guest" / f"{guest}.bin").read_bytes())
    at = data.index(magic) + len(magic)
    data[at : at + 8 * len(values)] = struct.pack(f"<{len(values)}Q", *values)
    path = configs.WORK / f"{name}-{guest}.bin"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    node = configs.raw_image(guest)
    return re.sub(r'incbin/\("[^"]*"\)', f'incbin/("{path}")', node)


def virtio_nodes(variant: Variant) -> str:
    nodes = enumerate(variant.virtio)
    return "".join(f"virtio{i} {{ {properties} }};" for i, properties in nodes)


def crowds(variant: Variant) -> list[str]:
    """VMs of ports that nobody drives."""
    ports = "".join(f"port{i} {{ {PORT} }};" for i in range(CROWD))
    return [
        configs.vm(
            f"crowd{i}",
            cpus=[0],
            kernel="tick_image",
            initrd=None,
            memory="4M",
            devices=f"devices {{ {ports} }};",
            extra='start = "manual";',
        )
        for i in range(variant.crowds)
    ]


def toy_disk() -> str:
    """An image that a disk lies over."""
    path = BUILD / "guest" / "tick.bin"
    return (
        'toy_disk: toy-disk { type = "disk"; '
        f'data = /incbin/("{path}", 0, {path.stat().st_size & ~511}); }};\n'
    )


def config(name: str, variant: Variant, seed: int) -> str:
    shared = 0 in variant.wild_cpus
    wild = configs.vm(
        "wild",
        vcpus=len(variant.wild_cpus),
        cpus=list(variant.wild_cpus),
        kernel="wild_image",
        initrd=None,
        memory="64M",
        devices=DEVICES.format(mine="w0", other="v0").replace(
            "devices {",
            'devices { control { compatible = "bulkhead,control"; };' + virtio_nodes(variant),
        ),
        extra=f'{variant.wild} manages = <&toy>; restart = "always"; restart-limit = <0>; '
        "vcpu-slice-us = <300>;",
    )
    victim = configs.vm(
        "victim",
        cpus=[0],
        kernel="victim_image",
        initrd=None,
        memory="64M",
        devices=DEVICES.format(mine="v0", other="w0"),
        extra=variant.victim,
    )
    # what the hostile one may ask the hypervisor to do to somebody
    toy = configs.vm(
        "toy",
        cpus=[variant.wild_cpus[-1]],
        kernel="tick_image",
        initrd=None,
        memory="64M",
    )
    images = configs.raw_image("tick") + (toy_disk() if variant.virtio else "")
    patience_us = 20000 if shared else 10000
    images += image(
        name, "wild", b"WILDPARM",
        seed, patience_us, not variant.counted, len(variant.virtio),
    )  # fmt: skip
    images += image(
        name, "victim", b"VICTPARM",
        200, 250, 0, variant.frame_us, variant.window_us, BOUND_NS * variant.bound,
        variant.physical,
    )  # fmt: skip
    return configs.config(victim, wild, toy, *crowds(variant), images=images, extra=variant.extra)


COMMANDS = (
    "vm", "stat wild", "stat victim", "trace 40", "trace wild 100", "irq", "mem", "sched", "audit",
    "log 20", "log wild 20", "log victim 5", "regs wild 0", "regs wild 1", "regs wild 3",
    "regs victim", "help", "help vm", "top", "report", "nonsense", "vm stop nobody", "net", "vsock",
    "balloon", "balloon wild 40", "balloon wild 64", "log --last", "log -f", "log -f wild",
    "log -f victim 5", "console wild", "stat wild idle on", "stat wild idle off",
    "stat wild time on", "stat wild time off",
    *3 * ("vm affinity wild {vcpu} {cpu}", "vm priority wild {priority}"),
    "vm priority wild {priority} {vcpu}",
)  # fmt: skip
# What ends the board, and is not typed.
ENDS = ("reboot", "poweroff")
# Commands that go on until a key, and what tells that they do.
UNTIL_KEY = {"top": "^top: up", "log -f": "^-- new lines follow"}
PRIORITY_MOST = 100  # the default: that of the victim is no lower
RETOLD = 20  # lines that a `log` of those shows again, at most
# What is done to the hostile VM, and what makes it run again.
VERBS = (
    ("vm restart wild",),
    ("vm stop wild", "vm start wild"),
    ("vm kill wild", "vm start wild"),
    ("vm pause wild", "vm resume wild"),
    ("vm pause wild", "stat wild", "regs wild 2", "vm stop wild", "vm start wild"),
    ("vm pause wild", "vm restart wild"),
    ("vm stop wild", "vm restart wild", "vm pause wild", "vm kill wild", "vm start wild"),
    ("vm restart wild", "vm stop wild", "vm start wild", "vm start wild"),
)


class Session:
    """One run: two VMs, and somebody at the shell."""

    def __init__(self, name: str, variant: Variant, seed: int) -> None:
        self.variant = variant
        self.random = random.Random(seed)
        self.outcome = Outcome()
        text = config(name, variant, seed)
        self.board = console.start(
            name,
            machine=variant.machine,
            kernel=BUILD / "bulkhead.img",
            initrd=configs.bundle(name, text),
            cpus=variant.cpus,
            cpu=variant.cpu,
            memory=1024,
            qemu=board.qemu_of_version(variant.qemu) if variant.qemu else None,
            extra=ICOUNT if variant.counted else (),
        )
        self.seen = 0  # of the board's text
        self.first_us = self.last_us = 0
        self.told = self.moved = time.monotonic()
        self.base_traps = self.base_operations = self.last_traps = self.last_operations = 0
        self.lives_before = self.last_life = 0
        self.retold = 0  # lines of the log, at most

    def fail(self, sentence: str) -> None:
        if sentence not in self.outcome.failures:
            self.outcome.failures.append(sentence)

    def note_traps(self, match: re.Match) -> None:
        """They begin at 0 where the record of lives was lost, and go on from what was written over
        it."""
        traps, operations, life = (int(word) for word in match.groups())
        if traps > self.last_traps + LEAP or life > self.last_life + LEAP:
            self.base_traps += self.last_traps - traps
            self.base_operations += self.last_operations - operations
            self.lives_before += self.last_life - life
        elif traps < self.last_traps:
            self.base_traps += self.last_traps
            self.base_operations += self.last_operations
            self.lives_before += self.last_life
        self.last_traps, self.last_operations, self.last_life = traps, operations, life
        out = self.outcome
        out.traps = self.base_traps + traps
        out.operations = self.base_operations + operations
        out.lives = self.lives_before + life
        self.moved = time.monotonic()

    def note_ticks(self, match: re.Match) -> None:
        ticks, early, lost, worst, _, wrong, _, at = (int(word) for word in match.groups())
        out = self.outcome
        if ticks < out.ticks:
            self.fail(f"the victim began again after {out.ticks} ticks")
        out.ticks, out.worst = ticks, worst
        self.first_us = self.first_us or at
        self.last_us = at
        out.guest_seconds = (at - self.first_us) / 1e6
        self.told = time.monotonic()
        for count, what in ((early, "early ticks"), (lost, "lost ticks"), (wrong, "wrong words")):
            if count:
                self.fail(f"the victim saw {count} {what}")
        if self.variant.bound and worst > BOUND_NS:
            self.fail(f"the victim had a tick {worst} ns late, {BOUND_NS} at most")

    def note_starts(self, match: re.Match) -> None:
        out = self.outcome
        out.windows, out.worst_start = (int(word) for word in match.groups())
        if out.worst_start > START_BOUND_NS:
            self.fail(
                f"a window of the victim's began {out.worst_start} ns late, "
                f"{START_BOUND_NS} at most"
            )

    def look(self) -> None:
        """Takes in the whole lines that have come."""
        end = self.board.text.rfind("\n")
        if end <= self.seen:
            return
        text, self.seen = self.board.text[self.seen : end], end
        for match in TRAPS.finditer(text):
            self.note_traps(match)
        for match in TICKS.finditer(text):
            self.note_ticks(match)
        for match in BEST.finditer(text):
            self.outcome.best = int(match[1])
        for match in STARTS.finditer(text):
            self.note_starts(match)
        for match in BUG.finditer(text):
            self.fail(match[0])
        for match in COMPLAINT.finditer(text):
            self.outcome.complaints += 1
            self.outcome.complaint_bytes += len(match[0]) + 1
        panic = console.FORBIDDEN.search(text)
        if panic:
            self.board.refuse(r"\Z(?!)", 2)  # its report follows
            at = self.board.text.index(panic[0])
            self.fail("\n".join(self.board.text[at : at + 3000].split("\n")[:40]))

    def read(self, seconds: float) -> None:
        if not self.board._read(seconds):
            self.fail("QEMU ended")
        self.look()
        if time.monotonic() - self.told > SILENCE * console.SCALE:
            self.fail(f"no word of the victim for {SILENCE:.0f} s")

    def focus_shell(self) -> None:
        """A key between two escape keys, which as fast as the guests' time passes would be one
        typed twice."""
        for _ in range(6):
            self.board.switch()
            if self.board.expect(r"the keys now go to (.*?)  ")[1] == SHELL:
                return
            self.board.send(" ")
        raise AssertionError("the escape key never leads to the shell")

    def type(self, command: str) -> None:
        """A line at the shell, and its answer's end."""
        start = len(self.board.text)
        self.board.line(command)
        if command.startswith("console"):
            self.visit(start)
        if command.startswith("log"):
            self.retold += RETOLD
        for begin, sign in UNTIL_KEY.items():
            if command.startswith(begin):
                self.wait_for(start, sign)
                self.board.send("q")
        self.wait_for(start, r"^bulkhead> ")
        self.outcome.commands += 1

    def visit(self, start: int) -> None:
        """The keys go to somebody else, who gets some, and come back."""
        self.wait_for(start, "the keys now go to wild")
        self.board.send("any keys\r")
        self.board.position = len(self.board.text)
        try:
            self.focus_shell()
        except AssertionError as error:
            self.fail(str(error))

    def wait_for(self, start: int, pattern: str) -> None:
        """The shell has what the others leave: it may take long, but its lines come."""
        wanted = re.compile(pattern, re.M)
        lines, limit = -1, 0.0
        while not self.outcome.failures and not wanted.search(self.board.text, start):
            came = len(re.findall(r"^(?!\w+[|] |bulkhead: ).", self.board.text[start:], re.M))
            if came != lines:
                lines, limit = came, time.monotonic() + ECHO * console.SCALE
            elif time.monotonic() > limit:
                self.fail("the shell does not answer")
            self.read(0.2)

    def command(self) -> None:
        if self.random.random() < 0.4:
            for line in self.random.choice(VERBS):
                self.type(line)
        else:
            self.type(self.fill_in(self.random.choice(COMMANDS)))

    def fill_in(self, command: str) -> str:
        """Words at random: its vCPUs, the CPUs that it may have, and one of each that is none."""
        wild_cpus = self.variant.wild_cpus
        return command.format(
            vcpu=self.random.randrange(len(wild_cpus) + 1),
            cpu=self.random.choice([*wild_cpus, self.variant.cpus]),
            priority=self.random.choice([self.random.randrange(PRIORITY_MOST + 1), 256]),
        )

    def revive(self) -> None:
        """All its CPUs may have lost themselves: then it goes on after a start, however often that
        is tried while it stops."""
        traps, limit = self.last_traps, time.monotonic() + REVIVAL * console.SCALE
        while not self.outcome.failures and self.last_traps == traps:
            if time.monotonic() > limit:
                start = len(self.board.text)
                self.type("vm")
                self.type("stat wild")
                self.fail("the hostile VM does not run again:\n" + self.board.text[start:])
                return
            self.type("vm start wild")
            self.read(1.0)

    def run(self, traps: int, seconds: float, commands: bool, tell: Callable[[str], None]) -> None:
        started = time.monotonic()
        try:
            self.board.expect("victim: ready", 60)
            self.board.expect("wild: life", 60)
            self.focus_shell()
        except AssertionError as error:
            self.fail(str(error))
        self.told = self.moved = time.monotonic()
        following = 0.0
        while not self.outcome.failures and self.outcome.traps < traps:
            now = time.monotonic()
            if now - started > seconds:
                break
            self.read(0.1)
            if now - self.moved > STUCK * console.SCALE:
                self.type("vm kill wild")
                self.type("vm start wild")
                self.outcome.restarts += 1
                self.revive()
            if commands and now > following:
                self.command()
                following = time.monotonic() + self.random.random() * 0.1
            tell(self.outcome.said(self.variant.bound))
        self.end()
        self.outcome.seconds = time.monotonic() - started

    def end(self) -> None:
        """The hostile VM is stopped, nothing of it is left, and the victim goes on."""
        if not self.outcome.failures:
            ticks = self.outcome.ticks
            start = len(self.board.text)
            self.type("vm kill wild")
            self.type("audit")
            self.wait_for(start, "^bulkhead: isolation audit")
            while not self.outcome.failures and self.outcome.ticks == ticks:
                self.read(0.5)
            answer = self.board.text[start:]
            if "FAILED" in answer:
                self.fail("the audit fails: " + answer[-500:])
        out = self.outcome
        # by the guests' clock, which is the log's too, also where it is that of this machine
        most = LINES_A_SECOND * (out.guest_seconds + 2) + self.retold
        if out.complaints > most:
            self.fail(f"{out.complaints} lines of log about the VM in {out.guest_seconds:.1f} s")
        self.board.close()


def play(
    name: str,
    variant: Variant,
    seed: int,
    traps: int,
    *,
    seconds: float = 3600.0,
    commands: bool = True,
    tell: Callable[[str], None] = lambda text: None,
) -> Outcome:
    """One run until so many traps were counted, or time is over."""
    session = Session(name, variant, seed)
    try:
        session.run(traps, seconds, commands, tell)
    finally:
        session.board.close()
    return session.outcome


def _soak(key: str) -> Callable[[Run], Record]:
    def body(how: Run) -> Record:
        variant = VARIANTS[key]
        if variant.qemu and board.qemu_of_version(variant.qemu) is None:
            return Record("", [f"QEMU {variant.qemu} is missing: make fetch"])
        built = Result("soak", f"hostile-{key}")
        if not build(GOALS, built):
            return Record("", [built.failures[0].sentence, *built.failures[0].details])
        seconds = how.minutes * 60 if how.minutes else 7200.0
        traps = SOAK_TRAPS if how.minutes is None else 1 << 60
        outcome = play(
            f"soak-hostile-{key}", variant, how.seed, traps, seconds=seconds, tell=how.tell
        )
        return Record(outcome.said(variant.bound), outcome.failures)

    return body


def soak_parts() -> list[Part]:
    return [
        Part(f"hostile/{key}", f"{variant.says}: {SOAK_TRAPS} traps", _soak(key))
        for key, variant in VARIANTS.items()
    ]
