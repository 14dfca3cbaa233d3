#!/bin/sh
# Makes build/bundle/pneumo-desktop, the folder that both Linux installers carry. PYTHON: the bundle's environment.
set -eu
python=${PYTHON:-build/env/bin/python}
folder=build/bundle/pneumo-desktop
export PYTHONHASHSEED=0
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}"

"$python" -m PyInstaller --noconfirm --log-level WARN --distpath build/bundle --workpath build/work build_spec/pneumo.spec
# Debugging symbols. Never of *.libs: the wheels' own tools laid those files out so that strip breaks them.
find "$folder/_internal" -maxdepth 1 -type f -name '*.so*' -exec strip --strip-debug {} +
find "$folder/_internal/lib-dynload" "$folder/_internal/python3.11" -type f -name '*.so' \
    -exec strip --strip-debug {} + 2>/dev/null || true
"$python" build_spec/notices.py build/work/pneumo/sources.json "$folder/THIRD_PARTY_NOTICES.txt"
cp LICENSE NOTICE "$folder/"
"$python" build_spec/glibc.py "$folder"
"$python" build_spec/manifest.py "$folder"
du -sm "$folder" | sed 's/\t.*/ MB on disk/'
