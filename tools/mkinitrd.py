#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the guests' initramfs from a static busybox: a shell with job control on the console.

The archive is a gzipped `newc` cpio written here, so that device nodes need no root, and the same
input gives the same bytes (owner 0, time 0). One archive serves all VMs: the host name comes from
`hostname=NAME` on the kernel command line, and with `root=DEVICE` there the system goes on from
that disk.
"""
import argparse
import gzip
import os
import stat
import sys

INIT = """#!/bin/busybox sh
# Process 1 until busybox init takes over.
/bin/busybox mount -t devtmpfs none /dev
/bin/busybox mount -t proc none /proc
/bin/busybox mount -t sysfs none /sys
/bin/busybox --install -s
hostname=guest root=
for word in $(cat /proc/cmdline); do
	case $word in
	hostname=*) hostname=${word#hostname=} ;;
	root=*) root=${word#root=} ;;
	esac
done
hostname "$hostname"
[ -n "$root" ] || exec /sbin/init
# A root file system on a disk: what it needs is in /lib, as far as the kernel has it not built in.
for module in crc16 crc32c_generic mbcache jbd2 ext4 virtio_mmio virtio_blk; do
	[ ! -e /lib/$module.ko ] || insmod /lib/$module.ko
done
mkdir /new
if mount "$root" /new; then
	for mount in dev proc sys; do
		mount --move /$mount /new/$mount
	done
	exec switch_root /new /sbin/init
fi
echo "$hostname: $root can't be mounted: there is a shell in its place" >/dev/console
exec /sbin/init
"""

RC = """#!/bin/sh
mkdir -p /dev/pts /tmp
mount -t devpts none /dev/pts
ip link set lo up 2>/dev/null
cpus=$(nproc)
[ "$cpus" = 1 ] && cpus="1 CPU" || cpus="$cpus CPUs"
memory=$(awk '/MemTotal/ { print int($2 / 1024) }' /proc/meminfo)
echo "$(hostname): $(uname -sr), $cpus, $memory MiB of memory"
"""

# cttyhack opens the console's real device, without which there is no job control.
INITTAB = """::sysinit:/etc/rc
::respawn:/bin/cttyhack /bin/sh -l
::ctrlaltdel:/sbin/reboot
::shutdown:/bin/sync
"""

PROFILE = """export PATH=/sbin:/usr/sbin:/bin:/usr/bin HOME=/root
export PS1="$(hostname) # "
cd /root
"""


class Cpio:
    """A `newc` archive in memory."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.inode = 0

    def add(
        self, name: str, mode: int, content: bytes = b"", device: tuple[int, int] = (0, 0)
    ) -> None:
        self.inode += 1
        links = 2 if stat.S_ISDIR(mode) else 1
        fields = [self.inode, mode, 0, 0, links, 0, len(content), 0, 0, *device, len(name) + 1, 0]
        self.data += b"070701" + "".join(f"{field:08X}" for field in fields).encode()
        self.data += name.encode() + b"\0"
        self._pad()
        self.data += content
        self._pad()

    def _pad(self) -> None:
        self.data += bytes(-len(self.data) % 4)

    def finish(self) -> bytes:
        self.add("TRAILER!!!", 0)
        return bytes(self.data)


def archive(busybox: bytes, others: dict[str, tuple[int, bytes]]) -> bytes:
    """The whole initramfs, not compressed; others: further files by path, with their modes."""
    cpio = Cpio()
    for name in (
        "bin", "dev", "etc", "lib", "proc", "root", "sbin", "sys", "usr", "usr/bin", "usr/sbin"
    ):  # fmt: skip
        cpio.add(name, stat.S_IFDIR | 0o755)
    cpio.add("dev/console", stat.S_IFCHR | 0o600, device=(5, 1))
    cpio.add("dev/null", stat.S_IFCHR | 0o666, device=(1, 3))
    cpio.add("bin/busybox", stat.S_IFREG | 0o755, busybox)
    for name, text, mode in (
        ("init", INIT, 0o755),
        ("etc/rc", RC, 0o755),
        ("etc/inittab", INITTAB, 0o644),
        ("etc/profile", PROFILE, 0o644),
    ):
        cpio.add(name, stat.S_IFREG | mode, text.encode())
    for name, (mode, content) in others.items():
        cpio.add(name, stat.S_IFREG | mode, content)
    return cpio.finish()


def read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("busybox", help="static arm64 busybox")
    parser.add_argument("output", help="initrd.cpio.gz to write")
    parser.add_argument("files", nargs="*", help="kernel modules (.ko) for /lib, programs for /bin")
    args = parser.parse_args()
    try:
        others = {}
        for file in args.files:
            module = file.endswith(".ko")
            path = f"{'lib' if module else 'bin'}/{os.path.basename(file)}"
            others[path] = (0o644 if module else 0o755, read(file))
        packed = gzip.compress(archive(read(args.busybox), others), mtime=0)
        with open(args.output, "wb") as out:
            out.write(packed)
    except OSError as error:
        sys.exit(f"{error.filename}: {error.strerror}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
