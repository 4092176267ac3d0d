#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The FlexMock authors
#
# Make compat and compat-n0 in the build folder, as meson install makes them.
set -eu

src=$1
build=$2
soversion=$3
compat=$MESON_BUILD_ROOT/compat
n0=$MESON_BUILD_ROOT/compat-n0

mkdir -p "$compat/include/flexmock" "$compat/lib/pkgconfig" "$n0/lib/pkgconfig"
ln -sfn "$src/enso" "$compat/include/enso"
ln -sfn "$src/norman" "$compat/include/norman"
for header in "$src"/flexmock/*.h "$src"/../../flexmock/flexmock.h; do
	ln -sfn "$header" "$compat/include/flexmock/${header##*/}"
done
ln -sfn "$src/../include-n0" "$n0/include"

for name in libenso.so libenso_sw.so libnorman.so; do
	ln -sfn ../../lib/norman/libnorman.so "$compat/lib/$name"
done
ln -sfn "../../lib/norman/libnorman.so.$soversion" "$compat/lib/libnorman.so.$soversion"
ln -sfn ../../lib/flexmock/libflexmock.so "$compat/lib/libflexmock.so"
ln -sfn "../../lib/flexmock/libflexmock.so.$soversion" "$compat/lib/libflexmock.so.$soversion"
# Where libraries of the build look for it: $ORIGIN/../flexmock.
ln -sfn ../lib/flexmock "$compat/flexmock"

for name in enso enso_sw norman; do
	cp "$build/$name.pc" "$compat/lib/pkgconfig/$name.pc"
done
cp "$build/norman-n0.pc" "$n0/lib/pkgconfig/norman.pc"
