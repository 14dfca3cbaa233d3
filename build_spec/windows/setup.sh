#!/bin/sh
# setup.sh SCRIPT BUNDLE OUT: makes one Windows installer with the Debian root's makensis; nothing of Windows runs.
set -eu
script=$1 bundle=$2 out=$3
python=${PYTHON:-build/env-bundle/bin/python}
root=${WINE_ROOT:-/var/tmp/pneumo-wine}
version=$("$python" build_spec/identity.py)
numbers=$(printf '%s.0.0.0' "$version" | sed 's/[^0-9.].*\././; s/^\([0-9]*\.[0-9]*\.[0-9]*\).*/\1.0/')
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}"
mkdir -p dist
find "$bundle" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
sh build_spec/windows/wine/enter.sh "$root" env SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" makensis -V2 -INPUTCHARSET UTF8 \
    -DVERSION="$version" -DNUMBERS="$numbers" -DBUILD_ID="$("$python" build_spec/identity.py --build-id)" \
    -DBUNDLE="/w/$bundle" -DSIZE_KB="$(du -sk "$bundle" | cut -f1)" -DOUT="/w/$out" "$script"
ls -l "$out" | awk '{printf "%s %.1f MB\n", $NF, $5 / 1e6}'
