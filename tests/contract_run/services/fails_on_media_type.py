"""It fails on a Content-Type that it does not know."""

from good import Handler, serve


class Failing(Handler):
    def invocation(self, body: bytes) -> None:
        if self.headers.get("Content-Type") != "application/json":
            return self.answer(500)
        return super().invocation(body)


serve(Failing)
