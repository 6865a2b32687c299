# SPDX-License-Identifier: Apache-2.0
"""What exits cost, held to tests/bench/limits.txt; and that the gate catches what is over."""
import os
import pathlib
import re
import subprocess
import sys

import machine as board
import pytest
from run_case import SCALE

sys.path.insert(0, str(board.ROOT / "tools" / "bench"))
import gate  # noqa: E402  (a folder of tools/)
import report  # noqa: E402  (a folder of tools/)
import runs  # noqa: E402

LIMITS = board.ROOT / "tests" / "bench" / "limits.txt"
DOCUMENT = board.ROOT / "docs" / "benchmarks.md"

HELD = (
    "bulkhead-a57,bulkhead-32,bulkhead-few,bulkhead-many,bulkhead-v2,bulkhead-disk,bulkhead-net,"
    "bulkhead-console,bulkhead-switch,bulkhead-wake,bulkhead-budget,bulkhead-window"
)


def bench(qemu: str, *options: str, only: str = "bulkhead-a57") -> subprocess.CompletedProcess:
    """tools/bench/bench.py on Bulkhead, with a cortex-a57 and GICv3 unless told otherwise."""
    argv = [sys.executable, "tools/bench/bench.py", "--only", only, "--qemu", qemu]
    return subprocess.run(
        argv + list(options),
        cwd=board.ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300 * SCALE,
    )


def operations(text: str) -> list[str]:
    return re.findall(r"^(\w+)(?: @ [\w-]+)? \|", text, re.M)


def test_no_exit_costs_more_than_its_limit(qemu7):
    done = bench(qemu7, "--check", only=HELD)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_exit_costs_more_than_its_limit_on_qemu_10(qemu10):
    done = bench(qemu10, "--check", only=HELD)
    assert done.returncode == 0, done.stdout + done.stderr


def test_wake_ups_are_shown_as_a_histogram(qemu7):
    done = bench(qemu7, "--no-chart", only="bulkhead-wake")
    assert done.returncode == 0, done.stdout + done.stderr
    for other in ("by priority", "by priority, the other calls and ticks"):
        title, *lines = re.search(
            rf"^How late wake-ups are, {other}, \d+ times\n(?:  from .*\n)+", done.stdout, re.M
        )[0].strip().split("\n")
        counts = [int(re.fullmatch(r"  from \d+ ns: (\d+) ?#*", line)[1]) for line in lines]
        assert f" {sum(counts)} times" in title


def test_every_operation_of_the_guest_has_a_limit():
    guests = board.ROOT / "tests" / "bench"
    source = "".join(
        (guests / name).read_text(encoding="utf-8") for name in ("main.c", "sharing.c")
    )
    named = re.findall(r'"([a-z]+(?:_[a-z0-9]+)+)"', source)
    named += ["pl011_char", "boot_rest", *gate.RESTS]
    assert set(named) == set(operations(LIMITS.read_text(encoding="utf-8")))


def test_a_cost_over_its_limit_is_told_with_the_functions_that_make_it(
    qemu7, tmp_path: pathlib.Path
):
    tight = tmp_path / "limits.txt"
    # A line of this version goes before one of any.
    tight.write_text(
        "sgi_self | 7 | 50 | -\nsgi_self | * | 99999 | -\nhvc_psci_version | * | 9999 | -\n"
    )
    done = bench(qemu7, "--check", "--limits", str(tight))
    assert done.returncode == 1, done.stdout + done.stderr
    told = re.search(
        r"^sgi_self: limit 50, got ([\d.]+) .*\n((?:    +[\d.]+  \w+\n)+)", done.stdout, re.M
    )
    assert told, done.stdout
    assert "hvc_psci_version" not in done.stdout
    assert "1 of 2 operations are within their limits" in done.stdout
    # What the functions add up to is the operation without the guest's own instructions.
    total = sum(float(line.split()[0]) for line in told[2].splitlines())
    assert 0.4 * float(told[1]) < total < float(told[1])


def test_what_a_request_costs_besides_its_copy_is_held_and_told(qemu7, tmp_path: pathlib.Path):
    tight = tmp_path / "limits.txt"
    tight.write_text(
        "disk_read_4k @ bulkhead-disk | * | 9999 | -\n"
        "disk_read_4k_rest @ bulkhead-disk | * | 700 | -\n"
    )
    done = bench(qemu7, "--check", "--limits", str(tight), only="bulkhead-disk")
    assert done.returncode == 1, done.stdout + done.stderr
    told = re.search(
        r"^disk_read_4k_rest @ [\w-]+: limit 700, got ([\d.]+) .*\n((?:    +[\d.]+  \w+\n)+)",
        done.stdout,
        re.M,
    )
    assert told, done.stdout
    # A copy of 4 KiB alone, by 16 bytes a load and a store, is 512.
    assert 700 < float(told[1]) < 700 + 512
    assert gate.COPY not in told[2]
    assert "1 of 2 operations are within their limits" in done.stdout


def test_an_image_without_the_loop_that_copies_has_no_figure_without_it():
    with pytest.raises(runs.Unfit, match="no function of this image is called copy_far"):
        gate.without_copy({"exit_sync": 158.5, "memcpy": 600.0})


def test_the_profile_of_the_boot_ends_where_the_guest_begins(qemu7):
    done = bench(qemu7, "--profile", "reset_to_first")
    assert done.returncode == 0, done.stdout + done.stderr
    counts = {line.split()[1]: float(line.split()[0]) for line in done.stdout.splitlines()}
    # Building stage 2 belongs to it, the guest's exits don't.
    assert counts.get("stage2_map", 0) > 0
    assert "exit_hvc" not in counts and "vpsci_call" not in counts


def by_another(done: subprocess.CompletedProcess) -> bool:
    """The page's figures are those of one compiler; another's image has its own."""
    return "this image is made by" in done.stderr


def test_the_page_says_what_is_measured(qemu7):
    done = bench(qemu7, "--check-document")
    assert done.returncode == 0 or by_another(done), done.stdout + done.stderr


def test_a_page_that_says_something_else_is_told_with_its_remedy(qemu7, tmp_path: pathlib.Path):
    page = tmp_path / "page.md"
    text = DOCUMENT.read_text(encoding="utf-8")
    row = re.search(r"^\| SGI to self: .*$", text, re.M)[0]
    cells = row.split("|")
    cells[3] = f" {int(cells[3]) - 10} "
    page.write_text(text.replace(row, "|".join(cells)))
    done = bench(qemu7, "--check-document", str(page))
    assert done.returncode == 1, done.stdout + done.stderr
    if by_another(done):
        return
    assert f"SGI to self: sent, taken, EOI (Bulkhead): it says {cells[3].strip()}" in done.stdout
    assert "make bench OPTIONS=--document" in done.stdout


# QEMU as far as its version, and then not.
BROKEN = """#!/bin/sh
[ "$1" = --version ] && echo "QEMU emulator version 7.2.22 (Debian)" && exit 0
echo "broken: no such board"
exit 3
"""


@pytest.fixture
def broken_qemu(tmp_path: pathlib.Path) -> str:
    path = tmp_path / "qemu"
    path.write_text(BROKEN)
    path.chmod(0o755)
    return str(path)


def test_the_page_stays_as_it_is_where_a_machine_has_no_figures(broken_qemu):
    before = [path.read_bytes() for path in (DOCUMENT, DOCUMENT.with_suffix(".svg"))]
    done = bench(broken_qemu, "--document", "--no-chart", only="")
    assert done.returncode == 1, done.stdout + done.stderr
    assert re.search(r"^bench: --document changes nothing: .*bulkhead-a57", done.stderr, re.M)
    assert [path.read_bytes() for path in (DOCUMENT, DOCUMENT.with_suffix(".svg"))] == before


def test_a_qemu_that_dies_is_told_with_its_status_and_its_last_words(broken_qemu):
    for options in ((), ("--check",), ("--profile", "sgi_self")):
        done = bench(broken_qemu, "--no-chart", *options)
        said = done.stdout + done.stderr
        assert done.returncode == 1, said
        assert "QEMU ended with status 3 before the guest was done" in said
        assert "broken: no such board" in said
        assert "within 120 s" not in said


def test_figures_of_a_guest_that_complains_are_none(tmp_path: pathlib.Path):
    qemu = tmp_path / "qemu"
    said = "\\r\\nbench: a frame has not arrived\\r\\nbench net_64 1.00 16 9\\r\\nbench done\\r\\n"
    qemu.write_text(f"#!/bin/sh\nprintf '{said}'\n")
    qemu.chmod(0o755)
    run = runs.Run("bare", "no hypervisor")
    runs.make(run, str(qemu))
    assert not run.figures
    assert run.failure.startswith("the guest says: a frame has not arrived; its console is in ")


def test_kvm_is_given_the_least_of_its_ways_to_do_a_device():
    def measured(key: str, devices: str = "", **means: float) -> runs.Run:
        figures = {name: runs.Figure(mean, 9999, 1) for name, mean in means.items()}
        return runs.Run(key, key, devices=devices, figures=figures)

    done = [
        measured("bulkhead-disk", "disk", disk_notify=300, disk_read_4k=2000, sgi_self=1),
        measured("kvm-virtio", disk_notify=6000, disk_read_4k=10000, net_64=30000),
        measured("kvm-thread", disk_notify=1800, disk_read_4k=16000),
    ]
    head, *rows = report.device_rows(done)
    assert head == ["operation", "mean", "max", "KVM VHE", "best / Bulkhead"]
    assert [row[1:] for row in rows] == [
        ["300", "9999", "1800", "6.0× KVM VHE"],
        ["2000", "9999", "10000", "5.0× KVM VHE"],
        ["–", "–", "30000", "–"],
    ]


# What is wrong with the last line of a limits file -> what is said of it.
BAD_LIMITS = {
    "sgi_self | * | nan | -": "the mean `nan` is no number of instructions above 0",
    "sgi_self | * | many | -": "the mean `many` is no number of instructions above 0",
    "sgi_self | * | 100 | inf": "the maximum `inf` is no number of instructions above 0",
    "sgi_self | * | 0 | -": "the mean `0` is no number of instructions above 0",
    "sgi_self | * | 100 | 90": "the maximum 90 is below the mean 100",
    "sgi_self | * | 100": "not of the form `operation ",
    "sgi_sefl | * | 100 | -": "no operation is called `sgi_sefl`: hvc_psci_version, ",
    "sgi_self @ xen | * | 100 | -": "no machine of Bulkhead's is called `xen`: bulkhead-a57, ",
    "sgi_self | x | 100 | -": "`x` is no major version of QEMU",
    "id_register | * | 100 | -": "`id_register` for version * has a limit on line 2",
}


@pytest.mark.parametrize("line", BAD_LIMITS)
def test_a_bad_line_of_limits_is_told_by_file_and_line(
    broken_qemu, tmp_path: pathlib.Path, line: str
):
    path = tmp_path / "limits.txt"
    path.write_text(f"# of a test\nid_register | * | 100 | -\n{line}\n")
    done = bench(broken_qemu, "--check", "--limits", str(path))
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"bench: {path}:3: {BAD_LIMITS[line]}" in done.stderr
    # before anything is measured
    assert "runs" not in done.stderr


def test_limits_that_hold_nothing_are_an_error(broken_qemu, tmp_path: pathlib.Path):
    path = tmp_path / "limits.txt"
    for text in ("", "# nothing\n", "sgi_self | 10 | 240 | -\n"):
        path.write_text(text)
        done = bench(broken_qemu, "--check", "--limits", str(path))
        assert done.returncode == 1, done.stdout + done.stderr
        assert f"bench: {path}: no limit in it is for QEMU 7" in done.stderr
    path.unlink()
    done = bench(broken_qemu, "--check", "--limits", str(path))
    assert done.returncode == 1
    assert f"bench: the limits in {path} can't be read: No such file" in done.stderr


def test_a_profile_of_an_unknown_operation_is_refused_before_anything_runs(broken_qemu):
    done = bench(broken_qemu, "--profile", "sgi_sefl")
    assert done.returncode == 1
    assert "--profile sgi_sefl: no such operation; hvc_psci_version, " in done.stderr
    assert "runs" not in done.stderr


def recipe(*words: str) -> str:
    """The commands that `make bench` would run."""
    # without what an outer make was told
    outer = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "ONLY", "OPTIONS", "V")
    done = subprocess.run(
        ["make", "-n", "--no-print-directory", "bench", *words],
        cwd=board.ROOT,
        env={name: value for name, value in os.environ.items() if name not in outer},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_only_what_the_chosen_machines_need_is_asked_for():
    for words, wanted in (
        ((), "xen kvm kvm-modules chart"),
        (("ONLY=bulkhead-a57",), "chart"),
        (("ONLY=bulkhead-a57", "OPTIONS=--no-chart"), ""),
        (("ONLY=bulkhead-a57", "OPTIONS=--check"), ""),
        (("ONLY=bulkhead-v2,x",), "xen"),
        (("ONLY=kvm-vhe", "OPTIONS=--no-chart"), "kvm"),
        (("ONLY=kvm-thread", "OPTIONS=--no-chart"), "kvm kvm-modules"),
    ):
        said = recipe(*words)
        asked = re.search(r"tools/bench/fetch\.sh(.*)", said)[1].split()
        assert " ".join(asked) == wanted, words
        assert ("bench-kvm" in said or "bench/vmm" in said) == ("kvm" in wanted), words


def test_peers_that_cannot_be_fetched_are_left_out_with_a_sentence(tmp_path: pathlib.Path):
    # Neither Xen in the cache nor an apt that reaches anything.
    (tmp_path / "apt-get").write_text("#!/bin/sh\necho 'E: no network' >&2\nexit 100\n")
    (tmp_path / "apt-get").chmod(0o755)
    env = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "CACHE": str(tmp_path / "c")}
    done = subprocess.run(
        ["tools/bench/fetch.sh", "xen", "kvm", "kvm-modules"],
        cwd=board.ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "bench: Xen can't be had here and is left out" in done.stderr
    assert "bench: KVM can't be had here and is left out" in done.stderr
    assert "bench: KVM with virtio devices can't be had here and is left out" in done.stderr
    assert "E:" not in done.stdout + done.stderr
