"""/ping sends health checks somewhere else."""

from good import Handler, serve


class Redirecting(Handler):
    def ping(self) -> None:
        self.answer(307, Location="/healthy")


serve(Redirecting)
