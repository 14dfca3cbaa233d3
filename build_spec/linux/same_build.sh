#!/bin/sh
# Fails where the bundles of base and training component are not of one build: they would refuse each other.
ids=$(sed -n 's/^"build_id": "\(.*\)",$/\1/p' build/bundle/pneumo-desktop/manifest.json build/bundle/pneumo-training/manifest.json | sort -u)
[ "$(printf '%s\n' "$ids" | wc -l)" -eq 1 ] || { echo "Base and training component are of two builds:" $ids "- run make bundle" >&2; exit 1; }
