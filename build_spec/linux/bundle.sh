#!/bin/sh
# Makes build/bundle/NAME, a folder that the Linux installers carry: `bundle.sh pneumo` makes the base (pneumo-desktop),
# `bundle.sh training` the component pneumo-training. PYTHON: the environment of that bundle.
set -eu
spec=$1
python=$PYTHON
case $spec in
pneumo) name=pneumo-desktop component=base ;;
training) name=pneumo-training component=training ;;
esac
folder=build/bundle/$name
export PYTHONHASHSEED=0
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}"

"$python" -m PyInstaller --noconfirm --log-level WARN --distpath build/bundle --workpath build/work "build_spec/$spec.spec"
"$python" build_spec/linux/unused_libraries.py "$folder"
# Symbol tables, which only a debugger reads: 220 MB of TensorFlow's. Never of *.libs and of what is linked to them: the
# wheels' own tools laid those files out so that strip breaks them.
find "$folder/_internal" -maxdepth 1 -type f -name '*.so*' -exec strip --strip-unneeded {} +
for part in python3.11 kiwisolver ai_edge_litert tensorflow; do
    [ -d "$folder/_internal/$part" ] || continue
    find "$folder/_internal/$part" -type f -name '*.so*' -exec strip --strip-unneeded {} +
done
"$python" build_spec/notices.py "build/work/$spec/sources.json" "$folder/THIRD_PARTY_NOTICES.txt"
cp LICENSE NOTICE "$folder/"
"$python" build_spec/glibc.py "$folder"
[ "$component" = base ] || "$python" build_spec/linux/share.py build/bundle/pneumo-desktop "$folder"
"$python" build_spec/manifest.py "$folder" --component "$component"
du -sm "$folder" | sed 's/\t.*/ MB on disk/'
