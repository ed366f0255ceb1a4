#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Builds in a Debian 13 of its own, with nothing but what tools/install-deps installs there, and runs the unit tests.
# The Debian 13 is made once with debootstrap, from the mirror that this machine uses, and kept in
# /var/cache/pss-bpf-debian13 (or $PSS_DEBIAN13). Needs root and debootstrap.
set -eu
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin:/sbin

place=${PSS_DEBIAN13:-/var/cache/pss-bpf-debian13}
complete=$place/.complete

say() {
	printf 'debian13: %s\n' "$*"
}

# The mirror of this machine's own Debian.
mirror() {
	local uri
	uri=$(apt-get indextargets --format '$(REPO_URI) $(COMPONENT) $(ORIGIN)' 'Identifier: Packages' 2>/dev/null |
		awk '$2 == "main" && $3 == "Debian" { sub("/$", "", $1); print $1; exit }')
	echo "${uri:-http://deb.debian.org/debian}"
}

make_debian() {
	local part
	[ ! -e "$complete" ] || return 0
	part=$(mktemp -d "$(dirname "$place")/pss-bpf-debian13.XXXXXX")
	trap 'rm -rf --one-file-system "$part"' EXIT
	say "debootstrap trixie from $(mirror)"
	debootstrap --variant=minbase trixie "$part" "$(mirror)" >"$part.log" 2>&1 || {
		tail -n 20 "$part.log"
		rm -f "$part.log"
		exit 1
	}
	rm -f "$part.log"
	[ ! -e /etc/apt/apt.conf.d/proxy.conf ] || cp /etc/apt/apt.conf.d/proxy.conf "$part/etc/apt/apt.conf.d/"
	chmod 755 "$part"
	touch "$part/.complete"
	rm -rf --one-file-system "$place"
	mv "$part" "$place"
	trap - EXIT
}

# The sources as they are here, without what was built here.
copy_sources() {
	rm -rf "$place/src"
	mkdir "$place/src"
	tar -c --exclude=./build --exclude=./.git . | tar -x --no-same-owner -C "$place/src"
}

command -v debootstrap >/dev/null || { say "debootstrap is missing: run tools/install-deps test"; exit 1; }
make_debian
copy_sources
say "building and testing in $place"
# Mounts of their own: they are gone when this ends, however it ends.
unshare --mount --pid --fork --kill-child --propagation private sh -eu -c '
	mount -t proc proc "$1/proc"
	mount --rbind /dev "$1/dev"
	mount -t tmpfs tmpfs "$1/tmp"
	cp /etc/resolv.conf "$1/etc/resolv.conf" 2>/dev/null || :
	exec chroot "$1" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 sh -eu -c "
		cd /src
		tools/install-deps build unit
		grep PRETTY_NAME /etc/os-release
		gcc --version | head -n 1
		clang --version | head -n 1
		bpftool version | head -n 1
		echo libbpf \$(pkg-config --modversion libbpf)
		make -j\$(nproc) all unit
		build/unit --jobs \$(nproc) --timeout 60
		[ ! -e build/pss-bpf ] || build/pss-bpf --version
	"' sh "$place"
say "done"
