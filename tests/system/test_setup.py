# SPDX-License-Identifier: Apache-2.0
"""What set-up and `make fetch` do and say where something can't be had."""
import os
import shutil
import subprocess

import pytest

import machine as board
from goals import made, make

# Nobody listens there: as without a network, but at once.
OFFLINE = {"DEBIAN_MIRROR": "http://127.0.0.1:9/debian"}
INITRD = board.BUILD / "guest" / "initrd.cpio.gz"
KERNEL = board.BUILD / "guest" / "Image"


@pytest.fixture
def cache(tmp_path):
    """An empty folder in the place of build/cache."""
    return tmp_path / "cache"


@pytest.fixture
def libfdt(tmp_path):
    """An archive with its headers beside it; what is in them does not matter here."""
    folder = tmp_path / "libfdt"
    folder.mkdir()
    for name in ("libfdt.a", "libfdt.h", "fdt.h", "libfdt_env.h", "fdt.c"):
        (folder / name).write_text(f"/* {name} */\n")
    return folder


def fetch(cache, *words: str) -> tuple[int, str]:
    """Status and text of `make fetch` into `cache`, without a network."""
    done = make("fetch", f"CACHE={cache}", *words, **OFFLINE)
    return done.returncode, done.stdout + done.stderr


def test_fetch_takes_local_files_and_tells_what_only_tests_would_need(cache, libfdt):
    named = (f"KERNEL={KERNEL}", f"INITRD={INITRD}", f"LIBFDT={libfdt / 'libfdt.a'}")
    status, text = fetch(cache, *named)
    assert status == 0, text
    assert (cache / "vmlinuz").read_bytes() == KERNEL.read_bytes()
    assert (cache / "initrd.cpio.gz").read_bytes() == INITRD.read_bytes()
    assert (cache / "libfdt" / "libfdt.a").exists()
    assert (cache / "libfdt" / "include" / "libfdt.h").exists()
    # The host has one QEMU at most: the other is missing for certain.
    absent = "qemu7" if board.qemu_of_version(10) == "qemu-system-aarch64" else "qemu10"
    assert (
        f"{cache}/{absent} is missing: only make test and make lint need it, and skip what they "
        "would do with it. To have it, run 'make fetch' where" in text
    )
    assert f"{cache} has what make and make run need." in text


def test_fetch_without_files_and_network_names_each_file_and_the_command(cache):
    status, text = fetch(cache)
    assert status != 0
    assert f"Fetching into {cache}: guest kernel (download 69 MB, disk 35 MB), busybox" in text
    for file, word in (("vmlinuz", "KERNEL"), ("busybox", "INITRD"), ("libfdt/libfdt.a", "LIBFDT")):
        line = next(line for line in text.splitlines() if f"{cache}/{file}" in line)
        assert "is missing: make" in line and f"make fetch {word}=" in line


def test_fetch_takes_libfdt_as_a_folder_of_sources_and_make_builds_from_it(cache, libfdt):
    fetch(cache, f"LIBFDT={libfdt}")
    assert (cache / "libfdt" / "src" / "fdt.c").exists()
    said = made("print-LIBFDT_INC", "print-LIBFDT_A", f"CACHE={cache}").split()
    assert said == [f"{cache}/libfdt/src", "build/libfdt/libfdt.a"]


@pytest.mark.parametrize(
    "word, sentence",
    [
        ("KERNEL=/nowhere", "KERNEL=/nowhere: no such file; give the path of a local file."),
        ("INITRD=/nowhere", "INITRD=/nowhere: no such file; give the path of a local file."),
        ("LIBFDT=/nowhere.a", "LIBFDT=/nowhere.a: no such file; give the path of a local file."),
        ("LIBFDT=/", "LIBFDT=/: no libfdt.h in this folder; name the folder libfdt/"),
    ],
)
def test_fetch_says_what_is_wrong_with_a_file_that_is_named(cache, word, sentence):
    status, text = fetch(cache, word)
    assert status != 0 and sentence in text


@pytest.mark.parametrize(
    "word, sentence",
    [
        ("LIBFDT=", "libfdt.a is missing: run 'make fetch', or name a local file: make fetch LIB"),
        ("LIBFDT=/no.a", "LIBFDT=/no.a: no such file; name an archive libfdt.a, or the folder"),
        ("LIBFDT=/no", "LIBFDT=/no: libfdt's sources are not there (no fdt.c); name the folder"),
        ("LIBFDT=/my file.a", "make can't build with a path that has a space in it; make fetch"),
    ],
)
def test_make_says_what_is_wrong_with_its_libfdt(cache, tmp_path, word, sentence):
    done = make("hyp", f"CACHE={cache}", f"BUILD={tmp_path / 'build'}", word)
    assert done.returncode != 0 and sentence in done.stderr


def test_guest_images_that_the_cache_lacks_are_named_with_the_command(cache, tmp_path):
    build = tmp_path / "build"
    for goal, file, word in (
        ("Image", "vmlinuz", "KERNEL"), ("initrd.cpio.gz", "busybox", "INITRD")
    ):
        done = make(f"{build}/guest/{goal}", f"CACHE={cache}", f"BUILD={build}")
        assert done.returncode != 0
        assert f"{cache}/{file} is missing: run 'make fetch'" in done.stderr
        assert f"make fetch {word}=file" in done.stderr


def debian(tmp_path, system: str, words: str, **variables: str) -> str:
    """What functions of tools/debian.sh print on a system with this /etc/os-release."""
    release = tmp_path / "os-release"
    release.write_text(system, encoding="utf-8")
    return subprocess.run(
        ["bash", "-c", f"set -eu; . tools/debian.sh; {words}"],
        cwd=board.ROOT, env={**os.environ, "OS_RELEASE": str(release), **variables},
        check=True, capture_output=True, text=True,
    ).stdout.strip()


def test_on_Ubuntu_guests_come_from_Debians_own_mirror(tmp_path):
    ubuntu = 'NAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian\nVERSION_CODENAME=noble\n'
    assert debian(tmp_path, ubuntu, "debian_mirror") == "http://deb.debian.org/debian"
    chosen = debian(tmp_path, ubuntu, "debian_mirror", DEBIAN_MIRROR="http://mirror/debian")
    assert chosen == "http://mirror/debian"


def test_only_Debian_12_takes_clang_format_14_from_its_packages(tmp_path):
    words = "debian_packages_clang_format_14 && echo yes || echo no"
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in ("bash", "grep"):
        (folder / tool).symlink_to(shutil.which(tool))
    path = {"PATH": str(folder)}
    assert debian(tmp_path, "ID=debian\nVERSION_CODENAME=bookworm\n", words, **path) == "yes"
    assert debian(tmp_path, "ID=debian\nVERSION_CODENAME=trixie\n", words, **path) == "no"


def test_where_nothing_is_missing_set_up_says_nothing():
    done = subprocess.run(
        ["tools/setup.sh", "run"], cwd=board.ROOT, check=True, capture_output=True, text=True
    )
    assert done.stdout + done.stderr == ""
