"""It listens on a port of its own choice."""

import good

chosen = good.port() + 1
good.port = lambda: chosen
good.serve()
