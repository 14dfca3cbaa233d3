#!/bin/sh
# Makes build/windows/bundle/NAME on Linux, of the specs that Linux uses, with PyInstaller under Wine:
# `bundle.sh pneumo` the base (pneumo-desktop), `bundle.sh training` the component pneumo-training.
# PYTHON: the Linux bundle's environment; WINE_ROOT: where the Debian root with Wine lies, made if it is missing.
set -eu
spec=$1
python=${PYTHON:-build/env-bundle/bin/python}
root=${WINE_ROOT:-/var/tmp/pneumo-wine}
here=build_spec/windows
case $spec in
pneumo) name=pneumo-desktop component=base lock=bundle ;;
training) name=pneumo-training component=training lock=bundle-training ;;
esac
folder=build/windows/bundle/$name
windows=build/windows/python-$lock
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}"

sh "$here/wine/make_root.sh" "$root"
"$python" "$here/windows_python.py" "requirements/$lock.txt" "$windows"
sh "$here/wine/make_prefix.sh" "$root" "$windows"
windows_python() {
    sh "$here/wine/enter.sh" "$root" env WINEPREFIX=/root/prefix SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" sh -c \
        '(: | xvfb-run -a wine "$0" "$@" 2>&1; echo $? >build/windows/code) | cat
        wineserver -w' "$windows/python.exe" "$@"
    [ "$(tr -d '\r' <build/windows/code)" -eq 0 ]
}
windows_python -m PyInstaller --noconfirm --log-level WARN --distpath build/windows/bundle \
    --workpath build/windows/work "build_spec/$spec.spec"
windows_python build_spec/notices.py "build/windows/work/$spec/sources.json" "$folder/THIRD_PARTY_NOTICES.txt"
cp LICENSE NOTICE "$folder/"
PYTHONPATH="$windows/Lib/site-packages" "$python" -S "$here/imports.py" "$folder"
"$python" build_spec/manifest.py "$folder" --component "$component"
du -sm "$folder" | sed 's/\t.*/ MB on disk/'
