#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Differential tests: one program of operations on the interrupt controller, without a hypervisor
(QEMU's own controller, at EL1) and in a VM of Bulkhead. What both log has to be the same.

The diff tier of `make test` runs a part of each kind; `make soak` and this script run more of it.
A sequence that differs is shrunk, and printed as the operations it is.
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import bare_metal  # noqa: E402
from run_case import BUILD, LOGS, ROOT, SCALE, Case, Failure, Result  # noqa: E402
from run_host import build  # noqa: E402

sys.path.insert(0, str(ROOT / "tools"))
import machine as board  # noqa: E402
from diff import generate, generate_its  # noqa: E402
from diff.program import RESET, Op, Program, mentions  # noqa: E402
from soak import Part, Record, Run  # noqa: E402

GUEST = BUILD / "diff" / "diff.bin"
WORK = BUILD / "diff" / "run"
GOALS = ["hyp", "host", "build/diff/diff.bin"]
OPS_A_BOOT = 6000
BOOT_SECONDS = 60
# Sequences that a boot of the shrinker tries at once, and how often it is started at most.
TRIES_A_BOOT, SHRINK_BOOTS = 60, 400


@dataclass(frozen=True)
class Kind:
    """What is compared: a machine without a hypervisor, and one with Bulkhead on it."""

    bare: str
    host: str
    v2: bool
    said: str
    its: bool = False
    timers: tuple[int, ...] = (generate.VTIMER, generate.PTIMER)

    def generator(self, seed: str, cpus: int) -> generate.Generator:
        if self.its:
            return generate_its.ItsGenerator(seed, cpus)
        return generate.Generator(seed, cpus, self.v2, self.timers)


KINDS = {
    "v3": Kind("virt-el1", "virt-gicv3", False, "GICv3 guest on GICv3 hardware"),
    # listed difference `linked-end`
    "v2": Kind(
        "virt-el1-gicv2",
        "virt-gicv2",
        True,
        "GICv2 guest on GICv2 hardware",
        timers=(generate.PTIMER,),
    ),
    "v2on3": Kind("virt-el1-gicv2", "virt-gicv3", True, "GICv2 guest on GICv3 hardware"),
    "its": Kind("virt-el1", "virt-gicv3", False, "LPIs and the ITS", True),
}


@dataclass
class Logs:
    """What a boot printed: a hash for each sequence, words where it was verbose."""

    hashes: list[str]
    words: dict[int, list[str]]  # by number of the operation in the program
    end: str  # empty: it came to its end
    log: pathlib.Path


class Runner:
    """Boots programs of one kind; what it needs lies in a folder of its own."""

    def __init__(self, kind: str, name: str) -> None:
        self.kind = KINDS[kind]
        self.folder = WORK / f"{kind}-{name}"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.boots = 0

    def _bundle(self, program: Program, image: pathlib.Path) -> pathlib.Path:
        words = {"vcpus": str(program.cpus), "gic": "v2" if program.v2 else "v3"}
        words["spi-count"] = "224"
        if program.its:
            words["its"] = ""
        dts = self.folder / "vm.dts"
        dts.write_text(
            bare_metal.config("the differential tests", image, 64 << 20, words),
            encoding="utf-8",
        )
        bundle, refused = bare_metal.bundle(dts, self.folder / "vm")
        if refused:
            raise OSError(f"{dts} is refused: {refused[0]}")
        return bundle

    def boot(self, program: Program, bare: bool) -> Logs:
        """Runs the program on one side."""
        side = "bare" if bare else "vm"
        image = self.folder / f"{side}.bin"
        image.write_bytes(program.image(GUEST.read_bytes()))
        name = self.kind.bare if bare else self.kind.host
        argv = board.qemu_command(
            name,
            kernel=image if bare else BUILD / "bulkhead.img",
            initrd=None if bare else self._bundle(program, image),
            cpus=program.cpus,
            memory=512,
            # one instruction is one nanosecond, so that a run repeats
            extra="-icount shift=0,sleep=off -seed 1 -rtc base=2024-01-01,clock=vm".split(),
        )
        self.boots += 1
        log = self.folder / f"{side}.log"
        environment = board.qemu_environment(name)
        with log.open("wb") as out:
            try:
                subprocess.run(
                    argv,
                    cwd=ROOT,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    timeout=BOOT_SECONDS * SCALE,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                pass
        return read_logs(log)

    def compare(self, program: Program) -> list[int]:
        """The sequences that differ; those after the end of one side differ, too."""
        bare, vm = self.boot(program, True), self.boot(program, False)
        if bare.end:
            raise OSError(f"the machine without a hypervisor: {bare.end} ({bare.log})")
        count = len(program.sequences)
        return [
            i for i in range(count) if i >= len(vm.hashes) or bare.hashes[i] != vm.hashes[i]
        ]


def read_logs(log: pathlib.Path) -> Logs:
    text = log.read_text(encoding="utf-8", errors="replace").replace("\r", "")
    hashes = re.findall(r"^(?:guest\| )?s \d+ ([0-9a-f]{8})$", text, re.M)
    words = {
        int(match[1]): match[2].split()
        for match in re.finditer(r"^(?:guest\| )?w \d+ (\d+)((?: [0-9a-f]+)*)$", text, re.M)
    }
    end = ""
    if not re.search(r"^(?:guest\| )?end$", text, re.M):
        last = [line for line in text.splitlines() if line.strip()]
        end = f"it ends in: {last[-1]}" if last else "it prints nothing"
    return Logs(hashes, words, end, log)


# -- shrinking --


def _without(ops: list[Op], size: int) -> list[list[Op]]:
    """Each way to leave out `size` operations in a row, but for those that are pinned."""
    free = [i for i, op in enumerate(ops) if not op.pinned]
    tries = []
    for start in range(0, len(free), size):
        gone = set(free[start : start + size])
        tries.append([op for i, op in enumerate(ops) if i not in gone])
    return tries


def _unused(ops: list[Op]) -> list[Op]:
    """Without what is pinned for interrupts that nothing else mentions."""
    used = set().union(*(mentions(op) for op in ops if not op.pinned))
    return [op for op in ops if not op.pinned or mentions(op) & used]


class Shrinker:
    """Makes sequences that differ fewer and shorter, while they do."""

    def __init__(self, runner: Runner, program: Program) -> None:
        self.runner = runner
        self.program = program
        self.last = runner.boots + SHRINK_BOOTS

    def over(self) -> bool:
        return self.runner.boots >= self.last

    def fails(self, sequences: list[list[Op]]) -> bool:
        """Run one after the other in one boot, they differ."""
        return bool(self.runner.compare(self.program.alone(sequences)))

    def first_failing(self, tries: list[list[Op]], before: list, after: list) -> list[Op] | None:
        """One of `tries` that differs. Where they need others around them, each has its own boot,
        else all are tried in one, and what was found is tried again alone."""
        if not before and not after:
            for start in range(0, len(tries), TRIES_A_BOOT):
                some = tries[start : start + TRIES_A_BOOT]
                found = self.runner.compare(self.program.alone(some))
                for i in found:
                    if self.over():
                        break
                    if self.fails([some[i]]):
                        return some[i]
            return None
        for ops in tries:
            if self.over():
                break
            if self.fails([*before, ops, *after]):
                return ops
        return None

    def shorten(self, before: list, ops: list[Op], after: list) -> list[Op]:
        """Leaves out halves, quarters … single operations."""
        size = max(len(ops) // 2, 1)
        while not self.over():
            shorter = self.first_failing(_without(ops, size), before, after)
            if shorter is not None:
                ops = shorter
            elif size == 1:
                break
            else:
                size = max(size // 2, 1)
        fewer = _unused(ops)
        return fewer if self.fails([*before, fewer, *after]) else ops

    def shrink(self, sequences: list[list[Op]]) -> list[list[Op]]:
        """What came before goes first, then operations."""
        size = max((len(sequences) - 1) // 2, 1)
        while len(sequences) > 1 and not self.over():
            for start in range(0, len(sequences) - 1, size):
                end = min(start + size, len(sequences) - 1)
                fewer = sequences[:start] + sequences[end:]
                if self.fails(fewer):
                    sequences = fewer
                    break
            else:
                if size == 1:
                    break
                size = max(size // 2, 1)
        for i in reversed(range(len(sequences))):
            sequences[i] = self.shorten(sequences[:i], sequences[i], sequences[i + 1 :])
        return sequences


def shrunk(runner: Runner, program: Program, first: int) -> list[list[Op]]:
    """The shortest found that differs as sequence `first` does: alone, or after others."""
    sequences = [list(sequence) for sequence in program.sequences[: first + 1]]
    shrinker = Shrinker(runner, program)
    if shrinker.fails(sequences[-1:]):
        sequences = sequences[-1:]
    return shrinker.shrink(sequences)


def _seen(words: list[str], cpus: int) -> list[str]:
    """The words of one operation as a person reads them."""
    said = []
    own, seen = words[: len(words) - cpus], words[len(words) - cpus :]
    if own:
        said.append("logs " + " ".join(own))
    for cpu, word in enumerate(seen):
        value = int(word, 16)
        signals = "".join(
            name for bit, name in ((47, "I"), (46, "F")) if value >> bit & 1
        )
        said.append(
            f"CPU {cpu}: {signals or '-'} running {value >> 32 & 0xff:#x} "
            f"highest {value >> 16 & 0xffff}/{value & 0xffff}"
        )
    return said


def explain(runner: Runner, program: Program, sequences: list[list[Op]]) -> list[str]:
    """The operations, and what each side has to say where they part."""
    verbose = program.alone(sequences, verbose=True)
    bare, vm = runner.boot(verbose, True), runner.boot(verbose, False)
    lines, before = [], []
    for i, op in enumerate(op for ops in sequences for op in (Op(RESET), *ops)):
        lines.append(f"{i:4} {op}")
        if bare.words.get(i) != vm.words.get(i):
            if before:
                lines[-1:-1] = [f"       both     {said}" for said in _seen(before, program.cpus)]
            for side, logs in (("QEMU", bare), ("Bulkhead", vm)):
                if i in logs.words:
                    for said in _seen(logs.words[i], program.cpus):
                        lines.append(f"       {side:8} {said}")
                else:
                    lines.append(f"       {side:8} {logs.end}")
            break
        before = bare.words.get(i, [])
        lines[-1] += "   -> " + " ".join(bare.words[i][: -program.cpus]) if len(
            bare.words.get(i, [])
        ) > program.cpus else ""
    return lines


# -- runs --


@dataclass
class Outcome:
    """What came of a run."""

    operations: int = 0
    sequences: int = 0
    seconds: float = 0.0
    differing: int = 0
    explanation: list[str] = None


def programs(kind: str, seed: int, operations: int):
    """Programs by the seed, until there are that many operations: on 2, 1, 3, 4 CPUs and so on."""
    done, number = 0, 0
    while done < operations:
        cpus = (2, 1, 3, 4)[number % 4]
        maker = KINDS[kind].generator(f"{kind} {seed} {number}", cpus)
        sequences, count = [], 0
        wanted = min(OPS_A_BOOT, operations - done)
        while count < wanted:
            sequences.append(maker.sequence())
            count += len(sequences[-1]) + 1
        # one after the other: device tables flat and in two levels, registers in halves and whole
        its = 1 + 2 * (number % 3 % 2) + 4 * (number % 2) if KINDS[kind].its else 0
        yield Program(tuple(sequences), cpus, KINDS[kind].v2, its)
        done += count
        number += 1


def run(
    kind: str,
    seed: int,
    operations: int,
    tell: Callable[[str], None],
    seconds: float = 0.0,
) -> Outcome:
    """Compares that many operations, or as many as there is time for; stops at the first program
    in which sequences differ."""
    outcome = Outcome()
    started = time.monotonic()
    if seconds:
        operations = sys.maxsize
    runner = Runner(kind, f"seed-{seed}")
    for program in programs(kind, seed, operations):
        count = sum(len(sequence) + 1 for sequence in program.sequences)
        differing = runner.compare(program)
        outcome.operations += count
        outcome.sequences += len(program.sequences)
        tell(
            f"{kind}: {outcome.operations} operations, seed {seed}, "
            f"{program.cpus} CPUs, {len(differing)} of {len(program.sequences)} sequences differ"
        )
        if differing:
            outcome.differing = len(differing)
            outcome.explanation = explain(
                runner, program, shrunk(runner, program, differing[0])
            )
            break
        if seconds and time.monotonic() - started >= seconds:
            break
    outcome.seconds = time.monotonic() - started
    return outcome


# What `make test` and a soak run do of each kind.
TEST_OPERATIONS, TEST_SEED = 40000, 1
SOAK_OPERATIONS = 200000

def _case(kind: str):
    def body(result: Result) -> None:
        lines = []
        outcome = run(kind, TEST_SEED, TEST_OPERATIONS, lines.append)
        result.output = "\n".join(lines) + "\n"
        if outcome.differing == 0:
            result.passed = 1
            return
        result.failures.append(
            Failure(
                f"{KINDS[kind].said}, seed {TEST_SEED}: what the guest sees is not what QEMU's "
                "own controller shows it; the shortest that differs:",
                details=outcome.explanation or [],
            )
        )

    return body


def diff_cases(_args: argparse.Namespace) -> list[Case]:
    result = Result("diff", "build")
    if not build(GOALS, result):
        return [Case("diff", "build", lambda into: into.failures.extend(result.failures))]
    return [Case("diff", kind, _case(kind)) for kind in KINDS]


def _soak(kind: str):
    def body(how: Run) -> Record:
        result = Result("diff", kind)
        if not build(GOALS, result):
            return Record("nothing", [result.failures[0].sentence])
        outcome = run(kind, how.seed, SOAK_OPERATIONS, how.tell, 60 * (how.minutes or 0))
        said = f"{outcome.operations} operations in {outcome.sequences} sequences"
        failures = ["sequences differ:", *outcome.explanation] if outcome.differing else []
        return Record(said, failures)

    return body


def soak_parts() -> list[Part]:
    return [
        Part(f"diff/{kind}", f"{what.said}: {SOAK_OPERATIONS} operations", _soak(kind))
        for kind, what in KINDS.items()
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--kind", choices=list(KINDS), default="v3")
    parser.add_argument("--seed", type=int, default=1, help="default: 1")
    parser.add_argument("--operations", type=int, default=20000, help="default: 20000")
    args = parser.parse_args()
    result = Result("diff", args.kind)
    if not build(GOALS, result):
        print(result.output)
        return 1
    outcome = run(args.kind, args.seed, args.operations, lambda line: print(line, flush=True))
    for line in outcome.explanation or []:
        print(line)
    print(
        f"{outcome.operations} operations in {outcome.sequences} sequences, "
        f"{outcome.seconds:.0f} s, {outcome.operations / outcome.seconds:.0f} a second"
    )
    return 1 if outcome.differing else 0


if __name__ == "__main__":
    sys.exit(main())
