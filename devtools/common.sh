# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The FlexMock authors
#
# What the scripts of devtools share: packages, driver headers, build. Sourced, not run.

root=$(realpath "$(dirname "${BASH_SOURCE[0]}")/..")
build=$root/build

packages_run=(dpdk dpdk-dev libdpdk-dev meson ninja-build gcc pkg-config libpcap-dev libnuma-dev
	dpkg-dev xz-utils python3-scapy libjansson-dev gnuplot-nox)
packages_test=(g++ libcmocka-dev python3-pytest python3-docutils python3-pyelftools clang libclang-rt-14-dev clang-format
	iproute2 iputils-ping netcat-openbsd tcpdump tshark ethtool iptables chromium)

say() { echo "==> $*"; }
die() { echo "error: $*" >&2; exit 1; }

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# install PACKAGE...: says which are missing, then brings them.
install() {
	local missing=() p
	for p in "$@"; do
		dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q '^install ok installed$' ||
			missing+=("$p")
	done
	say "packages needed: $*"
	if [ ${#missing[@]} = 0 ]; then
		say "packages to install: none"
		return
	fi
	say "packages to install (Debian, by apt-get): ${missing[*]}"
	as_root apt-get update -q
	as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -q --no-install-recommends "${missing[@]}" ||
		die "apt-get could not install ${missing[*]}"
}

# EAL loads no driver from a folder whose parents others may write to.
check_place() {
	local dir=$root
	while [ "$dir" != / ]; do
		[ -z "$(find "$dir" -maxdepth 0 -perm -o+w)" ] ||
			die "$root is under the world-writable $dir and DPDK loads no driver from" \
				"there: move this folder, for example to your home"
		dir=$(dirname "$dir")
	done
}

# build_in DIR [MESON ARGUMENT...]
build_in() {
	local dir=$1
	shift
	say "building in ${dir#"$root"/}"
	[ -f "$dir/build.ninja" ] || meson setup "$dir" "$root" "$@"
	meson compile -C "$dir"
}
