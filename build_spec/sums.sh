#!/bin/sh
# Writes dist/SHA256SUMS over every installer that is there.
cd dist
for file in *.deb *.run *.exe; do
    [ ! -f "$file" ] || sha256sum -- "$file"
done >SHA256SUMS
cat SHA256SUMS
