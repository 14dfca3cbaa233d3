#!/bin/sh
# Runs inside the .run file: installs the program for one user, without administrator and without network.
# Usage: FILE.run -- [--prefix DIR] [--quiet] [--uninstall]      PREFIX is ~/.local unless told otherwise.
set -eu
umask 022
here=$(cd "$(dirname "$0")" && pwd)
prefix=${HOME:?}/.local quiet="" uninstall=""
while [ $# -gt 0 ]; do
    case $1 in
    --prefix) prefix=$2 && shift ;;
    --quiet) quiet=yes ;;
    --uninstall) uninstall=yes ;;
    *) echo "?: $1   [--prefix DIR] [--quiet] [--uninstall]" >&2 && exit 2 ;;
    esac
    shift
done
program=$prefix/lib/pneumo-desktop
share=$prefix/share

say() { # say SPANISH ENGLISH
    case ${LC_ALL:-${LC_MESSAGES:-${LANG:-}}} in es*) echo "$1" ;; *) echo "$2" ;; esac
}
fail() {
    say "$1" "$2" >&2
    exit 1
}
tell() { [ -n "$quiet" ] || say "$1" "$2"; }

running() { # prints the number of a process that runs from the installed folder
    for exe in /proc/[0-9]*/exe; do
        case $(readlink "$exe" 2>/dev/null || true) in
        "$program"/*) echo "$exe" | cut -d/ -f3 && return ;;
        esac
    done
}

[ "$(uname -m)" = x86_64 ] || fail "Este equipo no es de 64 bits (x86_64): el programa no funciona en él." \
    "This computer is not 64-bit (x86_64): the program does not run on it."
glibc=$(getconf GNU_LIBC_VERSION 2>/dev/null | cut -d' ' -f2)
case $glibc in
"" | 2.[0-9] | 2.[12][0-9] | 2.3[0-4])
    fail "Este sistema es demasiado antiguo (glibc ${glibc:-desconocida}; hace falta 2.35: Ubuntu 22.04, Debian 12 o posterior)." \
        "This system is too old (glibc ${glibc:-unknown}; 2.35 is needed: Ubuntu 22.04, Debian 12 or later)."
    ;;
esac
[ -z "$(running)" ] || fail "Pneumo Desktop está abierto. Ciérrelo y vuelva a empezar." \
    "Pneumo Desktop is open. Close it and start again."
if [ -n "$uninstall" ]; then
    [ -x "$program/uninstall.sh" ] || fail "No hay ninguna instalación en $program." "Nothing is installed in $program."
    exec "$program/uninstall.sh"
fi

# Folders that are made here are noted, so that the removal can take away exactly those.
made=""
folder() {
    [ -d "$1" ] && return
    folder "$(dirname "$1")"
    mkdir "$1"
    made="$made$1
"
}
folder "$prefix/lib"
needed=$(cat "$here/megabytes")
free=$(df -Pm "$prefix/lib" | awk 'NR == 2 {print $4}')
[ "$free" -gt "$needed" ] || fail "Hacen falta $needed MB libres en $prefix y solo hay $free." \
    "$needed MB must be free in $prefix and only $free are."

tell "Instalando Pneumo Desktop $(cat "$here/version") en $program ..." \
    "Installing Pneumo Desktop $(cat "$here/version") in $program ..."
new=$program.new.$$
trap 'rm -rf "$new"' EXIT
trap 'exit 1' INT TERM HUP
mkdir "$new"
for part in base training; do
    [ -f "$here/$part.tar.xz" ] || continue
    target=$new
    [ "$part" = base ] || target=$new/training
    mkdir -p "$target"
    tar -x -J -f "$here/$part.tar.xz" -C "$target" --no-same-owner || fail \
        "No se pudo descomprimir el programa (¿disco lleno, o falta xz?). No se ha cambiado nada." \
        "The program could not be unpacked (is the disk full, or xz missing?). Nothing was changed."
done
if [ -d "$program" ]; then # an update: what was installed before stays whole until the new one is
    [ ! -f "$program/installed-folders" ] || made="$(cat "$program/installed-folders")
$made"
    [ ! -d "$program/training" ] || [ -d "$new/training" ] || tell \
        "El componente de entrenamiento anterior se retira: para entrenar instale la versión completa." \
        "The earlier training component is taken away: to train, install the full version."
    mv "$program" "$program.old.$$"
fi
mv "$new" "$program"
rm -rf "$program".old.*
cp "$here/uninstall.sh" "$program/uninstall.sh"
chmod 755 "$program/uninstall.sh"

folder "$prefix/bin"
for name in pneumo-desktop pneumo-desktop-cli; do
    ln -sf "../lib/pneumo-desktop/$name" "$prefix/bin/$name"
done
folder "$share/applications"
sed "s|^Exec=pneumo-desktop|Exec=\"$program/pneumo-desktop\"|" "$here/share/pneumo-desktop.desktop" \
    >"$share/applications/pneumo-desktop.desktop"
folder "$share/mime/packages"
cp "$here/share/pneumo-desktop.xml" "$share/mime/packages/"
for icon in "$here"/share/icons/*/*; do
    size=$(basename "$(dirname "$icon")")
    folder "$share/icons/hicolor/$size/apps"
    cp "$icon" "$share/icons/hicolor/$size/apps/"
done
printf '%s' "$made" | sed '/^$/d' >"$program/installed-folders"
"$program/uninstall.sh" --refresh

in_path=no
case ":$PATH:" in *":$prefix/bin:"*) in_path=yes ;; esac
lacking=$(ldd "$program"/_internal/PySide6/Qt/plugins/platforms/libqxcb.so 2>/dev/null | awk '/not found/ {print $1}' | sort -u | tr '\n' ' ')
[ -z "$lacking" ] || say "Atención: a este sistema le faltan bibliotecas para abrir la ventana: $lacking" \
    "Note: this system lacks libraries that the window needs: $lacking"
tell "Listo. Busque «Pneumo Desktop» en el menú de aplicaciones." "Done. Look for \"Pneumo Desktop\" in the applications menu."
[ $in_path = yes ] || tell "En una terminal: $prefix/bin/pneumo-desktop" "In a terminal: $prefix/bin/pneumo-desktop"
tell "Para quitarlo: $program/uninstall.sh" "To remove it: $program/uninstall.sh"
