"""It accepts connections one by one, with a pause after each, and hardly any may wait."""

import time

from good import Server, serve


class Narrow(Server):
    request_queue_size = 0

    def get_request(self):
        time.sleep(0.03)
        return super().get_request()


serve(server_class=Narrow)
