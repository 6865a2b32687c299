# SPDX-License-Identifier: Apache-2.0
"""The machines `make bench` runs: what each needs, its QEMU command, and what it prints."""
import os
import pathlib
import re
import stat
import subprocess
import sys
import time
from dataclasses import dataclass, field

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import machine as board  # noqa: E402  (the folder above)
import mkinitrd  # noqa: E402

WORK = board.BUILD / "bench"
LOGS = board.BUILD / "log"
CACHE = board.BUILD / "cache"
GUEST = WORK / "guest.bin"
GUEST_V2 = WORK / "guest-v2.bin"
SHARING = WORK / "sharing.bin"
SHARING_V2 = WORK / "sharing-v2.bin"
ICOUNT = ("-icount", "shift=0,sleep=off", "-seed", "1", "-rtc", "base=2024-01-01,clock=vm")
EL2 = "virt,virtualization=on,gic-version=3"
BARE = "virt,gic-version=3"
COMPLAINT = re.compile(r"^bench: (.+?)\s*$", re.M)  # of the guest, about what was done for it
LINE = re.compile(r"bench (\w+) (?:n/a (.+)|(\d+\.\d\d) (\d+) (\d+))\s*$", re.M)
LAST_LINES = 3  # of a QEMU that died
XEN_MODULE = 0x50000000  # where QEMU puts the guest for Xen to copy: clear of kernel and dtb
XEN_STRIDE = 0x1000000  # and the next one


class Unfit(Exception):
    """A sentence that says why a run can't be made or gave nothing."""


@dataclass
class Figure:
    """One operation on one machine; instructions. `missing` says why there is no figure."""

    mean: float = 0.0
    max: int = 0
    count: int = 0
    missing: str = ""


@dataclass
class Run:
    key: str
    title: str
    cpu: str = "cortex-a57"
    cpus: int = 2
    seconds: int = 120  # of wall time, at most
    gic: int = 3  # of the board
    guest_gic: int = 3
    # Properties of the bench VM beyond tests/bench/bench.dts: fdtput's type, name, values.
    vm: tuple[tuple[str, ...], ...] = ()
    lpi: bool = False  # with a PL031 whose line is an LPI
    devices: str = ""  # with devices for operations whose names begin so
    # KVM's with virtio devices: the operations, and whether the disk has a thread.
    virtio: tuple[str, ...] = ()
    disk_thread: bool = False
    # tests/bench/sharing.dts in its place: what its two VMs do, and how they share a CPU.
    roles: tuple[str, ...] = ()
    sharing: str = ""
    figures: dict[str, Figure] = field(default_factory=dict)
    text: str = ""
    failure: str = ""


def messages(spis: int, lpis: int) -> tuple[tuple[str, ...], ...]:
    """A VM with so many of them; where SPIs are left for messages, what carries those."""
    mbi = (("", "mbi"),) if spis > 64 else ()
    return (("", "its"), *mbi, ("i", "spi-count", str(spis)), ("i", "lpi-count", str(lpis)))


PRIORITIES = "&bench { vcpu-priority = <200>; }; &other { vcpu-priority = <10>; };"
VIRTIO = ("disk_notify", "disk_read_none", "disk_read_4k", "console_char", "net_64", "net_1514",
          "net_64k")  # fmt: skip
# What a network needs that Debian's kernel has not built in.
KVM_MODULES = tuple(CACHE / "modules" / f"{name}.ko" for name in (
    "llc", "stp", "bridge", "tun", "tap", "vhost_iotlb", "vhost", "vhost_net"))  # fmt: skip
GICV2 = (("s", "gic", "v2"), ("", "gicv2m"))
BUDGET = "&bench { vcpu-budget-us = <2000>; vcpu-period-us = <10000>; };"
WINDOWS = ("/ { schedule { one { cpu = <0>; window-us = <1000 4000>;"
           " window-vms = <&bench &other>; }; }; };")  # fmt: skip
SHARING_GICV2 = '&bench { gic = "v2"; }; &other { gic = "v2"; };'

RUNS = (
    Run("bare", "no hypervisor"),
    Run("bare-v2", "no hypervisor, GICv2", gic=2, guest_gic=2),
    Run("bulkhead-a57", "Bulkhead"),
    Run("bulkhead-a72", "Bulkhead, cortex-a72", cpu="cortex-a72"),
    Run("bulkhead-n1", "Bulkhead, neoverse-n1", cpu="neoverse-n1"),
    Run("bulkhead-max", "Bulkhead, max", cpu="max"),
    Run("bulkhead-32", "32 SPIs, 64 LPIs", vm=messages(32, 64), lpi=True),
    Run("bulkhead-few", "96 SPIs, 64 LPIs", vm=messages(96, 64), lpi=True),
    Run("bulkhead-many", "988 SPIs, 8192 LPIs", vm=messages(988, 8192), lpi=True),
    Run("bulkhead-v2", "GICv2", gic=2, guest_gic=2, vm=GICV2),
    Run("bulkhead-v2-on-v3", "GICv2 in software", guest_gic=2, vm=GICV2),
    Run("bulkhead-disk", "a disk in memory", devices="disk"),
    Run("bulkhead-console", "a virtio console", devices="console"),
    Run("bulkhead-net", "two ports of a network", devices="net"),
    Run("bulkhead-switch", "two VMs, equals", cpus=1, roles=("ping", "echo")),
    Run("bulkhead-switch-n1", "two VMs, neoverse-n1", cpu="neoverse-n1", cpus=1,
        roles=("ping", "echo")),
    Run("bulkhead-switch-max", "two VMs, max", cpu="max", cpus=1, roles=("ping", "echo")),
    Run("bulkhead-wake", "by priority", cpus=1, roles=("wake", "busy"), sharing=PRIORITIES),
    Run("bulkhead-wake-n1", "by priority, neoverse-n1", cpu="neoverse-n1", cpus=1,
        roles=("wake", "busy"), sharing=PRIORITIES),
    Run("bulkhead-wake-max", "by priority, max", cpu="max", cpus=1, roles=("wake", "busy"),
        sharing=PRIORITIES),
    Run("bulkhead-wake-calls", "by priority, the other calls and ticks", cpus=1,
        roles=("wake", "calls"), sharing=PRIORITIES),
    Run("bulkhead-budget", "2 ms in 10", cpus=1, roles=("budget", "load"), sharing=BUDGET),
    Run("bulkhead-window", "windows of 1 and 4 ms", cpus=1, roles=("window", "load"),
        sharing=WINDOWS),
    Run("bulkhead-switch-v2", "two VMs, GICv2", cpus=1, gic=2, guest_gic=2,
        roles=("ping", "echo"), sharing=SHARING_GICV2),
    Run("bulkhead-wake-v2", "by priority, GICv2", cpus=1, gic=2, guest_gic=2,
        roles=("wake", "busy"), sharing=PRIORITIES + SHARING_GICV2),
    Run("bulkhead-wake-calls-v2", "by priority, the other calls and ticks, GICv2", cpus=1, gic=2,
        guest_gic=2, roles=("wake", "calls"), sharing=PRIORITIES + SHARING_GICV2),
    Run("bulkhead-budget-v2", "2 ms in 10, GICv2", cpus=1, gic=2, guest_gic=2,
        roles=("budget", "load"), sharing=BUDGET + SHARING_GICV2),
    Run("bulkhead-window-v2", "windows of 1 and 4 ms, GICv2", cpus=1, gic=2, guest_gic=2,
        roles=("window", "load"), sharing=WINDOWS + SHARING_GICV2),
    Run("xen", "Xen 4.17 (Debian)", cpus=1),
    Run("kvm-vhe", "KVM, VHE", cpu="neoverse-n1", seconds=300),
    Run("kvm-a57", "KVM, cortex-a57", seconds=400),
    Run("kvm-virtio", "KVM, VHE, virtio", cpu="neoverse-n1", seconds=300, virtio=VIRTIO),
    Run("kvm-virtio-a57", "KVM, cortex-a57, virtio", seconds=400, virtio=VIRTIO),
    Run("kvm-thread", "KVM, VHE, a disk with a thread", cpu="neoverse-n1", seconds=300,
        virtio=VIRTIO[:3], disk_thread=True),
    Run("kvm-thread-a57", "KVM, cortex-a57, a disk with a thread", seconds=400,
        virtio=VIRTIO[:3], disk_thread=True),
    Run("xen-switch", "Xen 4.17, credit", cpus=1, roles=("ping", "echo")),
    Run("kvm-switch", "KVM VHE, by its VMM", cpu="neoverse-n1", cpus=1, seconds=300,
        roles=("ping", "echo")),
)


def command(qemu: str, run: Run, machine: str, *words: str) -> list[str]:
    machine = machine.replace("gic-version=3", f"gic-version={run.gic}")
    return [
        qemu, "-machine", machine, "-cpu", run.cpu, "-smp", str(run.cpus), "-m", "512",
        "-nographic", "-nic", "none", *ICOUNT, *words,
    ]  # fmt: skip


def call(*words: str | pathlib.Path) -> None:
    """A tool that has nothing to say unless it fails."""
    argv = [str(word) for word in words]
    try:
        done = subprocess.run(argv, cwd=board.ROOT, capture_output=True, text=True, check=False)
    except OSError as error:
        said = f"{words[0]} can't be run: {error.strerror}; `make bench` installs it"
        raise Unfit(said) from None
    if done.returncode:
        raise Unfit(f"{words[0]} fails: {(done.stderr or done.stdout).strip()}")


def bulkhead_bundle(run: Run, only: str = "", twice: bool = False) -> pathlib.Path:
    """The bundle of tests/bench/bench.dts as the run wants it; with the guest told to do one
    operation only, twice as often perhaps."""
    name = f"{run.key}-{only}" if only else run.key
    dts, dtb, out = (WORK / f"{name}.{end}" for end in ("dts", "dtb", "bundle"))
    text = (board.ROOT / "tests" / "bench" / "bench.dts").read_text(encoding="utf-8")
    text = text.replace("../../build/bench/guest.bin", str(guest_of(run)))
    dts.write_text(text, encoding="utf-8")
    call("tools/dtc.sh", os.environ.get("DTC", "dtc"), dts, dtb)
    for kind, *words in run.vm:
        call("fdtput", *(("-t", kind) if kind else ()), dtb, "/vms/bench", *words)
    if run.lpi:
        rtc = "/vms/bench/devices/rtc"
        call("fdtput", "-c", dtb, rtc)
        call("fdtput", "-t", "s", dtb, rtc, "compatible", "bulkhead,pl031")
        call("fdtput", dtb, rtc, "lpi")
    if run.devices == "disk":
        disk = "/vms/bench/devices/disk"
        call("fdtput", "-c", dtb, disk)
        call("fdtput", "-t", "s", dtb, disk, "compatible", "bulkhead,virtio-blk")
        call("fdtput", "-t", "x", dtb, disk, "ram-size", "0", "100000")
    if run.devices == "console":
        console = "/vms/bench/devices/console"
        call("fdtput", "-c", dtb, console)
        call("fdtput", "-t", "s", dtb, console, "compatible", "bulkhead,virtio-console")
    if run.devices == "net":
        call("fdtput", "-p", "-c", dtb, "/networks/lan")
        call("fdtput", "-t", "u", dtb, "/networks/lan", "phandle", "77")
        for port in ("/vms/bench/devices/sender", "/vms/bench/devices/receiver"):
            call("fdtput", "-c", dtb, port)
            call("fdtput", "-t", "s", dtb, port, "compatible", "bulkhead,virtio-net")
            call("fdtput", "-t", "u", dtb, port, "network", "77")
    if only:
        bootargs = f"only={only}" + (" times=2" if twice else "")
        call("fdtput", "-t", "s", dtb, "/vms/bench", "bootargs", bootargs)
    call("build/host/bulkhead-config", "bundle", dtb, out)
    return out


def sharing_bundle(run: Run, count: int = 0) -> pathlib.Path:
    """The bundle of tests/bench/sharing.dts, its VMs told what to do; `count`: how often."""
    dts, dtb, out = (WORK / f"{run.key}.{end}" for end in ("dts", "dtb", "bundle"))
    text = (board.ROOT / "tests" / "bench" / "sharing.dts").read_text(encoding="utf-8")
    text = text.replace("../../build/bench/sharing.bin", str(guest_of(run)))
    for vm, role in zip(("bench", "other"), run.roles, strict=True):
        words = f"role={role}" + (f" count={count}" if count else "")
        text += f'&{vm} {{ bootargs = "{words}"; }};\n'
    dts.write_text(text + run.sharing + "\n", encoding="utf-8")
    call("tools/dtc.sh", os.environ.get("DTC", "dtc"), dts, dtb)
    call("build/host/bulkhead-config", "bundle", dtb, out)
    return out


def guest_of(run: Run) -> pathlib.Path:
    if run.guest_gic == 2:
        return SHARING_V2 if run.roles else GUEST_V2
    return SHARING if run.roles else GUEST


def lacks(run: Run) -> str:
    """Why a run can't be made here, as a sentence; empty where it can."""
    kind = run.key.split("-")[0]
    need = {
        "kvm": (CACHE / "vmlinuz", WORK / "vmm", kvm_tree(run), guest_of(run),
                *(KVM_MODULES if run.virtio else ())),
        "xen": (CACHE / "xen" / "xen.img", guest_of(run)),
        "bare": (guest_of(run),),
    }.get(
        kind,
        (
            board.BUILD / "bulkhead.img",
            board.BUILD / "host" / "bulkhead-config",
            guest_of(run),
        ),
    )
    missing = [str(path.relative_to(board.ROOT)) for path in need if not path.exists()]
    if not missing:
        return ""
    are = "is" if len(missing) == 1 else "are"
    return f"{', '.join(missing)} {are} missing; `make bench` makes or downloads what it can"


def kvm_tree(run: Run) -> pathlib.Path:
    return WORK / ("kvm-devices.dtb" if run.virtio else "kvm-guest.dtb")


def kvm_dtb(run: Run, name: str, bootargs: str) -> pathlib.Path:
    """The tree of a VM under KVM whose guest is told what to do."""
    dtb = WORK / f"{run.key}-{name}.dtb"
    dtb.write_bytes(kvm_tree(run).read_bytes())
    call("fdtput", "-c", dtb, "/chosen")
    call("fdtput", "-t", "s", dtb, "/chosen", "bootargs", bootargs)
    return dtb


def kvm_initrd(run: Run) -> pathlib.Path:
    """An initramfs with the VMM as process 1, and the guest or guests."""
    cpio = mkinitrd.Cpio()
    cpio.add("dev", stat.S_IFDIR | 0o755)
    cpio.add("proc", stat.S_IFDIR | 0o755)
    cpio.add("sys", stat.S_IFDIR | 0o755)
    cpio.add("dev/console", stat.S_IFCHR | 0o600, device=(5, 1))
    trees = [kvm_tree(run)]
    if run.roles:
        trees = [kvm_dtb(run, role, f"role={role} by=mmio") for role in run.roles]
    elif run.virtio:
        trees = [kvm_dtb(run, "only", f"only={','.join(run.virtio)}")]
    cpio.add("init", stat.S_IFREG | 0o755, (WORK / "vmm").read_bytes())
    cpio.add("guest.bin", stat.S_IFREG | 0o644, guest_of(run).read_bytes())
    for name, tree in zip(("guest.dtb", "other.dtb"), trees):
        cpio.add(name, stat.S_IFREG | 0o644, tree.read_bytes())
    for module in KVM_MODULES if run.virtio else ():
        cpio.add(module.name, stat.S_IFREG | 0o644, module.read_bytes())
    out = WORK / f"{run.key}.cpio"
    out.write_bytes(cpio.finish())
    return out


def xen_domain(run: Run, dtb: pathlib.Path, index: int) -> None:
    """One domain without dom0, in the board's tree."""
    domain = f"/chosen/domU{index + 1}"
    place = XEN_MODULE + index * XEN_STRIDE
    module = f"{domain}/module@{place:x}"
    call("fdtput", "-p", "-c", dtb, module)
    for node, kind, name, *values in (
        (domain, "s", "compatible", "xen,domain"),
        (domain, "i", "#address-cells", "2"),
        (domain, "i", "#size-cells", "2"),
        (domain, "i", "memory", "0", str(64 << 10)),
        (domain, "i", "cpus", str(run.cpus)),
        (domain, "i", "vpl011"),
        (module, "s", "compatible", "multiboot,kernel", "multiboot,module"),
        (module, "i", "reg", "0", str(place), "0", str(guest_of(run).stat().st_size)),
    ):
        call("fdtput", "-t", kind, dtb, node, name, *values)
    if run.roles:
        call("fdtput", "-t", "s", dtb, module, "bootargs", f"role={run.roles[index]} by=xen")


def xen_dtb(qemu: str, run: Run) -> pathlib.Path:
    """The board's device tree with the guest, or two, as domains without dom0."""
    dtb = WORK / f"{run.key}.dtb"
    call(*command(qemu, run, f"{EL2},dumpdtb={dtb}"))
    call("fdtput", "-t", "s", dtb, "/chosen", "xen,xen-bootargs",
         "console=dtuart dtuart=/pl011@9000000 sched=credit sched_ratelimit_us=0")  # fmt: skip
    for index in range(len(run.roles) or 1):
        xen_domain(run, dtb, index)
    return dtb


def qemu_of(run: Run, qemu: str) -> list[str]:
    """The command of a run; makes what it boots."""
    kind = run.key.split("-")[0]
    if kind == "bare":
        return command(qemu, run, BARE, "-kernel", str(guest_of(run)))
    if kind == "bulkhead":
        image = board.BUILD / "bulkhead.img"
        bundle = sharing_bundle(run) if run.roles else bulkhead_bundle(run)
        return command(qemu, run, EL2, "-kernel", str(image), "-initrd", str(bundle))
    if kind == "kvm":
        # A network of the bench guest's frames alone: no neighbour that IPv6 asks for.
        words = " ipv6.disable=1" if run.virtio else ""
        words += " -- disk-thread" if run.disk_thread else ""
        return command(
            qemu, run, EL2, "-kernel", str(CACHE / "vmlinuz"), "-initrd", str(kvm_initrd(run)),
            "-append", f"console=ttyAMA0 quiet mitigations=off{words}",
        )  # fmt: skip
    loaders = [
        word
        for index in range(len(run.roles) or 1)
        for word in (
            "-device",
            f"loader,file={guest_of(run)},addr={XEN_MODULE + index * XEN_STRIDE:#x},force-raw=on",
        )
    ]
    return command(
        qemu, run, EL2, "-kernel", str(CACHE / "xen" / "xen.img"), "-dtb", str(xen_dtb(qemu, run)),
        *loaders,
    )  # fmt: skip


def read_figures(text: str) -> dict[str, Figure]:
    found = {}
    for name, missing, mean, most, count in LINE.findall(text.replace("\r", "")):
        if missing:
            found[name] = Figure(missing=missing)
        else:
            found[name] = Figure(float(mean), int(most), int(count))
    return found


def histogram(text: str) -> list[str]:
    """Its lines, where the guest printed one."""
    return re.findall(r"# from \d+ ns: \d+ ?#*", text.replace("\r", ""))


def watch(argv: list[str], log: pathlib.Path, seconds: int) -> str:
    """Runs until the guest says it is done; the console's text. Unfit where it does not get there,
    with what QEMU said if it ended by itself."""
    seconds = int(seconds * float(os.environ.get("TEST_TIME_SCALE", "1")))
    end = time.monotonic() + seconds
    LOGS.mkdir(parents=True, exist_ok=True)
    with open(log, "wb") as out, subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT
    ) as qemu:
        try:
            while qemu.poll() is None and time.monotonic() < end:
                try:
                    qemu.wait(timeout=0.2)
                except subprocess.TimeoutExpired:
                    if b"bench done" in log.read_bytes():
                        break
            status = qemu.poll()
        finally:
            qemu.terminate()
            qemu.wait()
    text = log.read_text(encoding="utf-8", errors="replace")
    if "bench done" not in text:
        raise Unfit(unfinished(text, status, seconds, log))
    return text


def unfinished(text: str, status: int | None, seconds: int, log: pathlib.Path) -> str:
    """The sentence of a run that did not end as it should; status None: it was still running."""
    place = log.relative_to(board.ROOT)
    if status is None:
        return f"the guest did not end within {seconds} s; its console is in {place}"
    how = f"by signal {-status}" if status < 0 else f"with status {status}"
    last = [line.strip() for line in text.splitlines() if line.strip()][-LAST_LINES:]
    said = "".join(f"\n           {line}" for line in last) or " nothing"
    return f"QEMU ended {how} before the guest was done ({place}); last it said:{said}"


def make(run: Run, qemu: str) -> None:
    """Runs one machine; its figures, or a failure as a sentence."""
    log = LOGS / f"bench-{run.key}.log"
    place = log.relative_to(board.ROOT)
    try:
        run.text = watch(qemu_of(run, qemu), log, run.seconds)
        complaint = COMPLAINT.search(run.text.replace("\r", ""))
        if complaint:
            raise Unfit(f"the guest says: {complaint[1]}; its console is in {place}")
        run.figures = read_figures(run.text)
        if not run.figures:
            raise Unfit(f"the guest has no figure; its console is in {place}")
    except Unfit as error:
        run.failure = str(error)
