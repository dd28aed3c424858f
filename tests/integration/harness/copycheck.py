"""What a clone must have kept: a description of the donor's data, and the comparison of a copy with it."""

import json
import re
from typing import Any, Iterator, Sequence

import pymysql

from .mysqld import Mysqld

Fingerprint = dict[str, Any]

_SYSTEM_SCHEMAS = ("mysql", "sys", "performance_schema", "information_schema")
# Tables of the server's own schema whose contents travel unchanged; the others hold statistics and logs.
_STABLE_SYSTEM_TABLES = ("user", "db", "global_grants", "role_edges", "default_roles", "tables_priv", "columns_priv",
                         "procs_priv", "proxies_priv", "func", "plugin", "component", "servers")
_BATCH = 200  # tables in one statement
_COUNTERS_TRIED = 300


def quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _batches(items: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(items), _BATCH):
        yield items[start:start + _BATCH]


def _user_tables(server: Mysqld) -> dict[str, dict[str, Any]]:
    """Every base table of every user schema by its quoted name, with the contents of those that are cloned."""
    rows = server.query(
        "SELECT table_schema, table_name, engine FROM information_schema.tables"
        " WHERE table_type = 'BASE TABLE' AND table_schema NOT IN %s ORDER BY 1, 2", [_SYSTEM_SCHEMAS])
    tables: dict[str, dict[str, Any]] = {f"{quoted(schema)}.{quoted(table)}": {"engine": engine}
                                         for schema, table, engine in rows}
    for batch in _batches([name for name, table in tables.items() if table["engine"] == "InnoDB"]):
        for name in batch:
            tables[name].update(_definition(server, name))
        for name, checksum in _checksums(server, batch).items():
            tables[name]["checksum"] = checksum
        counts = " UNION ALL ".join(f"SELECT {number}, COUNT(*) FROM {name}" for number, name in enumerate(batch))
        for number, count in server.query(counts):
            tables[batch[number]]["rows"] = count
    return tables


def _definition(server: Mysqld, table: str) -> dict[str, Any]:
    """The CREATE TABLE statement, and the next AUTO_INCREMENT value of a table that has one.

    Not from information_schema: for a table that is not open in the server, that shows the last value used, one less.
    """
    text = server.query(f"SHOW CREATE TABLE {table}")[0][1]
    counter = re.search(r"^\) .*?ENGINE=\S+( AUTO_INCREMENT=(\d+))", text, re.MULTILINE)
    if counter is not None:
        text = text[:counter.start(1)] + text[counter.end(1):]
    found: dict[str, Any] = {"definition": text}
    if re.search(r"^  `.*` .*\bAUTO_INCREMENT\b", text, re.MULTILINE):
        found["auto_increment"] = int(counter.group(2)) if counter is not None else 1
    return found


def _checksums(server: Mysqld, tables: list[str]) -> dict[str, int | None]:
    rows = server.query("CHECKSUM TABLE " + ", ".join(tables))
    found = {name: row[1] for name, row in zip(tables, rows, strict=True)}
    return found | _multi_valued_sums(server, set(tables))


def _multi_valued_sums(server: Mysqld, among: set[str]) -> dict[str, int]:
    """Sums over the visible columns of tables with a multi-valued index.

    CHECKSUM TABLE also covers the hidden array column behind such an index and gives another number at every call.
    """
    tables = server.query("SELECT DISTINCT table_schema, table_name FROM information_schema.statistics"
                          " WHERE expression LIKE '%% array)%%'", [])
    sums = {}
    for schema, table in tables:
        columns = [quoted(row[0]) for row in server.query(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = %s AND table_name = %s"
            " ORDER BY ordinal_position", [schema, table])]
        name = f"{quoted(schema)}.{quoted(table)}"
        if name in among:
            sums[name] = int(server.scalar(f"SELECT SUM(CRC32(JSON_ARRAY({', '.join(columns)}))) FROM {name}") or 0)
    return sums


def fingerprint(server: Mysqld) -> Fingerprint:
    """Describes the data of a running server in values that JSON can hold."""
    tables = _user_tables(server)
    system = [f"`mysql`.`{name}`" for name in _STABLE_SYSTEM_TABLES]
    binlog = server.query("SHOW BINARY LOG STATUS")
    return {
        "version": server.scalar("SELECT @@version"),
        "server_uuid": server.server_uuid(),
        "gtid_executed": _gtid_set(server.scalar("SELECT @@global.gtid_executed")),
        "binlog": {"file": binlog[0][0], "position": binlog[0][1]} if binlog else None,
        "schemas": [row[0] for row in server.query("SELECT schema_name FROM information_schema.schemata ORDER BY 1")],
        "tables": tables,
        "system_tables": _checksums(server, system),
        "tablespaces": sorted([list(row) for row in server.query(
            "SELECT name, space, row_format, page_size, zip_page_size, space_type"
            " FROM information_schema.innodb_tablespaces WHERE name <> 'innodb_temporary'")]),
        "accounts": [f"{user}@{host}" for user, host in server.query("SELECT user, host FROM mysql.user ORDER BY 1, 2")],
        "views": [f"{schema}.{name}" for schema, name in server.query(
            "SELECT table_schema, table_name FROM information_schema.views WHERE table_schema NOT IN %s ORDER BY 1, 2",
            [_SYSTEM_SCHEMAS])],
        "code": sorted([list(row) for row in server.query(
            "SELECT 'routine', routine_schema, routine_name FROM information_schema.routines WHERE routine_schema <> 'sys'"
            " UNION ALL SELECT 'trigger', trigger_schema, trigger_name FROM information_schema.triggers"
            " WHERE trigger_schema <> 'sys'"
            " UNION ALL SELECT 'event', event_schema, event_name FROM information_schema.events")]),
    }


def _gtid_set(text: str) -> str:
    return text.replace("\n", "")


def differences(expected: Any, found: Any, path: str = "") -> list[str]:
    """Where two JSON-like values differ, one line per difference."""
    if isinstance(expected, dict) and isinstance(found, dict):
        lines = []
        for key in sorted(expected.keys() | found.keys()):
            if key not in found:
                lines.append(f"{path}/{key}: missing")
            elif key not in expected:
                lines.append(f"{path}/{key}: unexpected, {found[key]!r}")
            else:
                lines += differences(expected[key], found[key], f"{path}/{key}")
        return lines
    if isinstance(expected, list) and isinstance(found, list):
        return ([f"{path}: missing {item!r}" for item in expected if item not in found]
                + [f"{path}: unexpected {item!r}" for item in found if item not in expected])
    return [] if expected == found else [f"{path}: expected {expected!r}, found {found!r}"]


# Differ between a donor and its copy, or are compared on their own.
_NOT_KEPT = ("server_uuid", "binlog", "version")


def check_copy(server: Mysqld, donor: Fingerprint, *, moving: Sequence[str] = ()) -> None:
    """Raises AssertionError unless `server` runs on a complete, healthy copy of what `donor` describes.

    `moving` are the first letters of schemas and tablespaces that a load went on changing: they only have to be healthy.
    """
    # The counters first: the checks below add rows.
    found = fingerprint(server)
    uuid, donor = donor["server_uuid"], _resting(donor, tuple(moving))
    problems = differences(donor, _resting(found, tuple(moving)))
    if found["server_uuid"] == uuid:
        problems.append("server_uuid: the same as the donor's")
    problems += _check_counters(server, donor)
    problems += health_problems(server)
    if problems:
        shown = "\n  ".join(problems[:50])
        raise AssertionError(f"the copy is not what the donor was ({len(problems)} differences):\n  {shown}")


def _resting(described: Fingerprint, moving: tuple[str, ...]) -> Fingerprint:
    """What has to be the same in a copy."""
    kept = {key: value for key, value in described.items() if key not in _NOT_KEPT}
    if moving:
        del kept["gtid_executed"]
        kept["tables"] = {name: table for name, table in kept["tables"].items() if not name[1:].startswith(moving)}
        kept["tablespaces"] = [space for space in kept["tablespaces"] if not space[0].startswith(moving)]
        for part in ("schemas", "views"):
            kept[part] = [name for name in kept[part] if not name.startswith(moving)]
    return kept


def health_problems(server: Mysqld) -> list[str]:
    """What is wrong with a server whatever its data: corrupt tables, no new tables, no clone plugin."""
    return _check_tables(server) + _check_alive(server)


def _check_tables(server: Mysqld) -> list[str]:
    tables = [f"{quoted(schema)}.{quoted(table)}" for schema, table in server.query(
        "SELECT table_schema, table_name FROM information_schema.tables"
        " WHERE table_type = 'BASE TABLE' AND engine = 'InnoDB' AND table_schema <> 'information_schema'")]
    problems = []
    for batch in _batches(tables):
        for name, _, kind, text in server.query("CHECK TABLE " + ", ".join(batch) + " EXTENDED"):
            if (kind, text) != ("status", "OK"):
                problems.append(f"CHECK TABLE {name}: {kind}: {text}")
    return problems


def _check_counters(server: Mysqld, donor: Fingerprint) -> list[str]:
    """The next AUTO_INCREMENT value, seen by really inserting a row (which is rolled back)."""
    problems = []
    tried = 0
    counted = [(name, table["auto_increment"]) for name, table in donor["tables"].items() if "auto_increment" in table]
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SET sql_mode = '', foreign_key_checks = 0, sql_log_bin = 0, autocommit = 0")
        for name, expected in counted[:_COUNTERS_TRIED]:
            try:
                cursor.execute(f"INSERT INTO {name} () VALUES ()")
                if cursor.lastrowid != expected:
                    problems.append(f"{name}: the next id is {cursor.lastrowid}, expected {expected}")
                tried += 1
            except pymysql.err.MySQLError as error:
                problems.append(f"{name}: cannot insert a row: {error}")
            connection.rollback()
    if counted and not tried:
        problems.append("no table with AUTO_INCREMENT took a row")
    return problems


def _check_alive(server: Mysqld) -> list[str]:
    """New tables can be made, and the clone plugin is there."""
    problems = []
    try:
        server.run("SET SESSION sql_log_bin = 0",
                   "CREATE SCHEMA copy_check",
                   "CREATE TABLE copy_check.t (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(20), KEY (v))",
                   "INSERT INTO copy_check.t (v) VALUES ('a'), ('b')",
                   "ALTER TABLE copy_check.t ADD COLUMN w INT",
                   "DROP SCHEMA copy_check",
                   "SET SESSION sql_log_bin = 1")
    except AssertionError as error:
        problems.append(f"cannot create a table: {error}")
    status = server.scalar("SELECT plugin_status FROM information_schema.plugins WHERE plugin_name = 'clone'")
    if status != "ACTIVE":
        problems.append(f"the clone plugin is {status}\n{server.log_tail(10)}")
    return problems


def clone_status(server: Mysqld) -> dict[str, Any]:
    """The row of performance_schema.clone_status; empty before the first clone."""
    with server.connect(cursorclass=pymysql.cursors.DictCursor) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT * FROM performance_schema.clone_status")
        return cursor.fetchone() or {}


def check_status_completed(server: Mysqld) -> None:
    """After a clone that replaced the data of `server`."""
    status = clone_status(server)
    assert status.get("STATE") == "Completed" and status.get("ERROR_NO") == 0, f"clone_status: {status}"
    stages = server.query("SELECT stage, state FROM performance_schema.clone_progress ORDER BY begin_time")
    unfinished = [stage for stage in stages if stage[1] != "Completed"]
    assert stages and not unfinished, f"clone_progress: {unfinished or 'empty'}"


def save(donor: Fingerprint, path: Any) -> None:
    path.write_text(json.dumps(donor, indent=1, ensure_ascii=False, default=str))


def load(path: Any) -> Fingerprint:
    return json.loads(path.read_text())
