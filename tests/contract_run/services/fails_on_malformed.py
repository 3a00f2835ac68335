"""It fails on JSON that is none."""

from good import Handler, serve


class Failing(Handler):
    def invocation(self, body: bytes) -> None:
        try:
            predictions = len(self.parse(body))
        except Exception:
            return self.answer(500, b'{"title": "failed"}')
        return self.answer(200, b'{"predictions": [%d]}' % predictions)


serve(Failing)
