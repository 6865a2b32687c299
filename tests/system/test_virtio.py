# SPDX-License-Identifier: Apache-2.0
"""Virtio devices and a stock Linux with its own drivers."""
from configs import DEVICES, config, vm


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
