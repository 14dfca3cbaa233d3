#!/bin/sh
# enter.sh ROOT COMMAND...: runs a command in the Debian root with this checkout at /w; the mounts are private and end
# with it. No network in there. Wine needs /sys for OpenCV's threads, and pipes for the standard streams of Python.
set -eu
root=$(readlink -f "${1:?usage: enter.sh ROOT COMMAND...}")
share=$(pwd)
shift
# shellcheck disable=SC2016
exec unshare --mount --net sh -c '
    root=$1 share=$2
    shift 2
    mount --make-rprivate /
    mount -t proc proc "$root/proc"
    mount -t sysfs -o ro sysfs "$root/sys"
    mount --rbind /dev "$root/dev"
    mount --bind "$share" "$root/w"
    ip link set lo up 2>/dev/null || true
    exec chroot "$root" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/wine LC_ALL=C.UTF-8 \
        TERM=dumb WINEARCH=win64 WINEDEBUG=-all WINEDLLOVERRIDES="mscoree,mshtml,winemenubuilder.exe=;ucrtbase=n,b" \
        sh -c "cd /w && exec \"\$@\"" sh "$@"
' sh "$root" "$share" "$@"
