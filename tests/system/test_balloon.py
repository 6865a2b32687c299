# SPDX-License-Identifier: Apache-2.0
"""Memory that goes from one stock Linux to another while both run."""
import json
import re

import test_disks
from configs import DEVICES, config, vm
from gpt import Disk, disk_args

CONTROL = 'control { compatible = "bulkhead,control"; };'
BALLOON = 'balloon { compatible = "bulkhead,virtio-balloon"; min-size = <0x0 0xa000000>; };'
SIZE, LEAST, LOAD, MOVED = 448, 160, 64, 128      # MiB
TRIES = 200


def with_balloon(more: str = "") -> str:
    return DEVICES.removesuffix("};") + BALLOON + more + " };"


def ask(run, name: str, command: str, timeout: float = 30) -> str:
    """What a command printed at the prompt of a VM that has the keys, less names of speakers."""
    return re.sub(r"^\w+[|] ?", "", run.run(command, f"{name} # ", timeout), flags=re.M).strip()


def to_shell(run) -> None:
    run.focus("the hypervisor's shell")


def shell(run, command: str) -> str:
    return run.run(command, "bulkhead> ", 120)


def in_mib(run, name: str, field: str) -> int:
    return int(ask(run, name, f"awk '/^{field}:/ {{ print $2 }}' /proc/meminfo")) >> 10


def rows(run) -> dict[str, dict[str, str]]:
    """The shell's table."""
    said = shell(run, "balloon")
    columns = "configured now target min others free available".split()
    found = re.findall(r"^(alpha|beta)" + r" +(\d+|-)" * len(columns) + r"\n", said + "\n", re.M)
    assert len(found) == 2, said
    return {name: dict(zip(columns, values)) for name, *values in found}


def whole(run) -> str:
    """The line below it: all, with VMs, free, on the way."""
    said = shell(run, "balloon")
    line = re.search(r"^(\d+ MiB in all, .*)$", said, re.M)
    assert line and "DON'T" not in said, said
    return line[1]


def wait_for(run, name: str, now: int) -> dict[str, str]:
    """Until it has so much, however slow the machine is, as long as it comes nearer."""
    row, same = rows(run)[name], 0
    while row["now"] != str(now):
        before, row = row, rows(run)[name]
        same = same + 1 if row["now"] == before["now"] else 0
        assert same < TRIES, f"{name} has {row['now']} MiB, not {now}"
    return row


def begin(run, name: str) -> int:
    """Its balloon and its load; MemTotal in MiB, before its driver knows of anything."""
    for module in ("virtio_mmio", "virtio_balloon"):
        assert ask(run, name, f"insmod /lib/{module}.ko") == ""
    ask(run, name, f"memory {LOAD} > /tmp/load &")
    return in_mib(run, name, "MemTotal")


def rounds(run, name: str) -> int:
    """How often its load has looked at its memory, which was right each time."""
    last = ask(run, name, "until [ -s /tmp/load ]; do :; done; tail -n 1 /tmp/load")
    found = re.fullmatch(r"round (\d+): 0 wrong", last)
    assert found, last
    return int(found[1])


def is_sound(run) -> None:
    run.line("audit")
    said = run.expect(r"isolation audit: (\d+) mappings of 2 VMs, (\d+) MiB, each covered", 120)
    run.expect("bulkhead> ")
    assert said


def boot_two(boot):
    run = boot(
        config(
            vm("alpha", memory=f"{SIZE}M", devices=with_balloon()),
            vm("beta", memory=f"{SIZE}M", devices=with_balloon(CONTROL),
               extra="manages = <&alpha>;"),
        ),
        memory=1536,
    )
    run.expect_each("alpha # ", "^beta[|] Enter 'help'", timeout=120)
    return run


def test_128_MB_go_from_one_Linux_to_another_while_both_run(boot):
    run = boot_two(boot)
    total = {"alpha": begin(run, "alpha")}
    run.to_prompt("beta")
    total["beta"] = begin(run, "beta")
    looked = {"beta": rounds(run, "beta")}
    to_shell(run)
    before = rows(run)
    for name in total:
        assert (before[name]["now"], before[name]["target"], before[name]["min"],
                before[name]["others"]) == (str(SIZE), str(SIZE), str(LEAST), "0")
        assert 0 < int(before[name]["free"]) < SIZE
        assert 0 < int(before[name]["available"]) < SIZE
    is_sound(run)
    assert whole(run) == f"{2 * SIZE} MiB in all, {2 * SIZE} with VMs, 0 free, 0 on the way"

    # beta gives, alpha gives, and beta gets back what was alpha's
    shell(run, f"balloon beta {SIZE - MOVED}")
    wait_for(run, "beta", SIZE - MOVED)
    shell(run, f"balloon alpha {SIZE - MOVED}M")
    wait_for(run, "alpha", SIZE - MOVED)
    assert f"balloon: {SIZE - MOVED << 10} of its {SIZE << 10} KiB now" in shell(run, "mem")
    run.to_prompt("beta")
    assert in_mib(run, "beta", "MemTotal") == total["beta"] - MOVED
    to_shell(run)
    is_sound(run)
    shell(run, f"balloon beta {SIZE}")
    row = wait_for(run, "beta", SIZE)
    assert int(row["others"]) > MOVED // 2, row
    is_sound(run)
    assert whole(run).startswith(f"{2 * SIZE} MiB in all, {2 * SIZE - MOVED} with VMs, ")
    for name in ("beta", "alpha"):
        run.to_prompt(name)
        assert in_mib(run, name, "MemTotal") == total[name] - (MOVED if name == "alpha" else 0)
        looked.setdefault(name, 0)
        assert rounds(run, name) > looked[name]

    # a VM keeps its least, and has no more than its own
    to_shell(run)
    for wrong in (f"{LEAST - 1}", f"{SIZE + 1}", "1G"):
        assert f"alpha has {LEAST} MiB at least and {SIZE} at most" in shell(
            run, f"balloon alpha {wrong}")
    assert "is not a size" in shell(run, "balloon alpha much")
    assert "no VM" in shell(run, "balloon gamma 100")

    # who manages it may ask for the same, and is told the same
    run.to_prompt("beta")
    assert ask(run, "beta", f"bulkheadctl balloon alpha {SIZE - MOVED // 2}") == ""
    told = ask(run, "beta", "bulkheadctl --json balloon | fold -w 100").replace("\n", "")
    for one in json.loads(told):
        assert one["driver"] and one["configured"] == SIZE << 20 and one["min"] == LEAST << 20
        assert one["told"]["total"] > 0 and one["told"]["free"] > 0
    assert "does not name beta" in ask(run, "beta", f"bulkheadctl balloon beta {SIZE}")
    assert "at least" in ask(run, "beta", "bulkheadctl balloon alpha 1")
    to_shell(run)
    wait_for(run, "alpha", SIZE - MOVED // 2)
    is_sound(run)

    # a restart brings all back, wherever it lies
    run.line("vm restart alpha")
    run.expect("^alpha[|] Enter 'help'", 120)
    row = rows(run)["alpha"]
    assert (row["now"], row["target"]) == (str(SIZE), str(SIZE))
    is_sound(run)
    assert whole(run) == f"{2 * SIZE} MiB in all, {2 * SIZE} with VMs, 0 free, 0 on the way"
    run.to_prompt("alpha")
    assert in_mib(run, "alpha", "MemTotal") == total["alpha"]
    run.to_prompt("beta")
    assert rounds(run, "beta") > looked["beta"]


def test_a_balloon_is_filled_while_a_partition_of_the_boards_disk_is_worked_on(boot, tmp_path):
    """The disk reads and writes the VM's memory by itself, which may be another VM's soon."""
    disk = Disk(tmp_path / "disk.img", alpha=64)
    part = test_disks.disk("data", 'disk = "/virtio_mmio@a000000";', 'partition = "alpha";')
    run = boot(
        config(
            vm("alpha", memory=f"{SIZE}M", devices=with_balloon(part)),
            vm("beta", memory=f"{SIZE}M", devices=with_balloon(CONTROL)),
        ),
        memory=1536, extra=disk_args(disk.path),
    )  # fmt: skip
    run.expect_each("alpha # ", "^beta[|] Enter 'help'", timeout=120)
    begin(run, "alpha")
    assert ask(run, "alpha", "insmod /lib/virtio_blk.ko") == ""
    # writes and reads at random that know what must be there; another one of memory is begin()'s
    ask(run, "alpha", "while blocks /dev/vda 64 300 $((i += 1)); do :; done > /tmp/blocks &")
    run.to_prompt("beta")
    begin(run, "beta")
    for _ in range(2):
        for name in ("alpha", "beta"):
            to_shell(run)
            shell(run, f"balloon {name} {SIZE - MOVED}")
            wait_for(run, name, SIZE - MOVED)
            shell(run, f"balloon {name} {SIZE}")
            wait_for(run, name, SIZE)
    is_sound(run)
    assert whole(run) == f"{2 * SIZE} MiB in all, {2 * SIZE} with VMs, 0 free, 0 on the way"
    for name in ("alpha", "beta"):
        run.to_prompt(name)
        assert rounds(run, name) > 1
    run.to_prompt("alpha")
    said = ask(run, "alpha", "until [ -s /tmp/blocks ]; do :; done; cat /tmp/blocks; jobs", 120)
    found = re.findall(r"(\d+) writes, (\d+) reads, \d+ MiB: (\d+) blocks wrong", said)
    assert found and all(wrong == "0" for *_, wrong in found), said
    assert "Running" in said and "error" not in said, said
