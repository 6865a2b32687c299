# SPDX-License-Identifier: Apache-2.0
"""A VM with a bare-metal program in it: its config and its bundle."""
import pathlib
import subprocess

from run_case import ROOT

CONFIG = """/dts-v1/;

/* Written for {name}. */
/ {{
	compatible = "bulkhead,config-1";

	hypervisor {{
		when-all-off = "poweroff";
	}};

	images {{
		kernel: kernel {{
			type = "raw";
			data = /incbin/("{image}");
			load = <0x0 0x40080000>;
			entry = <0x0 0x40080000>;
		}};
{image_beside}	}};

	vms {{
		guest: guest {{
			compatible = "bulkhead,vm";
			memory-size = <{high:#x} {low:#x}>;
			kernel = <&kernel>;
{properties}
			devices {{
				uart {{
					compatible = "bulkhead,pl011";
				}};
				rtc {{
					compatible = "bulkhead,pl031";
				}};
			}};
		}};
{beside}	}};
}};
"""

IMAGE = """		beside: beside {{
			type = "raw";
			data = /incbin/("{image}");
			load = <0x0 0x40080000>;
			entry = <0x0 0x40080000>;
		}};
"""

BESIDE = """		beside {{
			compatible = "bulkhead,vm";
			memory-size = <0x0 0x2000000>;
			kernel = <&beside>;
			vcpus = <1>;
			vcpu-cpus = <0>;
			manages = <&guest>;
			vcpu-slice-us = <{slice}>;
{gic}			devices {{
				uart {{
					compatible = "bulkhead,pl011";
				}};
			}};
		}};
"""


def config(name: str, image: pathlib.Path, memory: int, words: dict[str, str]) -> str:
    """The source of a config: one VM with this raw image, so many bytes of RAM, and its further
    properties by name, as in `vcpus: 2, vcpu-cpus: 0,0, gic: v2, its: (nothing)`. beside: PROGRAM
    is one of tests/guest in a VM beside it, on CPU 0 too, which manages it."""
    lines = []
    words = dict(words)
    beside = words.pop("beside", None)
    for word, value in words.items():
        text = f'"{value}"' if value.strip("0123456789,") else f"<{value.replace(',', ' ')}>"
        lines.append(f"\t\t\t{word} = {text};\n" if value else f"\t\t\t{word};\n")
    return CONFIG.format(
        name=name,
        image=image,
        high=memory >> 32,
        low=memory & 0xFFFFFFFF,
        properties="".join(lines),
        image_beside=IMAGE.format(image=image.with_name(f"{beside}.bin")) if beside else "",
        beside=BESIDE.format(
            slice=words.get("vcpu-slice-us", "10000"),
            gic=f'\t\t\tgic = "{words["gic"]}";\n' if "gic" in words else "",
        )
        if beside
        else "",
    )


def bundle(dts: pathlib.Path, stem: pathlib.Path) -> tuple[pathlib.Path, list[str]]:
    """Makes STEM.dtb and STEM.bundle of a config: the bundle, and what it was refused with."""
    dtb, made = stem.with_name(stem.name + ".dtb"), stem.with_name(stem.name + ".bundle")
    for argv in (
        ["tools/dtc.sh", "dtc", str(dts), str(dtb)],
        ["build/host/bulkhead-config", "bundle", str(dtb), str(made)],
    ):
        done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            return made, (done.stdout + done.stderr).splitlines() or ["no reason is given"]
    return made, []
