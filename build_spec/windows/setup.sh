#!/bin/sh
# setup.sh SCRIPT BUNDLE NAME: makes dist/NAME-VERSION-setup.exe of build/windows/bundle/BUNDLE with the Debian root's
# makensis; nothing of Windows runs. COMPRESSION=zlib makes it in a minute, and larger, for trying the scripts.
set -eu
script=$1 bundle=build/windows/bundle/$2
python=${PYTHON:-build/env-bundle/bin/python}
root=${WINE_ROOT:-/var/tmp/pneumo-wine}
version=$("$python" build_spec/identity.py)
out=dist/$3-$version-setup.exe
made=build/windows/$3-setup.exe # only a whole one gets into dist
# The version resource wants four numbers.
numbers=$(printf '%s.0.0.0' "$version" | sed 's/[^0-9.].*\././; s/^\([0-9]*\.[0-9]*\.[0-9]*\).*/\1.0/')
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}"
mkdir -p dist
find "$bundle" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
sh build_spec/windows/wine/enter.sh "$root" env SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" \
    makensis -V2 -INPUTCHARSET UTF8 -DCOMPRESSION="${COMPRESSION:-lzma}" -DVERSION="$version" -DNUMBERS="$numbers" \
    -DBUILD_ID="$("$python" -c 'import json, sys; print(json.load(open(sys.argv[1]))["build_id"])' "$bundle/manifest.json")" \
    -DFILES="/w/$bundle/*" -DSIZE_KB="$(du -sk "$bundle" | cut -f1)" -DOUT="/w/$made" \
    "build_spec/windows/$script"
test -s "$made"
mv "$made" "$out"
ls -l "$out" | awk '{printf "%s %.1f MB\n", $NF, $5 / 1e6}'
