#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Boots a bundle in QEMU with the console on this terminal: what `make run` calls."""
import argparse
import os
import pathlib
import re
import shlex
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import machine as board  # noqa: E402  (beside this file)

UNITS = {"": 1 << 20, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
DEFAULT_MEMORY = "512M"
# Beside the VM: hypervisor, bundle and its copy by the loader, page tables.
MACHINE_OVERHEAD = 256

CONFIG = """/dts-v1/;

/* Written by `make run KERNEL= INITRD= BOOTARGS= CPUS= MEM=`. */
/ {{
	compatible = "bulkhead,config-1";

	hypervisor {{
		when-all-off = "poweroff";
	}};

	images {{
		kernel: kernel {{
			type = "{kind}";
			data = /incbin/("{kernel}");{load}
		}};
{ramdisk}	}};

	vms {{
		guest {{
			compatible = "bulkhead,vm";
			vcpus = <{cpus}>;
			memory-size = <{high:#x} {low:#x}>;
			kernel = <&kernel>;
{initrd}			bootargs = "{bootargs}";

			devices {{
				uart {{
					compatible = "bulkhead,pl011";
				}};
				rtc {{
					compatible = "bulkhead,pl031";
				}};
			}};
		}};
	}};
}};
"""

RAMDISK = """
		ramdisk: ramdisk {{
			type = "ramdisk";
			data = /incbin/("{path}");
		}};
"""


def memory_bytes(text: str) -> int:
    """A size as QEMU writes it: 512M, 2G, or a bare number of MiB."""
    match = re.fullmatch(r"(\d+)([KMG]?)", text.upper())
    if match is None:
        sys.exit(f"MEM={text}: not a size; write for example MEM=512M or MEM=2G.")
    return int(match[1]) * UNITS[match[2]]


def first_bytes(word: str, path: str) -> bytes:
    """Of the file that `word`= names, which must be one that can be read."""
    try:
        with open(path, "rb") as file:
            return file.read(64)
    except OSError as error:
        sys.exit(f"{word}={path}: {error.strerror}.")


def image_kind(path: str) -> str:
    """The binding's image type of a kernel file, by its first bytes."""
    head = first_bytes("KERNEL", path)
    if head[:4] == b"\x7fELF":
        return "elf"
    if head[56:60] == b"ARM\x64" or head[:2] == b"\x1f\x8b" or head[4:8] == b"zimg":
        return "linux"
    return "raw"


def dts_string(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def write_config(args: argparse.Namespace) -> None:
    """Writes the one-VM config of KERNEL=, INITRD=, BOOTARGS=, CPUS=, MEM=; not if the same."""
    kernel = args.kernel or str(board.BUILD / "guest" / "Image")
    # Debian's kernel is made after this; one the user names must be there.
    kind = image_kind(kernel) if args.kernel else "linux"
    initrd = args.initrd or (None if args.kernel else str(board.BUILD / "guest" / "initrd.cpio.gz"))
    if args.initrd:
        first_bytes("INITRD", initrd)
    size = memory_bytes(args.mem or DEFAULT_MEMORY)
    at = (
        "\n\t\t\tload = <0x0 0x40080000>;\n\t\t\tentry = <0x0 0x40080000>;" if kind == "raw" else ""
    )
    path = dts_string(os.path.abspath(initrd)) if initrd else ""
    text = CONFIG.format(
        kind=kind,
        kernel=dts_string(os.path.abspath(kernel)),
        load=at,
        ramdisk=RAMDISK.format(path=path) if initrd else "",
        initrd="\t\t\tinitrd = <&ramdisk>;\n" if initrd else "",
        cpus=int(args.cpus or 1),
        high=size >> 32,
        low=size & 0xFFFFFFFF,
        bootargs=dts_string(args.bootargs or "console=ttyAMA0 hostname=guest"),
    )
    out = pathlib.Path(args.write_config)
    if not out.exists() or out.read_text(encoding="utf-8") != text:
        out.write_text(text, encoding="utf-8")


def fit_machine(args: argparse.Namespace) -> tuple[int, int]:
    """CPUs and MiB for QEMU: the machine's own, more where the one VM asks for more."""
    machine = board.MACHINES[args.machine]
    cpus = max(machine.cpus, int(args.cpus or 0))
    if cpus > machine.cpus_max:
        sys.exit(f"CPUS={cpus}: machine {args.machine} has {machine.cpus_max} CPUs at most.")
    memory = machine.memory
    if args.mem:
        bundle = os.path.getsize(args.bundle) >> 20 if os.path.exists(args.bundle) else 0
        memory = max(memory, (memory_bytes(args.mem) >> 20) + 2 * bundle + MACHINE_OVERHEAD)
    return cpus, memory


def check_machine(args: argparse.Namespace) -> None:
    """Ends with a sentence where QEMU would start the machine and nothing would be printed."""
    if args.machine not in board.MACHINES:
        sys.exit(
            f"MACHINE={args.machine}: no such machine; there are {', '.join(board.MACHINES)}."
        )
    machine = board.MACHINES[args.machine]
    if args.nic and not machine.machine.startswith("virt,"):
        sys.exit(f"NIC={args.nic}: machine {args.machine} has no place for a virtio NIC.")
    if args.dtb:
        first_bytes("DTB", args.dtb)
    if machine.tree and not args.dtb:
        sys.exit(
            f"MACHINE={args.machine} needs DTB=file.dtb, the board's device tree, since QEMU makes "
            f"none for it. {machine.tree}."
        )
    if machine.qemu10 and not os.environ.get("QEMU") and board.qemu_of_version(10) is None:
        sys.exit(
            f"MACHINE={args.machine} needs QEMU 10, which is neither this host's nor in "
            "build/cache/qemu10: run 'make fetch', or name one, make run QEMU=path."
        )


def nic_words(args: argparse.Namespace) -> list[str]:
    """A virtio NIC, /virtio_mmio@a000200 of QEMU's virt, on the other end of what NIC= says."""
    if not args.nic:
        return []
    backend, _, options = args.nic.partition(",")
    return [
        "-global", "virtio-mmio.force-legacy=false",
        "-netdev", f"{backend},id=nic" + (f",{options}" if options else ""),
        "-device", "virtio-net-device,netdev=nic,bus=virtio-mmio-bus.1",
    ]  # fmt: skip


def run(args: argparse.Namespace) -> int:
    cpus, memory = fit_machine(args)
    extra = (["-dtb", args.dtb] if args.dtb else []) + nic_words(args)
    command = board.qemu_command(
        args.machine, kernel=args.image, initrd=args.bundle, cpus=cpus, memory=memory, extra=extra
    )
    environment = board.qemu_environment(args.machine)
    if args.verbose:
        print(shlex.join(command))
    name = f"{pathlib.Path(args.bundle).stem} on {args.machine} ({cpus} CPUs, {memory} MiB)"
    if sys.stdin.isatty():
        print(
            f"Booting {name}. Leave: Ctrl-A x. Switch console: Ctrl-]. "
            "Ctrl-C goes to the guest.",
            flush=True,
        )
        os.execvpe(command[0], command, environment)
    print(
        f"Booting {name}. No terminal on stdin: prints for {args.timeout} s at most "
        "(TIMEOUT=), then ends.",
        flush=True,
    )
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, env=environment) as qemu:
        try:
            return qemu.wait(timeout=int(args.timeout))
        except subprocess.TimeoutExpired:
            print(f"\n{args.timeout} s are over: QEMU ends here.", flush=True)
            return 0
        finally:
            qemu.kill()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        epilog="machines: "
        + "; ".join(
            name + (f" ({machine.note})" if machine.note else "")
            for name, machine in board.MACHINES.items()
        ),
    )
    parser.add_argument("--image", default=str(board.BUILD / "bulkhead.img"))
    parser.add_argument("--bundle", default=str(board.BUILD / "demo.bundle"))
    parser.add_argument("--machine", default="virt-gicv3", metavar="NAME")
    parser.add_argument("--dtb", default="", help="the board's device tree, where QEMU makes none")
    parser.add_argument("--nic", default="", help="QEMU's -netdev for a virtio NIC, less its id")
    parser.add_argument(
        "--timeout", default="120", help="seconds, without a terminal on stdin"
    )
    parser.add_argument("--verbose", action="store_true", help="show QEMU's command line")
    parser.add_argument("--check", action="store_true", help="only say what the machine lacks")
    parser.add_argument("--write-config", metavar="DTS", help="write the one-VM config and end")
    for name in ("kernel", "initrd", "bootargs", "cpus", "mem"):
        parser.add_argument("--" + name, default="", help=f"{name.upper()}= of make run")
    args = parser.parse_args()
    if args.cpus and not args.cpus.isdigit():
        sys.exit(f"CPUS={args.cpus}: not a number.")
    if not args.timeout.isdigit():
        sys.exit(f"TIMEOUT={args.timeout}: not a number of seconds; write for example TIMEOUT=60.")
    if args.write_config:
        write_config(args)
        return 0
    check_machine(args)
    return 0 if args.check else run(args)


if __name__ == "__main__":
    sys.exit(main())
