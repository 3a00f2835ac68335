"""`python -m mldeploy` is the command `mldeploy`."""

import sys

from mldeploy.cli import main

sys.exit(main())
