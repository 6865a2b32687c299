# SPDX-License-Identifier: Apache-2.0
"""The tiers that need no machine: build, lint, unit and fuzz."""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import threading

from run_case import BUILD, ROOT, SCALE, Case, Failure, Result, command
from run_tap import read_tap
from soak import Part, Record, Run

PYTHON = sys.executable
FUZZ_SECONDS = 10
SOAK_MINUTES = 5
LINT_LINES_MAX = 40
FINDING = re.compile(r"^([\w./-]+:\d+)(?::\d+)?:\s*(?:error: |warning: )?(.*)$")


def make(*goals: str) -> list[str]:
    return ["make", "--no-print-directory", f"-j{os.cpu_count() or 1}", *goals]


def make_variable(name: str) -> str:
    """The value of a variable of the Makefile."""
    return os.popen(f"cd '{ROOT}' && make -s --no-print-directory print-{name}").read().strip()


# Two makes in one folder would write the same objects.
BUILDING = threading.Lock()
SEEDING = threading.Lock()
# Bytes: what the README promises of gcc's image holds for clang's.
IMAGE_MAX = 448 * 1024


def build(goals: list[str], result: Result) -> bool:
    """Builds `goals`; a failure becomes the result's."""
    with BUILDING:
        if command(make(*goals), result, timeout=900) == 0:
            return True
    errors = [
        line
        for line in result.output.splitlines()
        if re.search(r"error|warning|\*\*\*|undefined", line)
    ]
    result.failures.append(Failure(f"make {' '.join(goals)} fails", details=errors[:10]))
    return False


def _must_build(*goals: str):
    def body(result: Result) -> None:
        if build(list(goals), result):
            result.passed = 1

    return body


def _llvm(result: Result) -> None:
    """clang builds all that EL2 and guests are, and its image stays within the limit."""
    if not build(["LLVM=1", "BUILD=build/llvm", "hyp", "guests"], result):
        return
    size = (BUILD / "llvm" / "bulkhead.img").stat().st_size
    if size > IMAGE_MAX:
        result.failures.append(
            Failure(
                f"clang's image build/llvm/bulkhead.img has {size} bytes, the limit is {IMAGE_MAX}"
            )
        )
    else:
        result.passed = 1


def _reproducible(result: Result) -> None:
    """The same bytes from a copy of the tree in another folder."""
    if not build(["hyp"], result):
        return
    copy = BUILD / "elsewhere"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(
        ROOT,
        copy,
        symlinks=True,
        ignore=lambda folder, names: ["build"] if folder == str(ROOT) else [],
    )
    (copy / "build").mkdir()
    (copy / "build" / "cache").symlink_to(BUILD / "cache")
    if (
        command(["make", "-C", str(copy), f"-j{os.cpu_count() or 1}", "hyp"], result, timeout=900)
        != 0
    ):
        result.failures.append(
            Failure("the copy does not build", details=result.output.splitlines()[-5:])
        )
        return
    if (copy / "build" / "bulkhead.img").read_bytes() == (BUILD / "bulkhead.img").read_bytes():
        result.passed = 1
    else:
        result.failures.append(
            Failure("two builds of one tree in two folders differ in bulkhead.img")
        )
    shutil.rmtree(copy)


def build_cases(_args: argparse.Namespace) -> list[Case]:
    return [
        Case("build", "gcc", _must_build("all", "guests", "unit")),
        Case("build", "llvm", _llvm),
        Case("build", "debug", _must_build("DEBUG=1", "BUILD=build/debug", "hyp")),
        Case("build", "reproducible", _reproducible),
    ]


def _lint(argv: list[str]):
    """A case of lint: no finding, or each finding as a failure `file:line: sentence`."""

    def body(result: Result) -> None:
        status = command(argv, result)
        if status == 0:
            result.passed = 1
            return
        lines = [line for line in result.output.splitlines() if FINDING.match(line)]
        for line in (
            lines[:LINT_LINES_MAX] or result.output.splitlines()[-5:] or [f"exit status {status}"]
        ):
            match = FINDING.match(line)
            result.failures.append(Failure(match[2], match[1]) if match else Failure(line))
        if len(lines) > LINT_LINES_MAX:
            result.failures[-1].details.append(f"and {len(lines) - LINT_LINES_MAX} more")

    return body


def _format(result: Result) -> None:
    tool = make_variable("CLANG_FORMAT")
    if shutil.which(tool) is None:
        result.skips.append(f"{tool} is missing (make fetch, or package clang-format-14)")
        return
    files = make_variable("C_FILES").split()
    _lint([tool, "--dry-run", "-Werror", "--ferror-limit=0", *files])(result)
    places = sorted(
        {line.split(":")[0] for line in result.output.splitlines() if FINDING.match(line)}
    )
    if places:
        more = [f"and {len(places) - 10} more"] if len(places) > 10 else []
        result.failures = [
            Failure(
                f"{len(places)} files are not formatted as .clang-format says: make fmt",
                details=places[:10] + more,
            )
        ]


def _cppcheck(result: Result) -> None:
    if shutil.which("cppcheck") is None:
        result.skips.append("cppcheck is missing (package cppcheck)")
        return
    folder = BUILD / "cppcheck"
    folder.mkdir(parents=True, exist_ok=True)
    _lint(
        [
            "cppcheck",
            "--quiet",
            f"-j{os.cpu_count() or 1}",
            f"--cppcheck-build-dir={folder}",
            "--std=c11",
            "--platform=unix64",
            "--enable=warning,portability",
            "--inline-suppr",
            "--error-exitcode=1",
            "--suppressions-list=tests/lint/cppcheck.txt",
            "--template={file}:{line}: {message} [{id}]",
            "-I.",
            "-Ibuild",
            "-DDEBUG=0",
            "-DLOG_LEVEL=6",
            "-D__aarch64__=1",
            "-D__attribute__(x)=",
            "boot",
            "core",
            "mm",
            "irq",
            "timer",
            "drivers",
            "tools",
        ]
    )(result)


def _fpregs(result: Result) -> None:
    elf = BUILD / "bulkhead.elf"
    if not elf.exists() and not build(["hyp"], result):
        return
    _lint([PYTHON, "tests/lint/fpregs.py", make_variable("OBJDUMP"), "build/bulkhead.elf"])(result)


def _headers(result: Result) -> None:
    if not build(["generated"], result):
        return
    _lint(
        [
            PYTHON,
            "tests/lint/headers.py",
            make_variable("EL2_CC"),
            make_variable("GUEST_CC"),
            make_variable("HOST_CC"),
        ]
    )(result)


def lint_cases(_args: argparse.Namespace) -> list[Case]:
    scripts = [
        Case("lint", name, _lint([PYTHON, f"tests/lint/{name}.py"]))
        for name in ("clauses", "layers", "sizes", "style")
    ]
    return scripts + [
        Case("lint", "format", _format),
        Case("lint", "headers", _headers),
        Case("lint", "pure", _must_build("pure")),
        Case("lint", "cppcheck", _cppcheck),
        Case("lint", "fpregs", _fpregs),
    ]


def built_first(tier: str, goal: str, only: str, cases: list[Case]) -> list[Case]:
    """The cases, once their programs are built together; or the case of the build that failed."""
    result = Result(tier, "build")
    if not cases or only or build([goal], result):
        return cases
    return [Case(tier, "build", lambda into: into.failures.extend(result.failures))]


def _unit(name: str):
    def body(result: Result) -> None:
        if not build([f"build/unit/test_{name}"], result):
            return
        status = command(
            [str(BUILD / "unit" / f"test_{name}")],
            result,
            timeout=120,
            env={**os.environ, "CMOCKA_MESSAGE_OUTPUT": "TAP"},
        )
        read_tap(result.output, result)
        if status != 0 and not result.failures:
            result.failures.append(
                Failure(f"ended with status {status}", details=result.output.splitlines()[-12:])
            )

    return body


def unit_cases(args: argparse.Namespace) -> list[Case]:
    cases = [Case("unit", name, _unit(name)) for name in make_variable("UNIT").split()]
    return built_first("unit", "unit", args.only, cases)


def compile_seeds(sources: list[pathlib.Path], images: pathlib.Path, out: pathlib.Path) -> None:
    """Trees to begin with; what dtc refuses is no seed."""
    out.mkdir(parents=True, exist_ok=True)
    for source in sources:
        subprocess.run(
            [
                "dtc",
                "-q",
                "-I",
                "dts",
                "-O",
                "dtb",
                "-i",
                str(images),
                "-i",
                str(source.parent.parent),
                "-o",
                str(out / source.stem),
                str(source),
            ],
            capture_output=True,
            check=False,
        )


def make_seeds() -> dict[str, pathlib.Path]:
    """Folders of first inputs by target, made of the configs and boards that other tests use."""
    seeds = BUILD / "fuzz" / "seeds"
    configs = ROOT / "tests" / "config"
    if not (configs / "images.py").exists() or shutil.which("qemu-system-aarch64") is None:
        return {}
    sys.path.insert(0, str(configs))
    import images  # pylint: disable=import-outside-toplevel

    work = seeds / "images"
    work.mkdir(parents=True, exist_ok=True)
    images.make(work)
    folders = {
        "board": seeds / "board",
        "config": seeds / "config",
        "dt": seeds / "config",
        "image": seeds / "image",
    }
    compile_seeds(sorted(configs.glob("boards/*.dts")), work, folders["board"])
    compile_seeds(
        sorted(configs.glob("good/*.dts")) + sorted(configs.glob("bad/*.dts")),
        work,
        folders["config"],
    )
    # The first byte chooses the type of image.
    folders["image"].mkdir(parents=True, exist_ok=True)
    for image in work.iterdir():
        for kind in (0, 1, 2):
            if image.stat().st_size < 100000:
                (folders["image"] / f"{image.name}-{kind}").write_bytes(
                    bytes([kind]) + image.read_bytes()
                )
    board = folders["board"] / "virt"
    subprocess.run(
        [
            "qemu-system-aarch64",
            "-nic",
            "none",
            "-smp",
            "4",
            "-m",
            "2G",
            "-machine",
            f"virt,virtualization=on,gic-version=3,dumpdtb={board}",
        ],
        capture_output=True,
        check=False,
    )
    # QEMU pads its tree to a MiB, of which nothing can be learnt.
    subprocess.run(
        ["dtc", "-q", "-I", "dtb", "-O", "dtb", "-o", str(board), str(board)],
        capture_output=True,
        check=False,
    )
    return folders


def _fuzz(name: str, seeds: dict[str, pathlib.Path], seconds: int = FUZZ_SECONDS, seed: int = 1):
    def body(result: Result) -> None:
        if not build([f"build/fuzz/fuzz_{name}"], result):
            return
        kept = ROOT / "tests" / "fuzz" / "corpus" / name
        grown = BUILD / "fuzz" / "corpus" / name
        shutil.rmtree(grown, ignore_errors=True)
        grown.mkdir(parents=True)
        environment = dict(os.environ)
        if "board" in seeds:
            environment["FUZZ_BOARD"] = str(seeds["board"] / "virt")
        argv = [
            str(BUILD / "fuzz" / f"fuzz_{name}"),
            f"-max_total_time={seconds}",
            f"-seed={seed}",
            f"-timeout={10 * SCALE:.0f}",
            "-max_len=65536",
            f"-artifact_prefix={BUILD}/log/fuzz-{name}-",
            "-print_final_stats=1",
            str(grown),
        ]
        argv += [
            str(folder)
            for folder in (kept, seeds.get(name))
            if folder is not None and folder.is_dir()
        ]
        status = command(argv, result, timeout=seconds + 60, env=environment)
        if status == 0:
            result.passed = 1
            return
        lines = [
            line
            for line in result.output.splitlines()
            if re.search(r"ERROR|SUMMARY|runtime error|Test unit written|^ +#[0-4] ", line)
        ]
        result.failures.append(Failure("an input breaks it", details=lines[:12]))

    return body


def _soak(name: str):
    def body(how: Run) -> Record:
        result = Result("fuzz", name)
        seconds = int(60 * (how.minutes or SOAK_MINUTES))
        (BUILD / "log").mkdir(parents=True, exist_ok=True)
        with SEEDING:
            seeds = make_seeds()
        _fuzz(name, seeds, seconds, how.seed)(result)
        inputs = re.search(r"number_of_executed_units: (\d+)", result.output)
        failures = [line for one in result.failures for line in (one.sentence, *one.details)]
        return Record(f"{inputs[1] if inputs else 'no'} inputs in {seconds} s", failures)

    return body


def soak_parts() -> list[Part]:
    says = f"libFuzzer, {SOAK_MINUTES} minutes"
    return [Part(f"fuzz/{name}", says, _soak(name)) for name in make_variable("FUZZ").split()]


def fuzz_cases(args: argparse.Namespace) -> list[Case]:
    names = make_variable("FUZZ").split()
    if not names:
        return []
    (BUILD / "log").mkdir(parents=True, exist_ok=True)
    seeds = make_seeds()
    return built_first(
        "fuzz", "fuzz", args.only, [Case("fuzz", name, _fuzz(name, seeds)) for name in names]
    )
