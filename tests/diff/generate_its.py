# SPDX-License-Identifier: Apache-2.0
"""Random sequences with LPIs and the ITS among the other interrupts, by a seed."""
from collections.abc import Callable

from diff import program as p
from diff.generate import LEVELS, PPIS, SGIS, SPIS, Generator, Interrupt

DEVICES = EVENTS = COLLECTIONS = 4
ENABLE = 1
# What is read: GITS_CTLR without Quiescent, tables without what is IMPLEMENTATION DEFINED of them.
READS = (
    (p.GITS + 0x0, 4, 1),
    (p.GITS + 0x80, 8, (1 << 64) - 1),
    (p.GITS + 0x88, 8, (1 << 64) - 1),
    (p.GITS + 0x90, 8, (1 << 64) - 1),
    (p.GITS + 0x100, 8, 0xC700FFFFFFFFF000),
    (p.GITS + 0x108, 8, 0xC700FFFFFFFFF000),
    (p.GITS + 0x110, 8, (1 << 64) - 1),
    (p.GITS + 0x80, 4, 0xFFFFFFFF),
    (p.GITS + 0x8C, 4, 0xFFFFFFFF),
    (p.GITS + 0x88, 4, 0xFFFFFFFF),
    (p.GITS + 0x90, 4, 0xFFFFFFFF),
    (p.GITS + 0x94, 4, 0xFFFFFFFF),
)

# GICR_CTLR.EnableLPIs and RWP, tables' addresses and the bits of an INTID, GICR_TYPER's affinity,
# number and PLPIS, GICR_WAKER, GICR_PIDR2.ArchRev. Listed difference `zeroed-table`.
REDIST_READS = (
    (0x0, 4, 9),
    (0x70, 8, 0x000FFFFFFFFFF01F),
    (0x78, 8, 0x000FFFFFFFFF0000),
    (0x70, 4, 0xFFFFF01F),
    (0x74, 4, 0x000FFFFF),
    (0x7C, 4, 0x000FFFFF),
    (0x8, 8, 0xFFFFFFFF00FFFF01),
    (0xC, 4, 0xFFFFFFFF),
    (0x14, 4, 0xFFFFFFFF),
    (0xFFE8, 4, 0xF0),
)


class ItsGenerator(Generator):
    """Sequences for GICv3 with an ITS."""

    def __init__(self, seed: str, cpus: int) -> None:
        super().__init__(seed, cpus, False)
        self.slots: list[tuple[int, int, tuple[int, ...]]] = []
        self.lpi: dict[tuple[int, int], int] = {}  # which of its two each event was last mapped to

    def choose_interrupts(self) -> None:
        pool = [*self.random.sample(SGIS, 3), *PPIS[:2], *SPIS[:4]]
        count = self.random.choice((2, 4, 8, 12))
        chosen = sorted(self.random.sample(pool, self.random.randint(1, 5)))
        slots = self.random.sample(
            [(device, event) for device in range(DEVICES) for event in range(EVENTS)], count
        )
        every: list[int | tuple[int, int]] = [*chosen, *slots]
        self.random.shuffle(every)
        self.busy = self.random.randrange(self.cpus)
        self.focus = self.random.choice((0, 0.5, 0.8))
        levels = {
            one: tuple(range(i, LEVELS - 1, len(every))) for i, one in enumerate(every)
        }
        self.interrupts = [Interrupt(intid, levels[intid]) for intid in chosen]
        self.slots = [(*slot, levels[slot]) for slot in slots]

    def its(self, name: str, queued: float = 0.0, **fields: int) -> None:
        value = p.its_value(queued=self.random.random() < queued, **fields)
        self.add(p.ITS, self.any_cpu(), p.ITS_OPS.index(name), value)

    def slot(self) -> dict[str, int]:
        """An event of the sequence's, or seldom some other."""
        if self.random.random() < 0.03:
            device, event = self.random.randrange(DEVICES), self.random.randrange(EVENTS)
            return {"device": device, "event": event}
        device, event, _ = self.random.choice(self.slots)
        return {"device": device, "event": event}

    def icid(self) -> int:
        if self.random.random() < 0.9:
            return self.any_cpu()
        return self.random.randrange(COLLECTIONS)

    def set_up(self) -> None:
        super().set_up()
        for device in range(DEVICES):
            if self.random.random() < 0.95:
                self.its("MAPD", device=device)
        for device, event, levels in self.slots:
            alt = self.lpi[device, event] = int(self.random.random() < 0.3)
            if self.random.random() < 0.95:
                self.its(
                    "MAPTI", 0.5, device=device, event=event, icid=self.icid(), other=alt
                )
            config = 8 * self.random.choice(levels) | ENABLE
            self.its("CONFIG_INV", device=device, event=event, other=alt, config=config)

    # -- operations --

    def trigger_event(self) -> None:
        for _ in range(self.random.choice((1, 1, 1, 2, 5))):
            self.its("INT", 0.3, **self.slot())

    def of_event(self) -> None:
        self.its(self.random.choice(("CLEAR", "DISCARD", "INV", "INV")), 0.2, **self.slot())

    def map_event(self) -> None:
        slot = self.slot()
        alt = self.lpi[slot["device"], slot["event"]] = self.random.randint(0, 1)
        self.its("MAPTI", 0.2, icid=self.icid(), other=alt, **slot)
        if self.random.random() < 0.9:
            self.its("INV", 0.2, **slot)

    def configure(self) -> None:
        device, event, levels = self.random.choice(self.slots)
        config = 8 * self.random.choice(levels) | (self.random.random() < 0.85)
        fields = {"device": device, "event": event, "other": self.lpi[device, event]}
        if self.random.random() < 0.2:
            fields["other"] = self.random.randint(0, 1)
        name = "CONFIG_INV" if self.random.random() < 0.7 else "CONFIG"
        self.its(name, config=config, **fields)
        if name == "CONFIG" and self.random.random() < 0.7:
            self.its("INV", 0.2, device=device, event=event)

    def invalidate_all(self) -> None:
        self.its("INVALL", 0.2, icid=self.icid())

    def move_event(self) -> None:
        self.its("MOVI", 0.2, icid=self.icid(), **self.slot())

    def move_all(self) -> None:
        self.its("MOVALL", 0.2, icid=self.any_cpu(), other=self.any_cpu())

    def map_collection(self) -> None:
        name = "MAPC" if self.random.random() < 0.75 else "UNMAPC"
        icid = self.random.randrange(COLLECTIONS)
        self.its(name, 0.2, icid=icid, other=self.any_cpu())

    def map_device(self) -> None:
        name = self.random.choice(("MAPD", "MAPD", "UNMAPD"))
        self.its(name, 0.2, device=self.random.randrange(DEVICES))

    def sync(self) -> None:
        self.its("SYNC", 0.2, other=self.any_cpu())

    def switch_lpis(self) -> None:
        cpu = self.any_cpu()
        name = self.random.choice(("LPIS_ON", "LPIS_ON", "LPIS_OFF", "PENDING"))
        self.its(name, other=cpu)

    def look_its(self) -> None:
        where, size, mask = self.random.choice(READS)
        if self.random.random() < 0.4:
            offset, size, mask = self.random.choice(REDIST_READS)
            where = p.GICR + self.random.randrange(self.cpus) * p.GICR_STRIDE + offset
        self.add(p.LOAD, self.any_cpu(), where, mask, size=size)

    def weights(self) -> dict[Callable[[], None], int]:
        return super().weights() | {
            self.trigger_event: 40,
            self.of_event: 6,
            self.map_event: 5,
            self.configure: 8,
            self.invalidate_all: 2,
            self.move_event: 6,
            self.move_all: 2,
            self.map_collection: 2,
            self.map_device: 1,
            self.sync: 2,
            self.switch_lpis: 4,
            self.look_its: 4,
        }
