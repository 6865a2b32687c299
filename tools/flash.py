#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Joins the hypervisor and a bundle for loaders that load a single file.

The arm64 Image header's image_size then covers both, and its res3 field (offset 40) holds the
bundle's offset from the start of the image; 0 there means: no bundle inside.
"""
import struct
import sys

MAGIC_OFFSET, IMAGE_SIZE_OFFSET, BUNDLE_OFFSET = 56, 16, 40
ALIGN = 4096


def main() -> int:
    if len(sys.argv) != 4:
        print("usage: flash.py BULKHEAD.img NAME.bundle OUTPUT.flash.img", file=sys.stderr)
        return 2
    with open(sys.argv[1], "rb") as file:
        image = bytearray(file.read())
    with open(sys.argv[2], "rb") as file:
        bundle = file.read()
    if image[MAGIC_OFFSET : MAGIC_OFFSET + 4] != b"ARM\x64":
        print(f"{sys.argv[1]}: no arm64 Image header", file=sys.stderr)
        return 1
    # The bundle stands behind everything the image uses at run time, its BSS included.
    (used,) = struct.unpack_from("<Q", image, IMAGE_SIZE_OFFSET)
    offset = -(-max(used, len(image)) // ALIGN) * ALIGN
    struct.pack_into("<Q", image, IMAGE_SIZE_OFFSET, offset + len(bundle))
    struct.pack_into("<Q", image, BUNDLE_OFFSET, offset)
    with open(sys.argv[3], "wb") as out:
        out.write(image + bytes(offset - len(image)) + bundle)
    return 0


sys.exit(main())
