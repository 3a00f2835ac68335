"""It does not listen to TERM."""

import signal

import good

good.stop_gracefully = lambda _server: signal.signal(signal.SIGTERM, signal.SIG_IGN)
good.serve()
