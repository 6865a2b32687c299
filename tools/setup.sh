#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Brings what a goal of the Makefile needs: packages of the host, downloads in build/cache.
# When nothing is missing it says nothing and takes a moment.
set -eu
cd "$(dirname "$0")/.."
. tools/debian.sh

usage()
{
	cat <<-EOF
	usage: tools/setup.sh run|test|fetch|bench|bench-kvm|bench-chart

	Prints what it will install and download, with sizes, and asks for sudo once, before any
	work; as root it asks nothing. Packages come from the host's own apt sources, without the
	recommended ones. For fetch that is what run and test need; what can't be had is told.
	EOF
}

# NEED PACKAGE, one line each. A need is a program on the PATH, a header or library file (with a
# slash; {multi} is the host's library folder), or py:MODULE of Debian's python3.
needs_run()
{
	cat <<-EOF
	gcc gcc
	make make
	/usr/include/stdlib.h libc6-dev
	/usr/include/libfdt.h libfdt-dev
	/usr/include/zlib.h zlib1g-dev
	/usr/include/lzma.h liblzma-dev
	/usr/include/zstd.h libzstd-dev
	/usr/include/nettle/sha2.h nettle-dev
	dtc device-tree-compiler
	qemu-system-aarch64 qemu-system-arm
	/usr/bin/python3 python3
	EOF
	if [ "${LLVM:-}" = 1 ]; then
		needs_llvm
	elif ! command -v aarch64-none-elf-gcc >/dev/null && [ -z "${CROSS_COMPILE:-}" ]; then
		# On an arm64 host that is the name of the native compiler.
		case $(uname -m) in
		aarch64) echo aarch64-linux-gnu-gcc gcc ;;
		*) echo aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu ;;
		esac
	fi
}

needs_llvm()
{
	cat <<-EOF
	clang clang
	ld.lld lld
	llvm-objcopy llvm
	EOF
}

needs_test()
{
	needs_run
	needs_llvm
	cat <<-EOF
	fuzzer-runtime libclang-rt-dev
	cppcheck cppcheck
	/usr/include/cmocka.h libcmocka-dev
	/usr/lib/u-boot/qemu_arm64/u-boot.bin u-boot-qemu
	/usr/sbin/sfdisk fdisk
	/usr/sbin/mke2fs e2fsprogs
	py:pytest python3-pytest
	py:pexpect python3-pexpect
	EOF
	needs_linux_arm64
	# Debian 12 has the version that is law here; others get it into build/cache.
	if debian_packages_clang_format_14; then
		echo clang-format-14 clang-format-14
	fi
}

# Programs with a C library, of Linux guests.
needs_linux_arm64()
{
	case $(uname -m) in
	aarch64) ;;
	*)
		echo aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu
		echo /usr/aarch64-linux-gnu/lib/libc.a libc6-dev-arm64-cross
		;;
	esac
}

needs_fetch()
{
	needs_test
}

needs_bench()
{
	needs_run
}

# KVM's side is a Linux program.
needs_bench-kvm()
{
	needs_linux_arm64
}

needs_bench-chart()
{
	echo py:pygal python3-pygal
}

clang_runtimes='/usr/lib/llvm-*/lib/clang/*/lib/linux'

have()
{
	case $1 in
	py:*) /usr/bin/python3 -c "import ${1#py:}" 2>/dev/null ;;
	fuzzer-runtime) compgen -G "$clang_runtimes/libclang_rt.fuzzer-*.a" >/dev/null ;;
	/*) [ -e "$1" ] ;;
	*) command -v "$1" >/dev/null ;;
	esac
}

# Download and disk size as apt knows them; before its lists are there, what a bare Debian 12 needs.
package_sizes()
{
	local said

	said=$(LC_ALL=C apt-get -o Debug::NoLocking=true install --no-install-recommends \
		--assume-no "${packages[@]}" 2>/dev/null |
		sed -n -e 's/^Need to get \(.*\) of archives.*/download \1/p' \
			-e 's/^After this operation, \(.*\) of additional disk.*/disk \1/p' |
		paste -s -d ' ') || true
	if [ -n "$said" ]; then
		echo "${said/ disk/, disk}"
	elif [ "$goal" = run ]; then
		echo "download about 130 MB, disk about 530 MB"
	else
		echo "download about 220 MB, disk about 1.0 GB"
	fi
}

install_packages()
{
	local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q) script

	if ! command -v apt-get >/dev/null; then
		return 1
	fi
	script='set -e
		export DEBIAN_FRONTEND=noninteractive
		apt-get -q update
		apt-get -q -y --no-install-recommends install "$@"'
	if [ "$(id -u)" = 0 ]; then
		bash -c "$script" install "${packages[@]}"
	elif ! command -v sudo >/dev/null; then
		echo "Not root and no sudo here. As root run:" >&2
		echo "  ${apt[*]} -y --no-install-recommends install ${packages[*]}" >&2
		return 1
	else
		sudo -p 'Password of %u, to install the packages: ' \
			bash -c "$script" install "${packages[@]}"
	fi
}

goal=${1:-}
case $goal in
run | test | fetch | bench | bench-kvm | bench-chart) ;;
--help) usage; exit 0 ;;
*) usage >&2; exit 2 ;;
esac

packages=() missing=()
while read -r need package; do
	if ! have "$need"; then
		missing+=("$need")
		packages+=("$package")
	fi
done < <("needs_$goal")
items=
if [ "$goal" != fetch ]; then
	items=$(debian_cache_missing "$goal")
fi

if [ ${#packages[@]} -eq 0 ] && [ -z "$items" ]; then
	exit 0
fi
if [ ${#packages[@]} -gt 0 ] && [ "$goal" != fetch ] && ! command -v apt-get >/dev/null; then
	echo "make $goal needs programs and headers that are missing, and there is no apt here:" >&2
	printf '  %s\n' "${missing[@]}" >&2
	echo "Install them with this system's package manager, then run make $goal again." >&2
	exit 1
fi

echo "Setting up for make $goal:"
if [ ${#packages[@]} -gt 0 ]; then
	echo "  packages  ${packages[*]}: $(package_sizes)"
fi
if [ -n "$items" ]; then
	echo "  downloads into $debian_cache: $(debian_cache_sizes "$items")"
fi
if [ ${#packages[@]} -gt 0 ] && ! install_packages; then
	echo "These packages are missing and were not installed: ${packages[*]}." >&2
	if [ "$goal" != fetch ]; then
		echo "Run make $goal again when apt can reach its mirror." >&2
		exit 1
	fi
	echo "make run and make test need them; each installs what it lacks." >&2
fi
if [ -n "$items" ]; then
	tools/fetch.sh $items
fi
