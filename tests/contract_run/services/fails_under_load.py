"""It fails when more than two requests come at the same time."""

import threading
import time

from good import Handler, serve

places = threading.Semaphore(2)


class BusyError(Exception):
    pass


class Failing(Handler):
    def predict(self, instances: list[object]) -> list[int]:
        if not places.acquire(blocking=False):
            raise BusyError
        time.sleep(0.1)
        places.release()
        return super().predict(instances)

    def invocation(self, body: bytes) -> None:
        try:
            super().invocation(body)
        except BusyError:
            self.answer(500)


serve(Failing)
