"""It does not survive a caller that hangs up in the middle of a request."""

import os

from good import Handler, serve


class Fragile(Handler):
    def invocation(self, body: bytes) -> None:
        if len(body) < int(self.headers.get("Content-Length", 0)):
            os._exit(1)
        super().invocation(body)


serve(Fragile)
