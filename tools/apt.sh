# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Packages of other architectures and releases of Debian: apt with package lists and a cache of
# its own and no package installed, so that this machine gets no foreign architecture and no
# newer release. Sourced after tools/lib.sh by scripts that set `apt_directory`.

# apt_configure ARCH[/RELEASE...]: sets `apt_home` to the directory of this apt, which has the
# configuration apt.conf. Its sources are those of this machine; with releases, separated by
# `/`, these releases in the same archive.
apt_configure() {
	local arch=${1%%/*} release
	local -a releases
	IFS=/ read -r -a releases <<<"${1#"$arch"}"
	apt_home=${apt_directory:?}/${1//\//-}
	mkdir -p "$apt_home/state/lists/partial" "$apt_home/cache/archives/partial"
	: >"$apt_home/status"
	# shellcheck disable=SC2016 # variables of apt-get
	local targets=(apt-get indextargets 'Created-By: Packages' 'Origin: Debian'
		'Component: main' --format)
	if [ ${#releases[@]} -eq 0 ]; then
		# shellcheck disable=SC2016
		"${targets[@]}" 'deb $(REPO_URI) $(RELEASE) main' 'Label: Debian' | sed 'p;s/^deb /deb-src /'
	else
		local archive security
		# shellcheck disable=SC2016
		archive=$("${targets[@]}" '$(REPO_URI)' 'Label: Debian' | head -n 1)
		# shellcheck disable=SC2016
		security=$("${targets[@]}" '$(REPO_URI)' 'Label: Debian-Security' | head -n 1)
		for release in "${releases[@]:1}"; do
			echo "deb ${archive:-http://deb.debian.org/debian} $release main"
			# Backports and sid have no security updates.
			[[ $release == *-* || $release == sid ]] ||
				echo "deb ${security:-http://deb.debian.org/debian-security} $release-security main"
		done
	fi | sort -u >"$apt_home/sources.list"
	cat >"$apt_home/apt.conf" <<-END_OF_CONF
		#clear APT::Architectures;
		#clear APT::Update;
		#clear DPkg;
		APT::Architecture "$arch";
		APT::Sandbox::User "root";
		Acquire::Languages "none";
		Dir::State "$apt_home/state";
		Dir::State::status "$apt_home/status";
		Dir::Cache "$apt_home/cache";
		Dir::Etc::sourcelist "$apt_home/sources.list";
		Dir::Etc::sourceparts "/dev/null";
		Dir::Etc::preferencesparts "/dev/null";
	END_OF_CONF
}

# apt_for ARCH[/RELEASE...] COMMAND...: apt-get COMMAND with this apt.
apt_for() {
	apt_configure "$1"
	apt-get -qq -c "$apt_home/apt.conf" "${@:2}"
}

# apt_newest ARCH[/RELEASE...] PATTERN: the package of the highest version number in its name,
# of all whose names match this extended regular expression.
apt_newest() {
	apt_configure "$1"
	apt-cache -c "$apt_home/apt.conf" search --names-only "$2" | cut -d ' ' -f 1 | sort -V | tail -n 1
}
