"""A child process of it, in a session of its own, keeps the port after its end."""

import os
import threading
import time

import good

if os.fork() == 0:
    os.setsid()
    threading.Timer(15, os._exit, (0,)).start()  # nobody else would end it
    good.stop_gracefully = lambda _server: None
    good.serve()
while True:
    time.sleep(1)
