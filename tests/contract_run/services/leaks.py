"""It remembers every request."""

from good import Handler, serve

remembered = []


class Leaking(Handler):
    def predict(self, instances: list[object]) -> list[int]:
        remembered.append(bytearray(b"\1" * 2_000_000))
        return super().predict(instances)


serve(Leaking)
