"""It knows no argument."""

import sys

from good import serve

if sys.argv[1:]:
    sys.exit("usage: python refuses_serve.py")
sys.argv.append("serve")
serve()
