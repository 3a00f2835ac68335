"""It takes every header for its own."""

from good import Handler, serve


class Picky(Handler):
    def invocation(self, body: bytes) -> None:
        if any(name.lower().startswith("x-amzn") for name in self.headers):
            return self.answer(500)
        return super().invocation(body)


serve(Picky)
