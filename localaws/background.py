"""Work in threads of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable


class BackgroundThreads:
    """Threads that each do one piece of work, and that can be waited for."""

    def __init__(self, name: str):
        self._name = name
        self._threads: set[threading.Thread] = set()
        self._lock = threading.Lock()

    def run(self, work: Callable[[], None]) -> None:
        """Begins the work in a new thread."""

        def run() -> None:
            try:
                work()
            finally:
                with self._lock:
                    self._threads.discard(threading.current_thread())

        thread = threading.Thread(target=run, name=self._name, daemon=True)
        with self._lock:
            self._threads.add(thread)
        thread.start()

    def join(self) -> None:
        """Waits for the work that has begun."""
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join()
