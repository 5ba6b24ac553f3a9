# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Functions of the shell scripts: messages, options, packages, builds. Sourced by bash scripts
# with `set -euo pipefail` that set `tool`, the name at the beginning of their messages.

tool=${tool:?}
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
# Debian installs collectd here, which is not in a user's PATH.
PATH=$PATH:/usr/sbin:/sbin

# shellcheck disable=SC2034 # used by the scripts that source this
build_packages=(collectd-core collectd-dev cmake gcc make pkg-config libjansson-dev
	libmnl-dev libc6-dev)
# What the benchmarks compare with, and what they run in.
# shellcheck disable=SC2034
bench_packages=(smem prometheus-process-exporter valgrind python3)

# For alerts in Prometheus; collectd-core only suggests the two libraries.
# shellcheck disable=SC2034
alert_packages=(prometheus libmicrohttpd12 libprotobuf-c1)

# shellcheck disable=SC2034
graphite_packages=(graphite-carbon graphite-web gunicorn)
# For the dashboards; a Node.js that is not Debian's has its own npm.
# shellcheck disable=SC2034
node_packages=()
command -v node >/dev/null || node_packages+=(nodejs)
command -v npm >/dev/null || node_packages+=(npm)

# For drawing Grafana's panels, in Grafana's font.
# shellcheck disable=SC2034
browser_packages=(chromium fonts-inter)

# For collectd's writers, whose libraries collectd-core only suggests, and to read RRD files.
# shellcheck disable=SC2034
writer_packages=(rrdtool librrd8 libyajl2 libcurl3-gnutls)

# For tests/guest.
# shellcheck disable=SC2034
guest_packages=(qemu-system-x86 busybox-static kmod cpio xz-utils zstd e2fsprogs)

# For tools/fleet.
# shellcheck disable=SC2034
fleet_packages=("${graphite_packages[@]}" carbon-c-relay iproute2 util-linux)

# For building and checking packages and manuals, and for a clean root to install them in.
# shellcheck disable=SC2034
packaging_packages=(build-essential debhelper check lintian rpm mmdebstrap man-db mandoc)

note() {
	printf '%s: %s\n' "$tool" "$*" >&2
}

die() {
	note "$1"
	exit "${2:-1}"
}

usage_error() {
	die "$1 (try --help)" 2
}

declare -A option=()
# parse_options VALUES FLAGS ARGUMENT...: sets option[NAME] to the value of --NAME VALUE or
# --NAME=VALUE, where NAME is a word of VALUES, or to yes where it is one of FLAGS. --help
# calls help, and ends the script.
parse_options() {
	local values=" $1 " flags=" $2 " name
	shift 2
	while [ $# -gt 0 ]; do
		case $1 in
		-h | --help) help && exit ;;
		--*=*) set -- "${1%%=*}" "${1#*=}" "${@:2}" ;;
		esac
		name=${1#--}
		if [[ $1 == --* && $values == *" $name "* ]]; then
			[ $# -ge 2 ] || usage_error "$1 requires a value"
			[ "$name" != build ] || [ -d "$2" ] || usage_error "--build: not a directory: $2"
			option[$name]=$2
			shift 2
		elif [[ $1 == --* && $flags == *" $name "* ]]; then
			option[$name]=yes
			shift
		else
			usage_error "unknown argument: $1"
		fi
	done
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

package_installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Installs packages without starting their services: Debian's maintainer scripts ask
# policy-rc.d. One that exists is left as it is.
install_packages() (
	policy=/usr/sbin/policy-rc.d
	# shellcheck disable=SC2317 # called by the trap
	lift() { as_root rm -f "$policy"; }
	if [ ! -e "$policy" ]; then
		trap lift EXIT
		trap 'exit 130' INT
		trap 'exit 143' TERM HUP
		printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null &&
			as_root chmod 755 "$policy" || exit
	fi
	get=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300)
	install=("${get[@]}" install -y --no-install-recommends -- "$@")
	# On a fresh machine apt has no package lists, on an old one stale ones.
	as_root "${install[@]}" </dev/null ||
		{ as_root "${get[@]}" update </dev/null && as_root "${install[@]}" </dev/null; }
)

# need_packages PACKAGE...: installs those that are missing.
need_packages() {
	local package log missing=()
	if ! command -v dpkg-query >/dev/null; then
		note "this is not Debian: please install the equivalent of these packages: $*"
		return
	fi
	for package; do
		package_installed "$package" || missing+=("$package")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
		die "cannot install without root or sudo: ${missing[*]}"
	fi
	note "installing ${missing[*]}"
	log=$(mktemp "${TMPDIR:-/tmp}/meminfo_explain-apt.XXXXXX")
	install_packages "${missing[@]}" >"$log" 2>&1 ||
		die "cannot install ${missing[*]}: see $log"
	rm -f "$log"
}

# install_npm_packages FROM TO: installs what FROM/package-lock.json lists into TO.
install_npm_packages() {
	command -v npm >/dev/null || die "no Node.js and npm here"
	mkdir -p "$2"
	! cmp -s "$1/package-lock.json" "$2/installed" || return 0
	rm -rf "$2"/{installed,node_modules}
	cp "$1"/package{,-lock}.json "$2/"
	npm ci --prefix "$2" --ignore-scripts --no-audit --no-fund >"$2/npm.log" 2>&1 || {
		tail -n 20 "$2/npm.log" >&2
		die "npm cannot install the packages of package-lock.json: is its registry reachable?"
	}
	cp "$1/package-lock.json" "$2/installed"
}

# logged WHAT LOG COMMAND...: appends the command's output to LOG; shows it if it fails.
logged() {
	local what=$1 log=$2
	shift 2
	"$@" >>"$log" 2>&1 </dev/null && return
	tail -n 30 "$log" >&2
	die "$what failed: see $log"
}

# configure DIR [CMAKE-ARGUMENT...]: runs cmake. Removes a cache that was made for another
# checkout or generator.
configure() {
	local dir=$1 cache=$1/CMakeCache.txt
	shift
	{ mkdir -p "$dir" && : >"$dir/build.log"; } || die "cannot write to $dir"
	if [ -e "$cache" ] && ! {
		grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$cache" &&
			grep -qxF "CMAKE_CACHEFILE_DIR:INTERNAL=$(cd "$dir" && pwd -P)" "$cache" &&
			grep -qxF 'CMAKE_GENERATOR:INTERNAL=Unix Makefiles' "$cache"
	}; then
		find "$dir" \( -name CMakeFiles -o -name CMakeCache.txt \) -prune -exec rm -rf {} +
	fi
	logged "configuring $dir" "$dir/build.log" \
		cmake -S "$root" -B "$dir" -G 'Unix Makefiles' "$@"
}

# compile DIR [TARGET...]
compile() {
	local dir=$1 targets=()
	shift
	[ $# -eq 0 ] || targets=(--target "$@")
	logged "building $dir" "$dir/build.log" \
		cmake --build "$dir" -j "$(nproc)" ${targets[@]+"${targets[@]}"}
}

# build DIR [CMAKE-ARGUMENT...]: configures and compiles everything.
build() {
	configure "$@"
	compile "$1"
}

# use_build [-DCMAKE-ARGUMENT...] TARGET...: sets $build to the directory of --build, or to
# build/, where it builds the targets.
use_build() {
	local arguments=()
	while [[ $1 == -D* ]]; do arguments+=("$1") && shift; done
	build=${option[build]-}
	if [ -z "$build" ]; then
		build=$root/build
		configure "$build" ${arguments[@]+"${arguments[@]}"}
		compile "$build" "$@"
	fi
	build=$(cd -- "$build" && pwd -P)
	[ -e "$build/plugins/meminfo_explain.so" ] ||
		die "not built: $build/plugins/meminfo_explain.so"
}

# newer_package DEB NEWER_DEB: a package that differs in its version only.
newer_package() {
	local unpacked
	unpacked=$(mktemp -d "${TMPDIR:-/tmp}/meminfo_explain-newer.XXXXXX")
	dpkg-deb -R "$1" "$unpacked/package"
	sed -i 's/^Version: .*/&+newer/' "$unpacked/package/DEBIAN/control"
	dpkg-deb --root-owner-group -b "$unpacked/package" "$2" >/dev/null
	rm -r "$unpacked"
}
