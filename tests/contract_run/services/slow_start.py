"""It loads longer than the endpoint configuration allows."""

import time

from good import serve

time.sleep(2.1)
serve()
