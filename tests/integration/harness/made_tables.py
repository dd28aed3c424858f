"""Tables and tablespaces that come, change and go, each with a record of what it must be in any copy.

A record says what a thing is `now` and, while a statement about it is under way, what it may be `next`. Rows change in one
transaction with their record. So a copy itself tells whether it is a state that was.
"""

import json
from dataclasses import dataclass
from typing import Any, Callable, Mapping, Sequence

import pymysql

from .mysqld import Mysqld
from .session import LOCK_ERRORS, Acknowledged, Session
from .waiting import WaitTimeout, wait_until

State = dict[str, Any] | None  # of a table or tablespace; None: it does not exist
Rows = Callable[[str, Sequence[Any] | None], list[tuple]]  # runs a query

_SCHEMAS = ("made", "made_too")
_STAYS = "stays"
_TABLES_KEPT = 5  # of one client, as everything here
_NAMES = 4  # in each schema: few, so that a name comes back for another tablespace
_MOST = {"rows": 8000, "keys": 6, "columns": 20}
_CLONE_IN_PROGRESS = 3874
_LOCK_SECONDS = 30
_TRUNCATION_SECONDS = 5

# What is done, and how often.
CRASH_KINDS = {"create": 20, "fill": 10, "reverse": 10, "truncate": 10, "rename": 10, "drop": 10, "add_key": 10,
               "add_column": 10, "rebuild": 10}
LIVE_KINDS = CRASH_KINDS | {"drop_key": 5, "optimize": 5, "fulltext": 3, "tablespace": 8, "undo_tablespace": 2}
ENCRYPTION_KINDS = {"encrypt": 8, "encrypt_tablespace": 4, "rotate": 2}


@dataclass
class _Thing:
    """A table or tablespace as its maker knows it, under a number that no other one gets."""

    number: int
    state: State

    def __getitem__(self, key: str) -> Any:
        assert self.state is not None
        return self.state[key]


class Maker:
    """What one client does with things of its own, going on where it stopped before."""

    def __init__(self, session: Session, formats: Mapping[str, str], kinds: Mapping[str, int]):
        self._session = session
        self._random = session.random
        self._clauses = [*formats.values(), "PARTITION BY HASH (id) PARTITIONS 3"]
        self._kinds = dict(kinds)
        self._things: dict[int, _Thing] = {}
        session.run("SET SESSION lock_wait_timeout = %s", [_LOCK_SECONDS])
        session.run("INSERT IGNORE INTO bank.maker VALUES (%s, 0, 0)", [session.number])
        session.changes, self._last_number = session.rows("SELECT changes, last_number FROM bank.maker WHERE client = %s",
                                                          [session.number])[0]
        self._take_over()

    @staticmethod
    def prepare(server: Mysqld) -> None:
        """What the makers of all clients need.

        No schema is ever empty: recipients cannot rename a file into a directory that they do not have (error 1025).
        """
        server.run(*(f"CREATE SCHEMA IF NOT EXISTS {schema}" for schema in ("bank", *_SCHEMAS)),
                   *(f"CREATE TABLE IF NOT EXISTS {schema}.{_STAYS} (id INT PRIMARY KEY)" for schema in _SCHEMAS),
                   "CREATE TABLE IF NOT EXISTS bank.made (client INT, number INT, now JSON NOT NULL, next JSON,"
                   " PRIMARY KEY (client, number))",
                   "CREATE TABLE IF NOT EXISTS bank.maker (client INT PRIMARY KEY, changes INT NOT NULL,"
                   " last_number INT NOT NULL)")

    def _take_over(self) -> None:
        """Also what a crash left undecided."""
        for number, now, after in self._session.rows(
                "SELECT number, now, next FROM bank.made WHERE client = %s", [self._session.number]):
            self._things[number] = thing = _Thing(number, json.loads(now))
            self._last_number = max(self._last_number, number)  # it may not have been written yet
            if after is not None:
                found, problem = _decide(self._session.rows, thing.state, json.loads(after))
                assert problem is None, problem
                self._settle(thing, found)

    def change(self) -> None:
        """One statement, mostly."""
        self._do(self._random.choices(list(self._kinds), list(self._kinds.values()))[0])

    def everything(self) -> None:
        """Every kind of change three times."""
        for kind in 3 * list(self._kinds):
            self._do(kind)

    def drop_undo_tablespace(self) -> None:
        """No kind of change: a stock donor makes recipients of it that never start again, if they had one of that name."""
        for space in self._all("undo"):
            if self._truncate_undo(space["name"]):
                self._define(space, f"DROP UNDO TABLESPACE {space['name']}", gone=True)
            else:
                self._session.run(f"ALTER UNDO TABLESPACE {space['name']} SET ACTIVE")

    def _do(self, kind: str) -> None:
        if len(self._all("table")) < 2:
            kind = "create"
        getattr(self, f"_{kind}")()

    def _all(self, kind: str) -> list[_Thing]:
        return [thing for thing in self._things.values() if thing["kind"] == kind]

    # -- tables -------------------------------------------------------------------------------------------------------

    def _table(self) -> _Thing:
        return self._random.choice(self._all("table"))

    def _free_name(self) -> str:
        names = {f"{schema}.t_{self._session.number}_{number}" for schema in _SCHEMAS for number in range(_NAMES)}
        return self._random.choice(sorted(names - {table["name"] for table in self._all("table")}))

    def _create(self) -> None:
        if len(self._all("table")) >= _TABLES_KEPT:
            return self._drop()
        clause, space, encrypted = self._random.choice(self._clauses), None, False
        general = self._all("general")
        if general and self._random.random() < 0.4:
            space, encrypted = general[0].number, general[0]["encrypted"]
            clause = f"TABLESPACE {general[0]['name']} ENCRYPTION='{'Y' if encrypted else 'N'}'"
        name = self._free_name()
        state = {"kind": "table", "name": name, "rows": 0, "sum": 0, "keys": [], "columns": 2, "space": space,
                 "encrypted": encrypted or "ENCRYPTION" in clause, "parts": "PARTITION" in clause}
        self._add(f"CREATE TABLE {name} (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(300)) {clause}", state)
        return self._fill()

    def _fill(self) -> None:
        table = self._table()
        if table["rows"] > _MOST["rows"]:
            return self._truncate(table)
        rows = [f"{self._session.number}.{table.number}.{self._random.random()} " * self._random.randint(1, 8)
                for _ in range(self._random.choice((1, 20, 300, 2000)))]
        return self._write(table, f"INSERT INTO {table['name']} (v) VALUES " + ", ".join(f"('{row}')" for row in rows))

    def _reverse(self) -> None:
        table = self._table()
        self._write(table, f"UPDATE {table['name']} SET v = REVERSE(v) WHERE id % 3 = {self._random.randrange(3)}")

    def _truncate(self, table: _Thing | None = None) -> None:
        table = table or self._table()
        self._define(table, f"TRUNCATE TABLE {table['name']}", rows=0, sum=0)

    def _rename(self) -> None:
        table, name = self._table(), self._free_name()
        self._define(table, f"RENAME TABLE {table['name']} TO {name}", name=name)

    def _drop(self) -> None:
        table = self._table()
        self._define(table, f"DROP TABLE {table['name']}", gone=True)

    def _add_key(self) -> None:
        table = self._table()
        if len(table["keys"]) < _MOST["keys"]:
            key = f"k{self._session.changes}"
            self._define(table, f"ALTER TABLE {table['name']} ADD KEY {key} (v(30)), ALGORITHM=INPLACE",
                         keys=sorted({*table["keys"], key}))

    def _fulltext(self) -> None:
        table = self._table()
        if not table["parts"] and "words" not in table["keys"]:
            self._define(table, f"ALTER TABLE {table['name']} ADD FULLTEXT KEY words (v)",
                         keys=sorted({*table["keys"], "words"}))

    def _drop_key(self) -> None:
        table = self._table()
        if table["keys"]:
            key = self._random.choice(table["keys"])
            self._define(table, f"ALTER TABLE {table['name']} DROP KEY {key}", keys=sorted({*table["keys"]} - {key}))

    def _add_column(self) -> None:
        table = self._table()
        if table["columns"] < _MOST["columns"]:
            self._define(table, f"ALTER TABLE {table['name']} ADD COLUMN c{self._session.changes} INT DEFAULT 7",
                         columns=table["columns"] + 1)

    def _rebuild(self) -> None:
        table = self._table()
        algorithm = "COPY" if "words" in table["keys"] else self._random.choice(("INPLACE", "COPY"))
        self._define(table, f"ALTER TABLE {table['name']} FORCE, ALGORITHM={algorithm}")

    def _optimize(self) -> None:
        table = self._table()
        self._define(table, f"OPTIMIZE TABLE {table['name']}")

    def _encrypt(self) -> None:
        tables = [table for table in self._all("table") if table["space"] is None]
        if tables:
            table = self._random.choice(tables)
            self._define(table, f"ALTER TABLE {table['name']} ENCRYPTION='{'N' if table['encrypted'] else 'Y'}'",
                         encrypted=not table["encrypted"])

    # -- tablespaces --------------------------------------------------------------------------------------------------

    def _tablespace(self) -> None:
        """Made, renamed, or dropped when it is empty."""
        name = f"made_space_{self._session.number}_{self._last_number + 1}"
        spaces = self._all("general")
        if not spaces:
            self._add(f"CREATE TABLESPACE {name} ADD DATAFILE '{name}.ibd'",
                      {"kind": "general", "name": name, "encrypted": False})
        elif any(table["space"] == spaces[0].number for table in self._all("table")):
            new_name = f"made_space_{self._session.number}_{self._session.changes}_renamed"
            self._define(spaces[0], f"ALTER TABLESPACE {spaces[0]['name']} RENAME TO {new_name}", name=new_name)
        else:
            self._define(spaces[0], f"DROP TABLESPACE {spaces[0]['name']}", gone=True)

    def _encrypt_tablespace(self) -> None:
        for space in self._all("general"):
            self._define(space, f"ALTER TABLESPACE {space['name']} ENCRYPTION='{'N' if space['encrypted'] else 'Y'}'",
                         encrypted=not space["encrypted"])

    def _rotate(self) -> None:
        self._session.run("ALTER INSTANCE ROTATE INNODB MASTER KEY")

    def _undo_tablespace(self) -> None:
        """Made, or truncated."""
        name = f"made_undo_{self._session.number}"
        if not self._all("undo"):
            self._add(f"CREATE UNDO TABLESPACE {name} ADD DATAFILE '{name}.ibu'", {"kind": "undo", "name": name})
        else:
            self._truncate_undo(name)
            self._session.run(f"ALTER UNDO TABLESPACE {name} SET ACTIVE")

    def _truncate_undo(self, name: str) -> bool:
        """Whether it worked: something old may still be to be seen by somebody."""
        self._session.run(f"ALTER UNDO TABLESPACE {name} SET INACTIVE")
        truncated = "SELECT 1 FROM information_schema.innodb_tablespaces WHERE name = %s AND state = 'empty'"
        try:
            wait_until(lambda: self._session.rows(truncated, [name]), seconds=_TRUNCATION_SECONDS, what="truncation")
        except WaitTimeout:
            return False
        return True

    # -- records ------------------------------------------------------------------------------------------------------

    def _write(self, table: _Thing, statement: str) -> None:
        """Changes rows and the record together."""
        self._session.run("BEGIN")
        self._session.run(statement)
        rows, total = self._session.rows(f"SELECT COUNT(*), SUM(CRC32(v)) FROM {table['name']}")[0]
        self._record(table, table.state | {"rows": rows, "sum": int(total or 0)})

    def _add(self, statement: str, state: State) -> None:
        self._last_number += 1
        thing = _Thing(self._last_number, None)
        self._session.run("INSERT INTO bank.made VALUES (%s, %s, 'null', %s)",
                          [self._session.number, thing.number, json.dumps(state)])
        self._things[thing.number] = thing
        self._run_announced(thing, statement, state)

    def _define(self, thing: _Thing, statement: str, *, gone: bool = False, **changes: Any) -> None:
        """Runs a statement after which the thing is gone, or is what it was but for `changes`."""
        assert thing.state is not None
        after = None if gone else thing.state | changes
        self._session.run("UPDATE bank.made SET next = %s WHERE client = %s AND number = %s",
                          [json.dumps(after), self._session.number, thing.number])
        self._run_announced(thing, statement, after)

    def _run_announced(self, thing: _Thing, statement: str, after: State) -> None:
        try:
            self._session.run(statement)
        except pymysql.err.MySQLError as error:
            if error.args[0] not in (*LOCK_ERRORS, _CLONE_IN_PROGRESS):
                raise
            after = thing.state
        self._settle(thing, after)

    def _settle(self, thing: _Thing, state: State) -> None:
        self._session.run("BEGIN")
        self._record(thing, state)

    def _record(self, thing: _Thing, state: State) -> None:
        """Says what is now, and ends the transaction."""
        key = [self._session.number, thing.number]
        if state is None:
            self._session.run("DELETE FROM bank.made WHERE client = %s AND number = %s", key)
        else:
            self._session.run("UPDATE bank.made SET now = %s, next = NULL WHERE client = %s AND number = %s",
                              [json.dumps(state), *key])
        self._session.run("UPDATE bank.maker SET changes = changes + 1, last_number = %s WHERE client = %s",
                          [self._last_number, self._session.number])
        self._session.run("COMMIT")
        thing.state = state
        if state is None:
            del self._things[thing.number]
        self._session.acknowledge(changes=1)


# -- checking -----------------------------------------------------------------------------------------------------------

def problems(server: Mysqld, told: Acknowledged) -> list[str]:
    """Why `server` has things that never were, or are older than `told`."""
    found = []
    for client, expected in told.changes.items():
        changes = server.scalar("SELECT changes FROM bank.maker WHERE client = %s", [client]) or 0
        if changes < expected:
            found.append(f"client {client}: {changes} changes of tables, but {expected} were acknowledged")
    recorded = set()
    for now, after in server.query("SELECT now, next FROM bank.made"):
        states = [json.loads(state) for state in (now, after) if state is not None]
        state, problem = _decide(server.query, *states)
        if problem is not None:
            found.append(problem)
            recorded |= {one["name"] for one in states if one is not None}
        elif state is not None:
            recorded.add(state["name"])
    there = [f"{schema}.{name}" for schema, name in server.query(
        "SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema IN %s AND table_name <> %s",
        [_SCHEMAS, _STAYS])]
    there += [name for (name,) in server.query(r"SELECT name FROM information_schema.innodb_tablespaces"
                                               r" WHERE name LIKE 'made\_space%' OR name LIKE 'made\_undo%'")]
    found += [f"{name} is there, but was dropped or never made" for name in there if name not in recorded]
    return found


def _decide(rows: Rows, now: State, *after: State) -> tuple[State, str | None]:
    """Which of its states a thing is in, or what is wrong with it."""
    seen = {state["name"]: _observed(rows, state) for state in (now, *after) if state is not None}
    for state in (now, *after):
        if state is not None and seen[state["name"]] == state:
            return state, None
    if None in (now, *after) and not any(seen.values()):
        return None, None
    expected = " or ".join(json.dumps(state) for state in (now, *after))
    return None, f"expected {expected}, found {json.dumps(seen)}"


def _observed(rows: Rows, state: dict[str, Any]) -> State:
    """What is there under this name; the same in what cannot be seen."""
    if state["kind"] != "table":
        found = rows("SELECT encryption = 'Y' FROM information_schema.innodb_tablespaces WHERE name = %s", [state["name"]])
        return (state | ({"encrypted": bool(found[0][0])} if "encrypted" in state else {})) if found else None
    schema, name = state["name"].split(".")
    found = rows("SELECT create_options LIKE %s FROM information_schema.tables WHERE table_schema = %s AND table_name = %s",
                 ["%ENCRYPTION='Y'%", schema, name])
    if not found:
        return None
    count, total = rows(f"SELECT COUNT(*), SUM(CRC32(v)) FROM {state['name']}", None)[0]
    keys = rows("SELECT DISTINCT index_name FROM information_schema.statistics WHERE table_schema = %s AND table_name = %s"
                " AND index_name <> 'PRIMARY' ORDER BY 1", [schema, name])
    columns = rows("SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = %s AND table_name = %s",
                   [schema, name])
    return state | {"rows": count, "sum": int(total or 0), "keys": sorted(key for (key,) in keys), "columns": columns[0][0],
                    "encrypted": bool(found[0][0]) if state["space"] is None else state["encrypted"]}
