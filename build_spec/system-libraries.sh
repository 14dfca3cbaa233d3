#!/bin/sh
# Qt needs a few system libraries that a server or a bare container lacks. Asks the loader first; installs with apt
# where it may, otherwise prints the exact line. Never stops the build: the command line works without them.
PACKAGES="libegl1 libgl1 libfontconfig1 libfreetype6 libglib2.0-0 libdbus-1-3 libx11-6 libx11-xcb1 libxkbcommon0 \
libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 \
libxcb-shape0 libxcb-shm0 libxcb-sync1 libxcb-util1 libxcb-xfixes0 libxcb-xkb1 fonts-dejavu-core"
missing=""
for library in libEGL.so.1 libGL.so.1 libfontconfig.so.1 libfreetype.so.6 libglib-2.0.so.0 libdbus-1.so.3 \
    libX11-xcb.so.1 libxkbcommon.so.0 libxkbcommon-x11.so.0 libxcb-cursor.so.0 libxcb-icccm.so.4 libxcb-image.so.0 \
    libxcb-keysyms.so.1 libxcb-render-util.so.0 libxcb-util.so.1 libxcb-xkb.so.1; do
    /sbin/ldconfig -p 2>/dev/null | grep -q "$library" || missing="$missing $library"
done
[ -n "$missing" ] || exit 0
sudo=""
if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then sudo="sudo"; else sudo="none"; fi
fi
if [ "$sudo" = "none" ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "The window needs system libraries that are missing here:$missing"
    echo "Install them with:  sudo apt-get install -y $PACKAGES"
    exit 0
fi
echo "Installing the system libraries that the window needs:$missing"
# shellcheck disable=SC2086
{ $sudo apt-get update -qq && DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq $PACKAGES; } >/dev/null 2>&1 ||
    echo "That did not work. Install them with:  apt-get install -y $PACKAGES"
