"""/ping ends in an exception, and the connection with it."""

from good import Handler, serve


class Failing(Handler):
    def ping(self) -> None:
        raise RuntimeError


serve(Failing)
