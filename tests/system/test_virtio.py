# SPDX-License-Identifier: Apache-2.0
"""Virtio devices and a stock Linux with its own drivers."""
import re

from configs import DEVICES, config, linux_images, raw_image, vm

SHELL = "the hypervisor's shell"


def devices(*nodes: str) -> str:
    return DEVICES.removesuffix("};") + " ".join(nodes) + " };"


def load(run, name: str, *modules: str) -> None:
    for module in modules:
        assert run.run(f"insmod /lib/{module}.ko", f"{name} # ").strip() == ""


def test_stock_Linux_reads_random_numbers_from_two_devices(boot):
    two = devices(*(f'{name} {{ compatible = "bulkhead,virtio-rng"; }};' for name in ("a", "b")))
    run = boot(config(vm("alpha", devices=two)))
    run.expect("^alpha # ", 120)
    load(run, "alpha", "virtio_mmio", "virtio-rng")
    found = run.run("cat /sys/class/misc/hw_random/rng_available", "alpha # ")
    assert "virtio_rng.0 virtio_rng.1" in found
    for name in ("virtio_rng.0", "virtio_rng.1"):
        run.run(f"echo {name} > /sys/class/misc/hw_random/rng_current", "alpha # ")
        dump = "dd if=/dev/hwrng bs=4096 count=16 2>/dev/null | tee /tmp/it | md5sum"
        first, second = run.run(dump, "alpha # "), run.run(dump, "alpha # ")
        assert first != second
        assert "65536" in run.run("wc -c < /tmp/it", "alpha # ")
    counts = run.run("grep virtio /proc/interrupts", "alpha # ")
    assert counts.count("virtio") == 2


def test_stock_Linux_has_a_console_beside_its_serial_port(boot):
    own = devices('hvc { compatible = "bulkhead,virtio-console"; };')
    run = boot(
        config(
            vm("alpha", devices=own, memory="192M", cpus=[0]),
            vm("tick", kernel="tick_image", initrd=None, memory="64M", cpus=[1]),
            images=linux_images() + raw_image("tick"),
        )
    )
    for life in (1, 2):
        run.expect("^alpha[|] Enter 'help'", 120)
        run.focus("alpha")
        run.run("insmod /lib/virtio_mmio.ko; insmod /lib/virtio_console.ko", "alpha # ")
        # more than all rings together hold; each line once, in its order (a line that stands still
        # may be broken by another's, so it is the digits that count)
        run.line("seq 10001 14000 > /dev/hvc0")
        run.expect("^alpha/hvc[|] 14000\\n", 60)
        seen = "".join(re.findall(r"^alpha/hvc[|] (\d+)$", run.text, re.M))
        assert seen.endswith("".join(str(n) for n in range(10001, 14001)))
        run.line("setsid sh -c 'exec sh < /dev/hvc0 > /dev/hvc0 2>&1' &")
        run.focus("alpha/hvc")
        run.expect("^alpha/hvc[|] alpha # ")
        run.line("echo $((6 * 7)) from here")
        run.expect("^alpha/hvc[|] 42 from here\\n")
        run.focus(SHELL)
        if life == 1:
            log = run.run("log alpha", "^bulkhead> ")
            assert "\n42 from here\n" in log
            run.line("vm restart alpha")
            run.expect("^bulkhead: alpha starts")
    run.line("console alpha/hvc")
    run.expect("the keys now go to alpha/hvc  ")
