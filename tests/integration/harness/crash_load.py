"""A load that can be checked after a crash: what was acknowledged must be there, and the sums must be right.

Several clients move money between accounts, write every move into a journal, churn documents of all sizes, and make,
rename, empty and drop tables. Each keeps on its own side what the server acknowledged. After `CrashLoad.crash()` any
server on the same data, recovered or cloned, must satisfy `check()`.
"""

import json
import random
import threading
import zlib
from dataclasses import dataclass, field
from typing import Any, Callable, Sequence

import pymysql

from . import copycheck
from .mysqld import Mysqld
from .waiting import wait_until

ACCOUNTS = 60
START_BALANCE = 1000

# Every commit that is acknowledged survives kill -9; without a binary log the redo log alone decides about it.
DURABLE = ("--innodb-flush-method=nosync", "--innodb-flush-log-at-trx-commit=1", "--sync-binlog=1")
REDO_DECIDES = (*DURABLE, "--disable-log-bin")

# Pages stay in memory and the checkpoint where it was at the start, as long as the redo log has room.
LATE_CHECKPOINT = ("--innodb-max-dirty-pages-pct=99", "--innodb-max-dirty-pages-pct-lwm=99", "--innodb-idle-flush-pct=0",
                   "--innodb-adaptive-flushing=OFF", "--innodb-io-capacity=100", "--innodb-redo-log-capacity=512M",
                   "--innodb-buffer-pool-size=256M")

_DDL_TABLES_KEPT = 5
_DOCUMENTS_KEPT = 40  # of one client in one table
_LOCK_ERRORS = (1205, 1213)
_WAIT_SECONDS = 60


@dataclass
class Acknowledged:
    """What a load was told to be durable. Later states may have more: an answer can be lost with the connection."""

    seed: int
    moves: dict[int, int] = field(default_factory=dict)  # by client
    ids: dict[str, int] = field(default_factory=dict)  # by table, the highest one
    made_tables: dict[str, int] = field(default_factory=dict)  # and their rows
    uncertain_tables: set[str] = field(default_factory=set)  # a statement about them was under way


class CrashLoad:
    """One load against a running server, from `start()` to `crash()` or `stop()`.

    What an earlier load left is taken over, so rounds of load, crash and restart can go on in one data directory.
    `ddl` makes and drops tables; `encryption` needs a keyring and encrypts some of them.
    """

    def __init__(self, server: Mysqld, *, seed: int, clients: int = 4, ddl: bool = True, encryption: bool = False):
        self.server = server
        self.seed = seed
        self._ddl = ddl
        self._crashing = False
        self._stopping = threading.Event()
        self._formats = _table_formats(server.scalar("SELECT @@innodb_page_size"), encryption)
        self._prepare()
        self._clients = [_Client(self, number) for number in range(clients)]

    def _prepare(self) -> None:
        self.server.run("CREATE SCHEMA IF NOT EXISTS bank", "CREATE SCHEMA IF NOT EXISTS made")
        if not self.server.query("SHOW TABLES FROM bank LIKE 'account'"):
            self.server.run(
                "CREATE TABLE bank.journal (id BIGINT AUTO_INCREMENT PRIMARY KEY, client INT NOT NULL,"
                " number INT NOT NULL, payer INT NOT NULL, payee INT NOT NULL, amount INT NOT NULL,"
                " UNIQUE (client, number), KEY (payer), KEY (payee))",
                "CREATE TABLE bank.progress (client INT PRIMARY KEY, moves INT NOT NULL)",
                "CREATE TABLE bank.forgotten (id BIGINT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(500))",
                "CREATE TABLE bank.never_committed (id BIGINT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(500))",
                "CREATE TABLE bank.account (id INT PRIMARY KEY, balance INT NOT NULL, KEY (balance))",
                "INSERT INTO bank.account VALUES "
                + ", ".join(f"({number}, {START_BALANCE})" for number in range(ACCOUNTS)))
        for name, clause in self._formats.items():
            self.server.run(
                f"CREATE TABLE IF NOT EXISTS bank.document_{name} (id BIGINT AUTO_INCREMENT PRIMARY KEY,"
                " client INT NOT NULL, body MEDIUMBLOB NOT NULL, body_crc INT UNSIGNED NOT NULL, doc JSON, note TEXT,"
                f" KEY (note(30)), KEY (client)) {clause}")

    # -- life ---------------------------------------------------------------------------------------------------------

    def start(self) -> "CrashLoad":
        for client in self._clients:
            client.start()
        return self

    def commits(self) -> int:
        """Acknowledged since the start, over all clients."""
        return sum(client.commits for client in self._clients)

    def wait_commits(self, count: int, seconds: float = _WAIT_SECONDS) -> "CrashLoad":
        """Waits until `count` transactions were acknowledged since the start."""
        def reached() -> bool:
            self._raise_errors()
            return self.commits() >= count
        wait_until(reached, seconds=seconds, what=f"{count} commits of a load")
        return self

    def crash(self) -> Acknowledged:
        """kill -9 in the middle of everything."""
        self._crashing = True
        self.server.kill()
        return self._end()

    def stop(self) -> Acknowledged:
        """Ends the clients in order and leaves the server running."""
        self._stopping.set()
        return self._end()

    def _end(self) -> Acknowledged:
        for client in self._clients:
            client.join()
        self._raise_errors()
        told = Acknowledged(self.seed)
        for client in self._clients:
            told.moves[client.number] = client.moves
            told.made_tables |= client.made_tables
            told.uncertain_tables |= client.uncertain_tables
            for table, number in client.ids.items():
                told.ids[table] = max(number, told.ids.get(table, 0))
        return told

    def _raise_errors(self) -> None:
        for client in self._clients:
            if client.error is not None:
                raise AssertionError(f"client {client.number} of the load with seed {self.seed}: {client.error!r}"
                                     f"\n{self.server.log_tail(10)}") from client.error

    # -- for the clients ----------------------------------------------------------------------------------------------

    @property
    def ddl(self) -> bool:
        return self._ddl

    @property
    def formats(self) -> dict[str, str]:
        return self._formats

    @property
    def stopping(self) -> bool:
        return self._stopping.is_set()

    @property
    def crashing(self) -> bool:
        return self._crashing


def _table_formats(page_bytes: int, encryption: bool) -> dict[str, str]:
    """Clauses of CREATE TABLE by a word for names: what a server with such pages can have."""
    formats = {"plain": ""}
    if page_bytes <= 16384:
        formats["zip"] = f"ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE={page_bytes // 2048}"
    if page_bytes >= 8192:
        formats["redundant"] = "ROW_FORMAT=REDUNDANT"
        formats["zlib"] = "COMPRESSION='zlib'"
        formats["lz4"] = "COMPRESSION='lz4'"
    if encryption:
        formats["encrypted"] = "ENCRYPTION='Y'"
    return formats


class _Client(threading.Thread):
    """One connection that does random things, and remembers what was acknowledged."""

    def __init__(self, load: CrashLoad, number: int):
        super().__init__(name=f"load-{number}", daemon=True)
        self.number = number
        self.commits = 0
        self.moves: int = load.server.scalar("SELECT moves FROM bank.progress WHERE client = %s", [number]) or 0
        self.ids: dict[str, int] = {}
        self.made_tables: dict[str, int] = {}
        self.uncertain_tables: set[str] = set()
        self.error: Exception | None = None
        self._load = load
        self._random = random.Random(f"{load.seed}/{number}/{self.moves}")
        self._unacknowledged_ids: dict[str, int] = {}
        self._documents: dict[str, list[int]] = {}
        self._last_table = 0
        self._take_over(load.server)
        self._connection = load.server.connect(read_timeout=_WAIT_SECONDS)

    def _take_over(self, server: Mysqld) -> None:
        server.query("INSERT IGNORE INTO bank.progress VALUES (%s, 0)", [self.number])
        for name in self._load.formats:
            table = f"bank.document_{name}"
            self._documents[table] = [row[0] for row in server.query(
                f"SELECT id FROM {table} WHERE client = %s ORDER BY id", [self.number])]
        for (name,) in server.query(r"SHOW TABLES FROM made LIKE %s", [rf"t\_{self.number}\_%"]):
            self.made_tables[f"made.{name}"] = server.scalar(f"SELECT COUNT(*) FROM made.{name}")
            self._last_table = max(self._last_table, int(name.split("_")[2]))

    def run(self) -> None:
        steps = {self._transfer: 50, self._churn: 35, self._insert_and_forget: 10, self._define: 5 if self._load.ddl else 0}
        try:
            self._leave_open()
            while not self._load.stopping:
                self._step(self._random.choices(list(steps), list(steps.values()))[0])
        except Exception as error:  # pylint: disable=broad-except; a killed server surfaces as many things
            if not self._load.crashing:
                self.error = error
        finally:
            try:
                self._open.close()
                self._connection.close()
            except (AttributeError, pymysql.err.Error):
                pass

    def _step(self, step: Callable[[], None]) -> None:
        try:
            step()
        except pymysql.err.OperationalError as error:
            if error.args[0] not in _LOCK_ERRORS:
                raise
            self._connection.rollback()

    def _run(self, sql: str, args: Sequence[Any] = ()) -> int:
        """Runs one statement and returns the id that it gave."""
        with self._connection.cursor() as cursor:
            cursor.execute(sql, args)
            return cursor.lastrowid

    def _insert(self, table: str, columns: str, values: Sequence[Any]) -> int:
        places = ", ".join(["%s"] * len(values))
        number = self._run(f"INSERT INTO {table} ({columns}) VALUES ({places})", values)
        self._unacknowledged_ids[table] = number
        return number

    def _acknowledge(self) -> None:
        """After a commit: it also made durable what came before it in the redo log, such as ids of a rollback."""
        self.ids |= self._unacknowledged_ids
        self._unacknowledged_ids.clear()
        self.commits += 1

    # -- what it does -------------------------------------------------------------------------------------------------

    def _leave_open(self) -> None:
        """A transaction on a second connection that nobody ends: recovery has to roll it back."""
        self._open = self._load.server.connect(read_timeout=_WAIT_SECONDS)
        with self._open.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("INSERT INTO bank.never_committed (v) VALUES " + ", ".join(["(REPEAT('never', 80))"] * 100))

    def _transfer(self) -> None:
        """One or two moves in a transaction that is sometimes rolled back."""
        moves = self._moves_of_one_transaction()
        self._run("BEGIN")
        for number, (payer, payee, amount) in enumerate(moves, self.moves + 1):
            self._run("UPDATE bank.account SET balance = balance - %s WHERE id = %s", [amount, payer])
            self._run("UPDATE bank.account SET balance = balance + %s WHERE id = %s", [amount, payee])
            self._insert("bank.journal", "client, number, payer, payee, amount",
                         [self.number, number, payer, payee, amount])
        self._run("UPDATE bank.progress SET moves = moves + %s WHERE client = %s", [len(moves), self.number])
        if self._random.random() < 0.1:
            self._run("ROLLBACK")
            return
        self._run("COMMIT")
        self.moves += len(moves)
        self._acknowledge()

    def _moves_of_one_transaction(self) -> list[tuple[int, int, int]]:
        return [(*self._random.sample(range(ACCOUNTS), 2), self._random.randint(1, 100))
                for _ in range(self._random.choice((1, 1, 2)))]

    def _churn(self) -> None:
        """Inserts, changes or deletes a document; small ones, pages, and ones of many pages."""
        table = self._random.choice(list(self._documents))
        known = self._documents[table]
        choice = self._random.random()
        body = self._body()
        if choice < 0.5 or not known:
            note = f"{self._random.randrange(1000)} " + "note " * self._random.randrange(200)
            known.append(self._insert(table, "client, body, body_crc, doc, note",
                                      [self.number, body, zlib.crc32(body), _document(note), note]))
        elif choice < 0.7:
            self._run(f"UPDATE {table} SET body = %s, body_crc = %s WHERE id = %s",
                      [body, zlib.crc32(body), self._random.choice(known)])
        elif choice < 0.9:
            self._run(f"UPDATE {table} SET doc = JSON_SET(doc, '$.n', %s), note = REVERSE(note) WHERE id = %s",
                      [self._random.randrange(1000), self._random.choice(known)])
        if choice >= 0.9 or len(known) > _DOCUMENTS_KEPT:
            self._run(f"DELETE FROM {table} WHERE id = %s", [known.pop(self._random.randrange(len(known)))])
        self._acknowledge()

    def _body(self) -> bytes:
        size = self._random.choice((0, 60, 700, 3000, 8000, 16000, 50_000, 150_000))
        if self._random.random() < 0.5:
            return self._random.randbytes(size)
        return (self._random.randbytes(40) * (size // 40 + 1))[:size]

    def _insert_and_forget(self) -> None:
        number = self._insert("bank.forgotten", "v", ["x" * self._random.randrange(500)])
        self._run("DELETE FROM bank.forgotten WHERE id = %s", [number])
        self._acknowledge()

    def _define(self) -> None:
        """One statement about a table of its own."""
        if len(self.made_tables) < 2 or (len(self.made_tables) < _DDL_TABLES_KEPT and self._random.random() < 0.5):
            self._create()
            return
        name = self._random.choice(list(self.made_tables))
        change = self._random.choice(("truncate", "rename", "drop", "index", "column", "rebuild", "rows"))
        if change == "truncate":
            self._change(name, f"TRUNCATE TABLE {name}", rows=0)
        elif change == "drop":
            self._change(name, f"DROP TABLE {name}", rows=None)
        elif change == "rename":
            renamed = self._next_table()
            self._change(name, f"RENAME TABLE {name} TO {renamed}", rows=self.made_tables[name], renamed=renamed)
        elif change == "index":
            self._change(name, f"ALTER TABLE {name} ADD KEY (v(30)), ALGORITHM=INPLACE", rows=self.made_tables[name])
        elif change == "column":
            self._change(name, f"ALTER TABLE {name} ADD COLUMN c{self._random.randrange(10**9)} INT DEFAULT 7",
                         rows=self.made_tables[name])
        elif change == "rebuild":
            self._change(name, f"ALTER TABLE {name} FORCE, ALGORITHM={self._random.choice(('INPLACE', 'COPY'))}",
                         rows=self.made_tables[name])
        else:
            self._fill(name)

    def _next_table(self) -> str:
        self._last_table += 1
        return f"made.t_{self.number}_{self._last_table}"

    def _create(self) -> None:
        name = self._next_table()
        clauses = [*self._load.formats.values(), "PARTITION BY HASH (id) PARTITIONS 3"]
        self._change(name, f"CREATE TABLE {name} (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(300))"
                     f" {self._random.choice(clauses)}", rows=0)
        self._fill(name)

    def _fill(self, name: str) -> None:
        count = self._random.choice((1, 20, 300))
        self._change(name, f"INSERT INTO {name} (v) VALUES " + ", ".join(f"(REPEAT('v{row}', 50))" for row in range(count)),
                     rows=self.made_tables[name] + count)

    def _change(self, name: str, statement: str, *, rows: int | None, renamed: str | None = None) -> None:
        """Runs a statement; while it runs nobody knows which of both states a crash leaves. `rows=None`: it is gone."""
        self.uncertain_tables = {name, renamed or name}
        self._run(statement)
        self.uncertain_tables = set()
        self.made_tables.pop(name, None)
        if rows is not None:
            self.made_tables[renamed or name] = rows
        self._acknowledge()


def _document(note: str) -> str:
    return json.dumps({"n": 0, "note": note, "list": list(range(len(note) % 50))})


# -- checking -----------------------------------------------------------------------------------------------------------

def check(server: Mysqld, told: Acknowledged) -> None:
    """Raises AssertionError unless `server` has everything that was acknowledged, nothing that cannot be, and is healthy."""
    _raise(told, _content_problems(server, told) + copycheck.health_problems(server))


def check_contents(server: Mysqld, told: Acknowledged) -> None:
    """The same for a server whose health `copycheck.check_copy` has seen."""
    _raise(told, _content_problems(server, told))


def _content_problems(server: Mysqld, told: Acknowledged) -> list[str]:
    return [*_check_money(server), *_check_acknowledged(server, told), *_check_tables(server, told),
            *_check_ids(server, told)]


def _raise(told: Acknowledged, problems: list[str]) -> None:
    if problems:
        shown = "\n  ".join(problems[:50])
        raise AssertionError(f"after the load with seed {told.seed} ({len(problems)} problems):\n  {shown}")


def _check_money(server: Mysqld) -> list[str]:
    problems = []
    total = server.scalar("SELECT SUM(balance) FROM bank.account")
    if total != ACCOUNTS * START_BALANCE:
        problems.append(f"{total} in all accounts, expected {ACCOUNTS * START_BALANCE}")
    differing = server.query(
        "SELECT id, balance, expected FROM (SELECT id, balance, %s"
        " + COALESCE((SELECT SUM(amount) FROM bank.journal WHERE payee = account.id), 0)"
        " - COALESCE((SELECT SUM(amount) FROM bank.journal WHERE payer = account.id), 0) AS expected"
        " FROM bank.account) AS sums WHERE balance <> expected", [START_BALANCE])
    problems += [f"account {account}: balance {balance}, by the journal {expected}"
                 for account, balance, expected in differing]
    uncommitted = server.scalar("SELECT COUNT(*) FROM bank.never_committed")
    if uncommitted:
        problems.append(f"{uncommitted} rows of transactions that were never committed")
    return problems


def _check_acknowledged(server: Mysqld, told: Acknowledged) -> list[str]:
    problems = []
    found = {client: (moves, rows, last) for client, moves, rows, last in server.query(
        "SELECT client, moves, (SELECT COUNT(*) FROM bank.journal WHERE client = progress.client),"
        " (SELECT COALESCE(MAX(number), 0) FROM bank.journal WHERE client = progress.client) FROM bank.progress")}
    for client, expected in told.moves.items():
        moves, rows, last = found.get(client, (0, 0, 0))
        if moves < expected:
            problems.append(f"client {client}: {moves} moves, but {expected} were acknowledged")
        if not moves == rows == last:
            problems.append(f"client {client}: {moves} moves, but {rows} rows up to {last} in the journal")
    return problems


def _check_tables(server: Mysqld, told: Acknowledged) -> list[str]:
    problems = []
    found = {f"made.{name}" for (name,) in server.query("SHOW TABLES FROM made")}
    for name in sorted(found - told.made_tables.keys() - told.uncertain_tables):
        problems.append(f"{name} is there, but was dropped or never made")
    for name in sorted(told.made_tables.keys() - told.uncertain_tables):
        if name not in found:
            problems.append(f"{name} is not there")
        elif (rows := server.scalar(f"SELECT COUNT(*) FROM {name}")) != told.made_tables[name]:
            problems.append(f"{name}: {rows} rows, expected {told.made_tables[name]}")
    for (name,) in server.query(r"SHOW TABLES FROM bank LIKE 'document\_%'"):
        bad = server.scalar(f"SELECT COUNT(*) FROM bank.{name} WHERE CRC32(body) <> body_crc OR JSON_VALID(doc) <> 1")
        if bad:
            problems.append(f"bank.{name}: {bad} documents are not what was written")
    return problems


def _check_ids(server: Mysqld, told: Acknowledged) -> list[str]:
    """The next AUTO_INCREMENT value is above every one that was given, also those of rows that are gone."""
    problems = []
    values = {"bank.journal": "(client, number, payer, payee, amount) VALUES (-1, -1, 1, 1, 0)",
              "bank.forgotten": "() VALUES ()"}
    with server.connect() as connection, connection.cursor() as cursor:
        for table, highest in told.ids.items():
            cursor.execute("BEGIN")
            cursor.execute(f"INSERT INTO {table} " + values.get(table, "(client, body, body_crc) VALUES (-1, '', 0)"))
            if cursor.lastrowid <= highest:
                problems.append(f"{table}: the next id is {cursor.lastrowid}, but {highest} was given before")
            cursor.execute("ROLLBACK")
    return problems
