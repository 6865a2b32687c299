#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Fills build/cache/xen with Debian's Xen for arm64, which `make bench` measures beside Bulkhead.
set -eu -o pipefail
cd "$(dirname "$0")/../.."
. tools/debian.sh

if [ "${1:-}" = --help ]; then
	cat <<-EOF
	usage: tools/bench/fetch.sh

	Downloads the newest xen-hypervisor-*-arm64 of Debian $debian_suite (0.4 MB) and keeps the
	hypervisor as $debian_cache/xen/xen.img. Does nothing when it is there.
	EOF
	exit 0
fi
if [ -e "$debian_cache/xen/xen.img" ]; then
	exit 0
fi
if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
	echo "bench: no apt here to download Xen: its column will be missing." >&2
	echo "Copy Debian's /boot/xen-*-arm64 to $debian_cache/xen/xen.img to have it." >&2
	exit 0
fi
conf=$(debian_apt arm64 "$debian_suite")
names=$(APT_CONFIG=$conf apt-cache search --names-only '^xen-hypervisor-[0-9.]+-arm64$')
package=$(printf '%s\n' "$names" | cut -d ' ' -f 1 | sort -V | tail -n 1)
if [ -z "$package" ]; then
	echo "bench: Debian $debian_suite has no Xen for arm64: its column is missing." >&2
	exit 0
fi
echo "Fetching $package ..."
deb=$(debian_download "$conf" "$package")
mkdir -p "$debian_cache/xen"
dpkg-deb --fsys-tarfile "$deb" |
	tar -x -O --wildcards --exclude '*.config' --exclude '*.efi' './boot/xen-*' \
		> "$debian_cache/xen/xen.img.new"
echo "$package" > "$debian_cache/xen/version"
mv "$debian_cache/xen/xen.img.new" "$debian_cache/xen/xen.img"
rm -rf "$debian_cache/apt"
