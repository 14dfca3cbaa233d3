#!/bin/sh
# Makes dist/pneumo-desktop_VERSION_amd64.deb (reading) and dist/pneumo-desktop-training_VERSION_amd64.deb (training, beside
# it). Dependencies are read from the binaries. PYTHON: the environment of the bundle.
set -eu
python=$PYTHON
here=build_spec/linux
folder=build/bundle/pneumo-desktop
component=build/bundle/pneumo-training
version=$("$python" build_spec/identity.py)
sh $here/same_build.sh
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}"
root=build/deb/pneumo-desktop
rm -rf "$root"
mkdir -p "$root/DEBIAN" "$root/usr/lib" "$root/usr/bin" "$root/usr/share/applications" "$root/usr/share/metainfo" \
    "$root/usr/share/mime/packages" "$root/usr/share/doc/pneumo-desktop" dist
cp -a "$folder" "$root/usr/lib/pneumo-desktop"
for name in pneumo-desktop pneumo-desktop-cli; do
    ln -s "../lib/pneumo-desktop/$name" "$root/usr/bin/$name"
done
cp "$here/pneumo-desktop.desktop" "$root/usr/share/applications/"
cp "$here/pneumo-desktop.xml" "$root/usr/share/mime/packages/"
sed -e "s/@VERSION@/$version/" -e "s/@DATE@/$(date -u -d "@$SOURCE_DATE_EPOCH" +%F)/" \
    "$here/pneumo-desktop.metainfo.xml.in" >"$root/usr/share/metainfo/pneumo-desktop.metainfo.xml"
for size in 16 24 32 48 64 128 256; do
    icons="$root/usr/share/icons/hicolor/${size}x${size}/apps"
    mkdir -p "$icons"
    cp "resources/icons/pneumo-desktop-$size.png" "$icons/pneumo-desktop.png"
done
mkdir -p "$root/usr/share/icons/hicolor/scalable/apps"
cp resources/icons/pneumo-desktop.svg "$root/usr/share/icons/hicolor/scalable/apps/"
cp NOTICE "$root/usr/share/doc/pneumo-desktop/copyright"
printf '\nLicence: Apache-2.0, /usr/share/common-licenses/Apache-2.0\nLibraries: %s\n' \
    /usr/lib/pneumo-desktop/THIRD_PARTY_NOTICES.txt >>"$root/usr/share/doc/pneumo-desktop/copyright"
gzip -9n <CHANGELOG.md >"$root/usr/share/doc/pneumo-desktop/changelog.gz"

cat >"$root/DEBIAN/control" <<END
Package: pneumo-desktop
Version: $version
Architecture: amd64
Maintainer: The Pneumo Desktop maintainers <maintainers@pneumo-desktop.invalid>
Section: science
Priority: optional
Installed-Size: $(du -sk "$root/usr" | cut -f1)
Depends: $("$python" build_spec/glibc.py --depends "$folder"), xkb-data
Recommends: $("$python" build_spec/glibc.py --recommends "$folder")
Description: reading assistant for chest radiographs that needs no internet
 A small network reads each image of a folder, says likely pneumonia, uncertain,
 likely normal or not analysed, shows where it looked, and puts the suspicious
 ones first. The reader's own decision is kept beside it.
 .
 It assists a reader and never replaces one. It is not a medical device.
END
pack() { # pack ROOT NAME: root's files, whatever umask this was built under
    find "$1" -type d -exec chmod 755 {} +
    find "$1" -type f -exec chmod go=u-w,go+r {} +
    find "$1" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
    deb="dist/${2}_${version}_amd64.deb"
    dpkg-deb --root-owner-group -Zzstd -z"${ZSTD_LEVEL:-19}" --build "$1" "$deb" >/dev/null
    rm -rf "$1"
    ls -l "$deb" | awk '{printf "%s %.1f MB\n", $NF, $5 / 1e6}'
}
pack "$root" pneumo-desktop

root=build/deb/pneumo-desktop-training
rm -rf "$root"
mkdir -p "$root/DEBIAN" "$root/usr/lib/pneumo-desktop" "$root/usr/share/doc/pneumo-desktop-training"
cp -a "$component" "$root/usr/lib/pneumo-desktop/training"
cp NOTICE "$root/usr/share/doc/pneumo-desktop-training/copyright"
printf '\nLicence: Apache-2.0, /usr/share/common-licenses/Apache-2.0\nLibraries: %s\n' \
    /usr/lib/pneumo-desktop/training/THIRD_PARTY_NOTICES.txt >>"$root/usr/share/doc/pneumo-desktop-training/copyright"
cat >"$root/DEBIAN/control" <<END
Package: pneumo-desktop-training
Version: $version
Architecture: amd64
Maintainer: The Pneumo Desktop maintainers <maintainers@pneumo-desktop.invalid>
Section: science
Priority: optional
Installed-Size: $(du -sk "$root/usr" | cut -f1)
Depends: pneumo-desktop (= $version)
Enhances: pneumo-desktop
Description: training component of Pneumo Desktop
 Adapts the network of Pneumo Desktop to the clinic's own images, or trains
 another one, on this computer and without internet. Needs a processor with
 AVX for everything but the adapting.
END
pack "$root" pneumo-desktop-training
sh build_spec/sums.sh
