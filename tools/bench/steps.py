#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The longest steps of EL2 between two looks at interrupts, in instructions: `make steps`.

Runs guests of tests/hostile.py, or programs of tests/guest, on a QEMU that counts
(tools/plugin/steps.c), and prints each kind of step with the function it began at and those it
spent most in, in the order in which they came. A step begins where a guest is left or where EL2
looked last, and ends where a guest is entered, where EL2 looks again and where it waits. Steps are
of one kind when they began at one function and spent most in the same ones.
"""
import argparse
import fnmatch
import os
import pathlib
import re
import subprocess
import sys
from dataclasses import dataclass, field

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests"), str(ROOT / "tests" / "system")]
import hostile  # noqa: E402
import machine as board  # noqa: E402
import run_guest  # noqa: E402
from run_case import Result  # noqa: E402

WORK = board.BUILD / "steps"
PLUGIN = ROOT / "tools" / "plugin" / "steps.c"
LIMIT = 2000  # docs/scheduling.md
GUEST = "guest/"
# Who looks: what is pending there is taken before anything else. vgic_gather_locked() looks too,
# but only once an access; switch_to() looks for SErrors.
LOOKERS = {
    "run_next", "look_at_events", "irq_poll", "irq_wait", "look_here", "vgic_take_events",
    "vdev_may_go_on",
}  # fmt: skip
# Without what the compiler puts behind a name: "f.constprop.0".
SYMBOL = re.compile(r"^([0-9a-f]+) ([tT]) (?!image_)([A-Za-z_]\w*)(?:[.][\w.]+)?$", re.M)
INSTRUCTION = re.compile(r"^ *([0-9a-f]{12}):\s+[0-9a-f ]{8,11}\s+(\S+)(?:[ \t]+(.*))?$", re.M)
TABLES = ("el2_vectors", "el2_vectors_gicv2", "el2_vectors_timed")
LOWER_EL = range(0x400, 0x800, 0x80)


class Unfit(Exception):
    """What keeps it from counting, as a sentence."""


@dataclass
class Kind:
    """Steps that are alike, by the longest of them."""

    length: int
    began: str
    spent: list[tuple[str, int]]  # in the order in which they came
    lengths: list[int] = field(default_factory=list)


def call(*command: str | pathlib.Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode != 0:
        raise Unfit(f"{' '.join(map(str, command))} fails: {done.stderr.strip()}")
    return done.stdout


def tool(name: str) -> str:
    return call("make", "-s", "--no-print-directory", f"print-{name}").strip()


def functions() -> list[tuple[int, str]]:
    """Of bulkhead.elf, sorted; where several names are one place, a global one."""
    found: dict[int, tuple[str, str]] = {}
    for at, kind, name in SYMBOL.findall(call(tool("NM"), board.BUILD / "bulkhead.elf")):
        if int(at, 16) not in found or kind == "T":
            found[int(at, 16)] = (kind, name)
    return [(at, name) for at, (_, name) in sorted(found.items())]


def write_map(path: pathlib.Path) -> None:
    """What the plugin has to know of bulkhead.elf."""
    names = functions()
    place = {name: at for at, name in names}
    lines = [f"F {at:x} {name}" for at, name in names]
    lines += [f"V {place[table] + slot:x}" for table in TABLES for slot in LOWER_EL]
    looks: set[str] = set()
    name, rest = "", names
    for at, mnemonic, operands in INSTRUCTION.findall(
        call(tool("OBJDUMP"), "-d", board.BUILD / "bulkhead.elf")
    ):
        while rest and rest[0][0] <= int(at, 16):
            name, rest = rest[0][1], rest[1:]
        if mnemonic == "eret":
            lines.append(f"E {at}")
        elif mnemonic == "wfi":
            lines.append(f"W {at}")
        elif mnemonic == "mrs" and operands.lower().endswith("isr_el1") and name in LOOKERS:
            lines.append(f"L {at}")
            looks.add(name)
    if "run_next" not in looks:
        raise Unfit("build/bulkhead.elf has no look at interrupts in run_next()")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def plugin_for(qemu: str) -> pathlib.Path:
    """Built for the plugin interface that this QEMU has."""
    version = re.search(r"version (\d+)\.", call(qemu, "--version"))
    if version is None:
        raise Unfit(f"{qemu} does not say its version")
    api = 1 if int(version[1]) < 9 else 2
    path = WORK / f"steps-{api}.so"
    call(
        "gcc", "-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror",
        f"-DPLUGIN_API={api}", "-o", path, PLUGIN,
    )  # fmt: skip
    return path


def qemu_for(version: int | None) -> str:
    found = board.qemu_of_version(version) if version else board.qemu_binary()
    if found is None:
        raise Unfit(f"QEMU {version} is missing: make fetch")
    return found


def count(what: str, qemu: str, options: argparse.Namespace, run) -> pathlib.Path:
    """Calls run() with the plugin among QEMU's options; the file of its steps."""
    out = WORK / f"{what.replace('/', '-')}.steps"
    out.unlink(missing_ok=True)
    given = os.environ.get("QEMU_ARGS", "")
    os.environ["QEMU_ARGS"] = (
        f"{given} -plugin {plugin_for(qemu)},map={WORK / 'map'},out={out},least={options.least}"
    )
    try:
        run()
    finally:
        os.environ["QEMU_ARGS"] = given
    if not out.exists():
        raise Unfit(f"{qemu} takes no plugin: build/log has what it says")
    return out


def run_hostile(key: str, options: argparse.Namespace) -> pathlib.Path:
    variant = hostile.VARIANTS[key]
    if not variant.counted:
        raise Unfit(f"{key} gives each CPU a thread, and counts no instructions")

    def run() -> None:
        outcome = hostile.play(
            f"steps-{key}", variant, options.seed, options.traps, commands=not options.quiet
        )
        print(f"{key}: {outcome.said(variant.bound)}")
        for failure in outcome.failures:
            print(f"{key}: {failure}")

    call("make", "-s", *hostile.GOALS)
    return count(key, qemu_for(variant.qemu), options, run)


def run_program(program: run_guest.Program, options: argparse.Namespace) -> pathlib.Path:
    """A program of tests/guest."""
    if "parallel" in program.machine:
        raise Unfit(f"{program.name} gives each CPU a thread, and counts no instructions")
    result = Result("guest", program.name)
    version = program.machine.get("qemu")
    call("make", "-s", "hyp", "host", *(f"build/guest/{image}.bin" for image in program.images))
    out = count(
        GUEST + program.name,
        qemu_for(int(version) if version else None),
        options,
        lambda: run_guest.run_program(program, result),
    )
    print(f"{GUEST}{program.name}: {result.passed} tests passed")
    for failure in result.failures:
        print(f"{GUEST}{program.name}: {failure.sentence}")
    return out


def read_steps(path: pathlib.Path, alike: int) -> list[Kind]:
    """The kinds of steps in a file, the longest first."""
    kinds: dict[tuple[str, ...], Kind] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        words = line.split()
        if len(words) < 3 or not line.endswith(tuple("0123456789")):
            continue  # the last one, where QEMU was killed
        length, began = int(words[0]), words[1]
        parts = [word.rsplit(":", 1) for word in words[2:]]
        spent = [(name, int(instructions)) for name, instructions in parts]
        most = sorted(spent, key=lambda part: -part[1])[:alike]
        key = (began, *sorted(name for name, _ in most))
        kind = kinds.setdefault(key, Kind(0, began, []))
        kind.lengths.append(length)
        if length > kind.length:
            kind.length, kind.spent = length, spent
    return sorted(kinds.values(), key=lambda kind: -kind.length)


def show(kinds: list[Kind], options: argparse.Namespace) -> None:
    for kind in kinds[: options.top]:
        mark = "!" if kind.length > LIMIT else " "
        least = sorted((part[1] for part in kind.spent), reverse=True)[: options.functions][-1]
        parts = " ".join(f"{name}:{n}" for name, n in kind.spent if n >= least)
        times = f"{len(kind.lengths)} time{'s' if len(kind.lengths) != 1 else ''}"
        print(f"{mark}{kind.length:6}  {times:>11}  {kind.began} > {parts}")
    above = sum(length > LIMIT for kind in kinds for length in kind.lengths)
    print(f"steps above {LIMIT} instructions: {above}")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make steps",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="make steps ONLY=NAME,NAME SEED= TRAPS= OPTIONS='--top 40 --functions 12'\n"
        + "Variants of a hostile guest: "
        + " ".join(key for key, variant in hostile.VARIANTS.items() if variant.counted)
        + "\nPrograms: guest/NAME as in tests/guest/cases.txt, with * and ?",
    )
    parser.add_argument("--only", default="priority", help="default: priority")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--traps", type=int, default=20000, help="of a hostile guest (20000)")
    parser.add_argument("--least", type=int, default=1000, help="instructions (1000)")
    parser.add_argument("--top", type=int, default=25, help="kinds of steps to print (25)")
    parser.add_argument("--functions", type=int, default=8, help="of each kind to print (8)")
    parser.add_argument("--alike", type=int, default=2, help="functions that make a kind (2)")
    parser.add_argument("--quiet", action="store_true", help="no commands at the shell")
    return parser.parse_args()


def main() -> int:
    options = parse()
    WORK.mkdir(parents=True, exist_ok=True)
    names = re.split(r"[\s,]+", options.only.strip())
    programs = run_guest.read_cases(ROOT / "tests" / "guest" / "cases.txt")
    try:
        call("make", "-s", "hyp", "host")
        write_map(WORK / "map")
        for name in names:
            chosen = [p for p in programs if fnmatch.fnmatchcase(GUEST + p.name, name)]
            if name not in hostile.VARIANTS and not chosen:
                raise Unfit(f"there is no {name}: --help names them")
            runs = [(p.name, lambda p=p: run_program(p, options)) for p in chosen]
            for what, run in runs or [(name, lambda name=name: run_hostile(name, options))]:
                print(f"-- {what}", flush=True)
                show(read_steps(run(), options.alike), options)
    except Unfit as error:
        print(f"steps: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
