"""Servers that were killed with a binary log: a clone has what the log decides, as the server itself after recovery."""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Sequence

import pytest

from harness import copycheck
from harness.clone import clone
from harness.crash_load import CrashLoad
from harness.donord import Donord
from harness.load import DURABLE, REDO_DECIDES, check_load, check_load_contents
from harness.mysqld import NO_SYNC, MysqlInstall, Mysqld, copy_datadir
from harness.session import Acknowledged
from harness.source import recovered
from harness.waiting import wait_until

NewDonord = Callable[..., Donord]
NewMysqld = Callable[..., Mysqld]

_COMMITS = 800
_ATTEMPTS = 6
_PURGE_SECONDS = 60
_PURGE_AT_ONCE = ("--innodb-purge-rseg-truncate-frequency=1", "--innodb-monitor-enable=trx_rseg_history_len")


# -- commits that only the binary log knows -----------------------------------------------------------------------------

@dataclass(frozen=True)
class Setting:
    name: str
    options: Sequence[str] = ()
    clients: int = 8
    first: str = ""
    decided: int = 1  # transactions at least that the binary log has to decide about

    def __str__(self) -> str:
        return self.name


_SETTINGS = [
    Setting("gtids"),
    Setting("anonymous", options=["--gtid-mode=OFF"]),
    Setting("many clients", options=["--max-connections=200"], clients=40, decided=6),
    Setting("compressed", options=["--binlog-transaction-compression=ON"]),
    Setting("tagged gtids", first="SET SESSION gtid_next = 'AUTOMATIC:tag_of_the_load'"),
    Setting("no checksums", options=["--binlog-checksum=NONE"]),
    Setting("redo without checksums", options=["--innodb-log-checksums=OFF"]),
]


def _history_length(server: Mysqld) -> int:
    return server.scalar("SELECT count FROM information_schema.innodb_metrics WHERE name = 'trx_rseg_history_len'")


def _crash(server: Mysqld, setting: Setting, new_donord: NewDonord) -> tuple[Acknowledged, Donord]:
    """Kills the server under load until enough commits are in the binary log only."""
    for attempt in range(_ATTEMPTS):
        if not server.running:
            server.start()
        told = CrashLoad(server, seed=31 + attempt, clients=setting.clients, first=setting.first).start() \
            .wait_commits(_COMMITS).crash()
        donor = new_donord(server.datadir).start()
        if donor.decided_commits() >= setting.decided:
            return told, donor
        donor.stop()
    raise AssertionError(f"in {_ATTEMPTS} crashes there were never {setting.decided} commits that only the binary log had")


@pytest.mark.parametrize("setting", _SETTINGS, ids=str)
def test_killed_with_a_binary_log(setting: Setting, new_mysqld: NewMysqld, new_donord: NewDonord, recipient: Mysqld,
                                  install: MysqlInstall, tmp_path: Path) -> None:
    server = new_mysqld(options=[*DURABLE, *setting.options])
    told, donor = _crash(server, setting, new_donord)
    clone(recipient, donor.port, directory=tmp_path / "copy")
    donor.stop()
    reference = recovered(install, tmp_path / "recovered", server.datadir, *setting.options)

    copy = Mysqld(install, tmp_path / "opened", datadir=tmp_path / "copy",
                  options=[*NO_SYNC, *setting.options, *_PURGE_AT_ONCE])
    with copy:
        copycheck.check_copy(copy, reference.fingerprint)
        check_load_contents(copy, told)
        wait_until(lambda: _history_length(copy) == 0, seconds=_PURGE_SECONDS, what="the purge of all history")
        # What was decided is history like any other: the copy works on, also after a restart.
        told = CrashLoad(copy, seed=99, clients=setting.clients, first=setting.first).start().wait_commits(_COMMITS // 4).stop()
        copy.stop()
        copy.start()
        check_load(copy, told)
        assert not copycheck.health_problems(copy)


# -- other transactions, other places -----------------------------------------------------------------------------------

def test_prepared_xa_transactions_are_kept(new_mysqld: NewMysqld, new_donord: NewDonord, recipient: Mysqld,
                                           install: MysqlInstall, tmp_path: Path) -> None:
    server = new_mysqld(options=DURABLE)
    server.run("CREATE SCHEMA far", "CREATE TABLE far.t (id INT AUTO_INCREMENT PRIMARY KEY, v INT)",
               "XA START 'ours'", "INSERT INTO far.t (v) VALUES (1), (2)", "XA END 'ours'", "XA PREPARE 'ours'")
    server.kill()
    with new_donord(server.datadir) as donor:
        clone(recipient, donor.port, directory=tmp_path / "copy")
    reference = recovered(install, tmp_path / "recovered", server.datadir)
    with Mysqld(install, tmp_path / "opened", datadir=tmp_path / "copy", options=NO_SYNC) as copy:
        copycheck.check_copy(copy, reference.fingerprint)
        assert [row[3] for row in copy.query("XA RECOVER")] == ["ours"]
        copy.run("XA COMMIT 'ours'")
        assert copy.scalar("SELECT SUM(v) FROM far.t") == 3


def test_a_binary_log_in_another_directory(new_mysqld: NewMysqld, new_donord: NewDonord, tmp_path: Path) -> None:
    server = new_mysqld(options=DURABLE)
    _, donor = _crash(server, _SETTINGS[0], new_donord)
    decided = donor.decided_commits()
    donor.stop()
    elsewhere = tmp_path / "logs"
    elsewhere.mkdir()
    for log in server.datadir.glob("binlog.*"):
        log.rename(elsewhere / log.name)

    said = new_donord(server.datadir).start_refused()
    assert "--log-bin-index" in said and "--without-binary-log" in said, said
    with new_donord(server.datadir, extra=["--log-bin", str(elsewhere / "binlog")]) as donor:
        assert donor.decided_commits() == decided
    with new_donord(server.datadir, extra=["--without-binary-log"]) as donor:
        assert donor.decided_commits() == 0 and "source.undecided_commits" in donor.log_text()


def test_prepared_xa_transactions_without_a_binary_log(new_mysqld: NewMysqld, new_donord: NewDonord, recipient: Mysqld,
                                                       install: MysqlInstall, tmp_path: Path) -> None:
    server = new_mysqld(options=REDO_DECIDES)
    server.run("CREATE SCHEMA far", "CREATE TABLE far.t (id INT AUTO_INCREMENT PRIMARY KEY, v INT)",
               "XA START 'ours'", "INSERT INTO far.t (v) VALUES (1), (2)", "XA END 'ours'", "XA PREPARE 'ours'")
    server.kill()
    with new_donord(server.datadir) as donor:
        assert "1 XA transactions are prepared, and no index" in donor.log_text()
        clone(recipient, donor.port, directory=tmp_path / "copy")
    with Mysqld(install, tmp_path / "opened", datadir=tmp_path / "copy", options=NO_SYNC) as copy:
        assert [row[3] for row in copy.query("XA RECOVER")] == ["ours"]


# -- logs that are not that of the crash --------------------------------------------------------------------------------

def _snapshot(server: Mysqld, target: Path, new_donord: NewDonord) -> Path:
    """The directory of a server under load as it is at one moment, with transactions that wait for the binary log."""
    for attempt in range(_ATTEMPTS):
        time.sleep(0.3)
        server.pause()
        try:
            snapshot = copy_datadir(server.datadir, target / str(attempt))
        finally:
            server.resume()
        with new_donord(snapshot, extra=["--without-binary-log"]) as donor:
            if "source.undecided_commits" in donor.log_text():
                return snapshot
    raise AssertionError(f"in {_ATTEMPTS} snapshots no transaction was prepared")


def test_a_snapshot_and_the_log_of_its_original(new_mysqld: NewMysqld, new_donord: NewDonord, tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    server = new_mysqld(options=[*DURABLE, f"--log-bin={logs / 'binlog'}", "--max-connections=200"])
    load = CrashLoad(server, seed=5, clients=40, ddl=False).start().wait_commits(_COMMITS)
    snapshot = _snapshot(server, tmp_path / "snapshots", new_donord)
    of_the_original = ["--log-bin", str(logs / "binlog")]
    said = new_donord(snapshot, extra=of_the_original).start_refused()
    assert f"process {server.process.pid} is writing it" in said and "--without-binary-log" in said, said

    load.wait_commits(2 * _COMMITS).crash()
    long_ago = time.time() - 120  # as if the server had gone on for that long
    for file in snapshot.rglob("*"):
        os.utime(file, (long_ago, long_ago))
    said = new_donord(snapshot, extra=of_the_original).start_refused()
    assert "after the last write to the directory" in said and "--log-bin-index" in said, said


def test_the_log_of_an_earlier_crash(new_mysqld: NewMysqld, new_donord: NewDonord) -> None:
    server = new_mysqld(options=DURABLE)
    _, donor = _crash(server, _SETTINGS[0], new_donord)
    decided = donor.decided_commits()
    donor.stop()
    later = time.time() + 3600  # as if the server had worked for an hour with a log elsewhere
    for file in server.datadir.glob("#innodb_redo/*"):
        os.utime(file, (later, later))
    said = new_donord(server.datadir).start_refused()
    assert "s before the redo log" in said and "--log-bin-index" in said, said
    with new_donord(server.datadir, extra=["--log-bin-index", "binlog.index"]) as donor:
        assert donor.decided_commits() == decided
