#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Measures what Bulkhead costs and prints it as a table: sizes, and instructions under icount.

QEMU counts: with `-icount shift=0,sleep=off` one instruction is one nanosecond of the board's
time, so a run repeats exactly on any machine. tools/plugin/el2count.c tells EL2's instructions from
the guests' by address.
"""
import argparse
import gzip
import pathlib
import re
import stat
import subprocess
import sys
import tempfile

import pexpect

import machine as board
import mkinitrd

LIMITS = {
    "image": (448, "KiB"),
    "memory": (1536, "KiB"),
    "reset": (2.0, "M instructions"),
    "quiet": (0.05, "%"),
    "full": (0.8, "%"),
}
ICOUNT = ["-icount", "shift=0,sleep=off", "-seed", "1", "-rtc", "base=2024-01-01,clock=vm"]
GUEST = board.BUILD / "guest"
VM_OFF = "alpha: powered off by itself"

LINUX = f"""
	images {{
		kernel: kernel {{ type = "linux"; data = /incbin/("{GUEST}/Image"); }};
		initrd: initrd {{ type = "ramdisk"; data = /incbin/("%s"); }};
	}};
	vms {{ alpha {{ compatible = "bulkhead,vm"; vcpus = <1>; memory-size = <0x0 0x20000000>;
		kernel = <&kernel>; initrd = <&initrd>;
		bootargs = "%sconsole=ttyAMA0 hostname=alpha";
		devices {{ uart {{ compatible = "bulkhead,pl011"; }}; }}; }}; }};
"""
SMALL = f"""
	images {{ tick: tick {{ type = "raw"; data = /incbin/("{GUEST}/tick.bin");
		load = <0x0 0x40080000>; entry = <0x0 0x40080000>; }}; }};
	vms {{ tick {{ compatible = "bulkhead,vm"; vcpus = <1>; memory-size = <0x0 0x4000000>;
		kernel = <&tick>; devices {{ uart {{ compatible = "bulkhead,pl011"; }}; }}; }}; }};
"""


def initrd_that_ends(folder: pathlib.Path) -> pathlib.Path:
    """The guests' initramfs, but its shell turns the VM off in the place of its first prompt."""
    end = mkinitrd.Cpio()
    end.add("etc/profile", stat.S_IFREG | 0o644, b"/bin/busybox poweroff -f\n")
    out = folder / "initrd"
    # Linux unpacks one archive after another: the later file takes the earlier one's place.
    out.write_bytes((GUEST / "initrd.cpio.gz").read_bytes() + gzip.compress(end.finish(), mtime=0))
    return out


def address(symbol: str) -> str:
    """Of a function of bulkhead.elf, in hexadecimal."""
    nm = subprocess.run(
        ["make", "-s", "print-NM"], check=True, cwd=board.ROOT, capture_output=True, text=True
    ).stdout.strip()
    table = subprocess.run(
        [nm, board.BUILD / "bulkhead.elf"], check=True, capture_output=True, text=True
    ).stdout
    return re.search(rf"^([0-9a-f]+) [tT] {symbol}(?:[.][\w.]+)?$", table, re.M)[1]


def make_bundle(folder: pathlib.Path, name: str, body: str) -> pathlib.Path:
    """A bundle of a config's inside."""
    source = folder / f"{name}.dts"
    source.write_text(f'/dts-v1/;\n/ {{ compatible = "bulkhead,config-1";{body}}};\n')
    for command in (
        ["tools/dtc.sh", "dtc", source, source.with_suffix(".dtb")],
        ["build/host/bulkhead-config", "bundle", source.with_suffix(".dtb"),
         source.with_suffix(".bundle")],
    ):
        subprocess.run(command, check=True, cwd=board.ROOT, stdout=subprocess.DEVNULL)
    return source.with_suffix(".bundle")


def boot(bundle: pathlib.Path, pattern: str, plugin: pathlib.Path | None, cpus: int = 1) -> str:
    """Boots until `pattern` comes; the console's text, and the plugin's line if there is one."""
    extra = list(ICOUNT)
    report = bundle.with_suffix(".count")
    if plugin is not None:
        # A VM that turns itself off comes by there.
        count = f"{plugin},stop={address('life_stop')}"
        extra += ["-plugin", count, "-d", "plugin", "-D", str(report)]
    # The plugin's interface is the one of QEMU 7; versions differ in what they count, too.
    argv = board.qemu_command(
        qemu=board.qemu_of_version(7),
        kernel=board.BUILD / "bulkhead.img",
        initrd=bundle,
        cpus=cpus,
        memory=2048,
        extra=extra,
    )
    child = pexpect.spawn(argv[0], argv[1:], encoding="utf-8", codec_errors="replace", timeout=120)
    child.expect(pattern)
    text = child.before + child.after
    child.send("\x01x")
    child.expect(pexpect.EOF)
    return text + (report.read_text() if plugin is not None else "")


def share(text: str) -> float:
    """Percent of the instructions since the first guest's that were EL2's."""
    el2, guest = map(int, re.search(r"el2count: before \d+ el2 (\d+) guest (\d+)", text).groups())
    return 100 * el2 / (el2 + guest)


def measure(folder: pathlib.Path) -> list[tuple[str, float, str, str]]:
    """(key, figure, what it is, how it was had)"""
    plugin = folder / "el2count.so"
    subprocess.run(
        ["gcc", "-shared", "-fPIC", "-O2", "-o", plugin, "tools/plugin/el2count.c"],
        check=True, cwd=board.ROOT,
    )
    print("booting the demo, a bare-metal guest, and Linux twice: about a minute", file=sys.stderr)
    image = (board.BUILD / "bulkhead.img").stat().st_size / 1024
    demo = boot(board.BUILD / "demo.bundle", "tick starts, .* did", None, cpus=4)
    uses, stage2, rings = map(
        int,
        re.search(r"EL2 uses (\d+) KiB .*stage 2 (\d+), console rings (\d+)", demo).groups(),
    )
    small = boot(make_bundle(folder, "small", SMALL), r"tick starts, (\d+) us", None)
    reset = int(re.search(r"tick starts, (\d+) us", small)[1]) / 1000
    initrd = initrd_that_ends(folder)
    linux = {
        name: share(boot(make_bundle(folder, name, LINUX % (initrd, word)), VM_OFF, plugin))
        for name, word in (("quiet", "quiet "), ("full", ""))
    }
    return [
        ("image", image, "image", "build/bulkhead.img"),
        ("memory", uses - stage2 - rings, "EL2 memory beyond guests",
         "config demo, without stage 2, bundle and console rings"),
        ("reset", reset, "reset to a VM's first instruction", "one VM of 64 MiB alone"),
        ("quiet", linux["quiet"], "EL2's share of a Linux boot, `quiet`", "to the shell, 1 vCPU"),
        ("full", linux["full"], "EL2's share with full console output", "to the shell, 1 vCPU"),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="fail when a figure is over its limit")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        rows = measure(pathlib.Path(name))
    print("| figure | measured | limit | of |\n|---|---|---|---|")
    over = []
    for key, figure, what, how in rows:
        limit, unit = LIMITS[key]
        text = f"{figure:.3f}" if unit == "%" else f"{figure:.{2 if figure < 100 else 0}f}"
        print(f"| {what} | {text} {unit} | ≤ {limit} {unit} | {how} |")
        if figure > limit:
            over.append(f"{what} is {text} {unit}, the limit is {limit} {unit}")
    for line in over:
        print(line, file=sys.stderr)
    return 1 if args.check and over else 0


if __name__ == "__main__":
    sys.exit(main())
