"""/ping fails."""

from good import Handler, serve


class Failing(Handler):
    def ping(self) -> None:
        self.answer(500)


serve(Failing)
