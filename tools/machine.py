# SPDX-License-Identifier: Apache-2.0
"""The QEMU machines Bulkhead is run on, and their command lines.

Imported by tools/run.py and by the guest and system tests, so that a board is described once.
"""
import os
import pathlib
import shlex
import subprocess
from dataclasses import dataclass, field

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"


@dataclass(frozen=True)
class Machine:
    """One board as QEMU makes it; cpus and memory (MiB) unless a run asks for more."""

    machine: str
    cpu: str | None = "cortex-a57"
    cpus: int = 4
    memory: int = 2048
    cpus_max: int = 512
    fixed_memory: bool = False  # a real board's memory doesn't grow
    extra: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    qemu10: bool = False  # needs QEMU 10
    note: str = ""
    tree: str = ""  # where its device tree comes from, if QEMU makes none


MACHINES = {
    "virt-gicv3": Machine("virt,virtualization=on,gic-version=3", note="the default"),
    "virt-gicv2": Machine("virt,virtualization=on,gic-version=2", cpus_max=8),
    "virt-gicv4": Machine("virt,virtualization=on,gic-version=4", note="GICv4 redistributors"),
    "virt-a53": Machine(
        "virt,virtualization=on,gic-version=3", cpu="cortex-a53", note="40-bit addresses"
    ),
    "virt-n1": Machine(
        "virt,virtualization=on,gic-version=3", cpu="neoverse-n1", note="VHE, 16-bit VMID"
    ),
    "virt-max": Machine(
        "virt,virtualization=on,gic-version=3",
        cpu="max,pauth-impdef=on",
        note="every feature QEMU has",
    ),
    "virt-secure": Machine("virt,virtualization=on,secure=on,gic-version=3"),
    "virt-el1": Machine(
        "virt,gic-version=3", note="no EL2: bare guests, and the wrong-EL sentence"
    ),
    "virt-el1-gicv2": Machine("virt,gic-version=2", cpus_max=8, note="no EL2, a GICv2"),
    "zcu102": Machine(
        "xlnx-zcu102,virtualization=on",
        cpu=None,
        cpus_max=4,
        env={"QEMU_AUDIO_DRV": "none"},
        note="needs DTB=; GICv2 in windows of 64 KiB",
        tree="The one that its test boots: dtc -q -o build/zcu102.dtb tests/system/zcu102.dts, "
        "then DTB=build/zcu102.dtb; or Linux' own, xilinx/zynqmp-zcu102-rev1.0.dtb, in "
        "/usr/lib/linux-image-*/ with Debian's linux-image-arm64",
    ),
    "versal": Machine("xlnx-versal-virt", cpu=None, cpus_max=4),
    "raspi4b": Machine(
        "raspi4b",
        cpu=None,
        fixed_memory=True,
        cpus_max=4,
        qemu10=True,
        note="QEMU 10, needs DTB=; spin-table, GICv2",
        tree="The one that its test boots, with its console on the PL011: "
        "dtc -q -o build/raspi4b.dtb tests/system/raspi4b.dts, then DTB=build/raspi4b.dtb",
    ),
}


def qemu_of_version(major: int) -> str | None:
    """The host's QEMU if it is of that major version, else the one in build/cache, else None."""
    done = subprocess.run(
        ["qemu-system-aarch64", "--version"], capture_output=True, text=True, check=False
    )
    if f"version {major}." in done.stdout.split("\n")[0]:
        return "qemu-system-aarch64"
    cached = BUILD / "cache" / f"qemu{major}" / "qemu-system-aarch64"
    return str(cached) if cached.exists() else None


def qemu_binary(machine: Machine | None = None) -> str:
    """QEMU= of the environment, QEMU 10 where the machine needs it, else the host's."""
    if os.environ.get("QEMU"):
        return os.environ["QEMU"]
    wanted = qemu_of_version(10) if machine is not None and machine.qemu10 else None
    return wanted or "qemu-system-aarch64"


# Parameters are the command line's own; each has its default from the machine.
def qemu_command(
    name: str = "virt-gicv3",
    *,
    kernel: pathlib.Path | str | None = None,
    initrd: pathlib.Path | str | None = None,
    cpus: int | None = None,
    memory: int | None = None,
    cpu: str | None = None,
    qemu: str | None = None,
    nic: bool = False,
    extra: list[str] | tuple[str, ...] = (),
) -> list[str]:
    """The command that boots `kernel` on machine `name`; the console is stdin and stdout."""
    machine = MACHINES[name]
    command = [qemu or qemu_binary(machine), "-machine", machine.machine]
    if cpu or machine.cpu:
        command += ["-cpu", cpu or machine.cpu]
    command += ["-smp", str(min(cpus or machine.cpus, machine.cpus_max))]
    if not machine.fixed_memory:
        command += ["-m", str(memory or machine.memory)]
    command += ["-nographic", "-serial", "mon:stdio"]
    if not nic:
        command += ["-nic", "none"]
    if kernel is not None:
        command += ["-kernel", str(kernel)]
    if initrd is not None:
        command += ["-initrd", str(initrd)]
    command += [*machine.extra, *extra, *shlex.split(os.environ.get("QEMU_ARGS", ""))]
    return command


def qemu_environment(name: str) -> dict[str, str]:
    """The environment to start machine `name` in."""
    return {**os.environ, **MACHINES[name].env}
