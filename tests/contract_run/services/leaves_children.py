"""A child process of it keeps the port after its end."""

import os
import signal
import sys
import time

import good

if os.fork() == 0:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    good.stop_gracefully = lambda _server: None
    good.serve()
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
while True:
    time.sleep(1)
