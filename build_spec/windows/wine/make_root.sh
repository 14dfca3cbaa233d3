#!/bin/sh
# make_root.sh ROOT: a Debian 13 root with Wine 10, a virtual screen, makensis and a cross compiler in the folder ROOT
# (2 GB, minutes; needs debootstrap and root). Debian 12's own Wine 8 cannot run numpy or Qt. Does nothing when it is
# there already; DEBIAN_MIRROR names another mirror than debootstrap's own.
set -eu
root=${1:?usage: make_root.sh ROOT}
packages="wine wine64 xvfb xauth xdotool imagemagick fonts-dejavu-core locales nsis gcc-mingw-w64-x86-64"
[ "$(cat "$root/.packages" 2>/dev/null || true)" != "$packages" ] || exit 0
[ "$(id -u)" -eq 0 ] || { echo "The Wine root is made with debootstrap, which needs root." >&2; exit 1; }
# shellcheck disable=SC2086
[ -x "$root/usr/bin/apt-get" ] || debootstrap --variant=minbase trixie "$root" ${DEBIAN_MIRROR:-}
mkdir -p "$root/w"
echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/unsafe-io" # a root that a power cut spoils is made again
chroot "$root" apt-get update -qq
# shellcheck disable=SC2086
chroot "$root" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages
chroot "$root" localedef -i es_ES -f UTF-8 es_ES.UTF-8
chroot "$root" apt-get clean
echo "$packages" >"$root/.packages"
