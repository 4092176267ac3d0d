#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The FlexMock authors
#
# usage: headers.sh COMPILER lib/norman
#
# Each C++ header compiles alone, in the oldest standard it is for, without a warning, and brings no
# header of DPDK.
set -eu

cxx=$1
lib=$2
flags='-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Werror -O2'
failed=0

# standard, header, include folders...
check() {
	std=$1
	header=$2
	shift 2
	# shellcheck disable=SC2086
	if ! used=$(printf '#include <%s>\n' "$header" |
		"$cxx" -std="$std" $flags "$@" -x c++ -c -MD -MF /dev/stdout -o /dev/null -); then
		echo "$header does not compile as $std"
		failed=1
	fi
	if echo "$used" | grep '/rte_'; then
		echo "$header includes DPDK"
		failed=1
	fi
	if ! echo "$used" | grep -q 'flexmock/norman'; then
		echo "$header: no list of what it includes"
		failed=1
	fi
}

for path in "$lib"/include/enso/*.h "$lib"/include/norman/*.h; do
	header=${path#"$lib"/include/}
	case $header in
	*/pipe.h | */queue.h | */dev.h) std=c++17 ;;
	*) std=c++11 ;;
	esac
	check "$std" "$header" -I"$lib/include"
done
for path in "$lib"/include-n0/*/*.h; do
	check c++11 "${path#"$lib"/include-n0/}" -I"$lib/include-n0" -I"$lib/include"
done
exit $failed
