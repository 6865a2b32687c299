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
	}};

	vms {{
		guest {{
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
	}};
}};
"""


def config(name: str, image: pathlib.Path, memory: int, words: dict[str, str]) -> str:
    """The source of a config: one VM with this raw image, so many bytes of RAM, and its further
    properties by name, as in `vcpus: 2, gic: v2, its: (nothing)`."""
    lines = []
    for word, value in words.items():
        text = f"<{value}>" if value.isdigit() else f'"{value}"'
        lines.append(f"\t\t\t{word} = {text};\n" if value else f"\t\t\t{word};\n")
    return CONFIG.format(
        name=name,
        image=image,
        high=memory >> 32,
        low=memory & 0xFFFFFFFF,
        properties="".join(lines),
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
