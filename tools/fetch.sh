#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Fills build/cache with the guests' kernel and busybox, EL2's libfdt, other QEMUs. See usage().
set -eu -o pipefail
cd "$(dirname "$0")/.."
. tools/debian.sh

usage()
{
	cat <<-EOF
	usage: make fetch [KERNEL=file] [INITRD=file] [LIBFDT=libfdt.a|folder]

	Fills build/cache: what is named is copied, the rest is downloaded from Debian
	(suite \$DEBIAN_SUITE, now $debian_suite; mirror \$DEBIAN_MIRROR, now $(debian_mirror))
	and verified by Debian's signatures. Where nothing is named, the packages of this host that
	make run and make test want are installed too. After it everything works offline. What can't
	be had is told, with the command that needs it; what only make test needs is no error.

	  build/cache/vmlinuz        arm64 kernel (KERNEL=), and modules/ where it is Debian's
	  build/cache/busybox        static arm64 busybox, or build/cache/initrd.cpio.gz (INITRD=)
	  build/cache/libfdt/        libfdt.a and headers, or src/ (LIBFDT= an archive or a folder)
	  build/cache/rootfs/        arm64 programs for a root file system; for make test
	  build/cache/qemu7, qemu10  the QEMU of the two that the host doesn't have; for make test
	  build/cache/clang-format14 where the host's has another version; for make test
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
	package=$(printf '%s\n' "$meta" |
		sed -n 's/^ *Depends: \(linux-image-[0-9].*\)$/\1/p' | head -n 1)
	echo "Fetching $package ..."
	deb=$(debian_download "$conf" "$package")
	dpkg-deb --fsys-tarfile "$deb" |
		tar -x -O --wildcards './boot/vmlinuz-*' > "$debian_cache/vmlinuz.new"
	# Modules for tests and measurements: they go with this kernel alone.
	rm -rf "$debian_cache/modules"
	debian_unpack_modules "$deb" $debian_modules $debian_modules_bench
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
	dpkg-deb --fsys-tarfile "$deb" |
		tar -x -O --wildcards './*bin/busybox' > "$debian_cache/busybox.new"
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

# A tree of Debian's arm64 that busybox completes: e2fsprogs and iperf3 with their libraries.
fetch_rootfs()
{
	local conf deb package name dir=$debian_cache/rootfs.new

	conf=$(debian_apt arm64 "$debian_suite")
	echo "Fetching $(echo $debian_rootfs) for a root file system ..."
	rm -rf "$dir" "$debian_cache/rootfs"
	# /bin is one with /usr/bin, as in Debian: what is unpacked below either is there.
	for name in bin sbin lib; do
		mkdir -p "$dir/usr/$name"
		ln -s "usr/$name" "$dir/$name"
	done
	for package in $debian_rootfs; do
		deb=$(debian_download "$conf" "$package")
		dpkg-deb --fsys-tarfile "$deb" | tar -x -m -C "$dir" --keep-directory-symlink \
			--exclude './usr/share/*' --exclude '*/gconv/*' \
			--exclude './usr/lib/systemd'
		rm -f "$deb"
	done
	mv "$dir" "$debian_cache/rootfs"
}

copy_libfdt_sources()
{
	if [ ! -e "$1/libfdt.h" ]; then
		echo "fetch: LIBFDT=$1: no libfdt.h in this folder; name the folder libfdt/" \
			"of dtc's sources, or an archive libfdt.a." >&2
		exit 1
	fi
	rm -rf "$debian_cache/libfdt"
	mkdir -p "$debian_cache/libfdt/src"
	cp "$1"/*.[ch] "$debian_cache/libfdt/src/"
}

copy_libfdt()
{
	local from headers

	from=$(cd "$(dirname "$1")" && pwd)
	for headers in "$from" "$from/include" "$from/../include" "$from/../../include"; do
		if [ -e "$headers/libfdt.h" ]; then
			rm -rf "$debian_cache/libfdt" "$debian_cache/libfdt.new"
			mkdir -p "$debian_cache/libfdt.new/include"
			cp "$1" "$debian_cache/libfdt.new/libfdt.a"
			cp "$headers"/{fdt,libfdt,libfdt_env}.h "$debian_cache/libfdt.new/include/"
			mv "$debian_cache/libfdt.new" "$debian_cache/libfdt"
			return
		fi
	done
	echo "fetch: LIBFDT=$1: no libfdt.h beside it or in include/; copy the headers there." >&2
	exit 1
}

# fetch_unpacked NAME PACKAGE PROGRAM SUITES...: a program of another Debian suite with every
# library it needs and that suite's loader, as build/cache/NAME/PROGRAM. It runs on any host of this
# architecture, beside the host's own.
fetch_unpacked()
{
	local name=$1 package=$2 program=$3 root=$debian_cache/$1.new data=
	local arch conf loader libs lib deb binary
	shift 3

	arch=$(dpkg --print-architecture)
	conf=$(debian_apt "$arch" "$@")
	echo "Fetching $package and its libraries from ${*: -1} ..."
	rm -f "${conf%/*}"/archives/*.deb
	APT_CONFIG=$conf apt-get -q -y --no-install-recommends --download-only -t "${*: -1}" \
		install "$package" 2>&1 | grep -E '^(Need|Get|Fetched|E:)' >&2
	rm -rf "$root" "${debian_cache:?}/$name"
	mkdir -p "$root/root"
	for deb in "${conf%/*}"/archives/*.deb; do
		dpkg-deb -x "$deb" "$root/root"
	done
	# Of all that was unpacked: the program, the libraries its loader asks for, QEMU's data.
	loader=$(find "$root/root" -type f -name 'ld-linux-*.so.*' | head -n 1)
	libs=$(find "$root/root" -type d -path '*/lib/*-linux-gnu' | paste -s -d :)
	mkdir -p "$root/bin" "$root/lib" "$root/share" "$root/modules"
	cp -L "$root/root/usr/bin/$program" "$root/bin/"
	cp "$loader" "$root/lib/loader"
	# QEMU loads modules, and would take those of the host's QEMU.
	find "$root/root" -path '*/qemu/*.so' -exec cp {} "$root/modules/" \;
	for binary in "$root/bin/$program" "$root"/modules/*.so; do
		if [ -e "$binary" ]; then
			"$loader" --library-path "$libs" --list "$binary"
		fi
	done |
		sed -n 's/.* => \(\/.*\|.*root\/.*\) (0x.*/\1/p' | while read -r lib; do
		cp -L "$lib" "$root/lib/"
	done
	if [ -d "$root/root/usr/share/qemu" ]; then
		cp -a "$root/root/usr/share/qemu" "$root/share/"
		data=' -L "$root/share/qemu"'
	fi
	rm -rf "$root/root"
	cat > "$root/$program" <<-EOF
	#!/bin/sh
	# Made by tools/fetch.sh: a program with the libraries it was built for.
	root=\$(cd "\$(dirname "\$0")" && pwd)
	export QEMU_MODULE_DIR="\$root/modules"
	exec "\$root/lib/loader" --library-path "\$root/lib" "\$root/bin/$program"$data "\$@"
	EOF
	chmod +x "$root/$program"
	mv "$root" "$debian_cache/$name"
	"$debian_cache/$name/$program" --version | head -n 1
}

fetch_qemu7()
{
	fetch_unpacked qemu7 qemu-system-arm qemu-system-aarch64 bookworm
}

fetch_qemu10()
{
	fetch_unpacked qemu10 qemu-system-arm qemu-system-aarch64 bookworm bookworm-backports
}

# Another version formats a few things otherwise: everybody has the same one.
fetch_clang-format14()
{
	fetch_unpacked clang-format14 clang-format-14 clang-format-14 bookworm
}

# Takes the files that the user named.
copy_named()
{
	if [ -n "$kernel" ]; then
		need_file KERNEL "$kernel"
		cp "$kernel" "$debian_cache/vmlinuz"
		rm -rf "$debian_cache/modules"
		echo "$kernel" > "$debian_cache/vmlinuz.version"
	fi
	if [ -n "$initrd" ]; then
		need_file INITRD "$initrd"
		cp "$initrd" "$debian_cache/initrd.cpio.gz"
	fi
	if [ -d "$libfdt" ]; then
		copy_libfdt_sources "$libfdt"
	elif [ -n "$libfdt" ]; then
		need_file LIBFDT "$libfdt"
		copy_libfdt "$libfdt"
	fi
}

# Downloads each item, as far as that can be done here; in `missed` is what could not.
fetch_items()
{
	local item

	if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
		echo "fetch: there is no apt here to download with." >&2
		missed=("$@")
		return
	fi
	for item in "$@"; do
		# A process of its own: the first command that fails ends the item, not the rest.
		"$BASH" tools/fetch.sh --item "$item" || missed+=("$item")
	done
}

case ${1:-} in
--help) usage; exit 0 ;;
--item) "fetch_$2"; exit 0 ;;
esac
kernel=${KERNEL:-} initrd=${INITRD:-} libfdt=${LIBFDT:-}
mkdir -p "$debian_cache"
copy_named
items=$*
if [ -z "$items" ]; then
	items=$(debian_cache_missing test)
fi
if [ -z "$items" ]; then
	echo "$debian_cache is complete."
	exit 0
fi
if [ $# = 0 ]; then
	echo "Fetching into $debian_cache: $(debian_cache_sizes "$items")."
fi
missed=()
fetch_items $items
# Lists and archives have served; the next fetch wants new ones anyway.
rm -rf "$debian_cache/apt"
status=0
for item in "${missed[@]}"; do
	echo "fetch: $(debian_cache_missed "$item")" >&2
	case $item in
	kernel | busybox | libfdt) status=1 ;;
	esac
done
if [ ${#missed[@]} = 0 ]; then
	echo "$debian_cache is complete: $(du -sh "$debian_cache" | cut -f 1)."
elif [ $status = 0 ]; then
	echo "$debian_cache has what make and make run need."
fi
exit $status
