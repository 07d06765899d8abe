#!/usr/bin/env bash
# consumer.sh BUILD SOURCE: installs BUILD into a temporary prefix and builds tests/install/consumer
# against it with find_package and with pkg-config; each program must publish and receive. The files
# that schemas import are there for protoc and capnp too.
set -euo pipefail
build=$1 source=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$build" --prefix "$work/prefix" >/dev/null
flags=$(sed -n 's/^DTS_SANITIZE:STRING=//p' "$build/CMakeCache.txt" | tr ';' ',')
flags=${flags:+-fsanitize=$flags}
cp -r "$source/tests/install/consumer" "$work/consumer"

cmake -S "$work/consumer" -B "$work/build" -DCMAKE_PREFIX_PATH="$work/prefix" \
  -DCMAKE_CXX_FLAGS="-std=c++20 $flags" >/dev/null
cmake --build "$work/build" >/dev/null
"$work/build/consumer"

pc=$(dirname "$(find "$work/prefix" -name dts.pc)")
# shellcheck disable=SC2046,SC2086
g++ -std=c++20 $flags "$work/consumer/consumer.cpp" -o "$work/by-pkg-config" \
  $(PKG_CONFIG_PATH=$pc pkg-config --cflags --libs dts)
"$work/by-pkg-config"

# Schemas that import our options and annotations are compiled by those who know nothing of DTS.
include=$(dirname "$(find "$work/prefix" -path '*/dts/options.proto')")/..
protoc -I "$include" -I "$work/consumer" --cpp_out="$work" "$work/consumer/kettle.proto"
capnp compile -I "$include" -o- "$work/consumer/kettle.capnp" >"$work/kettle.bin"
for schema in kettle.proto kettle.capnp; do
  "$work/prefix/bin/dts" type show "$work/consumer/$schema" | grep -F '[Cel]'
done

"$work/prefix/bin/dts" version
