# SPDX-License-Identifier: Apache-2.0
# Sourced by fetch.sh and setup.sh: Debian packages of any suite and architecture, unpacked without
# installing, through apt with lists, keys and settings of its own under build/cache. The host's
# sources, architectures and package database stay as they are.
# shellcheck shell=bash

debian_network='http|https|Check-Valid-Until|Check-Date|Retries|ForceIPv[46]'
debian_suite=${DEBIAN_SUITE:-bookworm}
debian_cache=${CACHE:-build/cache}
# Of Debian's kernel, for tests: files in modules/.
debian_modules='arm_smccc_trng crc16 crc32c_generic dax ext4 failover jbd2 libnvdimm mbcache nd_btt
nd_pmem net_failover of_pmem sp805_wdt virtio-rng virtio_balloon virtio_blk virtio_console
virtio_mmio virtio_net vmw_vsock_virtio_transport vmw_vsock_virtio_transport_common vsock'
# The same, for `make bench`: what KVM's network needs.
debian_modules_bench='bridge llc stp tap tun vhost vhost_iotlb vhost_net'
# Of Debian's arm64, for tests: what stands in rootfs/ beside busybox.
debian_rootfs='libc6 e2fsprogs libext2fs2 libcom-err2 libss2 libblkid1 libuuid1 iperf3 libiperf0
libsctp1 libssl3'
# What the host is. A test names another file.
debian_host=${OS_RELEASE:-/etc/os-release}

# The host's mirror where the host is Debian, else Debian's own; DEBIAN_MIRROR overrides.
debian_mirror()
{
	local found=

	if [ -n "${DEBIAN_MIRROR:-}" ]; then
		echo "$DEBIAN_MIRROR"
		return
	fi
	if grep -qs '^ID=debian$' "$debian_host"; then
		found=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' \
			2>/dev/null | grep -E '^https?://.*/debian/?$' | head -n 1) || found=
	fi
	echo "${found:-http://deb.debian.org/debian}"
}

# Prints the name of an apt.conf for ARCH and SUITES...; made on first use.
debian_apt()
{
	local arch=$1 dir name conf suite
	shift
	name=$arch-$(IFS=-; echo "$*")
	mkdir -p "$debian_cache/apt/$name"
	dir=$(cd "$debian_cache/apt/$name" && pwd)
	conf=$dir/apt.conf
	mkdir -p "$dir/lists/partial" "$dir/archives/partial" "$dir/parts" "$dir/preferences.d"
	: > "$dir/status"
	: > "$dir/preferences"
	cp tools/debian-archive-keyring.asc "$dir/keyring.asc"
	for suite in "$@"; do
		echo "deb [arch=$arch signed-by=$dir/keyring.asc] $(debian_mirror) $suite main"
	done > "$dir/sources.list.new"
	# Another mirror or suite: what was downloaded from the old one is not used.
	if ! cmp -s "$dir/sources.list.new" "$dir/sources.list"; then
		rm -f "$dir/updated"
	fi
	mv "$dir/sources.list.new" "$dir/sources.list"
	{
		# How the host reaches the network (proxies, validity of snapshots), nothing else.
		apt-config dump | grep -E "^Acquire::($debian_network)[: ]" || true
		cat <<-EOF
		APT::Architecture "$arch";
		APT::Architectures "$arch";
		APT::Get::AllowUnauthenticated "false";
		Acquire::Languages "none";
		Acquire::Retries "3";
		Dir::State "$dir";
		Dir::State::lists "$dir/lists";
		Dir::State::status "$dir/status";
		Dir::Cache "$dir";
		Dir::Cache::pkgcache "";
		Dir::Cache::srcpkgcache "";
		Acquire::GzipIndexes "true";
		Dir::Cache::archives "$dir/archives";
		Dir::Etc "$dir";
		Dir::Etc::sourcelist "$dir/sources.list";
		Dir::Etc::sourceparts "$dir/parts";
		Dir::Etc::main "/dev/null";
		Dir::Etc::parts "$dir/parts";
		Dir::Etc::preferences "$dir/preferences";
		Dir::Etc::preferencesparts "$dir/preferences.d";
		Dir::Etc::trusted "/dev/null";
		Dir::Etc::trustedparts "$dir/parts";
		EOF
		# apt's own unprivileged user can't enter a home directory's build folder.
		if [ "$(id -u)" = 0 ]; then
			echo 'APT::Sandbox::User "root";'
		fi
	} > "$conf"
	if [ ! -e "$dir/updated" ]; then
		[ -e "$dir/refused" ] || echo "Fetching Debian's package lists ($* $arch) ..." >&2
		# Lists that can't be had are an error here: nothing else would say it. Asked once.
		if [ -e "$dir/refused" ] || ! APT_CONFIG=$conf apt-get -q -o Acquire::Retries=1 \
			-o APT::Update::Error-Mode=any update >&2; then
			touch "$dir/refused"
			return 1
		fi
		touch "$dir/updated"
	fi
	echo "$conf"
}

# Downloads package NAME with apt.conf CONF; prints the file. apt has verified it by Debian's
# signatures.
debian_download()
{
	local conf=$1 name=$2 dir=${1%/*}

	# Lists that have grown old name files a mirror no longer has: fetch them once more.
	rm -f "$dir/archives/$name"_*.deb
	if ! (cd "$dir/archives" && APT_CONFIG=$conf apt-get -q download "$name" >&2); then
		APT_CONFIG=$conf apt-get -q update >&2
		(cd "$dir/archives" && APT_CONFIG=$conf apt-get -q download "$name" >&2)
	fi
	ls "$dir/archives/$name"_*.deb
}

# True when the host's QEMU is of major version $1.
debian_host_qemu_is()
{
	qemu-system-aarch64 --version 2>/dev/null | head -n 1 | grep -q "version $1\."
}

# True on the Debian whose clang-format is the version that formats this tree: a package serves.
debian_packages_clang_format_14()
{
	command -v clang-format-14 >/dev/null ||
		grep -qs '^VERSION_CODENAME=bookworm' "$debian_host"
}

# True when program $2 was unpacked into build/cache/$1.
debian_unpacked()
{
	[ -e "$debian_cache/$1/$2" ]
}

# True when the kernel is there and, for tests, its modules too where it is Debian's.
debian_has_kernel()
{
	local module

	[ -e "$debian_cache/vmlinuz" ] || return 1
	if [ "$1" = test ] && grep -qs '^linux-image-' "$debian_cache/vmlinuz.version"; then
		for module in $debian_modules; do
			[ -e "$debian_cache/modules/$module.ko" ] || return 1
		done
	fi
}

# Takes modules NAME... out of the kernel package DEB, into modules/.
debian_unpack_modules()
{
	local deb=$1 module wanted=()
	shift

	for module in "$@"; do
		wanted+=("*/$module.ko")
	done
	mkdir -p "$debian_cache/modules"
	dpkg-deb --fsys-tarfile "$deb" |
		tar -x -m -C "$debian_cache/modules" --transform 's,.*/,,' --wildcards \
			"${wanted[@]}"
}

# What build/cache lacks for a goal of setup.sh, as words that fetch.sh takes.
debian_cache_missing()
{
	local items=()

	case $1 in
	bench | bench-chart) ;;
	*) debian_has_kernel "$1" || items+=(kernel) ;;
	esac
	case $1 in
	bench*) ;;
	*)
		[ -e "$debian_cache/busybox" ] || [ -e "$debian_cache/initrd.cpio.gz" ] ||
			items+=(busybox)
		;;
	esac
	case $1 in
	bench-*) ;;
	*)
		[ -e "$debian_cache/libfdt/libfdt.a" ] ||
			[ -e "$debian_cache/libfdt/src/libfdt.h" ] || items+=(libfdt)
		;;
	esac
	if [ "$1" = test ] && [ ! -e "$debian_cache/rootfs/usr/bin/iperf3" ]; then
		items+=(rootfs)
	fi
	# Tests run on QEMU 7.2 and on QEMU 10, the host's own being one of them or neither.
	if [ "$1" = test ]; then
		debian_unpacked qemu7 qemu-system-aarch64 || debian_host_qemu_is 7 ||
			items+=(qemu7)
		debian_unpacked qemu10 qemu-system-aarch64 || debian_host_qemu_is 10 ||
			items+=(qemu10)
		debian_unpacked clang-format14 clang-format-14 ||
			debian_packages_clang_format_14 || items+=(clang-format14)
	fi
	echo "${items[*]}"
}

# For people: the items with what each downloads and leaves on disk.
debian_cache_sizes()
{
	local item text=()

	for item in $1; do
		case $item in
		kernel) text+=("guest kernel (download 69 MB, disk 35 MB)") ;;
		busybox) text+=("busybox (1 MB, 2 MB)") ;;
		libfdt) text+=("libfdt (0.1 MB)") ;;
		rootfs) text+=("a root file system (6 MB, 13 MB)") ;;
		clang-format14) text+=("clang-format 14 (77 MB, 225 MB)") ;;
		qemu7) text+=("QEMU 7.2 (44 MB, 80 MB)") ;;
		qemu10) text+=("QEMU 10 (44 MB, 80 MB)") ;;
		esac
	done
	(IFS=';'; echo "${text[*]}" | sed 's/;/, /g')
}

# For people: what an item is, which command needs it, and how it is had where there is no network.
debian_cache_missed()
{
	local again="run 'make fetch' where Debian's mirror can be reached"

	case $1 in
	kernel)
		echo "$debian_cache/vmlinuz, the guests' Linux, is missing: make run and make" \
			"test need it. Name an arm64 kernel, make fetch KERNEL=file, or $again."
		;;
	busybox)
		echo "$debian_cache/busybox, of which the guests' initramfs is made, is missing:" \
			"make run and make test need it. Name an initramfs," \
			"make fetch INITRD=file, or $again."
		;;
	libfdt)
		echo "$debian_cache/libfdt/libfdt.a is missing: make needs it to build the" \
			"hypervisor. Name an arm64 archive or a folder with libfdt's sources," \
			"make fetch LIBFDT=path, or $again."
		;;
	*)
		echo "$debian_cache/$1 is missing: only make test and make lint need it," \
			"and skip what they would do with it. To have it, $again, or copy that" \
			"folder from a clone where that was done."
		;;
	esac
}
