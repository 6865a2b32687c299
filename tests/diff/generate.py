# SPDX-License-Identifier: Apache-2.0
"""Random sequences of operations on an interrupt controller, by a seed.

What a sequence does depends on nothing but the seed: neither on what it reads nor on the machine.
"""
import random
from collections.abc import Callable
from dataclasses import dataclass

from diff import program as p
from diff.program import Op

LENGTH = (20, 200)  # operations after the set-up
LEVELS = 32  # priorities that 5 bits tell apart
UART, VTIMER, PTIMER = 33, 27, 30
SGIS = tuple(range(0, 16))
PPIS = (16, 17, 20, 21, 22)
SPIS = (40, 41, 42, 43, 60, 63, 224, 250, 255)
# INTIDs of device lines, by struct op's number.
LINE_OF = {UART: 0, VTIMER: 1, PTIMER: 2}

# What is reserved of GICv3's frames (distributor with affinity routing, redistributor, its SGIs),
# by first and last byte. In register arrays words only: other sizes are listed, `access-sizes`.
BIT_ARRAYS = (0x80, 0x100, 0x180, 0x200, 0x280, 0x300, 0x380)
RESERVED_WORDS = (
    (0x0C, 0x13),
    *((start, start + 3) for start in BIT_ARRAYS),
    *((start + 0x24, start + 0x7F) for start in BIT_ARRAYS),
    (0x400, 0x41F),
    (0x520, 0xC07),
    (0xC48, 0xF03),
    (0xF10, 0xF2F),
    (0x6900, 0x7FDF),
)
RESERVED_BYTES = ((0x400, 0x41F), (0x520, 0x7FF), (0x800, 0xBFF), (0xF10, 0xF2F))
# message-based SPIs, of which there are none
RESERVED_MESSAGES = ((0x40, 0x47), (0x48, 0x4F), (0x50, 0x57), (0x58, 0x5F))
RESERVED_DIST = ((0x14, 0x1F), (0x24, 0x3F), (0x60, 0x7F), (0xF04, 0xF0F), (0xF30, 0x60FF))
RESERVED_REDIST = ((0x18, 0x3F), (0x50, 0x6F), (0x80, 0x9F), (0xC4, 0xFF), (0x118, 0xFFCF))
RESERVED_SGI = (
    (0x00, 0x7F),
    *((start + 4, start + 0x7F) for start in BIT_ARRAYS),
    (0x420, 0xBFF),
    (0xC08, 0xCFF),
    (0xD04, 0xDFF),
    (0xE04, 0xFFCF),
)
# The same of GICv2's distributor and CPU interface.
RESERVED_V2_DIST = (
    (0x0C, 0x7F),
    (0x520, 0x7FF),
    (0x920, 0xBFF),
    (0xD00, 0xDFF),
    (0xF04, 0xF0F),
    (0xF30, 0xFCF),
)
RESERVED_V2_WORDS = (
    *((start + 0x24, start + 0x7F) for start in BIT_ARRAYS),
    (0xC48, 0xCFF),
    (0xE00, 0xEFF),
)
RESERVED_V2_INTERFACE = ((0x2C, 0xCF), (0xF0, 0xFB), (0x100, 0xFFF), (0x1004, 0x1FFF))


@dataclass(frozen=True)
class Interrupt:
    """One that a sequence uses, and the levels of priority it may have: no other's."""

    intid: int
    levels: tuple[int, ...]

    @property
    def private(self) -> bool:
        return self.intid < 32

    @property
    def bit(self) -> int:
        return 1 << self.intid % 32


class Generator:
    """Sequences for one kind of machine."""

    def __init__(
        self, seed: str, cpus: int, v2: bool, timers: tuple[int, ...] = (VTIMER, PTIMER)
    ) -> None:
        self.random = random.Random(seed)
        self.cpus = cpus
        self.v2 = v2
        self.timers = timers  # whose lines are driven
        self.interrupts: list[Interrupt] = []
        self.ops: list[Op] = []
        self.busy, self.focus = 0, 0.0  # a CPU that much happens on, and how much
        self.one_group = False  # all of the sequence's interrupts are in group 1

    # -- places --

    def any_cpu(self) -> int:
        if self.random.random() < self.focus:
            return self.busy
        return self.random.randrange(self.cpus)

    def register(self, name: str, intid: int, cpu: int) -> int:
        """The address of the register of an interrupt, of a private one as `cpu` has it."""
        start, bits = p.BITS_PER[name]
        at = start + intid * bits // 8
        if bits < 8:
            at &= ~3
        if intid < 32 and not self.v2:
            return p.GICR + cpu * p.GICR_STRIDE + p.SGI_FRAME + at
        return p.GICD + at

    def executor(self, interrupt: Interrupt, owner: int) -> int:
        """Who may access it: GICv2's private registers are the CPU's own."""
        return owner if self.v2 and interrupt.private else self.any_cpu()

    def some(self) -> Interrupt:
        return self.random.choice(self.interrupts)

    def store_bits(self, name: str, most: int = 3) -> None:
        """Writes a bit register: of one interrupt, or some of its word."""
        one, owner = self.some(), self.any_cpu()
        word = [i for i in self.interrupts if i.intid // 32 == one.intid // 32]
        if self.v2 and name in ("ISPENDR", "ICPENDR"):
            # SGIs by their own registers; PPIs: listed difference `ppi-pended`
            lowest = 32 if name == "ISPENDR" and self.cpus > 1 else 16
            word = [i for i in word if i.intid >= lowest]
        if not word:
            return
        value = 0
        for interrupt in self.random.sample(word, min(len(word), self.random.randint(1, most))):
            value |= interrupt.bit
        at, cpu = self.register(name, one.intid, owner), self.executor(one, owner)
        self.add(p.STORE, cpu, at, value)

    def add(self, kind: int, cpu: int, where: int = 0, value: int = 0, **more: int) -> None:
        self.ops.append(Op(kind, cpu, where, value, **more))

    # -- operations --

    def pend(self) -> None:
        self.store_bits("ISPENDR", self.random.choice((1, 3, 12)))

    def unpend(self) -> None:
        self.store_bits("ICPENDR")

    def enable(self) -> None:
        self.store_bits("ISENABLER", 12)

    def disable(self) -> None:
        self.store_bits("ICENABLER")

    def activate(self) -> None:
        one, owner = self.some(), self.any_cpu()
        self.add(p.ACTIVATE, self.executor(one, owner), one.intid, other=owner)

    def inactivate(self) -> None:
        self.store_bits("ICACTIVER", self.random.choice((1, 3, 12)))
        while self.random.random() < 0.4:
            self.activate()

    def nest(self) -> None:
        """Several are acknowledged, one above the other; some are inactive before their ends."""
        cpu = self.any_cpu()
        for _ in range(self.random.randint(2, 6)):
            self.pend()
            self.add(p.ACK, cpu, 0 if self.v2 else self.random.choice((0, 1, 1)))
        if self.random.random() < 0.6:
            self.inactivate()
        for _ in range(self.random.randint(0, 6)):
            self.add(p.END, cpu)

    def priority(self) -> None:
        self.set_priority(self.some(), self.any_cpu())

    def set_priority(self, interrupt: Interrupt, owner: int) -> None:
        at = self.register("IPRIORITYR", interrupt.intid, owner)
        cpu = self.executor(interrupt, owner)
        if self.random.random() < 0.7:
            self.add(p.STORE, cpu, at, 8 * self.random.choice(interrupt.levels), size=1)
            return
        # four at once: each as it may be
        value, first = 0, interrupt.intid & ~3
        for i in range(4):
            levels = next(
                (other.levels for other in self.interrupts if other.intid == first + i), (20,)
            )
            value |= 8 * self.random.choice(levels) << 8 * i
        self.add(p.STORE, cpu, at & ~3, value)

    def route(self) -> None:
        spis = [i for i in self.interrupts if not i.private]
        if spis:
            self.set_route(self.random.choice(spis))

    def set_route(self, interrupt: Interrupt) -> None:
        cpu, target = self.any_cpu(), self.any_cpu()
        if self.v2:
            self.add(p.TARGET, cpu, interrupt.intid, 1 << target)
            return
        at = self.register("IROUTER", interrupt.intid, 0)
        affinity = target if self.random.random() < 0.9 else self.random.choice((7, 0x100, 0x10000))
        if self.random.random() < 0.5:
            self.add(p.STORE, cpu, at, affinity, size=8)
        else:
            self.add(p.STORE, cpu, at, affinity)

    def group(self) -> None:
        if self.one_group:
            return
        one, owner = self.some(), self.any_cpu()
        self.add(
            p.GROUP,
            self.executor(one, owner),
            one.intid,
            self.random.randint(0, 1),
            other=owner,
        )

    def trigger(self) -> None:
        one = self.some()
        lowest = 32 if self.v2 else 16  # listed difference `ppi-trigger`
        if one.intid >= lowest and one.intid not in LINE_OF:
            self.set_trigger(one, self.any_cpu(), self.random.randint(0, 1))

    def set_trigger(self, one: Interrupt, owner: int, edge: int) -> None:
        cpu, pinned = self.executor(one, owner), self.v2 and one.private
        self.add(p.TRIGGER, cpu, one.intid, edge, other=owner, pinned=pinned)

    def sgi(self) -> None:
        sgis = [i.intid for i in self.interrupts if i.intid < 16]
        if not sgis:
            return
        intid, targets = self.random.choice(sgis), self.random.randrange(1 << self.cpus)
        everyone = self.random.random() < 0.2
        if self.v2:
            choice = self.random.choice((0, 0, 0, 1, 2))
            value = choice << 24 | targets << 16 | intid
            self.add(p.STORE, self.any_cpu(), p.GICD + 0xF00, value)
            return
        value = intid << 24 | targets
        if everyone:
            value |= 1 << 40
        elif self.random.random() < 0.1:
            # another cluster: nobody
            value |= self.random.choice((1 << 16, 1 << 32, 1 << 48))
        name = self.random.choice(("SGI1R",) * 6 + ("SGI0R",) * 3 + ("ASGI1R",))
        self.add(p.SET, self.any_cpu(), p.INTERFACE.index(name), value)

    def sgi_sources(self) -> None:
        sgis = [i.intid for i in self.interrupts if i.intid < 16]
        if not sgis or not self.v2:
            return
        base = self.random.choice((0xF10, 0xF20))
        sgi, cpu = self.random.choice(sgis), self.any_cpu()
        size = self.random.choice((1, 1, 4))
        at = p.GICD + base + (sgi & -size)
        if self.random.random() < 0.3:
            self.add(p.LOAD, cpu, at, (1 << 8 * size) - 1, size=size)
        elif size == 4:
            # of several, to clear them only: listed difference `no-sender`
            at = p.GICD + 0xF10 + (sgi & -4)
            self.add(p.STORE, cpu, at, self.random.getrandbits(32), size=4)
        else:
            self.add(p.STORE, cpu, at, self.random.randrange(1, 1 << self.cpus), size=1)

    def acknowledge(self) -> None:
        self.add(p.ACK, self.any_cpu(), 0 if self.v2 else self.random.choice((0, 1, 1)))

    def end(self) -> None:
        self.add(p.END, self.any_cpu())

    def deactivate(self) -> None:
        of_cpu = self.any_cpu()
        cpu = of_cpu if self.random.random() < 0.7 else self.any_cpu()
        early = int(self.random.random() < 0.25)
        self.add(p.DEACTIVATE, cpu, of_cpu, self.random.randrange(8), other=early)

    def open(self) -> None:
        self.add(
            p.OPEN, self.any_cpu(), self.random.randrange(3), self.random.choice((1, 2, 3, 3))
        )

    def line(self) -> None:
        lines = [i.intid for i in self.interrupts if i.intid in LINE_OF]
        if lines:
            intid = self.random.choice(lines)
            states = (0, 1) if intid == UART else (0, 1, 1, 1, 2, 3)
            self.add(p.LINE, self.any_cpu(), LINE_OF[intid], self.random.choice(states))

    def blip(self) -> None:
        """A timer's line goes up and down again, disabled or active; somebody looks."""
        timers = [i for i in self.interrupts if i.intid in self.timers]
        if not timers:
            return
        one, cpu = self.random.choice(timers), self.any_cpu()
        if self.random.random() < 0.5:
            self.add(p.STORE, cpu, self.register("ICENABLER", one.intid, cpu), one.bit)
        for state in (1, self.random.choice((0, 2, 3))):
            self.add(p.LINE, cpu, LINE_OF[one.intid], state)
            for _ in range(self.random.randint(0, 2)):
                at = self.register(self.random.choice(("ISPENDR", "ICPENDR")), one.intid, cpu)
                self.add(p.LOAD, self.executor(one, cpu), at, 0xFFFFFFFF)
        if self.random.random() < 0.7:
            self.add(p.STORE, cpu, self.register("ISENABLER", one.intid, cpu), one.bit)

    def steal(self) -> None:
        """An SPI is taken by a CPU, deactivated, and taken by another before the first ends it."""
        spis = [i for i in self.interrupts if not i.private and i.intid != UART]
        if not spis or self.v2:  # listed difference `remote-deactivation`
            return
        one, first = self.random.choice(spis), self.any_cpu()
        second = self.random.randrange(self.cpus)
        router = self.register("IROUTER", one.intid, 0)
        for cpu in (first, second):
            at = self.register("ICACTIVER", one.intid, 0)
            self.add(p.STORE, self.any_cpu(), at, one.bit)
            self.add(p.STORE, self.any_cpu(), router, cpu, size=8)
            at = self.register("ISPENDR", one.intid, 0)
            self.add(p.STORE, self.any_cpu(), at, one.bit)
            self.add(p.ACK, cpu, self.random.choice((0, 1, 1)))
        for cpu in self.random.sample((first, second), self.random.randint(0, 2)):
            self.add(p.END, cpu)

    def look(self) -> None:
        """Reads a register of some interrupt."""
        one, owner = self.some(), self.any_cpu()
        names = ["ISPENDR", "ICPENDR", "ISACTIVER", "ICACTIVER"] * 2 + [
            "ISENABLER",
            "ICENABLER",
            "IGROUPR",
            "IPRIORITYR",
            "ICFGR",
        ]
        if not one.private:
            names.append("ITARGETSR" if self.v2 else "IROUTER")
        name = self.random.choice(names)
        at, cpu = self.register(name, one.intid, owner), self.executor(one, owner)
        size = 4
        if p.BITS_PER[name][1] == 8:
            size = self.random.choice((1, 4))
            at &= ~(size - 1)
        elif p.BITS_PER[name][1] == 64:
            size = self.random.choice((4, 8))
        self.add(p.LOAD, cpu, at, (1 << 8 * size) - 1, size=size)

    def reserved(self) -> None:
        """Reads or writes a reserved place in some size."""
        cpu = p.GICR + self.random.randrange(self.cpus) * p.GICR_STRIDE
        frame, places, sizes = self.random.choice(
            (
                (p.GICD, RESERVED_V2_DIST, (1, 4)),
                (p.GICD, RESERVED_V2_WORDS, (4,)),
                (p.GICC, RESERVED_V2_INTERFACE, (4,)),
            )
            if self.v2
            else (
                (p.GICD, RESERVED_WORDS, (4,)),
                (p.GICD, RESERVED_BYTES, (1, 4)),
                (p.GICD, RESERVED_MESSAGES, (2, 4)),
                (p.GICD, RESERVED_DIST, (1, 2, 4, 4, 8)),
                (cpu, RESERVED_REDIST, (1, 4, 4, 8)),
                (cpu + p.SGI_FRAME, RESERVED_SGI, (1, 4, 4, 8)),
            )
        )
        first, last = self.random.choice(places)
        size = self.random.choice(sizes)
        begin, end = -(-first // size) * size, last + 1 - size
        if begin > end:
            size, begin, end = 4, first, last - 3
        at = frame + self.random.randrange(begin, end + 1, size)
        if self.random.random() < 0.5:
            self.add(p.STORE, self.any_cpu(), at, self.random.getrandbits(8 * size), size=size)
        self.add(p.LOAD, self.any_cpu(), at, (1 << 8 * size) - 1, size=size)

    def look_interface(self) -> None:
        if self.v2:
            at = self.random.choice((0x00, 0x04, 0x08, 0x14, 0x1C))
            self.add(p.LOAD, self.any_cpu(), p.GICC + at, 0xFFFFFFFF)
            return
        name = self.random.choice(p.INTERFACE[:11])
        mask = 0xFFFFFFFF
        if name == "CTLR":
            mask = 3  # the rest says what it has: difference `identification`
        self.add(p.GET, self.any_cpu(), p.INTERFACE.index(name), mask)

    def set_interface(self, name: str, value: int) -> None:
        self.add(p.SET, self.any_cpu(), p.INTERFACE.index(name), value)

    def mask(self) -> None:
        value = 8 * self.random.choice((31, 31, 31, self.random.randrange(LEVELS)))
        if self.v2:
            self.add(p.STORE, self.any_cpu(), p.GICC + 0x04, value)
        else:
            self.set_interface("PMR", value)

    def binary_point(self) -> None:
        if not self.v2:  # listed difference `preemption`
            self.set_interface(f"BPR{self.random.randint(0, 1)}", self.random.randrange(8))

    def group_enables(self) -> None:
        if self.random.random() < 0.3:
            value = self.random.choice((0, 1, 2, 3, 3, 3)) | (0 if self.v2 else 0x10)
            if self.v2 and value in (1, 2):
                value = 0  # listed difference `disabled-group`
            self.add(p.STORE, self.any_cpu(), p.GICD, value)
        elif self.v2:
            # group enables and AckCtl stay: listed differences `interface-groups`, `aliases`
            value = 7 | self.random.choice((0, 0, 8, 16))
            self.set_interface("CTLR", value)
        else:
            which = self.random.choice(("IGRPEN0", "IGRPEN1")) if self.one_group else "IGRPENS"
            self.set_interface(which, self.random.choice((0, 1, 1)))

    def common_point(self) -> None:
        if not self.v2:
            self.add(p.SET, self.any_cpu(), p.INTERFACE.index("CTLR"), self.random.randint(0, 1))

    def eoimode(self) -> None:
        self.add(p.EOIMODE, self.any_cpu(), 0, self.random.randint(0, 1))

    # -- sequences --

    def choose_interrupts(self) -> None:
        crowded = self.random.random() < 0.5
        count = self.random.randint(10, 15) if crowded else self.random.randint(2, 12)
        pool = [*self.random.sample(SGIS, 5), *PPIS, *SPIS, UART, *self.timers]
        self.busy = self.random.randrange(self.cpus)
        self.focus = self.random.choice((0.6, 0.9) if crowded else (0, 0, 0.5))
        chosen = sorted(self.random.sample(pool, count))
        shift = self.random.randrange(count)
        self.interrupts = [
            Interrupt(intid, tuple(range((i * 5 + shift) % count, LEVELS - 1, count)))
            if count % 5
            else Interrupt(intid, tuple(range((i + shift) % count, LEVELS - 1, count)))
            for i, intid in enumerate(chosen)
        ]

    def set_up(self) -> None:
        # what this sequence's character is: how many are of group 0, edge-triggered, split
        group0, edge = self.random.choice((0, 0.2, 0.5)), self.random.random()
        self.one_group = group0 == 0
        for one in self.interrupts:
            is_edge = int(self.random.random() < edge)
            for owner in range(self.cpus if one.private else 1):
                at = self.register("IPRIORITYR", one.intid, owner)
                level = 8 * self.random.choice(one.levels)
                self.add(p.STORE, owner, at, level, size=1, pinned=True)
                if one.intid >= 16 and one.intid not in LINE_OF:
                    self.set_trigger(one, owner, is_edge)
                group = int(self.random.random() >= group0)
                cpu = owner if one.private else self.any_cpu()
                self.add(p.GROUP, cpu, one.intid, group, other=owner)
                if self.random.random() < 0.95:
                    at = self.register("ISENABLER", one.intid, owner)
                    self.add(p.STORE, cpu, at, one.bit)
            if not one.private and self.random.random() < 0.8:
                self.set_route(one)
        if self.random.random() < 0.3:
            for cpu in range(self.cpus):
                self.add(p.EOIMODE, cpu, 0, 1)

    def weights(self) -> dict[Callable[[], None], int]:
        """How often each operation comes."""
        return {
            self.pend: 22,
            self.unpend: 4,
            self.sgi: 12,
            self.sgi_sources: 3,
            self.acknowledge: 18,
            self.end: 14,
            self.deactivate: 5,
            self.open: 9,
            self.enable: 5,
            self.disable: 3,
            self.priority: 5,
            self.route: 4,
            self.group: 2,
            self.trigger: 2,
            self.activate: 2,
            self.inactivate: 3,
            self.nest: 2,
            self.line: 5,
            self.blip: 2,
            self.steal: 2,
            self.look: 12,
            self.look_interface: 5,
            self.reserved: 2,
            self.mask: 3,
            self.binary_point: 2,
            self.group_enables: 2,
            self.common_point: 1,
            self.eoimode: 2,
        }

    def sequence(self) -> tuple[Op, ...]:
        self.ops = []
        self.choose_interrupts()
        self.set_up()
        weights = self.weights()
        # each sequence has likes of its own: what is rare in one is common in another
        kinds = list(weights)
        odds = [weights[kind] * self.random.choice((0.25, 0.5, 1, 1, 2, 4)) for kind in kinds]
        end = len(self.ops) + self.random.randint(*LENGTH)
        while len(self.ops) < end:
            self.random.choices(kinds, odds)[0]()
        return tuple(self.ops)
