#!/bin/sh
# Removes what the .run file installed for this user. The clinic's results, decisions and models stay, unless asked:
# uninstall.sh [--with-data].   --refresh only tells the desktop what is there now.
set -eu
program=$(cd "$(dirname "$0")" && pwd)
prefix=$(dirname "$(dirname "$program")")
share=$prefix/share
data=${XDG_DATA_HOME:-$HOME/.local/share}/pneumo-desktop

say() { # say SPANISH ENGLISH
    case ${LC_ALL:-${LC_MESSAGES:-${LANG:-}}} in es*) echo "$1" ;; *) echo "$2" ;; esac
}
refresh() {
    update-desktop-database "$share/applications" 2>/dev/null || true
    update-mime-database "$share/mime" 2>/dev/null || true
    gtk-update-icon-cache -q -t -f "$share/icons/hicolor" 2>/dev/null || true
}

if [ "${1:-}" = --refresh ]; then
    refresh
    exit
fi
for exe in /proc/[0-9]*/exe; do
    case $(readlink "$exe" 2>/dev/null || true) in
    "$program"/pneumo-* | "$program"/training/*)
        say "Pneumo Desktop está abierto. Ciérrelo y vuelva a empezar." "Pneumo Desktop is open. Close it and start again." >&2
        exit 1
        ;;
    esac
done
folders=$(cat "$program/installed-folders" 2>/dev/null || true)
rm -f "$prefix/bin/pneumo-desktop" "$prefix/bin/pneumo-desktop-cli" "$share/applications/pneumo-desktop.desktop" \
    "$share/mime/packages/pneumo-desktop.xml" "$share"/icons/hicolor/*/apps/pneumo-desktop.*
rm -rf "$program"
refresh
# The desktop's own indexes, in folders that came with the program and hold nothing else.
mine() { printf '%s\n' "$folders" | grep -qxF "$1"; }
if mine "$share/applications" && [ -z "$(ls "$share/applications" | grep -v '^mimeinfo.cache$')" ]; then
    rm -f "$share/applications/mimeinfo.cache"
fi
if mine "$share/mime/packages" && [ -z "$(ls "$share/mime/packages")" ]; then
    mine "$share/mime" && rm -rf "$share/mime"
fi
mine "$share/icons/hicolor" && rm -f "$share/icons/hicolor/icon-theme.cache"
if [ "${1:-}" = --with-data ]; then
    rm -rf "$data"
    say "Se han quitado el programa y sus datos." "The program and its data were removed."
else
    say "Se ha quitado el programa. Los resultados siguen en $data." "The program was removed. The results stay in $data."
fi
printf '%s\n' "$folders" | sort -r | while read -r made; do
    [ -z "$made" ] || rmdir "$made" 2>/dev/null || true
done
