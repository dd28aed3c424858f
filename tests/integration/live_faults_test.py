"""What goes wrong with a running server, with donord and between them while a clone runs: never a wrong copy."""

import threading
from pathlib import Path
from typing import Callable, Iterator

import pytest

from harness import faults
from harness.clone import Clone, CloneOptions, start_clone
from harness.donord import Donord
from harness.live import LiveSource, clone_under_load
from harness.live_load import LiveLoad
from harness.mysqld import Mysqld
from harness.proxy import Proxy
from harness.session import Acknowledged
from harness.waiting import wait_until

NewDonord = Callable[..., Donord]
NewMysqld = Callable[..., Mysqld]
OpenCopy = Callable[[Path], Mysqld]
CheckCopy = Callable[[Path, Acknowledged], None]

_MEGABYTE = 1024 * 1024
_COMMITS = 100


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


@pytest.mark.parametrize("log, written", [(8, 64), (256, 64)], ids=["overwritten", "caught up"])
def test_redo_is_written_while_donord_does_not_read(log: int, written: int, live: LiveSource,
                                                    new_live_donord: NewDonord, recipient: Mysqld, open_copy: OpenCopy,
                                                    check_next: Callable[[Donord], None],
                                                    write_redo: Callable[[int], None], tmp_path: Path) -> None:
    live.server.run(f"SET GLOBAL innodb_redo_log_capacity = {log * _MEGABYTE}")
    reading = tmp_path / "reading"
    reading.touch()
    donor = new_live_donord(live.server, faults=faults.pause_tail(reading))
    with LiveLoad(live.server, seed=206) as load, Proxy(donor.port) as proxy:
        told = load.wait_commits(_COMMITS).acknowledged()
        load.hold()
        running = start_clone(recipient, proxy.port, directory=tmp_path / "copy", variables=CloneOptions.threads(1))
        wait_until(lambda: proxy.bytes_to_recipient() > 5 * _MEGABYTE, seconds=60, what="the clone to be copying")
        proxy.stall()
        reading.unlink()
        writer = threading.Thread(target=write_redo, args=[written])
        writer.start()
        writer.join()
        reading.touch()
        proxy.flow()
        if log < written:
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
