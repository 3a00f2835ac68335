"""It takes longer for an answer than SageMaker waits."""

import time

from good import Handler, serve


class Hanging(Handler):
    def predict(self, instances: list[object]) -> list[int]:
        time.sleep(60)
        return super().predict(instances)


serve(Hanging)
