#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Brings what `make bench` measures beside Bulkhead: Xen, and what KVM and the chart need.
set -eu -o pipefail
cd "$(dirname "$0")/../.."
. tools/debian.sh

usage()
{
	cat <<-EOT
	usage: tools/bench/fetch.sh [xen] [kvm] [chart]

	  xen    downloads the newest xen-hypervisor-*-arm64 of Debian $debian_suite (0.4 MB), keeps
	         the hypervisor as $debian_cache/xen/xen.img
	  kvm    installs a compiler and C library for arm64, downloads the guests' kernel
	  chart  installs python3-pygal

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
