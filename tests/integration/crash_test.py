"""Data directories of servers that were killed: a clone has what was acknowledged, and is what the server itself recovers."""

from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterator

import pytest

from harness import copycheck, faults
from harness.clone import CloneOptions, clone, start_clone
from harness.crash_load import CrashLoad
from harness.donord import Donord
from harness.innodb_files import doublewrite_images
from harness.load import DURABLE, LATE_CHECKPOINT, REDO_DECIDES, check_load, check_load_contents
from harness.mysqld import MysqlInstall, Mysqld
from harness.source import Source, recovered
from harness.waiting import wait_until

NewDonord = Callable[..., Donord]
NewMysqld = Callable[..., Mysqld]
CheckDirectory = Callable[[Path, Source], None]

_COMMITS = 800
_REPAIRED = "from the doublewrite buffer"


# -- rounds of load, kill -9 and clone over one data directory ------------------------------------------------------------

@dataclass(frozen=True)
class Round:
    seed: int
    replace: bool
    threads: int
    require: str
    redo_megabytes: int
    ddl: bool
    binary_log: bool

    def __str__(self) -> str:
        return (f"seed {self.seed} {'replace' if self.replace else 'directory'} {self.threads} threads {self.require}"
                f" redo {self.redo_megabytes}M{' ddl' if self.ddl else ''}{' binlog' if self.binary_log else ''}")


ROUNDS = [Round(seed=number, replace=number % 2 == 1, threads=8 if number // 2 % 2 else 1,
                require="NO SSL" if number // 4 % 2 else "SSL", redo_megabytes=8 if number % 3 else 128, ddl=number % 5 != 4,
                binary_log=number % 4 in (1, 2))
          for number in range(20)]


@pytest.fixture(scope="module")
def victims(install: MysqlInstall, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[bool, Mysqld]]:
    """The servers that are killed, each in every other round, and go on after it: one without a binary log, one with it."""
    servers = {False: Mysqld(install, tmp_path_factory.mktemp("victim"), options=REDO_DECIDES),
               True: Mysqld(install, tmp_path_factory.mktemp("victim-binlog"), options=DURABLE)}
    yield servers
    for server in servers.values():
        server.kill()


@pytest.fixture
def worn_recipient(new_mysqld: NewMysqld) -> Callable[[int], Mysqld]:
    """A function that makes a recipient whose doublewrite files are full of pages of a former life."""
    def make(seed: int) -> Mysqld:
        server = new_mysqld(supervised=True, options=REDO_DECIDES)
        CrashLoad(server, seed=seed).start().wait_commits(300).crash()
        assert len(doublewrite_images(server.datadir)) > 20
        return server.start()
    return make


@pytest.mark.parametrize("this", ROUNDS, ids=str)
def test_round_of_load_crash_and_clone(this: Round, victims: dict[bool, Mysqld], new_donord: NewDonord, recipient: Mysqld,
                                       worn_recipient: Callable[[int], Mysqld], install: MysqlInstall,
                                       tmp_path: Path) -> None:
    victim = victims[this.binary_log]
    if not victim.running:
        victim.start()
    victim.run(f"SET GLOBAL innodb_redo_log_capacity = {this.redo_megabytes * 1024 * 1024}")
    told = CrashLoad(victim, seed=this.seed, ddl=this.ddl).start().wait_commits(_COMMITS).crash()

    donor = new_donord(victim.datadir).start()
    options = {"variables": CloneOptions.threads(this.threads), "require": this.require}
    if this.replace:
        copy = worn_recipient(this.seed)
        log_before = copy.error_log.stat().st_size
        clone(copy, donor.port, **options)
        assert _REPAIRED not in copy.error_log.read_text(errors="replace")[log_before:], "its own old pages are back"
    else:
        clone(recipient, donor.port, directory=tmp_path / "copy", **options)
        copy = Mysqld(install, tmp_path / "opened", datadir=tmp_path / "copy", options=REDO_DECIDES)
    donor.stop()

    victim.start()  # now it is a plain server that recovered the very files that were served
    expected = copycheck.fingerprint(victim)
    check_load(victim, told)
    with copy:
        copycheck.check_copy(copy, expected)
        check_load_contents(copy, told)


# -- what crashes leave behind --------------------------------------------------------------------------------------------

@pytest.fixture
def clone_and_check(new_donord: NewDonord, recipient: Mysqld, install: MysqlInstall, tmp_path: Path,
                    check_directory: CheckDirectory) -> Callable[[Path], Path]:
    """A function that clones a crashed directory and compares the copy with what a plain server makes of it."""
    def run(crashed: Path) -> Path:
        before = _state(crashed)
        with new_donord(crashed) as donor:
            clone(recipient, donor.port, directory=tmp_path / "copy")
        assert _state(crashed) == before, "serving changes nothing"
        check_directory(tmp_path / "copy", recovered(install, tmp_path / "recovered", crashed))
        return tmp_path / "copy"
    return run


def _state(directory: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in directory.rglob("*")}


def test_killed_with_everything_in_the_redo_log(new_mysqld: NewMysqld, clone_and_check: Callable[[Path], Path]) -> None:
    server = new_mysqld(options=[*REDO_DECIDES, *LATE_CHECKPOINT])
    CrashLoad(server, seed=32).start().wait_commits(3 * _COMMITS).crash()
    clone_and_check(server.datadir)


def test_killed_right_after_the_start(new_mysqld: NewMysqld, clone_and_check: Callable[[Path], Path]) -> None:
    server = new_mysqld()
    server.kill()
    clone_and_check(server.datadir)


def test_killed_again_during_recovery(new_mysqld: NewMysqld, clone_and_check: Callable[[Path], Path]) -> None:
    server = new_mysqld(options=[*REDO_DECIDES, *LATE_CHECKPOINT])
    CrashLoad(server, seed=33).start().wait_commits(3 * _COMMITS).crash()
    server.launch()
    wait_until(lambda: "Starting to apply a batch" in server.log_tail() or "Apply batch completed" in server.log_tail(),
               seconds=60, what="recovery to apply redo", poll_seconds=0.001)
    server.kill()
    clone_and_check(server.datadir)


def test_shut_down_without_flushing(new_mysqld: NewMysqld, clone_and_check: Callable[[Path], Path]) -> None:
    """innodb_fast_shutdown = 2 is a crash in good order."""
    server = new_mysqld(options=[*REDO_DECIDES, *LATE_CHECKPOINT])
    CrashLoad(server, seed=34).start().wait_commits(_COMMITS).stop()
    server.run("SET GLOBAL innodb_fast_shutdown = 2")
    server.stop()
    clone_and_check(server.datadir)


def test_prepared_xa_transactions_are_kept(new_mysqld: NewMysqld, clone_and_check: Callable[[Path], Path],
                                           install: MysqlInstall, tmp_path: Path) -> None:
    server = new_mysqld(options=REDO_DECIDES)
    server.run("CREATE SCHEMA far", "CREATE TABLE far.t (id INT AUTO_INCREMENT PRIMARY KEY, v INT)",
               "XA START 'ours'", "INSERT INTO far.t (v) VALUES (1), (2)", "XA END 'ours'", "XA PREPARE 'ours'")
    server.kill()
    copy = clone_and_check(server.datadir)
    with Mysqld(install, tmp_path / "again", datadir=copy, options=REDO_DECIDES) as again:
        assert [row[3] for row in again.query("XA RECOVER")] == ["ours"]
        again.run("XA COMMIT 'ours'")
        assert again.scalar("SELECT SUM(v) FROM far.t") == 3


def test_undo_tablespaces_truncated_and_dropped(new_mysqld: NewMysqld, clone_and_check: Callable[[Path], Path]) -> None:
    server = new_mysqld(options=[*REDO_DECIDES, *LATE_CHECKPOINT])
    server.run(*(f"CREATE UNDO TABLESPACE {name} ADD DATAFILE '{name}.ibu'" for name in ("one", "two", "three")))
    CrashLoad(server, seed=35).start().wait_commits(_COMMITS // 2).stop()
    server.run("ALTER UNDO TABLESPACE one SET INACTIVE", "ALTER UNDO TABLESPACE innodb_undo_001 SET INACTIVE")
    wait_until(lambda: len(server.query("SELECT name FROM information_schema.innodb_tablespaces WHERE state = 'empty'")) == 2,
               seconds=60, what="two undo tablespaces to be truncated")
    server.run("DROP UNDO TABLESPACE one", "ALTER UNDO TABLESPACE innodb_undo_001 SET ACTIVE")
    load = CrashLoad(server, seed=39).start().wait_commits(_COMMITS // 2)
    server.run("ALTER UNDO TABLESPACE two SET INACTIVE")
    load.crash()
    clone_and_check(server.datadir)


def test_a_clone_of_a_crashed_server_can_crash_in_turn(new_mysqld: NewMysqld, new_donord: NewDonord) -> None:
    server = new_mysqld(options=REDO_DECIDES)
    CrashLoad(server, seed=36).start().wait_commits(_COMMITS // 2).crash()
    donor = new_donord(server.datadir).start()
    copy = new_mysqld(supervised=True, options=REDO_DECIDES)
    clone(copy, donor.port)
    told = CrashLoad(copy, seed=37).start().wait_commits(_COMMITS // 2).crash()
    copy.start()
    check_load(copy, told)


@pytest.mark.parametrize("stage", ["file_copy", "redo_copy"])
def test_donord_killed_while_serving_a_crashed_directory(stage: str, new_mysqld: NewMysqld, new_donord: NewDonord,
                                                         recipient: Mysqld, install: MysqlInstall, tmp_path: Path,
                                                         check_directory: CheckDirectory) -> None:
    server = new_mysqld(options=REDO_DECIDES)
    CrashLoad(server, seed=38).start().wait_commits(_COMMITS // 2).crash()
    donor = new_donord(server.datadir, faults=faults.abort(stage, after=20 if stage == "file_copy" else 0)).start()
    running = start_clone(recipient, donor.port, directory=tmp_path / "copy", variables=CloneOptions.threads(1))
    assert donor.wait_exit() != 0
    donor.restart()
    running.wait_ok()
    check_directory(tmp_path / "copy", recovered(install, tmp_path / "recovered", server.datadir))


def test_redo_logging_switched_off(new_mysqld: NewMysqld, new_donord: NewDonord) -> None:
    server = new_mysqld(options=REDO_DECIDES)
    server.run("ALTER INSTANCE DISABLE INNODB REDO_LOG", "CREATE SCHEMA unlogged")
    server.kill()
    said = new_donord(server.datadir).start_refused()
    assert "DISABLE INNODB REDO_LOG" in said or "redo logging" in said, said
