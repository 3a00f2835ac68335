"""It does not survive a body of several megabytes."""

import os

from good import Handler, serve


class Fragile(Handler):
    def parse(self, body: bytes) -> list[object]:
        if len(body) > 4_000_000:
            os._exit(137)
        return super().parse(body)


serve(Fragile)
