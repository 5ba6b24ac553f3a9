# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Functions to build for other Debian architectures: packages, sysroots, cross compilers.
# Sourced after lib.sh by scripts that set `apt_directory` (apt.sh).

# shellcheck source=tools/apt.sh
. "${root:?}/tools/apt.sh"

# For each architecture: prefix of the cross compiler, library directory, qemu's name of the
# processor.
declare -A foreign_machine=(
	[arm64]='aarch64-linux-gnu aarch64-linux-gnu aarch64'
	[armhf]='arm-linux-gnueabihf arm-linux-gnueabihf arm'
	[i386]='i686-linux-gnu i386-linux-gnu i386'
	[ppc64el]='powerpc64le-linux-gnu powerpc64le-linux-gnu ppc64le'
	[s390x]='s390x-linux-gnu s390x-linux-gnu s390x'
)

# unpack_for ARCH DIRECTORY PACKAGE... [-- PACKAGE...]: unpacks packages and what they depend
# on into the directory; those after -- without what they depend on. Does nothing if it has
# unpacked them before.
unpack_for() {
	local arch=$1 dir=$2 archives=$2.packages alone=no package whole=() single=()
	shift 2
	[ "$(cat "$dir.complete" 2>/dev/null)" != "$*" ] || return 0
	for package; do
		case $alone,$package in
		*,--) alone=yes ;;
		yes,*) single+=("$package") ;;
		*) whole+=("$package") ;;
		esac
	done
	rm -rf "$dir" "$dir.complete" "$archives"
	mkdir -p "$dir" "$archives/partial"
	apt_for "$arch" update
	[ ${#whole[@]} -eq 0 ] || apt_for "$arch" install -y --no-install-recommends \
		--download-only -o Dir::Cache::archives="$archives" "${whole[@]}"
	[ ${#single[@]} -eq 0 ] || (cd "$archives" && apt_for "$arch" download "${single[@]}")
	for package in "$archives"/*.deb; do
		dpkg-deb -x "$package" "$dir"
	done
	rm -rf "$archives"
	echo "$*" >"$dir.complete"
}

# sysroot ARCH DIRECTORY: unpacks what is needed to build for ARCH.
sysroot() {
	unpack_for "$1" "$2" libc6-dev libmnl-dev libjansson-dev check -- collectd-dev
}

# need_cross_compiler ARCH: installs it, with the C library for programs that need no other.
need_cross_compiler() {
	local -a machine
	read -ra machine <<<"${foreign_machine[$1]}"
	need_packages "gcc-${machine[0]}" "libc6-dev-$1-cross"
}

# build_for ARCH BUILD SYSROOT [CMAKE-ARGUMENT...]
build_for() {
	local arch=$1 build=$2 sysroot=$3
	shift 3
	build "$build" -DARCH="$arch" -DSYSROOT="$sysroot" \
		-DCMAKE_TOOLCHAIN_FILE="$root/tests/portability/cross.cmake" "$@"
}
