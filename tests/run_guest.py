# SPDX-License-Identifier: Apache-2.0
"""The guest tier: bare-metal programs of tests/guest/cases.txt, each in a VM of its own on QEMU.

A case marked `bare` also runs on the same machine without a hypervisor: NAME/bare shows that the
test itself is right about Arm.
"""
import argparse
import fnmatch
import pathlib
import re
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from functools import partial

import bare_metal
from run_case import BUILD, LOGS, ROOT, SCALE, Case, Failure, Result
from run_host import build
from run_tap import read_tap

sys.path.insert(0, str(ROOT / "tools"))
import machine as board  # noqa: E402

# Words of the hypervisor that no test may cause.
FORBIDDEN = re.compile(r"\bpanic\b|\bCHECK\b|UBSAN|BUG:", re.I)
SIZES = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
# The name a console line may carry before the guest's own text.
PLAN = re.compile(r"^guest\| 1\.\.\d+$")
BOOT_SECONDS = 120  # of real time: what takes longer hangs
PREFIX = re.compile(r"^(?:\[?guest\]?[:|>]? ?)(?=1\.\.|ok |not ok |#)", re.M)


@dataclass
class Program:
    """One line of cases.txt. Its name may be PROGRAM/VARIANT: the same on another machine."""

    name: str
    machine: dict[str, str]
    vm: dict[str, str]
    bare: bool

    @property
    def image(self) -> str:
        """The program's name in tests/guest."""
        return self.name.split("/")[0]

    @property
    def images(self) -> set[str]:
        """Its own, what runs beside it, and what its config names."""
        dts = ROOT / "tests" / "guest" / (self.image + ".dts")
        text = dts.read_text(encoding="utf-8") if dts.exists() else ""
        beside = {self.vm["beside"]} if "beside" in self.vm else set()
        return {self.image} | beside | set(re.findall(r"build/guest/(\w+)\.bin", text))

    @property
    def stem(self) -> str:
        """What its files in build/ are called."""
        return self.name.replace("/", "-")


def size_bytes(text: str) -> int:
    return int(text[:-1]) * SIZES[text[-1]]


def read_cases(path: pathlib.Path) -> list[Program]:
    """The programs that cases.txt lists: name | machine | VM | bare or nobare."""
    programs = []
    if not path.exists():
        return programs
    for line in path.read_text(encoding="utf-8").splitlines():
        fields = [part.strip() for part in line.split("#")[0].split("|")]
        if fields == [""]:
            continue
        pairs = [dict(word.partition("=")[::2] for word in part.split()) for part in fields[1:3]]
        programs.append(Program(fields[0], pairs[0], pairs[1], fields[3] == "bare"))
    return programs


def make_bundle(program: Program, result: Result) -> pathlib.Path | None:
    """The bundle of a VM with the program in it; tests/guest/NAME.dts where that exists."""
    folder = BUILD / "test"
    folder.mkdir(parents=True, exist_ok=True)
    dts = ROOT / "tests" / "guest" / (program.image + ".dts")
    if not dts.exists():
        dts = folder / (program.stem + ".dts")
        words = {"vcpus": "1"} | {k: v for k, v in program.vm.items() if k != "memory"}
        dts.write_text(
            bare_metal.config(
                f"the guest test {program.name}",
                BUILD / "guest" / (program.image + ".bin"),
                size_bytes(program.vm.get("memory", "64M")),
                words,
            ),
            encoding="utf-8",
        )
    bundle, refused = bare_metal.bundle(dts, folder / program.stem)
    if refused:
        result.failures.append(
            Failure("its config is refused", str(dts.relative_to(ROOT)), refused[:10])
        )
        return None
    return bundle


def make_tree(program: Program) -> None:
    """The board's own tree, but for `edge=`: the interrupt of that node is edge-triggered there."""
    tree, node = BUILD / "test" / (program.stem + "-board.dtb"), program.machine["edge"]
    argv, environment = qemu_of(program, bare=False)
    argv = [word for word in argv if word not in ("-dtb", str(tree))]
    dump = [*argv, "-machine", f"dumpdtb={tree}"]
    subprocess.run(dump, env=environment, capture_output=True, check=True)
    get = ["fdtget", "-t", "u", str(tree), node, "interrupts"]
    told = subprocess.run(get, capture_output=True, text=True, check=True).stdout.split()
    put = ["fdtput", "-t", "u", str(tree), node, "interrupts", *told[:-1], "1"]
    subprocess.run(put, capture_output=True, check=True)


def boot(
    argv: list[str],
    environment: dict[str, str],
    log: pathlib.Path,
    over: re.Pattern[str] | None = None,
) -> tuple[str, str]:
    """Runs QEMU until it ends, prints `over` or what is forbidden, or time is over: (output, the
    end)."""
    LOGS.mkdir(parents=True, exist_ok=True)
    lines: list[str] = []
    with subprocess.Popen(
        argv,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as qemu, log.open("w", encoding="utf-8") as file:
        ending = threading.Timer(BOOT_SECONDS * SCALE, qemu.kill)
        ending.start()
        started = time.monotonic()
        panicked = None
        for raw in qemu.stdout:
            line = raw.decode(errors="replace").replace("\r", "")
            lines.append(line)
            file.write(line)
            if over is not None and over.search(line):
                qemu.kill()
            if (
                panicked is None
                and FORBIDDEN.search(line)
                and not line.lstrip().startswith(("ok", "#"))
            ):
                # The rest of its report follows within a moment.
                panicked = line.strip()
                threading.Timer(1.0, qemu.kill).start()
        qemu.wait()
        ending.cancel()
    if panicked is not None:
        return "".join(lines), f'forbidden text: "{panicked}"'
    if time.monotonic() - started >= BOOT_SECONDS * SCALE:
        return "".join(lines), f"not over after {BOOT_SECONDS * SCALE:.0f} s"
    return "".join(lines), ""


def qemu_of(program: Program, bare: bool) -> tuple[list[str], dict[str, str]]:
    """Command and environment to run `program` in, with Bulkhead or bare."""
    name = program.machine.get("machine", "virt-gicv3")
    if bare:
        name = "virt-el1-gicv2" if name == "virt-gicv2" else "virt-el1"
    # One instruction is one nanosecond: a test's waiting does not hang on how busy the host is.
    # `parallel` gives each CPU a thread of its own instead, for races.
    extra = []
    if "parallel" not in program.machine:
        extra = ["-icount", "shift=0,sleep=off", "-seed", "1", "-rtc", "base=2024-01-01,clock=vm"]
    memory = size_bytes(program.machine.get("mem", "512M")) >> 20
    version = program.machine.get("qemu")
    if not bare and "edge" in program.machine:
        extra += ["-dtb", str(BUILD / "test" / (program.stem + "-board.dtb"))]
    argv = board.qemu_command(
        name,
        kernel=BUILD / "guest" / (program.image + ".bin") if bare else BUILD / "bulkhead.img",
        initrd=None if bare else BUILD / "test" / (program.stem + ".bundle"),
        cpus=int(program.machine.get("smp", "1")),
        memory=memory,
        cpu=program.machine.get("cpu"),
        qemu=board.qemu_of_version(int(version)) if version else None,
        extra=extra,
    )
    return argv, board.qemu_environment(name)


def run_program(program: Program, result: Result, bare: bool = False) -> None:
    """Its images are built."""
    result.log = LOGS / (program.stem + ("-bare.log" if bare else ".log"))
    version = program.machine.get("qemu")
    if version and board.qemu_of_version(int(version)) is None:
        result.skips.append(f"QEMU {version} is missing: make fetch")
        return
    if not bare and make_bundle(program, result) is None:
        return
    if not bare and "edge" in program.machine:
        make_tree(program)
    argv, environment = qemu_of(program, bare)
    # What is beside it doesn't end.
    over = PLAN if "beside" in program.vm and not bare else None
    output, ending = boot(argv, environment, result.log, over)
    result.output = " ".join(argv) + "\n" + output
    read_tap(PREFIX.sub("", output), result)
    if bare:
        # What QEMU's virt doesn't have isn't missing here: the same case asks Bulkhead for it.
        result.skips.clear()
    if ending:
        result.failures.append(Failure(ending, details=output.splitlines()[-6:]))
    elif not output.strip():
        result.failures.append(Failure("silence: nothing was printed"))


def guest_cases(args: argparse.Namespace) -> list[Case]:
    programs = read_cases(ROOT / "tests" / "guest" / "cases.txt")
    cases = []
    if programs:
        # One build before QEMUs share the processors.
        only = args.only.split("/")[0] or "*"
        images = set[str]().union(
            *(program.images for program in programs if fnmatch.fnmatchcase(program.image, only))
        )
        wanted = [f"build/guest/{image}.bin" for image in sorted(images)]
        for goals in (["hyp", "host"], wanted):
            result = Result("guest", "build")
            if goals and not build(goals, result):
                failure = result.failures[0]
                cases.append(
                    Case(
                        "guest",
                        "build",
                        lambda into, failure=failure: into.failures.append(failure),
                    )
                )
    if cases:
        return cases
    for program in programs:
        cases.append(Case("guest", program.name, partial(run_program, program)))
        if program.bare:
            alone = partial(run_program, program, bare=True)
            cases.append(Case("guest", program.name + "/bare", alone))
    return cases
