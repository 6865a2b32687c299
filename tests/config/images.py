# SPDX-License-Identifier: Apache-2.0
"""The images that the configs of tests/config name: small, and each right or wrong in one way."""
import gzip
import lzma
import pathlib
import struct

KERNEL_MEMORY = 0x280000                # what the kernel's header asks for


def linux_image(memory: int = KERNEL_MEMORY, size: int = 8192) -> bytes:
    """An arm64 Image with an EFI stub's section table that ends at the file's end."""
    image = bytearray(size)
    struct.pack_into("<QQ", image, 8, 0, memory)
    image[56:60] = b"ARM\x64"
    struct.pack_into("<I", image, 60, 64)
    image[64:68] = b"PE\0\0"
    struct.pack_into("<H", image, 64 + 6, 1)
    struct.pack_into("<H", image, 64 + 20, 112)
    struct.pack_into("<II", image, 64 + 24 + 112 + 16, size - 4096, 4096)
    return bytes(image)


def zboot(payload: bytes, method: str) -> bytes:
    """An EFI zboot image around a payload."""
    header = bytearray(4096)
    header[0:8] = b"MZ\0\0zimg"
    struct.pack_into("<II", header, 8, len(header), len(payload))
    header[24:24 + len(method)] = method.encode()
    return bytes(header) + payload


def zstd_frame(data: bytes) -> bytes:
    """A zstd frame of raw blocks: RFC 8878, 3.1.1."""
    frame = b"\x28\xb5\x2f\xfd\x00\x58"
    for at in range(0, len(data), 65536):
        block = data[at:at + 65536]
        last = at + 65536 >= len(data)
        frame += struct.pack("<I", len(block) << 3 | last)[:3] + block
    return frame


def elf(machine: int = 183, kind: int = 1, load: int = 0x40080000) -> bytes:
    """An ELF file of one segment of 64 bytes."""
    file = bytearray(64 + 56 + 64)
    file[0:7] = b"\x7fELF\x02\x01\x01"
    struct.pack_into("<HHIQQQ", file, 16, 2, machine, 1, load, 64, 0)
    struct.pack_into("<HHHHHH", file, 52, 64, 56, 1, 0, 0, 0)
    struct.pack_into("<IIQQQQQQ", file, 64, kind, 5, 120, load, load, 64, 64, 8)
    return bytes(file)


def arm32_kernel() -> bytes:
    kernel = bytearray(4096)
    struct.pack_into("<I", kernel, 36, 0x016F2818)
    return bytes(kernel)


def empty_tree() -> bytes:
    """A device tree of a root and nothing else."""
    structure = struct.pack(">IIII", 1, 0, 2, 9)
    return struct.pack(">10I", 0xD00DFEED, 72, 56, 72, 40, 17, 16, 0, 0, 16) + bytes(16) + structure


def make(folder: pathlib.Path) -> None:
    """Writes them all."""
    good = linux_image()
    files = {
        "Image": good,
        "Image.old": linux_image(memory=0),
        "Image.cut": good[:6000],
        "Image.gz": gzip.compress(good, mtime=0),
        "Image.gz.cut": gzip.compress(good, mtime=0)[:-20],
        "zImage": arm32_kernel(),
        "zboot.gzip": zboot(gzip.compress(good, mtime=0), "gzip"),
        "zboot.xz": zboot(lzma.compress(good, lzma.FORMAT_XZ), "xzkern"),
        "zboot.lzma": zboot(lzma.compress(good, lzma.FORMAT_ALONE), "lzma"),
        "zboot.zstd": zboot(zstd_frame(good), "zstd22"),
        "zboot.lz4": zboot(good, "lz4"),
        "zboot.cut": zboot(gzip.compress(good, mtime=0), "gzip")[:4096 + 30],
        "initrd": b"070701" + bytes(1000),
        "big": bytes(2 << 20),
        "empty": b"",
        "rtos.bin": bytes(4096),
        "small.elf": elf(),
        "x86.elf": elf(machine=62),
        "cut.elf": elf()[:150],
        "dynamic.elf": elf(kind=3),
        "disk.img": bytes(range(256)) * 18,
        "odd.img": bytes(4095),
        "good.dtb": empty_tree(),
        "cut.dtb": empty_tree()[:60],
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
