"""The connection to the server whose directory is served: logins, what is asked, the backup lock, the redo consumer."""

import getpass
import threading
from pathlib import Path
from typing import Callable, Iterator

import pymysql
import pytest

from harness.certificates import Certificates
from harness.mysqld import NO_SYNC, MysqlInstall, Mysqld, use_keyring
from harness.upstream import (PRIVILEGES, UPSTREAM_PASSWORD, UpstreamSession, create_account, inspect, inspect_json,
                              over_socket, over_tcp)
from harness.waiting import wait_until

NewMysqld = Callable[..., Mysqld]
NewSession = Callable[..., UpstreamSession]

_LOCK_WAIT_TIMEOUT = 1205


@pytest.fixture(scope="module")
def server(install: MysqlInstall, certificates: Certificates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mysqld]:
    """A running server with the account `upstream`, certificates for 127.0.0.1, and very little redo."""
    home = tmp_path_factory.mktemp("upstream")
    tls = [f"--ssl-{name}={path}" for name, path in certificates.server_options().items()]
    options = [*NO_SYNC, *tls, "--innodb-redo-log-capacity=8M", "--plugin-load-add=auth_socket.so"]
    with Mysqld(install, home, tcp=True, options=options) as running:
        create_account(running)
        running.run("CREATE DATABASE shop", "CREATE TABLE shop.orders (id INT AUTO_INCREMENT PRIMARY KEY, t LONGBLOB)")
        yield running


@pytest.fixture
def new_session(server: Mysqld, tmp_path: Path) -> Iterator[NewSession]:
    """A function that makes an UpstreamSession, by default over a socket; all are gone after the test."""
    sessions: list[UpstreamSession] = []

    def make(place: str = over_socket(server)) -> UpstreamSession:
        sessions.append(UpstreamSession(place, tmp_path / f"session{len(sessions)}"))
        return sessions[-1]
    yield make
    for session in sessions:
        session.kill()


# -- logins -------------------------------------------------------------------------------------------------------------

def forget_fast_logins(server: Mysqld) -> None:
    """The next login of every account is the full exchange."""
    server.run("FLUSH PRIVILEGES")


def test_logins_are_full_at_first_and_fast_then(server: Mysqld) -> None:
    for place, protection in ((over_tcp(server), ["--upstream-ssl-mode=DISABLED"]), (over_tcp(server), []),
                              (over_socket(server), []), (over_socket(server), ["--upstream-ssl-mode=REQUIRED"])):
        forget_fast_logins(server)
        full = inspect_json("--upstream", place, *protection)
        fast = inspect_json("--upstream", place, *protection)
        assert full["server_uuid"] == fast["server_uuid"] == server.server_uuid()


def test_tls_is_used_over_tcp_and_where_it_is_wanted(server: Mysqld) -> None:
    assert inspect_json("--upstream", over_tcp(server))["tls"].startswith("TLSv1.3, ")
    assert inspect_json("--upstream", over_tcp(server), "--upstream-ssl-mode=disabled")["tls"] == ""
    assert inspect_json("--upstream", over_socket(server))["tls"] == ""
    assert inspect_json("--upstream", over_socket(server), "--upstream-ssl-mode=REQUIRED")["tls"].startswith("TLSv1.3, ")


def test_an_account_that_requires_tls(server: Mysqld) -> None:
    name = create_account(server, "careful", require="SSL")
    inspect("--upstream", over_tcp(server, name))
    assert "error 1045" in inspect("--upstream", over_tcp(server, name), "--upstream-ssl-mode=DISABLED", code=1)
    assert "error 1045" in inspect("--upstream", over_socket(server, name), code=1)


def test_certificates_are_verified(server: Mysqld, certificates: Certificates, other_certificates: Certificates) -> None:
    place = ["--upstream", over_tcp(server)]
    for mode in ([], ["--upstream-ssl-mode=VERIFY_CA"], ["--upstream-ssl-mode=VERIFY_IDENTITY"]):
        inspect(*place, *mode, "--upstream-ssl-ca", certificates.ca)
        complaint = inspect(*place, *mode, "--upstream-ssl-ca", other_certificates.ca, code=1)
        assert "the server's certificate is refused" in complaint
    # The certificate names 127.0.0.1 only.
    named = ["--upstream", f"upstream@localhost:{server.port}", "--upstream-ssl-ca", certificates.ca]
    inspect(*named)
    assert "mismatch" in inspect(*named, "--upstream-ssl-mode=VERIFY_IDENTITY", code=1)
    assert "cannot use CA" in inspect(*place, "--upstream-ssl-ca", certificates.key, code=2)


def test_a_server_without_tls(new_mysqld: NewMysqld) -> None:
    server = new_mysqld(tcp=True, options=["--tls-version="])
    create_account(server)
    complaint = inspect("--upstream", over_tcp(server), "--upstream-ssl-mode=REQUIRED", code=1)
    assert "the server does not offer TLS" in complaint
    assert inspect_json("--upstream", over_tcp(server))["tls"] == ""


def test_logins_that_are_refused(server: Mysqld) -> None:
    for place in (over_tcp(server), over_socket(server)):
        for password in ("wrong", None):
            complaint = inspect("--upstream", place, password=password, code=1)
            assert "error 1045 (28000): Access denied" in complaint and "hint: check --upstream" in complaint
    assert "Connection refused" in inspect("--upstream", "upstream@127.0.0.1:1", code=1)
    assert "No such file" in inspect("--upstream", f"upstream@{server.socket}.not", code=1)
    server.run("CREATE USER locked ACCOUNT LOCK")
    assert "error 3118" in inspect("--upstream", over_tcp(server, "locked"), password=None, code=1)


def test_the_password_is_in_a_file_or_the_environment(server: Mysqld, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(UPSTREAM_PASSWORD + "\nmore\n")
    inspect("--upstream", over_tcp(server), "--upstream-password-file", file, password="wrong")
    assert "nowhere" in inspect("--upstream", over_tcp(server), "--upstream-password-file", tmp_path / "nowhere", code=1)


def test_the_operating_system_vouches_over_a_socket(server: Mysqld) -> None:
    server.run(f"CREATE USER local IDENTIFIED WITH auth_socket AS '{getpass.getuser()}'",
               "CREATE USER stranger IDENTIFIED WITH auth_socket AS 'nobody-here'")
    assert inspect_json("--upstream", over_socket(server, "local"), password=None)["account"] == "'local'@'%'"
    assert "Access denied" in inspect("--upstream", over_socket(server, "stranger"), password=None, code=1)


# -- what is asked ------------------------------------------------------------------------------------------------------

def test_facts(server: Mysqld) -> None:
    report = inspect_json("--upstream", over_socket(server))
    assert report["kind"] == "server" and report["server_uuid"] == server.server_uuid()
    assert report["pid"] == server.process.pid
    assert Path(report["datadir"]) == server.datadir
    assert report["page_size"] == 16384
    assert report["locations"]["innodb_data_file_path"] == "ibdata1:12M:autoextend"
    assert report["redo_log"]["enabled"] and report["redo_log"]["capacity_bytes"] == 8 * 1024 * 1024
    on_disk = inspect_json(server.datadir)["redo_files"][-1]
    assert report["redo_log"]["uuid"] == on_disk["uuid"]
    assert report["log_bin"] and report["gtid_mode"] == "ON" and report["keyring"] is None
    assert report["missing_privileges"] == []


def test_the_log_status_is_that_of_one_moment(server: Mysqld) -> None:
    before = server.redo_lsn("current")
    server.run("INSERT INTO shop.orders (t) VALUES ('x')")
    status = inspect_json("--upstream", over_socket(server))["log_status"]
    assert before < status["lsn"] <= server.redo_lsn("current")
    assert 0 < status["checkpoint_lsn"] <= status["lsn"]
    assert status["gtid_executed"] == server.scalar("SELECT @@gtid_executed")
    [[file, position, *_]] = server.query("SHOW BINARY LOG STATUS")
    assert (status["binary_log_file"], status["binary_log_position"]) == (file, position)


def test_redo_logging_that_is_off(new_mysqld: NewMysqld) -> None:
    server = new_mysqld()
    server.run("ALTER INSTANCE DISABLE INNODB REDO_LOG")
    assert not inspect_json("--upstream", over_socket(server, "root"), password=None)["redo_log"]["enabled"]


def test_the_keyring(new_mysqld: NewMysqld, install: MysqlInstall, tmp_path: Path) -> None:
    datadir = install.new_datadir(tmp_path / "encrypted")
    keyring = use_keyring(datadir, tmp_path / "keyring")
    server = new_mysqld(datadir=datadir)
    found = inspect_json("--upstream", over_socket(server, "root"), password=None)["keyring"]
    assert found == {"component": "component_keyring_file", "status": "Active", "data_file": str(keyring)}


def test_missing_privileges(server: Mysqld) -> None:
    name = create_account(server, "poor", privileges=())
    report = inspect_json("--upstream", over_socket(server, name))
    assert [(one["privilege"], one["object"], one["required"]) for one in report["missing_privileges"]] == [
        ("BACKUP_ADMIN", "*.*", True), ("PROCESS", "*.*", True), ("SELECT", "performance_schema.log_status", True),
        ("SELECT", "performance_schema.keyring_component_status", False), ("SELECT", "performance_schema.threads", False)]
    assert "error 1142" in report["log_status"]["problem"]["what"]
    assert "error 1227" in report["files"]["problem"]["what"]
    assert report["server_uuid"] == server.server_uuid() and report["pid"] is None
    assert "GRANT BACKUP_ADMIN ON *.* TO 'poor'@'%';" in inspect("--upstream", over_socket(server, name))
    for one in report["missing_privileges"]:
        server.run(one["grant"])
    complete = inspect_json("--upstream", over_socket(server, name))
    assert complete["missing_privileges"] == [] and complete["pid"] == server.process.pid


def test_privileges_through_a_role(server: Mysqld) -> None:
    name = create_account(server, "actor", privileges=())
    server.run("CREATE ROLE donor_role", *(f"GRANT {privilege} TO donor_role" for privilege in PRIVILEGES),
               f"GRANT donor_role TO {name}", f"SET DEFAULT ROLE donor_role TO {name}")
    assert inspect_json("--upstream", over_socket(server, name))["missing_privileges"] == []


def test_the_files_of_the_server_and_those_of_its_directory(install: MysqlInstall, tmp_path: Path) -> None:
    outside, undo, system, datadir = (tmp_path / name for name in ("outside", "undo", "system", "data"))
    for directory in (outside, undo, system):
        directory.mkdir()
    places = [f"--innodb-directories={outside}", f"--innodb-undo-directory={undo}", f"--innodb-data-home-dir={system}",
              "--innodb-data-file-path=ibdata1:12M;more-data:12M:autoextend"]
    install.initialize(datadir, *places)
    with Mysqld(install, tmp_path / "server", datadir=datadir, options=[*NO_SYNC, *places]) as server:
        server.run("CREATE DATABASE d", "CREATE TABLE d.`we ird@1` (id INT)",
                   f"CREATE TABLE d.far (id INT) DATA DIRECTORY='{outside}'",
                   f"CREATE TABLESPACE general ADD DATAFILE '{outside}/general.ibd'",
                   f"CREATE TABLESPACE inner_one ADD DATAFILE '{datadir}/inner_one.ibd'",
                   "CREATE UNDO TABLESPACE another ADD DATAFILE 'another.ibu'", "CREATE TABLE d.discarded (id INT)",
                   "ALTER TABLE d.discarded DISCARD TABLESPACE", "CREATE TABLE d.lost (id INT)", "CREATE TEMPORARY TABLE d.temporary (id INT)")
        upstream = ["--upstream", over_socket(server, "root")]

        report = inspect_json(datadir, *upstream, *places, password=None)
        assert report["kind"] == "datadir" and report["in_use"]
        assert report["upstream"]["mismatches"] == []
        files = {file["path"]: file["space_id"] for file in report["upstream"]["files"]}
        assert files["./ibdata1"] == files["./more-data"] == 0
        assert files["./mysql.ibd"] == 0xFFFFFFFE
        assert {f"{outside}/d/far.ibd", f"{outside}/general.ibd", f"{undo}/undo_001"} <= files.keys()
        assert len(files) == len([file for file in report["files"] if "space_id" in file])
        assert "are those of the server" in inspect(datadir, *upstream, *places, password=None)
        server.stop()
        (datadir / "d" / "lost.ibd").unlink()
        server.start()
        assert inspect_json(datadir, *upstream, *places, password=None)["upstream"]["mismatches"] == []

        # Nobody says where the external files are.
        report = inspect_json(datadir, *upstream, *places[1:], password=None)["upstream"]
        assert {(one["kind"], one["server"]) for one in report["mismatches"]} == {
            ("missing", f"{outside}/d/far.ibd"), ("missing", f"{outside}/general.ibd")}
        assert "are not those of the server" in inspect(datadir, *upstream, *places[1:], password=None)

        # What the server has not.
        (datadir / "d" / "copy.ibd").write_bytes((datadir / "inner_one.ibd").read_bytes())
        report = inspect_json(datadir, *upstream, *places, password=None)["upstream"]
        assert [(one["kind"], one["found"]) for one in report["mismatches"]] == [("extra", "./d/copy.ibd")]


def test_only_a_directory_can_be_compared(server: Mysqld) -> None:
    inspect("--upstream", over_socket(server), server.datadir / "ibdata1", code=2)


# -- the backup lock ----------------------------------------------------------------------------------------------------

def error_of(connection: pymysql.connections.Connection, statement: str) -> int | None:
    """The number of the error that a statement ends with; None when it succeeds."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
    except pymysql.err.MySQLError as error:
        return error.args[0]
    return None


def test_the_lock_holds_off_ddl_and_nothing_else(server: Mysqld, new_session: NewSession) -> None:
    session = new_session()
    session.do("lock 10 600")
    with server.connect() as other:
        error_of(other, "SET SESSION lock_wait_timeout = 1")
        assert error_of(other, "CREATE TABLE shop.held_off (id INT)") == _LOCK_WAIT_TIMEOUT
        assert error_of(other, "INSERT INTO shop.orders (t) VALUES ('during the lock')") is None
        session.do("held")
        session.do("release")
        assert error_of(other, "CREATE TABLE shop.held_off (id INT)") is None
        assert error_of(other, "DROP TABLE shop.held_off") is None
    assert "released" in session.refused("held")


def test_the_lock_waits_for_ddl_but_not_for_ever(server: Mysqld, new_session: NewSession) -> None:
    session = new_session()
    server.run("CREATE TABLE shop.busy (id INT)")
    with server.connect() as reader:
        error_of(reader, "BEGIN")
        error_of(reader, "SELECT * FROM shop.busy")
        ddl = threading.Thread(target=server.query, args=("ALTER TABLE shop.busy ADD COLUMN more INT",))
        ddl.start()
        with server.connect() as watcher:
            def waits() -> bool:
                with watcher.cursor() as cursor:
                    cursor.execute("SELECT COUNT(*) FROM performance_schema.threads WHERE processlist_state LIKE "
                                   "'Waiting for table metadata lock'")
                    return cursor.fetchone()[0] > 0
            wait_until(waits, seconds=30, what="an ALTER TABLE that waits")
        assert "error 1205" in session.refused("lock 1 600")
        error_of(reader, "COMMIT")
    ddl.join()
    session.do("lock 10 600")


def test_the_lock_ends_with_its_session(server: Mysqld, new_session: NewSession) -> None:
    def may_create() -> bool:
        with server.connect() as other:
            error_of(other, "SET SESSION lock_wait_timeout = 1")
            return error_of(other, "CREATE TABLE IF NOT EXISTS shop.after_the_lock (id INT)") is None

    killed = new_session()
    killed.do("lock 10 600")
    [[number]] = server.query("SELECT processlist_id FROM performance_schema.threads WHERE processlist_user = 'upstream'")
    server.query(f"KILL {number}")
    wait_until(may_create, seconds=10, what="DDL")
    assert "the backup lock is lost" in killed.refused("held")

    crashed = new_session()
    crashed.do("lock 10 600")
    crashed.kill()
    wait_until(may_create, seconds=10, what="DDL")

    silent = new_session(over_tcp(server))
    silent.do("lock 10 1")
    wait_until(may_create, seconds=20, what="DDL")
    assert "error 4031" in silent.refused("held")


def test_the_lock_needs_a_privilege(new_mysqld: NewMysqld, new_session: NewSession) -> None:
    server = new_mysqld()
    create_account(server, privileges=())
    session = new_session(over_socket(server))
    assert "error 1227" in session.refused("lock 1 600")
    assert "error 1227" in session.refused("attach 30")


@pytest.mark.parametrize("place", [over_socket, over_tcp])
def test_a_server_that_stops(new_mysqld: NewMysqld, new_session: NewSession, place: Callable[[Mysqld], str]) -> None:
    server = new_mysqld(tcp=True)
    create_account(server)
    session = new_session(place(server))
    session.do("lock 10 600")
    session.do("attach 30")
    server.stop()
    assert "the backup lock is lost" in session.refused("held")
    assert "closed the connection" in session.refused("advance 99999999999")
    server.start()
    session.refused("held")

    crashing = new_session(place(server))
    crashing.do("lock 10 600")
    server.kill()
    assert "closed the connection" in crashing.refused("held")


# -- the consumer of the redo ---------------------------------------------------------------------------------------------

def oldest_redo(server: Mysqld) -> int:
    return int(server.scalar("SELECT MIN(start_lsn) FROM performance_schema.innodb_redo_log_files"))


def write_redo(server: Mysqld, mib: int) -> None:
    with server.connect() as connection, connection.cursor() as cursor:
        for _ in range(mib * 4):
            cursor.execute("INSERT INTO shop.orders (t) VALUES (REPEAT('x', 262144))")


def test_without_a_consumer_redo_is_recycled(server: Mysqld) -> None:
    newest = server.redo_lsn("current")
    write_redo(server, 24)
    wait_until(lambda: oldest_redo(server) > newest, seconds=30, what="redo files to be recycled")


def test_a_consumer_keeps_redo_and_lets_it_go(server: Mysqld, new_session: NewSession) -> None:
    session = new_session()
    kept_from = session.do("attach 60")
    assert oldest_redo(server) <= kept_from
    load = threading.Thread(target=write_redo, args=(server, 24))
    load.start()

    def stalled() -> bool:
        written = server.redo_lsn("current")
        load.join(0.5)
        return written - kept_from > 4 * 1024 * 1024 and server.redo_lsn("current") == written
    wait_until(stalled, seconds=60, what="writes that wait for the consumer")
    assert load.is_alive()
    assert oldest_redo(server) <= kept_from

    while load.is_alive():
        kept_from = session.do(f"advance {server.redo_lsn('flushed_to_disk')}")
        assert oldest_redo(server) <= kept_from
        load.join(0.05)
    assert session.do("advance 1") == kept_from
    session.do("detach")
    newest = server.redo_lsn("current")
    write_redo(server, 24)
    wait_until(lambda: oldest_redo(server) > newest, seconds=30, what="redo files to be recycled")


def test_only_one_consumer_at_a_time(server: Mysqld, new_session: NewSession) -> None:
    first, second = new_session(), new_session()
    first.do("attach 60")
    assert "another session is registered" in second.refused("attach 60")
    first.do("detach")
    second.do("attach 60")
    second.kill()
    wait_until(lambda: first.ask("attach 60").startswith("ok"), seconds=10, what="the place of one that was killed")


def test_a_consumer_that_hangs_loses_its_place(server: Mysqld, new_session: NewSession) -> None:
    hanging, waiting = new_session(), new_session()
    hanging.do("attach 2")
    hanging.process.pause()
    load = threading.Thread(target=write_redo, args=(server, 24))
    load.start()
    wait_until(lambda: waiting.ask("attach 60").startswith("ok"), seconds=30, what="the place of one that hangs")
    waiting.do("detach")
    load.join(60)
    assert not load.is_alive()
    hanging.process.resume()
    assert "error 4031" in hanging.refused("advance 99999999999")
