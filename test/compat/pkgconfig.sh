#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The FlexMock authors
#
# usage: pkgconfig.sh BUILD test/compat [COMPAT [COMPAT-N0]]
#
# An application is built as for the card, by what pkg-config says with PKG_CONFIG_PATH set, and
# finds the library when it runs, with nothing else set.
set -eu

src=$2
compat=${3:-$1/compat}
n0=${4:-$1/compat-n0}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
unset LD_LIBRARY_PATH LD_RUN_PATH LIBRARY_PATH CPLUS_INCLUDE_PATH

# folder, package, standard, source, arguments...
check() {
	PKG_CONFIG_PATH=$1/lib/pkgconfig
	export PKG_CONFIG_PATH
	package=$2
	std=$3
	source=$4
	shift 4
	# shellcheck disable=SC2046
	c++ -std="$std" "$@" -o "$dir/app" "$src/$source" \
		$(pkg-config --cflags --libs "$package") -pthread
	"$dir/app"
}

check "$compat" enso c++17 compat_pipe.cpp
check "$compat" enso_sw c++17 compat_socket.cpp
check "$compat" norman c++11 compat_n1.cpp -DCOMPAT_DSC_BUF_SIZE=16384
check "$n0" norman c++11 compat_n0.cpp

# Without pkg-config, as a build file with link_libraries(enso).
CPLUS_INCLUDE_PATH=$compat/include LIBRARY_PATH=$compat/lib \
	c++ -std=c++17 -o "$dir/app" "$src/compat_pipe.cpp" -lenso -pthread
LD_LIBRARY_PATH=$compat/lib "$dir/app"
