"""It ends at TERM without finishing what it has begun."""

import os
import signal

import good

good.stop_gracefully = lambda _server: signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
good.serve()
