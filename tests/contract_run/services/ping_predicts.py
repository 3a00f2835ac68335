"""/ping makes a prediction, and predictions wait in one queue."""

import time
from concurrent.futures import ThreadPoolExecutor

from good import Handler, serve

model = ThreadPoolExecutor(1)


class Predicting(Handler):
    def ping(self) -> None:
        self.predict(["health"])
        self.answer(200)

    def predict(self, instances: list[object]) -> list[int]:
        model.submit(time.sleep, 0.35).result()
        return super().predict(instances)


serve(Predicting)
