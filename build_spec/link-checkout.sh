#!/bin/sh
# Makes `.venv/bin/pneumo-desktop` run this checkout. A path file and a launcher: no build tool, no network.
set -e
root=$(pwd)
site=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
printf '%s\n' "$root" >"$site/pneumo_desktop_checkout.pth"
cat >.venv/bin/pneumo-desktop <<END
#!$root/.venv/bin/python
import sys

from pneumo_desktop.__main__ import main

sys.exit(main())
END
chmod +x .venv/bin/pneumo-desktop
