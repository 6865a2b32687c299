# SPDX-License-Identifier: Apache-2.0
"""Configs for system tests, written as text, and their bundles."""
import pathlib
import subprocess

import machine as board

WORK = board.BUILD / "test"
SIZES = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
DEVICES = (
    'devices { uart { compatible = "bulkhead,pl011"; }; rtc { compatible = "bulkhead,pl031"; }; };'
)


def cells(value: int) -> str:
    """A u64 as the binding has it: two cells."""
    return f"<{value >> 32:#x} {value & 0xffffffff:#x}>"


def size(text: str) -> int:
    return int(text[:-1]) * SIZES[text[-1]]


# The parameters are a VM's properties; all have a default but the name.
def vm(
    name: str,
    *,
    vcpus: int = 1,
    memory: str | None = "256M",
    kernel: str = "kernel",
    initrd: str | None = "initrd",
    bootargs: str | None = None,
    cpus: list[int] | None = None,
    devices: str = DEVICES,
    extra: str = "",
) -> str:
    """The node of a VM; a Linux from the cache unless `kernel` names another image."""
    lines = [
        f'{name}: {name} {{ compatible = "bulkhead,vm"; vcpus = <{vcpus}>; kernel = <&{kernel}>;'
    ]
    if memory:
        lines.append(f"memory-size = {cells(size(memory))};")
    if cpus is not None:
        lines.append(f"vcpu-cpus = <{' '.join(map(str, cpus))}>;")
    if kernel == "kernel":
        bootargs = bootargs if bootargs is not None else f"console=ttyAMA0 hostname={name} quiet"
        if initrd:
            lines.append(f"initrd = <&{initrd}>;")
    if bootargs:
        lines.append(f'bootargs = "{bootargs}";')
    return "\n".join([*lines, extra, devices, "};"])


def linux_images() -> str:
    """The images every Linux VM names; left out of configs without one."""
    guest = board.BUILD / "guest"
    return (
        f'kernel: kernel {{ type = "linux"; data = /incbin/("{guest}/Image"); }};\n'
        f'initrd: initrd {{ type = "ramdisk"; data = /incbin/("{guest}/initrd.cpio.gz"); }};\n'
    )


def raw_image(name: str) -> str:
    """A bare-metal guest of tests/guest, loaded where it is linked; its label is `name`."""
    return (
        f'{name}_image: {name.replace("_", "-")}-image {{ type = "raw"; '
        f'data = /incbin/("{board.BUILD}/guest/{name}.bin"); '
        "load = <0x0 0x40080000>; entry = <0x0 0x40080000>; };\n"
    )


def config(*vms: str, images: str | None = None, hypervisor: str = "", extra: str = "") -> str:
    """A whole config of these VMs; images default to the Linux ones."""
    images = linux_images() if images is None else images
    return (
        "/dts-v1/;\n/ {\n"
        + 'compatible = "bulkhead,config-1";\n'
        + f"hypervisor {{ {hypervisor} }};\nimages {{\n{images}}};\n"
        + f"vms {{\n"
        + "\n".join(vms)
        + "\n};\n"
        + extra
        + "\n};\n"
    )


def compile_config(name: str, text: str) -> pathlib.Path:
    """build/test/NAME.dtb of a config's text."""
    WORK.mkdir(parents=True, exist_ok=True)
    dts, dtb = WORK / f"{name}.dts", WORK / f"{name}.dtb"
    dts.write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["tools/dtc.sh", "dtc", str(dts), str(dtb)],
        cwd=board.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"dtc refuses {dts}:\n{done.stderr}"
    return dtb


def checker(*words: str) -> subprocess.CompletedProcess:
    """Runs the host's checker; its sentences are in stdout and stderr."""
    return subprocess.run(
        ["build/host/bulkhead-config", *words],
        cwd=board.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def bundle(name: str, text: str) -> pathlib.Path:
    """build/test/NAME.bundle of a config's text."""
    dtb = compile_config(name, text)
    out = WORK / f"{name}.bundle"
    done = checker("bundle", str(dtb), str(out))
    assert done.returncode == 0, f"{name} is refused:\n{done.stdout}{done.stderr}"
    return out
