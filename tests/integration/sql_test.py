"""The few statements that people and tools send to a donor, through the stock client."""

import os
import subprocess
from pathlib import Path
from typing import Callable, Iterator

import pytest

from harness.clone import PASSWORD
from harness.donord import Donord
from harness.mysqld import MysqlInstall, Mysqld
from harness.source import Source


class Client:
    """The stock `mysql` program, one call a statement."""

    def __init__(self, install: MysqlInstall, port: int, home: Path):
        self._command = [install.mysql, "--no-defaults", "--host=127.0.0.1", f"--port={port}", "--user=clone",
                         "--batch", "--skip-column-names"]
        self._env = {**os.environ, "MYSQL_PWD": PASSWORD, "HOME": str(home)}

    def run(self, sql: str | None, *options: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        """Runs `sql`, or what is typed into it."""
        execute = [] if sql is None else [f"--execute={sql}"]
        return subprocess.run([*self._command, *options, *execute], env=self._env, capture_output=True, text=True,
                              input=typed, timeout=30, check=False)

    def rows(self, sql: str, *options: str) -> list[list[str]]:
        done = self.run(sql, *options)
        assert done.returncode == 0, f"{sql}: {done.stderr}"
        return [line.split("\t") for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def client(install: MysqlInstall, source_small: Source, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    home = tmp_path_factory.mktemp("sql")
    with Donord(home / "donord", source_small.datadir) as donor:
        yield Client(install, donor.port, home)


def test_version(client: Client, install: MysqlInstall, source_small: Source) -> None:
    # The version of the server that last used the data directory; a distribution's suffix is not in the files.
    version = source_small.fingerprint["version"].split("-")[0]
    assert client.rows("SELECT @@version")[0][0].split("-")[0] == version
    assert client.rows("SELECT VERSION()")[0][0].split("-")[0] == version
    assert "donord" in client.rows("SELECT @@version_comment")[0][0].lower()


def test_values_in_one_row(client: Client) -> None:
    rows = client.rows("SELECT 1")
    assert rows == [["1"]]
    assert client.rows("SELECT @@innodb_page_size") == [["16384"]]


@pytest.mark.parametrize("pattern, expected", [
    ("version", 1), ("innodb_page_size", 1), ("character_set_server", 1), ("no_such_variable", 0)])
def test_show_variables(pattern: str, expected: int, client: Client) -> None:
    rows = client.rows(f"SHOW VARIABLES LIKE '{pattern}'")
    assert len(rows) == expected and all(row[0] == pattern for row in rows)


def test_show_plugins(client: Client) -> None:
    plugins = {row[0]: row for row in client.rows("SHOW PLUGINS")}
    assert plugins["clone"][1:3] == ["ACTIVE", "CLONE"]


@pytest.mark.parametrize("statement", [
    "SELECT plugin_status FROM information_schema.plugins WHERE plugin_name = 'clone'",
    "SELECT PLUGIN_STATUS FROM INFORMATION_SCHEMA.PLUGINS WHERE PLUGIN_NAME = 'clone';"])
def test_the_plugin_as_tools_ask_for_it(statement: str, client: Client) -> None:
    assert client.rows(statement) == [["ACTIVE"]]


def test_clone_status(client: Client) -> None:
    """As on a server that was never a recipient."""
    assert client.rows("SELECT * FROM performance_schema.clone_status") == []


def test_grants_name_the_privilege(client: Client) -> None:
    assert any("BACKUP_ADMIN" in row[0] for row in client.rows("SHOW GRANTS"))


def test_set_is_accepted(client: Client) -> None:
    client.rows("SET NAMES utf8mb4; SET autocommit = 1; SET SESSION net_read_timeout = 60; SELECT 1")


def test_unknown_statements_leave_the_session_open(client: Client) -> None:
    done = client.run(None, "--force", typed="DELETE FROM shop.customer;\nSELECT 1;\n")
    assert "ERROR" in done.stderr and done.stdout.strip() == "1"


@pytest.mark.parametrize("options", [("--ssl-mode=REQUIRED",), ("--ssl-mode=DISABLED",),
                                     ("--compression-algorithms=zlib",)])
def test_kinds_of_connections(options: tuple[str, ...], client: Client) -> None:
    assert client.rows("SELECT 1", *options) == [["1"]]


def test_answers_of_a_stock_server_have_the_same_shape(client: Client, stock_donor: Mysqld) -> None:
    """Column names of what tools read by name."""
    for statement in ("SHOW PLUGINS", "SHOW VARIABLES LIKE 'version'", "SELECT * FROM performance_schema.clone_status"):
        with stock_donor.connect() as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            expected = [column[0] for column in cursor.description]
        done = client.run(statement, "--column-names", "--vertical")
        shown = [line.split(":")[0].strip() for line in done.stdout.splitlines() if ":" in line]
        if shown:
            assert shown[:len(expected)] == expected


def test_wrong_password(client: Client) -> None:
    done = client.run("SELECT 1", "--password=wrong")
    assert done.returncode != 0 and "1045" in done.stderr
