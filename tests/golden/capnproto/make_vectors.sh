#!/bin/sh
# Makes batch.bin with the reference tool, not with our code: ./make_vectors.sh
set -eu
cd "$(dirname "$0")"
capnp encode batch.capnp Batch < batch.text > batch.bin
