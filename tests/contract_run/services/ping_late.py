"""/ping takes longer than a health check waits."""

import time

from good import Handler, serve


class Late(Handler):
    def ping(self) -> None:
        time.sleep(1.5)
        self.answer(200)


serve(Late)
