# SPDX-License-Identifier: Apache-2.0
"""Firmware in front of the image: Debian's U-Boot for QEMU, started at EL2 as on a board."""
import pathlib
import subprocess

import pytest

import machine as board
from configs import bundle, config, raw_image, vm

UBOOT = pathlib.Path("/usr/lib/u-boot/qemu_arm64/u-boot.bin")
IMAGE = board.BUILD / "bulkhead.img"
# Above what Bulkhead and U-Boot take for themselves; the last is U-Boot's own device tree.
IMAGE_AT, BUNDLE_AT, TREE = 0x50000000, 0x54000000, "${fdtcontroladdr}"
PROMPT = "^=> $"

FIT = """/dts-v1/;
/ {{
	description = "Bulkhead and a bundle";
	timestamp = <0>;
	#address-cells = <1>;

	images {{
		hypervisor {{
			data = /incbin/("{image}");
			type = "kernel";
			arch = "arm64";
			os = "linux";
			compression = "none";
			load = <{load:#x}>;
			entry = <{load:#x}>;
		}};
		bundle {{
			data = /incbin/("{bundle}");
			type = "ramdisk";
			arch = "arm64";
			os = "linux";
			compression = "none";
		}};
	}};
	configurations {{
		default = "demo";
		demo {{
			kernel = "hypervisor";
			ramdisk = "bundle";
		}};
	}};
}};
"""


@pytest.fixture
def ticks() -> pathlib.Path:
    """A bundle of one bare-metal VM that prints once a second."""
    tick = vm("tick", kernel="tick_image", initrd=None, memory="64M")
    return bundle("loaders", config(tick, images=raw_image("tick")))


@pytest.fixture
def uboot(boot):
    """uboot({address: file}, command) boots U-Boot with files in memory and types the command."""
    if not UBOOT.exists():
        pytest.skip(f"{UBOOT} is missing (package u-boot-qemu)")

    def start(files: dict[int, pathlib.Path], command: str):
        extra = ["-bios", str(UBOOT)]
        for address, file in files.items():
            extra += ["-device", f"loader,file={file},addr={address:#x},force-raw=on"]
        run = boot(no_kernel=True, extra=extra)
        run.expect("Hit any key to stop autoboot")
        run.line("")
        run.expect(PROMPT)
        run.line(command)
        return run

    return start


def test_uboot_boots_the_image_with_the_bundle_as_ramdisk(uboot, ticks):
    size = ticks.stat().st_size
    run = uboot(
        {IMAGE_AT: IMAGE, BUNDLE_AT: ticks},
        f"booti {IMAGE_AT:#x} {BUNDLE_AT:#x}:{size:#x} {TREE}",
    )
    run.expect(rf"^bulkhead: image {IMAGE_AT:#x}-")
    run.expect("^bulkhead: CPU 3   MPIDR 0x3: cortex-a57")
    run.expect("^tick 2")


def test_uboot_boots_the_flash_image_alone(uboot, ticks):
    joined = ticks.with_suffix(".flash.img")
    subprocess.run(["tools/flash.py", IMAGE, ticks, joined], check=True, cwd=board.ROOT)
    run = uboot({IMAGE_AT: joined}, f"booti {IMAGE_AT:#x} - {TREE}")
    run.expect("^bulkhead: CPU 3   MPIDR 0x3: cortex-a57")
    run.expect("^tick 2")


def test_uboot_boots_image_and_bundle_from_a_FIT(uboot, ticks, tmp_path):
    source, fit = tmp_path / "bulkhead.its", tmp_path / "bulkhead.itb"
    source.write_text(FIT.format(image=IMAGE, bundle=ticks, load=0x60000000), encoding="utf-8")
    subprocess.run(["dtc", "-q", "-O", "dtb", "-o", fit, source], check=True)
    run = uboot({IMAGE_AT: fit}, f"bootm {IMAGE_AT:#x}#demo {IMAGE_AT:#x}#demo {TREE}")
    run.expect("^bulkhead: CPU 3   MPIDR 0x3: cortex-a57")
    run.expect("^tick 2")


def test_uboot_without_a_bundle_gets_the_sentence(uboot):
    run = uboot({IMAGE_AT: IMAGE}, f"booti {IMAGE_AT:#x} - {TREE}")
    run.expect("^bulkhead: no bundle: give build/NAME.bundle as initrd")
