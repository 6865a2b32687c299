#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Disk and network of a stock Linux under Bulkhead, as a share of what bare QEMU gives it.

The same kernel, root file system and tools (dd, iperf3) run twice, one after the other: on QEMU's
own devices, two QEMUs joined by a socket for the network, and as two VMs of one Bulkhead. Seconds
are this machine's, so figures differ from one to the next; the shares are what is to be looked at.
"""
import argparse
import contextlib
import json
import pathlib
import re
import socket
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests"), str(ROOT / "tests" / "system")]

import configs  # noqa: E402
import console  # noqa: E402
import machine as board  # noqa: E402
import rootfs  # noqa: E402

ADDRESS = {"alpha": "10.0.0.1", "beta": "10.0.0.2"}
ARGS = "console=ttyAMA0 hostname={} quiet root=/dev/vda"
TIMES = 3  # the best of them
REPEATS = 5  # of a command, in one time


def ask(run: console.Console, name: str, command: str, timeout: float = 120) -> str:
    text = run.run(command, rf"^({name}[|] )?{name} # ", timeout)
    return re.sub(r"^\w+[|] ?", "", text, flags=re.M).strip()


def uptime(run: console.Console) -> float:
    return float(ask(run, "alpha", "cut -d' ' -f1 /proc/uptime"))


def disk(run: console.Console) -> dict[str, float]:
    """MiB a second."""
    said = {}
    ask(run, "alpha", "d=/proc/sys/vm/drop_caches")
    # short lines, which a terminal shows as they were typed
    for what, mib, command in (
        ("disk, read", 40, "echo 3 > $d; dd if=/dev/vda of=/dev/null bs=1M count=40"),
        ("disk, written", 8, "rm -f /x; dd if=/dev/zero of=/x bs=1M count=8 conv=fsync"),
    ):
        best = 0.0
        ask(run, "alpha", f"f() {{ {command}; }}")
        for _ in range(TIMES):
            start = uptime(run)
            ask(run, "alpha", f"for i in $(seq {REPEATS}); do f; done 2>/dev/null")
            best = max(best, mib * REPEATS / (uptime(run) - start))
        said[what] = best
    return said


def bring_up(run: console.Console, name: str) -> None:
    for module in ("failover", "net_failover", "virtio_net"):
        ask(run, name, f"insmod /lib/{module}.ko")
    ask(run, name, f"ip link set eth0 up && ip addr add {ADDRESS[name]}/24 dev eth0")


def network(run: console.Console) -> dict[str, float]:
    """Mbit a second, beta's server running."""
    best = 0.0
    for _ in range(TIMES):
        ask(run, "alpha", f"iperf3 -J -c {ADDRESS['beta']} -t 4 > /tmp/told")
        end = json.loads(ask(run, "alpha", "tr -d '\\n\\t' < /tmp/told; echo"))["end"]
        best = max(best, end["sum_received"]["bits_per_second"] / 1e6)
    return {"TCP between two": best}


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def bare(image: pathlib.Path, stack: contextlib.ExitStack) -> dict[str, float]:
    port, runs = free_port(), {}
    for name, how in (("beta", "listen"), ("alpha", "connect")):
        nic = f"virtio-net-device,netdev=lan,mac=52:54:00:00:00:0{len(runs) + 1}"
        runs[name] = console.start(
            f"throughput-bare-{name}", "virt-el1", kernel=board.BUILD / "guest" / "Image",
            initrd=board.BUILD / "guest" / "initrd.cpio.gz", cpus=1, memory=256, nic=True,
            extra=["-append", ARGS.format(name), "-global", "virtio-mmio.force-legacy=false",
                   "-drive", f"file={image},format=raw,if=none,id=root,snapshot=on",
                   "-device", "virtio-blk-device,drive=root",
                   "-netdev", f"socket,id=lan,{how}=127.0.0.1:{port}", "-device", nic],
        )  # fmt: skip
        stack.callback(runs[name].close)
        runs[name].expect(f"{name} # ", 180)
    figures = disk(runs["alpha"])
    for name, run in runs.items():
        bring_up(run, name)
    ask(runs["beta"], "beta", "iperf3 -s -D")
    return figures | network(runs["alpha"])


def bulkhead(image: pathlib.Path, stack: contextlib.ExitStack) -> dict[str, float]:
    devices = configs.DEVICES.removesuffix("};") + f"""
        root {{ compatible = "bulkhead,virtio-blk"; image = <&root>;
               overlay-size = {configs.cells(48 << 20)}; }};
        net0 {{ compatible = "bulkhead,virtio-net"; network = <&lan>; }}; }};"""
    text = configs.config(
        *(configs.vm(name, devices=devices, bootargs=ARGS.format(name)) for name in ADDRESS),
        images=configs.linux_images()
        + f'root: root {{ type = "disk"; data = /incbin/("{image}"); }};\n',
        extra="networks { lan: lan { }; };",
    )
    run = console.start("throughput-bulkhead", kernel=board.BUILD / "bulkhead.img", cpus=2,
                        initrd=configs.bundle("throughput", text))  # fmt: skip
    stack.callback(run.close)
    run.expect_each("alpha # ", "^beta[|] Enter 'help'", timeout=180)
    figures = disk(run)
    bring_up(run, "alpha")
    run.focus("beta")
    run.line("")
    run.expect("beta # ", 60)
    bring_up(run, "beta")
    ask(run, "beta", "iperf3 -s -D")
    run.focus("alpha")
    run.line("")
    run.expect("alpha # ", 60)
    return figures | network(run)


def main() -> int:
    argparse.ArgumentParser(description=__doc__.split("\n\n")[0]).parse_args()
    with tempfile.TemporaryDirectory() as work:
        image = rootfs.make(pathlib.Path(work))
        figures = []
        for what, runner in (("bare QEMU", bare), ("Bulkhead", bulkhead)):
            print(f"  runs     {what}", flush=True)
            with contextlib.ExitStack() as stack:
                figures.append(runner(image, stack))
    print(f"\n{'':18}{'bare QEMU':>11}{'Bulkhead':>10}{'share':>8}")
    for what, before in figures[0].items():
        unit = "Mbit/s" if what.startswith("TCP") else "MiB/s"
        print(f"{what:18}{before:>11.0f}{figures[1][what]:>10.0f}"
              f"{figures[1][what] / before:>8.2f}  {unit}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
