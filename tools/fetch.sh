#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Fills build/cache with the guests' kernel and busybox and EL2's libfdt. See usage().
set -eu
cd "$(dirname "$0")/.."
. tools/debian.sh

usage()
{
	cat <<-EOF
	usage: make fetch [KERNEL=file] [INITRD=file] [LIBFDT=libfdt.a|folder]

	Fills build/cache: what is named is copied, the rest is downloaded from Debian
	(suite \$DEBIAN_SUITE, now $debian_suite; mirror \$DEBIAN_MIRROR, now $(debian_mirror)) and verified
	by Debian's signatures. After it everything works offline.

	  build/cache/vmlinuz        arm64 kernel (KERNEL=)
	  build/cache/busybox        static arm64 busybox, or build/cache/initrd.cpio.gz (INITRD=)
	  build/cache/libfdt/        libfdt.a and its headers (LIBFDT= an archive or a source folder)
	EOF
}

# The file must be readable now rather than be missed later.
need_file()
{
	if [ ! -r "$2" ]; then
		echo "fetch: $1=$2: no such file; give the path of a local file." >&2
		exit 1
	fi
}

fetch_kernel()
{
	local conf meta package deb

	conf=$(debian_apt arm64 "$debian_suite")
	# The metapackage names the kernel of the day.
	meta=$(APT_CONFIG=$conf apt-cache depends --important linux-image-arm64)
	package=$(printf '%s\n' "$meta" | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)$/\1/p' | head -n 1)
	echo "Fetching $package ..."
	deb=$(debian_download "$conf" "$package")
	dpkg-deb --fsys-tarfile "$deb" | tar -x -O --wildcards './boot/vmlinuz-*' > "$debian_cache/vmlinuz.new"
	mv "$debian_cache/vmlinuz.new" "$debian_cache/vmlinuz"
	echo "$package" > "$debian_cache/vmlinuz.version"
	rm -f "$deb"
}

fetch_busybox()
{
	local conf deb

	conf=$(debian_apt arm64 "$debian_suite")
	echo "Fetching busybox-static ..."
	deb=$(debian_download "$conf" busybox-static)
	dpkg-deb --fsys-tarfile "$deb" | tar -x -O --wildcards './*bin/busybox' > "$debian_cache/busybox.new"
	mv "$debian_cache/busybox.new" "$debian_cache/busybox"
	rm -f "$deb"
}

fetch_libfdt()
{
	local conf deb dir=$debian_cache/libfdt.new

	conf=$(debian_apt arm64 "$debian_suite")
	echo "Fetching libfdt-dev ..."
	deb=$(debian_download "$conf" libfdt-dev)
	rm -rf "$dir" "$debian_cache/libfdt"
	mkdir -p "$dir/unpacked" "$dir/include"
	dpkg-deb -x "$deb" "$dir/unpacked"
	cp "$dir"/unpacked/usr/lib/*/libfdt.a "$dir/"
	cp "$dir"/unpacked/usr/include/{fdt,libfdt,libfdt_env}.h "$dir/include/"
	rm -rf "$dir/unpacked" "$deb"
	mv "$dir" "$debian_cache/libfdt"
}

copy_libfdt()
{
	local dir=$debian_cache/libfdt.new from headers

	rm -rf "$dir" "$debian_cache/libfdt"
	mkdir -p "$dir/include"
	from=$(cd "$(dirname "$1")" && pwd)
	for headers in "$from" "$from/include" "$from/../include" "$from/../../include"; do
		if [ -e "$headers/libfdt.h" ]; then
			cp "$1" "$dir/libfdt.a"
			cp "$headers"/{fdt,libfdt,libfdt_env}.h "$dir/include/"
			mv "$dir" "$debian_cache/libfdt"
			return
		fi
	done
	echo "fetch: LIBFDT=$1: no libfdt.h beside it or in include/; copy the headers there." >&2
	exit 1
}

if [ "${1:-}" = --help ]; then
	usage
	exit 0
fi
kernel=${KERNEL:-} initrd=${INITRD:-} libfdt=${LIBFDT:-}
mkdir -p "$debian_cache"

if [ -n "$kernel" ]; then
	need_file KERNEL "$kernel"
	cp "$kernel" "$debian_cache/vmlinuz"
	echo "$kernel" > "$debian_cache/vmlinuz.version"
fi
if [ -n "$initrd" ]; then
	need_file INITRD "$initrd"
	cp "$initrd" "$debian_cache/initrd.cpio.gz"
fi
if [ -n "$libfdt" ]; then
	need_file LIBFDT "$libfdt"
	if [ -d "$libfdt" ]; then
		make --no-print-directory LIBFDT="$libfdt" BUILD="${BUILD:-build}" "${BUILD:-build}/libfdt/libfdt.a"
		mkdir -p "$debian_cache/libfdt/include"
		cp "$libfdt"/{fdt,libfdt,libfdt_env}.h "$debian_cache/libfdt/include/"
		cp "${BUILD:-build}/libfdt/libfdt.a" "$debian_cache/libfdt/libfdt.a"
	else
		copy_libfdt "$libfdt"
	fi
fi

missing=()
[ -e "$debian_cache/vmlinuz" ] || missing+=(kernel)
[ -e "$debian_cache/busybox" ] || [ -e "$debian_cache/initrd.cpio.gz" ] || missing+=(busybox)
[ -e "$debian_cache/libfdt/libfdt.a" ] || missing+=(libfdt)
if [ ${#missing[@]} -eq 0 ]; then
	echo "build/cache is complete."
	exit 0
fi
if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
	echo "fetch: missing in build/cache: ${missing[*]}. This system has no apt to download them with;" >&2
	echo "name local files: make fetch KERNEL=vmlinuz INITRD=initrd.cpio.gz LIBFDT=libfdt.a" >&2
	exit 1
fi
for item in "${missing[@]}"; do
	"fetch_$item"
done
echo "build/cache is complete: $(du -sh "$debian_cache" | cut -f 1)."
