"""One connection of a load: what it runs, and what it was told to be durable."""

import random
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Sequence

from .mysqld import Mysqld

LOCK_ERRORS = (1205, 1213)
STATEMENT_SECONDS = 60


@dataclass
class Acknowledged:
    """What a load was told to be durable. Later states may have more: clients go on, an answer can get lost."""

    seed: int
    named: bool = False  # moves are transactions with GTIDs of their clients
    moves: dict[int, int] = field(default_factory=dict)  # by client
    changes: dict[int, int] = field(default_factory=dict)  # of tables that it made, by client
    ids: dict[str, int] = field(default_factory=dict)  # by table, the highest one


class Session:
    """A connection of client `number`. What it acknowledges may be read from other threads at any time."""

    def __init__(self, server: Mysqld, number: int, seed: str):
        self.number = number
        self.random = random.Random(seed)
        self.moves = 0
        self.changes = 0
        self.commit_times: list[float] = []  # by time.monotonic()
        self._ids: dict[str, int] = {}
        self._unacknowledged_ids: dict[str, int] = {}
        self._lock = threading.Lock()
        self._connection = server.connect(read_timeout=STATEMENT_SECONDS)

    def run(self, sql: str, args: Sequence[Any] | None = None) -> int:
        """Runs one statement and returns the id that it gave."""
        with self._connection.cursor() as cursor:
            cursor.execute(sql, args)
            return cursor.lastrowid

    def rows(self, sql: str, args: Sequence[Any] | None = None) -> list[tuple]:
        with self._connection.cursor() as cursor:
            cursor.execute(sql, args)
            return list(cursor.fetchall())

    def insert(self, table: str, columns: str, values: Sequence[Any]) -> int:
        """Inserts a row and returns its id, which no later row may get."""
        places = ", ".join(["%s"] * len(values))
        number = self.run(f"INSERT INTO {table} ({columns}) VALUES ({places})", values)
        self._unacknowledged_ids[table] = number
        return number

    def acknowledge(self, *, moves: int = 0, changes: int = 0) -> None:
        """After a commit: it also made durable what came before it in the redo log, such as ids of a rollback."""
        with self._lock:
            self.moves += moves
            self.changes += changes
            self._ids |= self._unacknowledged_ids
            self.commit_times.append(time.monotonic())
        self._unacknowledged_ids.clear()

    def add_to(self, told: Acknowledged) -> None:
        with self._lock:
            told.moves[self.number] = self.moves
            told.changes[self.number] = self.changes
            for table, number in self._ids.items():
                told.ids[table] = max(number, told.ids.get(table, 0))

    def rollback(self) -> None:
        self._connection.rollback()

    def close(self) -> None:
        self._connection.close()
