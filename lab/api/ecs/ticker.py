"""The thread that brings services on while only time is needed: draining targets, grace periods, delayed starts."""

import threading
from collections.abc import Callable

from . import services

INTERVAL = 1.0


class Ticker:
    """Ticks once a second while something is unsettled, and sleeps otherwise."""

    def __init__(self, lock: threading.Lock, changed: Callable[[], None]) -> None:
        """`lock` is held while a tick goes on; `changed` is called after one that changed something."""
        self._lock, self._changed = lock, changed
        self._wanted = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def touch(self) -> bool:
        """Ticks once, with the lock held by the caller, and goes on in the thread if need be. Whether it changed
        something."""
        has_changed = services.tick()
        if services.is_unsettled():
            if not self._thread.is_alive():
                self._thread.start()
            self._wanted.set()
        return has_changed

    def _run(self) -> None:
        while True:
            self._wanted.wait()
            # The interval is the clock's, not the load's: nothing is waited for that could be told.
            threading.Event().wait(INTERVAL)
            with self._lock:
                has_changed = services.tick()
                if not services.is_unsettled():
                    self._wanted.clear()
            if has_changed:
                self._changed()
