"""The faults that donord can be told to have, in its own words: the only place that knows how they are spelt."""

from pathlib import Path

# The stages of a clone as donord counts them, in order.
STAGES = ("init", "file_copy", "page_copy", "redo_copy", "done")

# What donord logs when a fault strikes.
FIRED = r"\bfault\b.*point="


def disconnect(stage: str, *, after: int = 0, times: int = 1) -> str:
    """Closes the connection in place of the message after the first `after` ones of this stage."""
    return f"net.send stage={stage} after={after} times={times} action=disconnect"


def abort(stage: str, *, after: int = 0) -> str:
    """donord kills itself there."""
    return f"net.send stage={stage} after={after} action=abort"


def pause(stage: str, until: Path, *, after: int = 0) -> str:
    """Holds the connection there until the file `until` exists."""
    return f"net.send stage={stage} after={after} action=pause until={until}"


def delay(stage: str, milliseconds: int, *, after: int = 0, times: int = 1) -> str:
    """Sends the message that much later; `times=0` does so with all of them."""
    return f"net.send stage={stage} after={after} times={times} action=delay ms={milliseconds}"


def error(stage: str, number: int, *, after: int = 0) -> str:
    """Ends the clone with an error of this number."""
    return f"net.send stage={stage} after={after} action=error number={number}"


def pause_tail(until: Path) -> str:
    """Reads no further in the redo log of a running server as long as the file `until` does not exist."""
    return f"live.tail times=0 action=pause until={until}"


def together(*rules: str) -> str:
    return "; ".join(rules)
