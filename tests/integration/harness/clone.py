"""CLONE INSTANCE on a recipient, in the background."""

import threading
from dataclasses import dataclass, field
from pathlib import Path

import pymysql

from .mysqld import Mysqld

PASSWORD = "Clone-me-1"

_RESTARTED = (2006, 2013)  # the connection may be gone before the OK of a clone that replaced the data is read


@dataclass
class CloneResult:
    """How the statement ended: error number 0 is success."""

    error: int = 0
    message: str = ""

    @property
    def ok(self) -> bool:
        return self.error == 0


@dataclass
class CloneOptions:
    """What a recipient is told; every field has the server's default unless a test says otherwise."""

    user: str = "clone"
    password: str = PASSWORD
    host: str = "127.0.0.1"
    directory: Path | None = None  # None: replace the recipient's own data
    require: str = ""  # "", "SSL" or "NO SSL"
    variables: dict[str, object] = field(default_factory=dict)  # without the clone_ prefix

    @staticmethod
    def threads(count: int) -> dict[str, object]:
        """Exactly `count` connections that carry data, from the start."""
        return {"max_concurrency": count, "autotune_concurrency": 0}


class Clone:
    """A running CLONE statement. `wait()` gives its result; the statement's own thread never raises."""

    def __init__(self, recipient: Mysqld, port: int, options: CloneOptions):
        self.recipient = recipient
        self.result: CloneResult | None = None
        recipient.query("SET GLOBAL clone_valid_donor_list = %s", [f"{options.host}:{port}"])
        for name, value in options.variables.items():
            recipient.query(f"SET GLOBAL clone_{name} = %s", [value])
        self.statement = (
            f"CLONE INSTANCE FROM '{options.user}'@'{options.host}':{port} IDENTIFIED BY '{options.password}'"
            + (f" DATA DIRECTORY = '{options.directory}'" if options.directory else "")
            + (f" REQUIRE {options.require}" if options.require else ""))
        self._connection = recipient.connect()
        self._replacing = options.directory is None
        self._thread = threading.Thread(target=self._run, name="clone", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        result = CloneResult()
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(self.statement)
        except pymysql.err.MySQLError as error:
            result = CloneResult(int(error.args[0]), str(error.args[1]) if len(error.args) > 1 else "")
            if self._replacing and self.recipient.supervised and result.error in _RESTARTED:
                result = CloneResult()  # await_restart() will tell success from a crash by the exit status
        except Exception as error:  # pylint: disable=broad-except; a closed socket surfaces as many things
            result = CloneResult(-1, f"{type(error).__name__}: {error}")
        finally:
            try:
                self._connection.close()
            except pymysql.err.Error:
                pass
        self.result = result

    @property
    def finished(self) -> bool:
        return self.result is not None

    def wait(self, seconds: float = 120) -> CloneResult:
        """Waits for the statement to end."""
        self._thread.join(seconds)
        assert self.result is not None, (
            f"still running after {seconds:g} s: {self.statement}\nrecipient:\n{self.recipient.log_tail()}")
        return self.result

    def wait_ok(self, seconds: float = 120) -> None:
        """Waits and expects success."""
        result = self.wait(seconds)
        assert result.ok, f"{result.error} {result.message} in: {self.statement}\nrecipient:\n{self.recipient.log_tail()}"

    def wait_error(self, number: int, *texts: str, seconds: float = 120) -> CloneResult:
        """Waits and expects this error with all of these texts in its message."""
        result = self.wait(seconds)
        missing = [text for text in texts if text not in result.message]
        assert result.error == number and not missing, (
            f"expected {number} with {list(texts)}, found {result.error} {result.message}\n{self.recipient.log_tail(15)}")
        return result


def start_clone(recipient: Mysqld, port: int, **options: object) -> Clone:
    """Starts a clone; `options` are the fields of CloneOptions."""
    return Clone(recipient, port, CloneOptions(**options))  # type: ignore[arg-type]


def clone(recipient: Mysqld, port: int, *, seconds: float = 120, **options: object) -> None:
    """Clones and expects success; a recipient whose own data was replaced is started again."""
    start_clone(recipient, port, **options).wait_ok(seconds)
    if options.get("directory") is None:
        recipient.await_restart()


def stage(recipient: Mysqld) -> str | None:
    """The stage of the clone that `recipient` is in, by performance_schema.clone_progress: FILE COPY, ..."""
    return recipient.scalar("SELECT stage FROM performance_schema.clone_progress WHERE state = 'In Progress' LIMIT 1")
