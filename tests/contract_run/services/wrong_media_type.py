"""It says text/html and sends JSON."""

from good import Handler, serve


class Mislabelled(Handler):
    def answer(self, status: int, body: bytes = b"", content_type: str = "text/html", **headers: str) -> None:
        super().answer(status, body, content_type, **headers)


serve(Mislabelled)
