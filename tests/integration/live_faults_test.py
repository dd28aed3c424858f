"""What goes wrong with a running server, with donord and between them while a clone runs: never a wrong copy."""

import shutil
import threading
from pathlib import Path
from typing import Callable, Iterator

import pytest

from harness import faults
from harness.clone import Clone, CloneOptions, clone, start_clone
from harness.donord import Donord
from harness.live import LiveSource, clone_under_load, flush
from harness.live_load import LiveLoad
from harness.mysqld import NO_SYNC, MysqlInstall, Mysqld
from harness.proxy import Proxy
from harness.session import Acknowledged
from harness.upstream import PRIVILEGES, UPSTREAM_PASSWORD, create_account
from harness.waiting import wait_until

NewDonord = Callable[..., Donord]
NewMysqld = Callable[..., Mysqld]
OpenCopy = Callable[[Path], Mysqld]
CheckCopy = Callable[[Path, Acknowledged], None]

_MEGABYTE = 1024 * 1024
_COMMITS = 100


def _upstream(server: Mysqld, user: str = "root") -> list[str]:
    return ["--upstream", f"{user}@{server.socket}"]


@pytest.fixture(autouse=True)
def _running(live: LiveSource) -> Iterator[None]:
    """The server runs again after a test that stopped it."""
    yield
    if not live.server.running:
        live.server.start()


@pytest.fixture
def check_ended(live: LiveSource, open_copy: OpenCopy) -> Callable[..., None]:
    """A function that expects a clone to have ended with one of these words, or else with a right copy."""
    def check(running: Clone, directory: Path, told: Acknowledged, *words: str) -> None:
        result = running.wait()
        if result.ok:
            with open_copy(directory) as copy:
                live.check(copy, told)
        else:
            assert result.error == 3862 and any(word in result.message for word in words), f"{result.error} {result.message}"
    return check


@pytest.fixture
def check_next(live: LiveSource, recipient: Mysqld, open_copy: OpenCopy, tmp_path: Path) -> Callable[[Donord], None]:
    """A function that expects the same donord to serve the next clone."""
    def check(donor: Donord) -> None:
        with LiveLoad(live.server, seed=200) as load:
            told, _ = clone_under_load(load.wait_commits(_COMMITS), recipient, donor.port, directory=tmp_path / "next")
        with open_copy(tmp_path / "next") as copy:
            live.check(copy, told)
    return check


# -- the server -----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("end, stage", [("stopped", "file_copy"), ("stopped", "redo_copy"), ("killed", "file_copy"),
                                        ("killed", "page_copy"), ("killed and started", "file_copy"),
                                        ("killed and started", "redo_copy")])
def test_the_server_ends(end: str, stage: str, live: LiveSource, new_live_donord: NewDonord, recipient: Mysqld,
                         check_ended: Callable[..., None], check_next: Callable[[Donord], None], tmp_path: Path) -> None:
    release = tmp_path / "release"
    donor = new_live_donord(live.server, faults=faults.pause(stage, release, after=5 if stage == "file_copy" else 0))
    with LiveLoad(live.server, seed=201) as load:
        told = load.wait_commits(_COMMITS).acknowledged()
        running = start_clone(recipient, donor.port, directory=tmp_path / "copy", variables=CloneOptions.threads(1))
        donor.wait_fault()
        if end == "stopped":
            load.stop()
            live.server.stop()
        else:
            load.crash()
    if end == "killed and started":
        live.server.start()
    release.touch()
    check_ended(running, tmp_path / "copy", told, "server", "mysqld")
    if not live.server.running:
        live.server.start()
    check_next(donor)


@pytest.fixture
def write_redo(live: LiveSource) -> Iterator[Callable[[int], None]]:
    """A function that makes the server write so many megabytes of redo."""
    live.server.run("CREATE SCHEMA made_up", "CREATE TABLE made_up.filler (id INT AUTO_INCREMENT PRIMARY KEY, v MEDIUMBLOB)")

    def run(megabytes: int) -> None:
        goal = live.server.redo_lsn("current") + megabytes * _MEGABYTE
        while live.server.redo_lsn("current") < goal:
            live.server.run(f"INSERT INTO made_up.filler (v) VALUES (REPEAT('redo', {_MEGABYTE // 2}))",
                            "DELETE FROM made_up.filler")
    yield run
    live.server.run("DROP SCHEMA made_up")


@pytest.mark.parametrize("log, written, upstream", [(8, 64, False), (256, 64, False), (8, 64, True)],
                         ids=["overwritten", "caught up", "held by a consumer"])
def test_redo_is_written_while_donord_does_not_read(log: int, written: int, upstream: bool, live: LiveSource,
                                                    new_live_donord: NewDonord, recipient: Mysqld, open_copy: OpenCopy,
                                                    check_next: Callable[[Donord], None],
                                                    write_redo: Callable[[int], None], tmp_path: Path) -> None:
    """With a connection the server keeps what donord has not read, and writers wait for it."""
    live.server.run(f"SET GLOBAL innodb_redo_log_capacity = {log * _MEGABYTE}")
    reading = tmp_path / "reading"
    reading.touch()
    donor = new_live_donord(live.server, faults=faults.pause_tail(reading),
                            extra=_upstream(live.server) if upstream else [])
    with LiveLoad(live.server, seed=206) as load, Proxy(donor.port) as proxy:
        told = load.wait_commits(_COMMITS).acknowledged()
        load.hold()
        running = start_clone(recipient, proxy.port, directory=tmp_path / "copy", variables=CloneOptions.threads(1))
        wait_until(lambda: proxy.bytes_to_recipient() > 5 * _MEGABYTE, seconds=60, what="the clone to be copying")
        proxy.stall()
        reading.unlink()
        writer = threading.Thread(target=write_redo, args=[written])
        writer.start()
        writer.join(5 if upstream else None)
        assert writer.is_alive() == upstream
        reading.touch()
        writer.join()
        proxy.flow()
        if log < written and not upstream:
            running.wait_error(3862, "redo")
        else:
            running.wait_ok()
            with open_copy(tmp_path / "copy") as copy:
                live.check(copy, told)
    check_next(donor)


def test_the_redo_archive_is_full(live: LiveSource, new_live_donord: NewDonord, recipient: Mysqld,
                                  check_next: Callable[[Donord], None], write_redo: Callable[[int], None],
                                  tmp_path: Path) -> None:
    """The clone that needs so much redo ends, and no other."""
    live.server.run(f"SET GLOBAL innodb_redo_log_capacity = {8 * _MEGABYTE}")
    donor = new_live_donord(live.server, extra=["--redo-archive-size", "32M"])
    with Proxy(donor.port) as proxy:
        running = start_clone(recipient, proxy.port, directory=tmp_path / "copy", variables=CloneOptions.threads(1))
        wait_until(lambda: proxy.bytes_to_recipient() > 5 * _MEGABYTE, seconds=60, what="the clone to be copying")
        proxy.stall()
        write_redo(64)
        proxy.flow()
        running.wait_error(3862, "the redo archive is full", "--redo-archive-size")
    check_next(donor)


@pytest.mark.parametrize("stage", ["file_copy", "redo_copy"])
def test_redo_logging_is_switched_off(stage: str, live: LiveSource, new_live_donord: NewDonord, recipient: Mysqld,
                                      check_ended: Callable[..., None], check_next: Callable[[Donord], None],
                                      tmp_path: Path) -> None:
    """And on again: what was written between is in no log."""
    release = tmp_path / "release"
    donor = new_live_donord(live.server, faults=faults.pause(stage, release, after=5 if stage == "file_copy" else 0))
    with LiveLoad(live.server, seed=202) as load:
        told = load.wait_commits(_COMMITS).acknowledged()
        running = start_clone(recipient, donor.port, directory=tmp_path / "copy", variables=CloneOptions.threads(1))
        donor.wait_fault()
        live.server.run("ALTER INSTANCE DISABLE INNODB REDO_LOG")
        load.wait_commits(_COMMITS)
        live.server.run("ALTER INSTANCE ENABLE INNODB REDO_LOG")
        load.wait_commits(_COMMITS)
    release.touch()
    check_ended(running, tmp_path / "copy", told, "redo")
    check_next(donor)


def test_the_size_of_the_log_changes(live: LiveSource, new_live_donord: NewDonord, recipient: Mysqld, open_copy: OpenCopy,
                                     tmp_path: Path) -> None:
    release = tmp_path / "release"
    donor = new_live_donord(live.server, faults=faults.pause("file_copy", release, after=5))
    with LiveLoad(live.server, seed=203) as load:
        told = load.wait_commits(_COMMITS).acknowledged()
        running = start_clone(recipient, donor.port, directory=tmp_path / "copy", variables=CloneOptions.threads(1))
        donor.wait_fault()
        for megabytes in (128, 8, 32):
            live.server.run(f"SET GLOBAL innodb_redo_log_capacity = {megabytes * _MEGABYTE}")
            load.wait_commits(_COMMITS)
        release.touch()
        running.wait_ok()
    with open_copy(tmp_path / "copy") as copy:
        live.check(copy, told)


# -- the connection to the server (--upstream) ----------------------------------------------------------------------------

def test_another_server_is_refused(live: LiveSource, new_donord: NewDonord, new_mysqld: NewMysqld, tmp_path: Path) -> None:
    other = new_mysqld()
    said = new_donord(live.datadir, live="yes", extra=_upstream(other)).start_refused()
    assert f"is not the server that runs on {live.datadir}" in said and "server_uuid" in said

    live.server.stop()
    shutil.copytree(live.datadir, tmp_path / "twin")
    live.server.start()
    twin = new_mysqld(datadir=tmp_path / "twin", options=NO_SYNC)
    twin.run("CREATE SCHEMA of_its_own")
    flush(twin)
    said = new_donord(live.datadir, live="yes", extra=_upstream(twin)).start_refused()
    assert f"is not the server that runs on {live.datadir}" in said and "checkpoint" in said


def test_an_account_that_may_not(live: LiveSource, new_donord: NewDonord, tmp_path: Path) -> None:
    create_account(live.server, "poor", privileges=())
    password = tmp_path / "password"
    extra = [*_upstream(live.server, "poor"), "--upstream-password-file", str(password)]
    password.write_text("wrong\n")
    assert "error 1045 (28000): Access denied" in new_donord(live.datadir, live="yes", extra=extra).start_refused()
    password.write_text(UPSTREAM_PASSWORD + "\n")
    said = new_donord(live.datadir, live="auto", extra=extra).start_refused()
    assert "lacks BACKUP_ADMIN on *.*" in said and "GRANT PROCESS ON *.* TO 'poor'@'%'" in said
    live.server.run("DROP USER poor")
    said = new_donord(live.datadir, live="no", extra=extra).start_refused()
    assert "--live no" in said


def test_its_connections_are_killed_during_a_clone(live: LiveSource, new_live_donord: NewDonord, recipient: Mysqld,
                                                   open_copy: OpenCopy, tmp_path: Path) -> None:
    """By an account that has what is needed and no more, named in the configuration file."""
    create_account(live.server, privileges=PRIVILEGES[:2])
    (tmp_path / "password").write_text(UPSTREAM_PASSWORD + "\n")
    (tmp_path / "donord.toml").write_text(f'''upstream = "upstream@{live.server.socket}"
upstream-password-file = "{tmp_path}/password"
''')
    donor = new_live_donord(live.server, extra=["--config", str(tmp_path / "donord.toml")])
    with LiveLoad(live.server, seed=207) as load, Proxy(donor.port) as proxy:
        told = load.wait_commits(_COMMITS).acknowledged()
        running = start_clone(recipient, proxy.port, directory=tmp_path / "copy",
                              variables=CloneOptions.threads(1) | {"block_ddl": 1})
        wait_until(lambda: proxy.bytes_to_recipient() > 5 * _MEGABYTE, seconds=60, what="the clone to be copying")
        proxy.stall()
        sessions = live.server.query("SELECT id FROM performance_schema.processlist WHERE user = 'upstream'")
        assert len(sessions) == 2, "the backup lock and the consumer of the redo"
        for [session] in sessions:
            live.server.run(f"KILL {session}")
        wait_until(lambda: donor.log_text().count("live.redo_kept") == 2, seconds=30, what="the consumer to be back")
        assert "live.redo_not_kept" in donor.log_text()
        proxy.flow()
        running.wait_ok()
    with open_copy(tmp_path / "copy") as copy:
        copy.run("DROP USER upstream")
        live.server.run("DROP USER upstream")
        live.check(copy, told)


def test_the_server_cannot_be_asked_when_a_clone_begins(live: LiveSource, new_live_donord: NewDonord, recipient: Mysqld,
                                                        open_copy: OpenCopy, tmp_path: Path) -> None:
    with Proxy(live.server.port) as way:
        live.server.run("CREATE USER far", f"GRANT {PRIVILEGES[0]} TO far", f"GRANT {PRIVILEGES[1]} TO far")
        donor = new_live_donord(live.server, extra=["--upstream", f"far@127.0.0.1:{way.port}"])
    with LiveLoad(live.server, seed=208) as load:
        load.wait_commits(_COMMITS)
        asking = start_clone(recipient, donor.port, directory=tmp_path / "none", variables={"block_ddl": 1})
        asking.wait_error(3862, "DDL cannot be held off")
        told, _ = clone_under_load(load, recipient, donor.port, directory=tmp_path / "copy", variables={"block_ddl": 0})
    assert "live.server_not_asked" in donor.log_text()
    with open_copy(tmp_path / "copy") as copy:
        copy.run("DROP USER far")
        live.server.run("DROP USER far")
        live.check(copy, told)


def test_a_tablespace_that_only_the_server_knows(install: MysqlInstall, new_donord: NewDonord, recipient: Mysqld,
                                                 tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    with Mysqld(install, tmp_path / "server", tcp=True, options=[*NO_SYNC, f"--innodb-directories={outside}"]) as server:
        donor = new_donord(server.datadir, live="yes", extra=_upstream(server)).start()
        server.run("CREATE SCHEMA d", f"CREATE TABLE d.far (id INT) DATA DIRECTORY='{outside}'")
        flush(server)
        running = start_clone(recipient, donor.port, directory=tmp_path / "copy")
        running.wait_error(3862, f"the server has {outside}/d/far.ibd, which was not found", "--innodb-directories")
        said = new_donord(server.datadir, live="yes", extra=_upstream(server)).start_refused()
        assert f"the server has {outside}/d/far.ibd, which was not found" in said
        place = ["--innodb-directories", str(outside), "--map-path", f"{outside}=."]
        donor = new_donord(server.datadir, live="yes", extra=[*_upstream(server), *place]).start()
        clone(recipient, donor.port, directory=tmp_path / "copy")


# -- donord ---------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("stage", ["file_copy", "page_copy", "redo_copy"])
def test_donord_killed_and_started_again(stage: str, live: LiveSource, new_live_donord: NewDonord, recipient: Mysqld,
                                         check_ended: Callable[..., None], check_next: Callable[[Donord], None],
                                         tmp_path: Path) -> None:
    """What it knew about pages and redo is gone with it: the recipient is told, unless the clone could go on."""
    donor = new_live_donord(live.server, faults=faults.abort(stage, after=20 if stage == "file_copy" else 0))
    with LiveLoad(live.server, seed=204) as load:
        told = load.wait_commits(_COMMITS).acknowledged()
        running = start_clone(recipient, donor.port, directory=tmp_path / "copy", variables=CloneOptions.threads(1))
        assert donor.wait_exit() != 0
        load.wait_commits(_COMMITS)
        donor.restart()
        running.wait()
    check_ended(running, tmp_path / "copy", told, "clone", "restart")
    check_next(donor)
