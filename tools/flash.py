#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Joins the hypervisor and a bundle for loaders that load a single file.

The arm64 Image header's image_size then covers both, and its res3 field (offset 40) holds the
bundle's offset from the start of the image; 0 there means: no bundle inside.
"""
import argparse
import struct
import sys

MAGIC_OFFSET, IMAGE_SIZE_OFFSET, BUNDLE_OFFSET = 56, 16, 40
ALIGN = 4096


def join(image: bytearray, bundle: bytes) -> bytes:
    """Both in one, the image's header patched."""
    # The bundle stands behind everything the image uses at run time, its BSS included.
    (used,) = struct.unpack_from("<Q", image, IMAGE_SIZE_OFFSET)
    offset = -(-max(used, len(image)) // ALIGN) * ALIGN
    struct.pack_into("<Q", image, IMAGE_SIZE_OFFSET, offset + len(bundle))
    struct.pack_into("<Q", image, BUNDLE_OFFSET, offset)
    return bytes(image) + bytes(offset - len(image)) + bundle


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("image", metavar="BULKHEAD.img")
    parser.add_argument("bundle", metavar="NAME.bundle")
    parser.add_argument("output", metavar="OUTPUT.flash.img", help="the file to write")
    args = parser.parse_args()
    try:
        with open(args.image, "rb") as file:
            image = bytearray(file.read())
        with open(args.bundle, "rb") as file:
            bundle = file.read()
        if image[MAGIC_OFFSET : MAGIC_OFFSET + 4] != b"ARM\x64":
            sys.exit(f"{args.image}: no arm64 Image header; name a build/bulkhead.img.")
        with open(args.output, "wb") as out:
            out.write(join(image, bundle))
    except OSError as error:
        sys.exit(f"{error.filename}: {error.strerror}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
