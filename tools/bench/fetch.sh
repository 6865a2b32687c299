#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Brings what `make bench` measures beside Bulkhead: Xen, and what KVM and the chart need.
set -eu -o pipefail
cd "$(dirname "$0")/../.."
. tools/debian.sh

usage()
{
	cat <<-EOT
	usage: tools/bench/fetch.sh [xen] [kvm] [kvm-modules] [chart]

	  xen          downloads the newest xen-hypervisor-*-arm64 of Debian $debian_suite (0.4 MB),
	               keeps the hypervisor as $debian_cache/xen/xen.img
	  kvm          installs a compiler and C library for arm64, downloads the guests' kernel
	  kvm-modules  downloads the package of that kernel (60 MB) where its modules for a network
	               are not in $debian_cache/modules
	  chart        installs python3-pygal

	Does nothing where it is there. What can't be had is told in a sentence and is no error: its
	columns, or the chart, are left out. What apt said of it is in $log.
	EOT
}

log=build/log/bench-fetch.log

fetch_xen()
{
	local conf names package deb

	if [ -e "$debian_cache/xen/xen.img" ]; then
		return 0
	fi
	command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return 1
	conf=$(debian_apt arm64 "$debian_suite") || return 1
	names=$(APT_CONFIG=$conf apt-cache search --names-only '^xen-hypervisor-[0-9.]+-arm64$')
	package=$(printf '%s\n' "$names" | cut -d ' ' -f 1 | sort -V | tail -n 1)
	[ -n "$package" ] || return 1
	echo "Fetching $package ..."
	deb=$(debian_download "$conf" "$package") || return 1
	mkdir -p "$debian_cache/xen"
	dpkg-deb --fsys-tarfile "$deb" |
		tar -x -O --wildcards --exclude '*.config' --exclude '*.efi' './boot/xen-*' \
			> "$debian_cache/xen/xen.img.new" || return 1
	echo "$package" > "$debian_cache/xen/version"
	mv "$debian_cache/xen/xen.img.new" "$debian_cache/xen/xen.img"
	rm -rf "$debian_cache/apt"
}

has_kvm_modules()
{
	local module

	for module in $debian_modules_bench; do
		[ -e "$debian_cache/modules/$module.ko" ] || return 1
	done
}

# Modules go with the kernel that is here, which need not be the newest one any more.
fetch_kvm_modules()
{
	local conf package deb

	if has_kvm_modules; then
		return 0
	fi
	package=$(cat "$debian_cache/vmlinuz.version") || return 1
	case $package in
	linux-image-*) ;;
	*)
		echo "$debian_cache/vmlinuz is no kernel of Debian's: $package" >&2
		return 1
		;;
	esac
	command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return 1
	conf=$(debian_apt arm64 "$debian_suite") || return 1
	echo "Fetching the modules of $package ..."
	deb=$(debian_download "$conf" "$package") || return 1
	debian_unpack_modules "$deb" $debian_modules_bench || return 1
	rm -rf "$debian_cache/apt"
}

# left_out WHAT REMEDY
left_out()
{
	echo "bench: $1 can't be had here and is left out; $2. What was tried: $log." >&2
}

if [ "${1:-}" = --help ]; then
	usage
	exit 0
fi
mkdir -p "${log%/*}"
: > "$log"
for word in "$@"; do
	case $word in
	xen)
		fetch_xen 2>> "$log" || left_out Xen \
			"Debian's /boot/xen-*-arm64 may be copied to $debian_cache/xen/xen.img"
		;;
	kvm)
		tools/setup.sh bench-kvm 2>> "$log" || left_out KVM \
			"it needs $debian_cache/vmlinuz and a compiler with a C library for arm64"
		;;
	kvm-modules)
		fetch_kvm_modules 2>> "$log" || left_out "KVM with virtio devices" \
			"without $debian_cache/vmlinuz, make fetch brings a kernel that has them"
		;;
	chart)
		tools/setup.sh bench-chart 2>> "$log" || left_out "the chart" \
			"it needs python3-pygal; OPTIONS=--no-chart does not ask for it"
		;;
	*)
		usage >&2
		exit 2
		;;
	esac
done
