#!/bin/sh
# Makes the self-extracting installers for one user: dist/pneumo-desktop-VERSION-linux-x86_64.run (reading only) and
# dist/pneumo-desktop-full-VERSION-linux-x86_64.run (with the training component). Needs makeself and xz.
set -eu
here=build_spec/linux
version=$("$PYTHON" build_spec/identity.py)
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}"
command -v makeself >/dev/null || { echo "makeself is missing: apt-get install makeself" >&2 && exit 1; }
sh $here/same_build.sh
stage=build/run
rm -rf "$stage"
mkdir -p "$stage" dist

pack() { # pack FOLDER OUT: the x86 filter saves a tenth; 32 MB is what unpacking takes of memory
    tar -c --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" -C "$1" . |
        xz -T2 --x86 --lzma2=preset=${XZ_LEVEL:-6},dict=32MiB >"$2"
}
pack build/bundle/pneumo-desktop build/run/base.tar.xz
pack build/bundle/pneumo-training build/run/training.tar.xz

make_run() { # make_run NAME PART...
    name=$1 && shift
    root=$stage/$name
    mkdir -p "$root/share"
    megabytes=100
    for part in "$@"; do
        ln "$stage/$part.tar.xz" "$root/"
        folder=build/bundle/pneumo-desktop
        [ "$part" = base ] || folder=build/bundle/pneumo-training
        megabytes=$((megabytes + $(du -sm "$folder" | cut -f1)))
    done
    echo "$megabytes" >"$root/megabytes"
    echo "$version" >"$root/version"
    cp $here/install.sh $here/uninstall.sh "$root/"
    cp $here/pneumo-desktop.desktop $here/pneumo-desktop.xml "$root/share/"
    for size in 16 24 32 48 64 128 256; do
        mkdir -p "$root/share/icons/${size}x$size"
        cp "resources/icons/pneumo-desktop-$size.png" "$root/share/icons/${size}x$size/pneumo-desktop.png"
    done
    mkdir -p "$root/share/icons/scalable"
    cp resources/icons/pneumo-desktop.svg "$root/share/icons/scalable/"
    chmod 755 "$root/install.sh" "$root/uninstall.sh"
    makeself --nocomp --sha256 --tar-quietly --packaging-date "$(date -u -d "@$SOURCE_DATE_EPOCH")" \
        "$root" "dist/$name-$version-linux-x86_64.run" "Pneumo Desktop $version" ./install.sh >/dev/null
    ls -l "dist/$name-$version-linux-x86_64.run" | awk '{printf "%s %.1f MB\n", $NF, $5 / 1e6}'
}
make_run pneumo-desktop base
make_run pneumo-desktop-full base training
rm -rf "$stage"
sh build_spec/sums.sh
