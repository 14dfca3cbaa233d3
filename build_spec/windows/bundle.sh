#!/bin/sh
# Makes build/windows/bundle/pneumo-desktop on Linux, of the spec that Linux uses, with PyInstaller under Wine.
# PYTHON: the Linux bundle's environment; WINE_ROOT: where the Debian root with Wine lies, made if it is missing.
set -eu
python=${PYTHON:-build/env-bundle/bin/python}
root=${WINE_ROOT:-/var/tmp/pneumo-wine}
here=build_spec/windows
folder=build/windows/bundle/pneumo-desktop
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}"

sh "$here/wine/make_root.sh" "$root"
"$python" "$here/windows_python.py" requirements/bundle.txt build/windows/python
sh "$here/wine/make_prefix.sh" "$root"
windows_python() {
    sh "$here/wine/enter.sh" "$root" env WINEPREFIX=/root/prefix PYTHONHASHSEED=0 PYTHONDONTWRITEBYTECODE=1 \
        PYTHONUTF8=1 SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" sh -c \
        '(: | xvfb-run -a wine build/windows/python/python.exe "$@" 2>&1; echo $? >build/windows/code) | cat
        wineserver -w' sh "$@"
    [ "$(tr -d '\r' <build/windows/code)" -eq 0 ]
}
windows_python -m PyInstaller --noconfirm --log-level WARN --distpath build/windows/bundle \
    --workpath build/windows/work build_spec/pneumo.spec
windows_python build_spec/notices.py build/windows/work/pneumo/sources.json "$folder/THIRD_PARTY_NOTICES.txt"
cp LICENSE NOTICE "$folder/"
PYTHONPATH=build/windows/python/Lib/site-packages "$python" -S "$here/imports.py" "$folder"
"$python" build_spec/manifest.py "$folder"
du -sm "$folder" | sed 's/\t.*/ MB on disk/'
