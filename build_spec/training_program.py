"""The start of the frozen training program: its package is imported first, as ``-m`` does, whose settings NumPy reads when it is
loaded.
"""

import sys

from pneumo_desktop.training.__main__ import main

sys.exit(main())
