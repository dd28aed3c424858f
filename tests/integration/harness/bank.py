"""Data that shows in any copy whether it is a committed state: money, a journal of its moves, documents, ids.

A `Teller` is what one client does: it moves money between accounts in several tablespaces and writes every move into the
journal, and churns documents of all sizes, whose sums it keeps in another table. `problems()` reads a copy.
"""

import json
import zlib
from dataclasses import dataclass, replace
from typing import Callable

from .mysqld import Mysqld
from .session import Acknowledged, Session

ACCOUNTS = 60
START_BALANCE = 1000

_DOCUMENTS_KEPT = 40  # of one client in one table


class Bank:
    """The tables of the schema `bank`, made if they are not there. Each format has accounts and documents of its own."""

    def __init__(self, server: Mysqld, *, encryption: bool = False):
        self.formats = _table_formats(server.scalar("SELECT @@innodb_page_size"), encryption)
        server.run("CREATE SCHEMA IF NOT EXISTS bank")
        if not server.query("SHOW TABLES FROM bank LIKE 'journal'"):
            self._make(server)
        accounts = server.query("SELECT id, format FROM bank.account")
        self.account_tables = {number: f"bank.account_{name}" for number, name in accounts}
        self.document_tables = [f"bank.document_{name}" for name in sorted({name for _, name in accounts})]

    def _make(self, server: Mysqld) -> None:
        server.run(
            "CREATE TABLE bank.journal (id BIGINT AUTO_INCREMENT PRIMARY KEY, client INT NOT NULL,"
            " number INT NOT NULL, payer INT NOT NULL, payee INT NOT NULL, amount INT NOT NULL,"
            " UNIQUE (client, number), KEY (payer), KEY (payee))",
            "CREATE TABLE bank.progress (client INT PRIMARY KEY, moves INT NOT NULL)",
            "CREATE TABLE bank.shelf (client INT, name VARCHAR(60), documents INT NOT NULL, sum BIGINT NOT NULL,"
            " PRIMARY KEY (client, name))",
            "CREATE TABLE bank.forgotten (id BIGINT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(500))",
            "CREATE TABLE bank.never_committed (id BIGINT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(500))")
        for place, (name, clause) in enumerate(self.formats.items()):
            accounts = range(place, ACCOUNTS, len(self.formats))
            server.run(
                f"CREATE TABLE bank.account_{name} (id INT PRIMARY KEY, balance INT NOT NULL, KEY (balance)) {clause}",
                f"INSERT INTO bank.account_{name} VALUES "
                + ", ".join(f"({number}, {START_BALANCE})" for number in accounts),
                f"CREATE TABLE bank.document_{name} (id BIGINT AUTO_INCREMENT PRIMARY KEY,"
                " client INT NOT NULL, body MEDIUMBLOB NOT NULL, body_crc INT UNSIGNED NOT NULL, doc JSON, note TEXT,"
                f" KEY (note(30)), KEY (client)) {clause}")
        server.run("CREATE VIEW bank.account AS " + " UNION ALL ".join(
            f"SELECT '{name}' AS format, id, balance FROM bank.account_{name}" for name in self.formats))


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


@dataclass(frozen=True)
class _Document:
    body_crc: int
    note: str
    n: int

    def sum(self) -> int:
        return self.body_crc + zlib.crc32(self.note.encode()) + self.n


_SUM = "body_crc + CRC32(note) + (doc->'$.n')"  # the same by the server


class Teller:
    """What one client does with the bank, going on where it stopped before.

    `named` moves are transactions with GTIDs of this client, counted from 1: what a copy says that it has executed can
    then be compared with what it has.
    """

    def __init__(self, session: Session, bank: Bank, *, named: bool = False):
        self._session = session
        self._random = session.random
        self._bank = bank
        self._named = named
        client = [session.number]
        session.run("INSERT IGNORE INTO bank.progress VALUES (%s, 0)", client)
        session.moves = session.rows("SELECT moves FROM bank.progress WHERE client = %s", client)[0][0]
        self._documents = {table: {number: _Document(crc, note, int(n)) for number, crc, note, n in session.rows(
            f"SELECT id, body_crc, note, doc->'$.n' FROM {table} WHERE client = %s ORDER BY id", client)}
                           for table in bank.document_tables}
        for table in self._documents:
            session.run("INSERT IGNORE INTO bank.shelf VALUES (%s, %s, 0, 0)", [session.number, table])

    def steps(self) -> dict[Callable[[], None], int]:
        """What it does, and how often."""
        return {self._transfer: 50, self._churn: 35, self._insert_and_forget: 10}

    def _transfer(self) -> None:
        """A move or two in a transaction that is sometimes rolled back."""
        moves = 1 if self._named else self._random.choice((1, 1, 2))
        if self._named:
            self._session.run("SET gtid_next = %s", [f"{client_uuid(self._session.number)}:{self._session.moves + 1}"])
        try:
            self._session.run("BEGIN")
            for number in range(moves):
                self._move(self._session.moves + 1 + number)
            self._session.run("UPDATE bank.progress SET moves = moves + %s WHERE client = %s",
                              [moves, self._session.number])
            if self._random.random() < 0.1:
                self._session.run("ROLLBACK")
                return
            self._session.run("COMMIT")
            self._session.acknowledge(moves=moves)
        finally:
            if self._named:
                self._session.rollback()
                self._session.run("SET gtid_next = AUTOMATIC")

    def _move(self, number: int) -> None:
        payer, payee = self._random.sample(list(self._bank.account_tables), 2)
        amount = self._random.randint(1, 100)
        for account, change in ((payer, -amount), (payee, amount)):
            self._session.run(f"UPDATE {self._bank.account_tables[account]} SET balance = balance + %s WHERE id = %s",
                              [change, account])
        self._session.insert("bank.journal", "client, number, payer, payee, amount",
                             [self._session.number, number, payer, payee, amount])

    def _churn(self) -> None:
        """Inserts, changes or deletes a document, or leaves too many of them; small ones, pages, and ones of many pages."""
        table = self._random.choice(list(self._documents))
        documents = dict(self._documents[table])
        choice = self._random.random()
        self._session.run("BEGIN")
        if choice < 0.5 or not documents:
            number, document = self._write(table)
            documents[number] = document
        elif choice < 0.9:
            number = self._random.choice(list(documents))
            documents[number] = self._change(table, number, documents[number])
        if choice >= 0.9 or len(documents) > _DOCUMENTS_KEPT:
            number = self._random.choice(list(documents))
            self._session.run(f"DELETE FROM {table} WHERE id = %s", [number])
            del documents[number]
        self._session.run("UPDATE bank.shelf SET documents = %s, sum = %s WHERE client = %s AND name = %s",
                          [len(documents), sum(document.sum() for document in documents.values()),
                           self._session.number, table])
        self._session.run("COMMIT")
        self._documents[table] = documents
        self._session.acknowledge()

    def _write(self, table: str) -> tuple[int, _Document]:
        body = self._body()
        document = _Document(zlib.crc32(body), f"{self._random.randrange(1000)} " + "note " * self._random.randrange(200), 0)
        doc = json.dumps({"n": 0, "note": document.note, "list": list(range(len(document.note) % 50))})
        number = self._session.insert(table, "client, body, body_crc, doc, note",
                                      [self._session.number, body, document.body_crc, doc, document.note])
        return number, document

    def _change(self, table: str, number: int, document: _Document) -> _Document:
        if self._random.random() < 0.5:
            body = self._body()
            self._session.run(f"UPDATE {table} SET body = %s, body_crc = %s WHERE id = %s",
                              [body, zlib.crc32(body), number])
            return replace(document, body_crc=zlib.crc32(body))
        n = self._random.randrange(1000)
        self._session.run(f"UPDATE {table} SET doc = JSON_SET(doc, '$.n', %s), note = REVERSE(note) WHERE id = %s",
                          [n, number])
        return replace(document, note=document.note[::-1], n=n)

    def _body(self) -> bytes:
        size = self._random.choice((0, 60, 700, 3000, 8000, 16000, 50_000, 150_000))
        if self._random.random() < 0.5:
            return self._random.randbytes(size)
        return (self._random.randbytes(40) * (size // 40 + 1))[:size]

    def _insert_and_forget(self) -> None:
        number = self._session.insert("bank.forgotten", "v", ["x" * self._random.randrange(500)])
        self._session.run("DELETE FROM bank.forgotten WHERE id = %s", [number])
        self._session.acknowledge()


def client_uuid(client: int) -> str:
    """The source of the GTIDs of a client."""
    return f"{client:08x}-0000-0000-0000-000000000000"


# -- checking -----------------------------------------------------------------------------------------------------------

def problems(server: Mysqld, told: Acknowledged) -> list[str]:
    """Why `server` has no committed state of the bank, or one that is older than `told`."""
    return [*_check_money(server), *_check_moves(server, told), *_check_documents(server), *_check_ids(server, told)]


def _check_money(server: Mysqld) -> list[str]:
    found = []
    total = server.scalar("SELECT SUM(balance) FROM bank.account")
    if total != ACCOUNTS * START_BALANCE:
        found.append(f"{total} in all accounts, expected {ACCOUNTS * START_BALANCE}")
    differing = server.query(
        "SELECT id, balance, expected FROM (SELECT id, balance, %s"
        " + COALESCE((SELECT SUM(amount) FROM bank.journal WHERE payee = account.id), 0)"
        " - COALESCE((SELECT SUM(amount) FROM bank.journal WHERE payer = account.id), 0) AS expected"
        " FROM bank.account) AS sums WHERE balance <> expected", [START_BALANCE])
    found += [f"account {account}: balance {balance}, by the journal {expected}"
              for account, balance, expected in differing]
    uncommitted = server.scalar("SELECT COUNT(*) FROM bank.never_committed")
    if uncommitted:
        found.append(f"{uncommitted} rows of transactions that were never committed")
    return found


def _check_moves(server: Mysqld, told: Acknowledged) -> list[str]:
    found = []
    progress = {client: (moves, rows, last) for client, moves, rows, last in server.query(
        "SELECT client, moves, (SELECT COUNT(*) FROM bank.journal WHERE client = progress.client),"
        " (SELECT COALESCE(MAX(number), 0) FROM bank.journal WHERE client = progress.client) FROM bank.progress")}
    executed = server.scalar("SELECT @@global.gtid_executed").replace("\n", "").split(",")
    for client, expected in told.moves.items():
        moves, rows, last = progress.get(client, (0, 0, 0))
        if moves < expected:
            found.append(f"client {client}: {moves} moves, but {expected} were acknowledged")
        if not moves == rows == last:
            found.append(f"client {client}: {moves} moves, but {rows} rows up to {last} in the journal")
        named = f"{client_uuid(client)}:1-{moves}" if moves > 1 else f"{client_uuid(client)}:1"
        if told.named and moves and named not in executed:
            found.append(f"client {client}: {moves} moves, but gtid_executed is {executed}")
    return found


def _check_documents(server: Mysqld) -> list[str]:
    found = []
    shelf = {(client, name): (documents, total) for client, name, documents, total in server.query(
        "SELECT client, name, documents, sum FROM bank.shelf")}
    for name in sorted({name for _, name in shelf}):
        bad = server.scalar(f"SELECT COUNT(*) FROM {name} WHERE CRC32(body) <> body_crc OR JSON_VALID(doc) <> 1")
        if bad:
            found.append(f"{name}: {bad} documents are not what was written")
        sums = {client: (documents, int(total)) for client, documents, total in server.query(
            f"SELECT client, COUNT(*), SUM({_SUM}) FROM {name} GROUP BY client")}
        found += [f"{name}: documents and sum of client {client} are {sums.get(client, (0, 0))}, expected {expected}"
                  for (client, of), expected in shelf.items() if of == name and sums.get(client, (0, 0)) != expected]
    return found


def _check_ids(server: Mysqld, told: Acknowledged) -> list[str]:
    """The next AUTO_INCREMENT value is above every one that was given, also those of rows that are gone."""
    found = []
    values = {"bank.journal": "(client, number, payer, payee, amount) VALUES (-1, -1, 1, 1, 0)",
              "bank.forgotten": "() VALUES ()"}
    with server.connect() as connection, connection.cursor() as cursor:
        for table, highest in told.ids.items():
            cursor.execute("BEGIN")
            cursor.execute(f"INSERT INTO {table} " + values.get(table, "(client, body, body_crc) VALUES (-1, '', 0)"))
            if cursor.lastrowid <= highest:
                found.append(f"{table}: the next id is {cursor.lastrowid}, but {highest} was given before")
            cursor.execute("ROLLBACK")
    return found
