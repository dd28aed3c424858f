"""Clients that work on a server at random until they are told to stop or it is killed; see `bank` and `made_tables`.

Every state that the server is in afterwards, recovered or cloned, must satisfy `check_load()`.
"""

import threading
from typing import Callable, Mapping, Self

import pymysql

from . import bank, copycheck, made_tables
from .mysqld import Mysqld
from .session import LOCK_ERRORS, STATEMENT_SECONDS, Acknowledged, Session
from .waiting import wait_until

# Every commit that is acknowledged survives kill -9; without a binary log the redo log alone decides about it.
DURABLE = ("--innodb-flush-method=nosync", "--innodb-flush-log-at-trx-commit=1", "--sync-binlog=1")
REDO_DECIDES = (*DURABLE, "--disable-log-bin")

# Pages stay in memory and the checkpoint where it was at the start, as long as the redo log has room.
LATE_CHECKPOINT = ("--innodb-max-dirty-pages-pct=99", "--innodb-max-dirty-pages-pct-lwm=99", "--innodb-idle-flush-pct=0",
                   "--innodb-adaptive-flushing=OFF", "--innodb-io-capacity=100", "--innodb-redo-log-capacity=512M",
                   "--innodb-buffer-pool-size=256M")

Step = Callable[[], None]


class Client(threading.Thread):
    """One connection that does random steps, `per_second` at most; it can be held between two of them."""

    def __init__(self, session: Session, steps: Mapping[Step, int], *, per_second: float | None = None):
        super().__init__(name=f"load-{session.number}", daemon=True)
        self.session = session
        self.error: Exception | None = None
        self._steps, self._weights = list(steps), list(steps.values())
        self._pause = 1 / per_second if per_second else 0
        self._turn = threading.Condition()
        self._busy = self._held = self._stopping = False

    def run(self) -> None:
        try:
            while self._next_turn():
                self._step(self.session.random.choices(self._steps, self._weights)[0])
        except Exception as error:  # pylint: disable=broad-except; a killed server surfaces as many things
            self.error = error
        finally:
            with self._turn:
                self._busy = False
                self._turn.notify_all()
            try:
                self.session.close()
            except pymysql.err.Error:
                pass

    def _next_turn(self) -> bool:
        with self._turn:
            self._busy = False
            self._turn.notify_all()
            if self._pause:
                self._turn.wait_for(lambda: self._stopping, self._pause)
            self._turn.wait_for(lambda: self._stopping or not self._held)
            self._busy = not self._stopping
            return self._busy

    def _step(self, step: Step) -> None:
        try:
            step()
        except pymysql.err.OperationalError as error:
            if error.args[0] not in LOCK_ERRORS:
                raise
            self.session.rollback()

    def hold(self) -> None:
        """Returns when what it was doing is done."""
        with self._turn:
            self._held = True
            done = self._turn.wait_for(lambda: not self._busy, STATEMENT_SECONDS)
            assert done, f"client {self.session.number} is still busy after {STATEMENT_SECONDS} s"

    def go_on(self) -> None:
        with self._turn:
            self._held = False
            self._turn.notify_all()

    def end(self) -> None:
        with self._turn:
            self._stopping = True
            self._turn.notify_all()


class Load:
    """One load against a running server, from `start()` to `crash()` or `stop()`, or as a context.

    What an earlier load left is taken over, so rounds of load, clone, crash and restart can go on in one data directory.
    Each client leaves a transaction open that nobody ends: recovery has to roll it back.
    """

    def __init__(self, server: Mysqld, *, seed: int, encryption: bool = False, named: bool = False):
        self.server = server
        self.seed = seed
        self.bank = bank.Bank(server, encryption=encryption)
        made_tables.Maker.prepare(server)
        self.clients: list[Client] = []
        self._named = named
        self._crashing = False
        self._open: list[pymysql.connections.Connection] = []

    def new_session(self) -> Session:
        """For the next client, to be given to `add_client()`."""
        number = len(self.clients)
        return Session(self.server, number, f"{self.seed}/{number}")

    def add_client(self, session: Session, steps: Mapping[Step, int], *, per_second: float | None = None) -> Client:
        self.clients.append(Client(session, steps, per_second=per_second))
        return self.clients[-1]

    # -- life ---------------------------------------------------------------------------------------------------------

    def start(self) -> Self:
        for client in self.clients:
            self._leave_open()
            client.start()
        return self

    def _leave_open(self) -> None:
        self._open.append(self.server.connect(read_timeout=STATEMENT_SECONDS))
        with self._open[-1].cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("INSERT INTO bank.never_committed (v) VALUES " + ", ".join(["(REPEAT('never', 80))"] * 100))

    def commits(self, since: float = 0.0) -> int:
        """Acknowledged over all clients, since the start or a moment of time.monotonic()."""
        return sum(sum(moment >= since for moment in list(client.session.commit_times)) for client in self.clients)

    def wait_commits(self, count: int, seconds: float = STATEMENT_SECONDS) -> Self:
        """Waits until `count` more transactions were acknowledged."""
        goal = self.commits() + count

        def reached() -> bool:
            self._raise_errors()
            return self.commits() >= goal
        wait_until(reached, seconds=seconds, what=f"{count} commits of a load")
        return self

    def acknowledged(self) -> Acknowledged:
        """What was told to the clients by now."""
        told = Acknowledged(self.seed, named=self._named)
        for client in self.clients:
            client.session.add_to(told)
        return told

    def crash(self) -> Acknowledged:
        """kill -9 in the middle of everything."""
        self._crashing = True
        self.server.kill()
        return self._end()

    def stop(self) -> Acknowledged:
        """Ends the clients in order and leaves the server running."""
        return self._end()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type | None, *_: object) -> None:
        self._end_clients()
        if kind is None:
            self._raise_errors()

    def _end(self) -> Acknowledged:
        self._end_clients()
        self._raise_errors()
        return self.acknowledged()

    def _end_clients(self) -> None:
        for client in self.clients:
            client.end()
        for client in self.clients:
            if client.ident is not None:
                client.join()
        for connection in self._open:
            try:
                connection.close()
            except pymysql.err.Error:
                pass

    def _raise_errors(self) -> None:
        for client in self.clients:
            if client.error is not None and not self._crashing:
                raise AssertionError(f"client {client.session.number} of the load with seed {self.seed}: {client.error!r}"
                                     f"\n{self.server.log_tail(10)}") from client.error


# -- checking -----------------------------------------------------------------------------------------------------------

def check_load(server: Mysqld, told: Acknowledged) -> None:
    """Raises AssertionError unless `server` is healthy, in a state that was, and that not older than `told`."""
    _raise(told, _content_problems(server, told) + copycheck.health_problems(server))


def check_load_contents(server: Mysqld, told: Acknowledged) -> None:
    """The same for a server whose health `copycheck.check_copy` has seen."""
    _raise(told, _content_problems(server, told))


def _content_problems(server: Mysqld, told: Acknowledged) -> list[str]:
    return bank.problems(server, told) + made_tables.problems(server, told)


def _raise(told: Acknowledged, problems: list[str]) -> None:
    if problems:
        shown = "\n  ".join(problems[:50])
        raise AssertionError(f"after the load with seed {told.seed} ({len(problems)} problems):\n  {shown}")
