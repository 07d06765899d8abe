#!/bin/sh
# Makes batch.bin with the reference tool, not with our code: ./make_vectors.sh
set -eu
cd "$(dirname "$0")"
protoc --deterministic_output --encode=brewery.Batch batch.proto < batch.text > batch.bin
