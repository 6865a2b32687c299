# SPDX-License-Identifier: Apache-2.0
"""What exits cost, held to tests/bench/limits.txt; and that the gate catches what is over."""
import pathlib
import re
import subprocess
import sys

import machine as board

LIMITS = board.ROOT / "tests" / "bench" / "limits.txt"


HELD = "bulkhead-a57,bulkhead-few,bulkhead-many,bulkhead-v2"


def bench(qemu: str, *options: str, only: str = "bulkhead-a57") -> subprocess.CompletedProcess:
    """tools/bench/bench.py on Bulkhead, with a cortex-a57 and GICv3 unless told otherwise."""
    argv = [sys.executable, "tools/bench/bench.py", "--only", only, "--qemu", qemu]
    return subprocess.run(
        argv + list(options),
        cwd=board.ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def operations(text: str) -> list[str]:
    return re.findall(r"^(\w+)(?: @ [\w-]+)? \|", text, re.M)


def test_no_exit_costs_more_than_its_limit(qemu7):
    done = bench(qemu7, "--check", only=HELD)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_exit_costs_more_than_its_limit_on_qemu_10(qemu10):
    done = bench(qemu10, "--check", only=HELD)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_operation_of_the_guest_has_a_limit():
    source = (board.ROOT / "tests" / "bench" / "main.c").read_text(encoding="utf-8")
    named = re.findall(r'"([a-z]+(?:_[a-z0-9]+)+)"', source) + ["pl011_char"]
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


def test_the_profile_of_the_boot_ends_where_the_guest_begins(qemu7):
    done = bench(qemu7, "--profile", "reset_to_first")
    assert done.returncode == 0, done.stdout + done.stderr
    counts = {line.split()[1]: float(line.split()[0]) for line in done.stdout.splitlines()}
    # Building stage 2 belongs to it, the guest's exits don't.
    assert counts.get("pgtable_map", 0) > 0
    assert "exit_hvc" not in counts and "vpsci_call" not in counts
