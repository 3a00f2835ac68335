"""It answers, and never says that it is ready."""

from good import Handler, serve


class Loading(Handler):
    def ping(self) -> None:
        self.answer(503)


serve(Loading)
