# SPDX-License-Identifier: Apache-2.0
"""Programs of the differential tests: operations, how they lie in the guest's image, and in words.

The numbers are those of tests/diff/op.h and tests/diff/cpuif.h.
"""
import struct
from dataclasses import dataclass, replace

RESET, LOAD, STORE, GET, SET, ACK, END, DEACTIVATE = range(8)
OPEN, LINE, TRIGGER, GROUP, EOIMODE, ACTIVATE, TARGET, ITS = range(8, 16)
OPS_MAX = 16384
MAGIC = b"DIFFPROG"

INTERFACE = (
    "PMR BPR0 BPR1 CTLR IGRPEN0 IGRPEN1 HPPIR0 HPPIR1 RPR AP0R0 AP1R0 SRE "
    "SGI0R SGI1R ASGI1R IGRPENS"
).split()
TAKE_END, TAKE_KEEP, TAKE_NEST = range(3)
HOW = ("end", "keep", "nest")
LINES = ("uart", "vtimer", "ptimer")
STATES = ("down", "up", "down: due and masked", "down: on and not due")

# What is asked of the ITS: enum its_op of tests/diff/lpis.h.
ITS_OPS = (
    "MAPD UNMAPD MAPTI MAPC UNMAPC MOVI MOVALL DISCARD INV INVALL INT CLEAR SYNC CONFIG "
    "CONFIG_INV LPIS_OFF LPIS_ON PENDING"
).split()

GICD, GICC, GICR = 0x08000000, 0x08010000, 0x080A0000
GICR_STRIDE, SGI_FRAME = 0x20000, 0x10000

# Registers of 1, 2, 8 or 64 bits per interrupt, as they lie in the frames.
BITS_PER = {
    "IGROUPR": (0x80, 1),
    "ISENABLER": (0x100, 1),
    "ICENABLER": (0x180, 1),
    "ISPENDR": (0x200, 1),
    "ICPENDR": (0x280, 1),
    "ISACTIVER": (0x300, 1),
    "ICACTIVER": (0x380, 1),
    "IPRIORITYR": (0x400, 8),
    "ITARGETSR": (0x800, 8),
    "ICFGR": (0xC00, 2),
    "IROUTER": (0x6000, 64),
}
GITS = 0x08080000
GITS_NAMES = {
    0x0: "CTLR",
    0x80: "CBASER",
    0x88: "CWRITER",
    0x90: "CREADR",
    0x100: "BASER0",
    0x108: "BASER1",
}
GICD_SINGLE = {0: "CTLR", 4: "TYPER", 0xF00: "SGIR", 0x40: "SETSPI_NSR", 0x48: "CLRSPI_NSR"}
GICC_NAMES = {
    0x00: "CTLR",
    0x04: "PMR",
    0x08: "BPR",
    0x0C: "IAR",
    0x10: "EOIR",
    0x14: "RPR",
    0x18: "HPPIR",
    0x1C: "ABPR",
    0x28: "AHPPIR",
    0xD0: "APR",
    0x1000: "DIR",
}


@dataclass(frozen=True)
class Op:
    """One operation; what its fields mean is in tests/diff/op.h."""

    kind: int
    cpu: int = 0
    where: int = 0
    value: int = 0
    size: int = 4
    other: int = 0
    pinned: bool = False  # what makes the sequence one that may be compared: stays when it shrinks

    def packed(self) -> bytes:
        return struct.pack(
            "<BBBBIQ", self.kind, self.cpu, self.size, self.other, self.where, self.value
        )

    def __str__(self) -> str:
        return f"CPU {self.cpu}: {_SENTENCES[self.kind](self)}"


def place(where: int) -> str:
    """The name of the register at a device address."""
    if GITS <= where < GICR:
        return f"GITS_{GITS_NAMES.get(where - GITS, f'+{where - GITS:#x}')}"
    if where >= GICR:
        cpu, offset = divmod(where - GICR, GICR_STRIDE)
        frame, offset = f"GICR{cpu}_", offset - SGI_FRAME
    elif where >= GICC:
        name = GICC_NAMES.get(where - GICC, f"+{where - GICC:#x}")
        return "GICC_" + name
    else:
        frame, offset = "GICD_", where - GICD
    if 0xF10 <= offset < 0xF30:
        return f"{frame}{'CS'[offset >= 0xF20]}PENDSGIR of SGI {offset % 16}"
    if offset in GICD_SINGLE:
        return frame + GICD_SINGLE[offset]
    for name, (start, bits) in BITS_PER.items():
        if start <= offset < start + (0x80 if bits == 1 else 0x100 if bits == 2 else 0x400 * 8):
            if name in ("IPRIORITYR", "ITARGETSR") and offset >= start + 0x400:
                continue
            number = offset - start
            if bits == 8:
                return f"{frame}{name} byte {number}"
            return f"{frame}{name}{number // (8 if bits == 64 else 4)}" + (
                " high half" if bits == 64 and number % 8 else ""
            )
    return f"{frame}+{offset:#x}"


def _size(op: Op) -> str:
    return "" if op.size == 4 else f" ({8 * op.size} bits)"


def _store(op: Op) -> str:
    name = place(op.where)
    said = f"{name} = {op.value:#x}"
    if any(word in name for word in ("ENABLER", "PENDR", "ACTIVER")):
        said += "  (INTID " + ", ".join(str(intid) for intid in sorted(mentions(op))) + ")"
    return said + _size(op)


def _open(op: Op) -> str:
    what = ("nothing", "IRQs", "FIQs", "IRQs and FIQs")[op.value]
    return f"take {what}, {HOW[op.where]}"


def its_value(
    device: int = 0,
    event: int = 0,
    icid: int = 0,
    *,
    other: int = 0,
    config: int = 0,
    queued: bool = False,
) -> int:
    """struct its_what of tests/diff/lpis.h."""
    return device | event << 8 | icid << 16 | other << 24 | config << 32 | queued << 40


def _its(op: Op) -> str:
    name = ITS_OPS[op.where]
    device, event, icid, other, config = (op.value >> shift & 255 for shift in range(0, 40, 8))
    slot = f"device {device} event {event}"
    queued = ", left in the queue" if op.value >> 40 & 1 else ""
    if name in ("MAPD", "UNMAPD"):
        said = f"{name} device {device}"
    elif name == "MAPTI":
        said = f"{'MAPI' if device == 3 else name} {slot} to LPI {other} of its, collection {icid}"
    elif name in ("MAPC", "UNMAPC"):
        said = f"{name} collection {icid}" + (f" to CPU {other}" if name == "MAPC" else "")
    elif name == "MOVI":
        said = f"MOVI {slot} to collection {icid}"
    elif name == "MOVALL":
        said = f"MOVALL CPU {icid} to CPU {other}, with its collections"
    elif name == "INVALL":
        said = f"INVALL collection {icid}"
    elif name.startswith("CONFIG"):
        said = f"LPI {other} of {slot}: configuration {config:#x}"
        said += ", INV" if name == "CONFIG_INV" else ", CLEAR before it, no INV"
    elif name in ("LPIS_OFF", "LPIS_ON", "PENDING", "SYNC"):
        said = f"{name} CPU {other}"
    else:
        said = f"{name} {slot}"
    return said + queued


_SENTENCES = {
    RESET: lambda op: "everything as after reset",
    LOAD: lambda op: f"read {place(op.where)}{_size(op)}",
    STORE: _store,
    GET: lambda op: f"read ICC_{INTERFACE[op.where]}",
    SET: lambda op: f"ICC_{INTERFACE[op.where]} = {op.value:#x}",
    ACK: lambda op: f"acknowledge in group {op.where}",
    END: lambda op: "end what was acknowledged last",
    DEACTIVATE: lambda op: f"deactivate number {op.value} of what CPU {op.where} "
    f"{'has not ended yet' if op.other else 'ended'}",
    OPEN: _open,
    LINE: lambda op: f"line of the {LINES[op.where]} {STATES[op.value]}",
    TRIGGER: lambda op: f"INTID {op.where} of CPU {op.other}: disabled, "
    f"{'edge' if op.value else 'level'}, not pending",
    GROUP: lambda op: f"INTID {op.where} of CPU {op.other} into group {op.value}",
    EOIMODE: lambda op: f"EOImode {op.value}",
    TARGET: lambda op: f"ITARGETSR of INTID {op.where} = {op.value:#x}, if it is idle",
    ITS: _its,
    ACTIVATE: lambda op: f"INTID {op.where} of CPU {op.other} made active by ISACTIVER",
}


def mentions(op: Op) -> set[int]:
    """The INTIDs that an operation may make pending, active or another's."""
    if op.kind in (TRIGGER, GROUP, ACTIVATE, TARGET):
        return {op.where}
    if op.kind == LINE:
        return {(33, 27, 30)[op.where]}
    if op.kind == SET and INTERFACE[op.where].endswith("R") and "SGI" in INTERFACE[op.where]:
        return {op.value >> 24 & 15}
    if op.kind != STORE or GICC <= op.where < GICR:
        return set()
    offset = (op.where - GICR) % GICR_STRIDE - SGI_FRAME if op.where >= GICR else op.where - GICD
    if offset == 0xF00:
        return {op.value & 15}
    if 0xF10 <= offset < 0xF30:
        return {offset % 16 + i for i in range(op.size)}
    for start, bits in BITS_PER.values():
        if bits == 1 and start <= offset < start + 0x80:
            return {(offset - start) * 8 + bit for bit in range(32) if op.value >> bit & 1}
        if bits == 8 and start <= offset < start + 0x400:
            return {offset - start + i for i in range(op.size)}
    return {(offset - 0x6000) // 8} if 0x6000 <= offset < 0x8000 else set()


@dataclass(frozen=True)
class Program:
    """Sequences, each beginning with a reset, for one boot."""

    sequences: tuple[tuple[Op, ...], ...]
    cpus: int
    v2: bool
    its: int = 0  # 1: LPIs; 2: with two levels of device tables; 4: written in halves
    rounds: int = 2
    verbose: bool = False

    def image(self, guest: bytes) -> bytes:
        """The guest's image with this program in it."""
        ops = [op for sequence in self.sequences for op in (Op(RESET), *sequence)]
        if len(ops) > OPS_MAX:
            raise ValueError(f"{len(ops)} operations; a program has {OPS_MAX} at most")
        at = guest.index(MAGIC)
        header = MAGIC + struct.pack(
            "<IBBBBB7x",
            len(ops),
            self.cpus,
            self.v2,
            self.verbose,
            self.rounds,
            self.its,
        )
        blob = header + b"".join(op.packed() for op in ops)
        return guest[:at] + blob + guest[at + len(blob) :]

    def alone(self, sequences, verbose: bool = False) -> "Program":
        """The same machine with other sequences."""
        return replace(self, sequences=tuple(map(tuple, sequences)), verbose=verbose)
