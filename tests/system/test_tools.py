# SPDX-License-Identifier: Apache-2.0
"""make's goals as a person meets them: what is made again when, and sentences for what is wrong."""
import os
import pathlib
import shutil
import subprocess

import pytest

import machine as board
from configs import config, vm
from goals import made, make
from run_case import SCALE

TICK = board.BUILD / "guest" / "tick.bin"
IMAGE = (
    'own: own {{ type = "raw";\ndata = /incbin/("{path}");\n'
    "load = <0x0 0x40080000>; entry = <0x0 0x40080000>; }};\n"
)


class Config:
    """A config of one VM in a folder of its own, with its image beside it."""

    def __init__(self, folder: pathlib.Path, name: str, image: str = "own.bin") -> None:
        self.dts, self.image = folder / f"{name}.dts", folder / image
        shutil.copy(TICK, self.image)
        self.write(self.text())
        self.word = f"CONFIG={self.dts}"
        self.bundle = board.BUILD / f"{name.replace(' ', '-')}.bundle"

    def text(self, **options) -> str:
        return config(
            vm("tick", kernel="own", initrd=None, memory="64M", **options),
            images=IMAGE.format(path=self.image.name),
        )

    def write(self, text: str) -> None:
        self.dts.write_text(text, encoding="utf-8")

    def line(self, text: str) -> int:
        """The number of the line that holds `text`."""
        lines = self.dts.read_text(encoding="utf-8").splitlines()
        return next(number for number, line in enumerate(lines, 1) if text in line)

    def missing(self) -> str:
        """The sentence for a missing image."""
        return (
            f"error: {self.dts}:{self.line('incbin')}: /images/own: data: the file {self.image} "
            "is missing: put it there, or name another in /incbin/"
        )


@pytest.fixture
def own(tmp_path, request):
    """own(name) is a Config; what make made of it is removed after the test."""
    names = []

    def create(name: str, **options) -> Config:
        folder = tmp_path / ("a folder" if " " in name else "folder")
        folder.mkdir(exist_ok=True)
        names.append(name.replace(" ", "-"))
        return Config(folder, name, **options)

    yield create
    for name in names:
        for path in board.BUILD.glob(f"{name}.*"):
            path.unlink()


def test_a_bundle_is_made_once_and_again_when_its_image_changes(own):
    tick = own("tools-again")
    assert "BUNDLE" in made("bundle", tick.word)
    assert made("bundle", tick.word) == ""
    tick.image.write_bytes(TICK.read_bytes() + b"another image")
    assert "BUNDLE" in made("bundle", tick.word)
    assert b"another image" in tick.bundle.read_bytes()


def test_a_deleted_image_is_missed_with_a_sentence_and_no_old_bundle_passes(own):
    tick = own("tools-deleted")
    made("bundle", tick.word)
    tick.image.unlink()
    for goal in ("bundle", "check", str(tick.bundle.relative_to(board.ROOT))):
        done = make(goal, tick.word)
        assert done.returncode != 0, f"make {goal} ends well"
        assert tick.missing() in done.stderr
    shutil.copy(TICK, tick.image)
    made("bundle", tick.word)


def test_an_image_that_was_never_there_is_missed_with_a_sentence(own):
    tick = own("tools-absent")
    tick.image.unlink()
    done = make("bundle", tick.word)
    assert done.returncode != 0 and tick.missing() in done.stderr


def test_an_image_that_an_included_file_names_counts_too(own):
    tick = own("tools-included")
    part = tick.dts.with_suffix(".dtsi")
    part.write_text(f"/ {{ images {{ {IMAGE.format(path=tick.image.name)} }}; }};\n")
    vms = config(vm("tick", kernel="own", initrd=None, memory="64M"), images="")
    tick.write(vms.replace("/dts-v1/;", f'/dts-v1/;\n/include/ "{part.name}"'))
    made("bundle", tick.word)
    tick.image.unlink()
    done = make("bundle", tick.word)
    assert f"error: {part}:2: /images/own: data: the file {tick.image} is missing" in done.stderr


def test_a_link_to_another_image_makes_the_bundle_again(own):
    tick = own("tools-link")
    other = tick.image.with_name("other.bin")
    other.write_bytes(TICK.read_bytes() + b"behind a link")
    os.utime(other, (1, 1))
    made("bundle", tick.word)
    tick.image.unlink()
    tick.image.symlink_to(other)
    made("bundle", tick.word)
    assert b"behind a link" in tick.bundle.read_bytes()


def test_paths_of_config_and_image_may_hold_spaces(own):
    tick = own("tools two words", image="my own tick.bin")
    assert "BUNDLE  build/tools-two-words.bundle" in made("bundle", tick.word)
    assert made("bundle", tick.word) == ""
    assert f"{tick.dts}: no errors" in made("check", tick.word)
    tick.image.unlink()
    assert tick.missing() in make("bundle", tick.word).stderr


def test_errors_name_the_config_that_the_user_wrote(own):
    tick = own("tools-error")
    tick.write(tick.text(extra="cpus = <2>;"))
    for goal in ("bundle", "check"):
        done = make(goal, tick.word)
        assert done.returncode != 0
        line = tick.line("cpus = <2>;")
        assert f"error: {tick.dts}:{line}: /vms/tick: cpus: is not part of a VM" in done.stderr
        assert "tools-error.dtb: /" not in done.stderr
    # What is missing has no line: its node has.
    tick.write(tick.text().replace("vcpus = <1>;", ""))
    sentence = f"error: {tick.dts}:{tick.line('tick: tick {')}: /vms/tick: vcpus: is missing"
    assert sentence in make("check", tick.word).stderr


def test_a_config_that_is_not_there_is_named_with_those_that_are():
    done = make("bundle", "CONFIG=nothing")
    assert done.returncode != 0
    assert "vm-configs/nothing.dts: no such config; vm-configs/ has: demo" in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr


def test_a_clone_in_a_folder_with_a_space_is_refused_with_a_sentence(tmp_path):
    folder = tmp_path / "my clone"
    folder.mkdir()
    done = make("-C", str(folder), "-f", str(board.ROOT / "Makefile"))
    assert done.returncode != 0 and "This folder's path has a space in it" in done.stderr


@pytest.mark.parametrize(
    "words, sentence",
    [
        (
            ["MACHINE=raspi4b"],
            "MACHINE=raspi4b needs DTB=file.dtb, the board's device tree, since QEMU makes none "
            "for it. The one that its test boots, with its console on the PL011: dtc -q -o",
        ),
        (["MACHINE=zcu102"], "MACHINE=zcu102 needs DTB=file.dtb"),
        (["MACHINE=raspi4b", "DTB=/no.dtb"], "DTB=/no.dtb: No such file or directory."),
        (["MACHINE=nothing"], "MACHINE=nothing: no such machine; there are virt-gicv3, "),
        (["KERNEL=/nowhere"], "KERNEL=/nowhere: No such file or directory."),
        (["MEM=much"], "MEM=much: not a size; write for example MEM=512M or MEM=2G."),
        (["CPUS=many"], "CPUS=many: not a number."),
        (["TIMEOUT=long"], "TIMEOUT=long: not a number of seconds; write for example TIMEOUT=60."),
        (["INITRD=."], "INITRD=.: Is a directory."),
        (["KERNEL=."], "KERNEL=.: Is a directory."),
        (["KERNEL=/no $HOME 'it'"], "KERNEL=/no $HOME 'it': No such file or directory."),
        (["DTB=/no $HOME 'it'"], "DTB=/no $HOME 'it': No such file or directory."),
    ],
)
def test_make_run_says_what_it_lacks_before_it_starts_anything(words, sentence):
    done = make("run", *words)
    assert done.returncode != 0
    assert sentence in done.stderr and "Booting" not in done.stdout


def test_make_run_boots_a_raspberry_pi_4_with_its_tree(own, qemu10, tmp_path):
    tick, tree = own("tools-pi"), tmp_path / "pi 4.dtb"
    source = board.ROOT / "tests/system/raspi4b.dts"
    subprocess.run(["dtc", "-q", "-o", tree, source], check=True)
    text = made("run", tick.word, "MACHINE=raspi4b", f"DTB={tree}", "TIMEOUT=5", QEMU=qemu10)
    assert "on Raspberry Pi 4 Model B" in text


def test_make_run_hands_on_quotes_and_dollars_as_they_are(own, tmp_path):
    own("run")  # what make makes of the words is removed
    folder = tmp_path / """it's "$HOME" $(CC) \\ and `ls`"""
    folder.mkdir()
    kernel, initrd = folder / "kernel", folder / "initrd"
    shutil.copy(TICK, kernel)
    initrd.write_bytes(b"an archive")
    bootargs = """--a x='y z' a$b $(open "quoted" c:\\d"""
    text = made(
        "run", f"KERNEL={kernel}", f"INITRD={initrd}", f"BOOTARGS={bootargs}", "MEM=64M",
        "TIMEOUT=1",
    )
    assert "Booting run on virt-gicv3" in text
    written = subprocess.run(
        ["fdtget", board.BUILD / "run.dtb", "/vms/guest", "bootargs"],
        check=True, capture_output=True, text=True,
    ).stdout.rstrip("\n")
    assert written == bootargs


def test_make_check_takes_a_board_whose_path_has_quotes_and_dollars(own, tmp_path):
    tick, tree = own("tools-board"), tmp_path / "a $HOME's \"board\".dtb"
    done = make("check", tick.word, f"BOARD={tree}")
    assert done.returncode != 0 and str(tree) in done.stderr, done.stderr


@pytest.mark.parametrize("goals", [["guests"], ["host"], ["build/unit/test_string"]])
def test_what_is_made_from_nothing_is_not_made_again(goals, tmp_path):
    build = f"BUILD={tmp_path}"
    goals = [goal.replace("build/", f"{tmp_path}/") for goal in goals]
    first = made(*goals, build)
    assert "\nrm " not in first, "make removes what it would need next time"
    assert made(*goals, build) == ""


def tools() -> list[str]:
    """The files of tools/ and tests/ that can be run."""
    return sorted(
        str(path.relative_to(board.ROOT))
        for folder in ("tools", "tests")
        for path in (board.ROOT / folder).rglob("*")
        if path.suffix in (".py", ".sh") and path.read_bytes().startswith(b"#!")
    )


def ran(*argv: str) -> subprocess.CompletedProcess:
    """A tool's run, by what the first line of its file names."""
    with open(board.ROOT / argv[0], encoding="utf-8") as file:
        interpreter = file.readline()[2:].strip()
    return subprocess.run(
        [interpreter, *argv], cwd=board.ROOT, stdin=subprocess.DEVNULL, capture_output=True,
        text=True, check=False, timeout=60 * SCALE,
    )


@pytest.mark.parametrize("tool", tools())
def test_every_tool_tells_its_use(tool):
    done = ran(tool, "--help")
    assert done.returncode == 0 and "usage: " in done.stdout, done.stderr


@pytest.mark.parametrize(
    "words, sentence",
    [
        (["tools/flash.py", "/none", "b", "c"], "/none: No such file or directory.\n"),
        (["tools/flash.py", "Makefile", "Makefile", "c"], "Makefile: no arm64 Image header; name"),
        (["tools/offsets.py", "/none", "x"], "/none: No such file or directory.\n"),
        (["tools/mkinitrd.py", "/none", "x"], "/none: No such file or directory.\n"),
    ],
)
def test_a_tool_misses_a_file_with_a_sentence(words, sentence):
    done = ran(*words)
    assert done.returncode != 0 and done.stderr.startswith(sentence), done.stderr
