"""Waiting for a condition with a deadline, the only kind of waiting the tests do."""

import time
from typing import Callable, TypeVar

T = TypeVar("T")


class WaitTimeout(AssertionError):
    """The condition did not come true in time."""


def wait_until(condition: Callable[[], T], *, seconds: float, what: str, poll_seconds: float = 0.02) -> T:
    """Calls `condition` until it returns something true and returns that; `what` names it in the error."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() >= deadline:
            raise WaitTimeout(f"after {seconds:g} s still waiting for {what}")
        time.sleep(poll_seconds)
