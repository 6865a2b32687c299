# SPDX-License-Identifier: Apache-2.0
"""Virtio devices and a stock Linux with its own drivers."""
import re

from configs import DEVICES, config, linux_images, raw_image, vm

SHELL = "the hypervisor's shell"
POWEROFF = 'when-all-off = "poweroff";'


def devices(*nodes: str) -> str:
    return DEVICES.removesuffix("};") + " ".join(nodes) + " };"


def load(run, name: str, *modules: str) -> None:
    for module in modules:
        assert run.run(f"insmod /lib/{module}.ko", f"{name} # ").strip() == ""


RANDOM = '{0} {{ compatible = "bulkhead,virtio-rng"; }};'
DUMP = "dd if=/dev/hwrng bs=4096 count=16 2>/dev/null | tee /tmp/it | md5sum"


def test_stock_Linux_reads_random_numbers_from_two_devices(boot):
    two = devices(RANDOM.format("a"), RANDOM.format("b"))
    run = boot(config(*(vm(name, devices=two, memory="192M") for name in ("alpha", "beta"))))
    run.expect_each("alpha # ", "^beta[|] Enter 'help'", timeout=120)
    sums = []
    for name in ("alpha", "beta"):
        run.to_prompt(name)
        for module in ("virtio_mmio", "virtio-rng"):
            run.run(f"insmod /lib/{module}.ko", f"{name} # ")
        found = run.run("cat /sys/class/misc/hw_random/rng_available", f"{name} # ")
        assert "virtio_rng.0 virtio_rng.1" in found
        for device in ("virtio_rng.0", "virtio_rng.1"):
            run.run(f"echo {device} > /sys/class/misc/hw_random/rng_current", f"{name} # ")
            for _ in range(2):
                sums += re.findall("[0-9a-f]{32}", run.run(DUMP, f"{name} # "))
            assert "65536" in run.run("wc -c < /tmp/it", f"{name} # ")
        counts = run.run("grep virtio /proc/interrupts", f"{name} # ")
        assert counts.count("virtio") == 2
    # two reads of two devices in two VMs
    assert len(sums) == len(set(sums)) == 8


def test_a_board_without_random_numbers_has_no_such_device(boot):
    own = devices(RANDOM.format("random"), 'sockets { compatible = "bulkhead,virtio-vsock"; };')
    run = boot(config(vm("alpha", devices=own)), extra=["-machine", "dtb-randomness=off"])
    run.expect("^bulkhead: alpha: devices/random [(]bulkhead,virtio-rng[)] does not exist in it: ")
    run.expect("^alpha # ", 120)
    # the other one is where it ever was
    nodes = run.run("ls -d /proc/device-tree/virtio_mmio*", "alpha # ")
    assert re.findall("virtio_mmio@([0-9a-f]+)", nodes) == ["a000200"]
    load(run, "alpha", "virtio_mmio", "virtio-rng")
    assert run.run("cat /sys/class/misc/hw_random/rng_available", "alpha # ").strip() == ""
    assert "0x0013" in run.run("cat /sys/bus/virtio/devices/*/device", "alpha # ")


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


def test_a_console_has_no_keys_for_buffers_that_break_rules(boot):
    own = devices('hvc { compatible = "bulkhead,virtio-console"; };')
    alpha = vm("alpha", kernel="virtio_typed_image", initrd=None, memory="64M", devices=own)
    run = boot(config(alpha, images=raw_image("virtio_typed"), hypervisor=POWEROFF))
    for key in "abcdefgh":
        run.expect(f"^alpha[|] # type {key}$", 60)
        if key == "a":
            run.focus("alpha/hvc")
        run.send(key)
    count = run.expect("^alpha[|] 1[.][.](\\d+)$", 60)[1]
    run.expect_end()
    assert len(re.findall(r"^alpha\| ok \d+ - ", run.text, re.M)) == int(count) == 24
    assert "not ok" not in run.text
