#!/bin/sh
# make_prefix.sh ROOT WINDOWS_PYTHON: makes /root/prefix in the Debian root, the Windows that builds and tests run in. Once.
# PYTHON: a Python; pefile is taken from the Windows Python that windows_python.py laid out in WINDOWS_PYTHON.
set -eu
root=${1:?usage: make_prefix.sh ROOT WINDOWS_PYTHON}
here=build_spec/windows/wine
[ ! -e "$root/root/prefix/.made" ] || exit 0
rm -rf "$root/root/prefix"
mkdir -p build/windows/ucrt
PYTHONPATH="$2/Lib/site-packages" "${PYTHON:-build/env-bundle/bin/python}" -S "$here/complex_dll.py" \
    "$root/usr/lib/x86_64-linux-gnu/wine/x86_64-windows/ucrtbase.dll" build/windows/ucrt/ucrtbase.def
sh "$here/enter.sh" "$root" sh -eu -c '
    own=/usr/lib/x86_64-linux-gnu/wine/x86_64-windows/ucrtbase.dll
    export WINEPREFIX=/root/prefix
    : | xvfb-run -a wine wineboot --init 2>&1 | cat
    wineserver -w
    x86_64-w64-mingw32-gcc -O2 -shared -static-libgcc -o build/windows/ucrt/ucrtbase.dll '"$here"'/complex_math.c build/windows/ucrt/ucrtbase.def
    cp build/windows/ucrt/ucrtbase.dll $WINEPREFIX/drive_c/windows/system32/ucrtbase.dll
    cp "$own" $WINEPREFIX/drive_c/windows/system32/ucrtw.dll
    touch $WINEPREFIX/.made'
