"""It serves one request after the other, health checks included."""

import time
from http.server import HTTPServer

from good import Handler, serve


class Busy(Handler):
    def predict(self, instances: list[object]) -> list[int]:
        time.sleep(0.35)
        return super().predict(instances)


class Single(HTTPServer):
    request_queue_size = 128


serve(Busy, Single)
