"""Clones of running servers that are written to: committed states, not older than the CLONE statement."""

import shutil
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

from harness import dataset, faults
from harness.clone import Clone, CloneOptions, clone, start_clone
from harness.copycheck import check_copy, check_status_completed, fingerprint
from harness.live import LiveSource, clone_under_load, flush, refused_because_of_ddl, remove_failed, make_live
from harness.live_load import LiveLoad
from harness.load import DURABLE, LATE_CHECKPOINT, REDO_DECIDES, check_load_contents
from harness.mysqld import MysqlInstall, Mysqld, use_keyring
from harness.proxy import Proxy, cut_after, paced
from harness.session import Acknowledged
from harness.waiting import wait_until

NewMysqld = Callable[..., Mysqld]
NewDonor = Callable[..., Any]  # gives a Donord, or a stock server: both have a port
OpenCopy = Callable[[Path], Mysqld]

_MEGABYTE = 1024 * 1024
_COMMITS = 100


# -- rounds ---------------------------------------------------------------------------------------------------------------

@dataclass(frozen=True)
class Round:
    seed: int
    replace: bool
    threads: int
    require: str
    redo_megabytes: int
    ddl: bool
    megabytes_per_second: int  # of each connection

    def __str__(self) -> str:
        return (f"seed {self.seed} {'replace' if self.replace else 'directory'} {self.threads} threads {self.require}"
                f" redo {self.redo_megabytes}M {self.megabytes_per_second} MB/s{' ddl' if self.ddl else ''}")

    @staticmethod
    def of(number: int) -> "Round":
        threads = 8 if number // 2 % 2 else 1
        return Round(seed=number, replace=number % 2 == 1, threads=threads, require="NO SSL" if number // 4 % 2 else "SSL",
                     redo_megabytes=8 if number % 3 else 128, ddl=number % 5 in (0, 1, 3),
                     megabytes_per_second=(40 if threads == 1 else 15) if number // 3 % 2 else 1000)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "this" in metafunc.fixturenames:
        rounds = metafunc.config.getoption("--rounds")
        metafunc.parametrize("this", [Round.of(number) for number in range(rounds)], ids=str)


@pytest.fixture(scope="module")
def refusals() -> Iterator[dict[Round, int]]:
    """How many clones of each round with DDL were refused because of it: not all of several, though nothing but DDL runs."""
    counted: dict[Round, int] = {}
    yield counted
    assert len(counted) < 4 or sum(counted.values()) < len(counted), f"refused because of DDL: {counted}"


@pytest.fixture(scope="module")
def replaced(install: MysqlInstall, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mysqld]:
    """A recipient that loses its data in every other round."""
    server = Mysqld(install, tmp_path_factory.mktemp("replaced"), supervised=True, options=REDO_DECIDES).start()
    yield server
    server.kill()


def test_round_of_a_clone_under_load(this: Round, live: LiveSource, new_live_donor: NewDonor, recipient: Mysqld,
                                     replaced: Mysqld, open_copy: OpenCopy, refusals: dict[Round, int], tmp_path: Path,
                                     record_property: Callable[[str, object], None]) -> None:
    live.server.run(f"SET GLOBAL innodb_redo_log_capacity = {this.redo_megabytes * _MEGABYTE}")
    donor = new_live_donor(live.server)
    directory = None if this.replace else tmp_path / "copy"
    with (LiveLoad(live.server, seed=this.seed, makers=2 if this.ddl else 0) as load,
          Proxy(donor.port, watch=paced(this.megabytes_per_second * _MEGABYTE)) as proxy):
        before = load.wait_commits(_COMMITS).commits()
        told, refused = clone_under_load(load, replaced if this.replace else recipient, proxy.port, directory=directory,
                                         require=this.require, variables=CloneOptions.threads(this.threads))
        assert load.commits() > before, "the load did not go on"
    if this.ddl:
        refusals[this] = refused
        record_property("remark", f"refused because of DDL: {refused}")
    if this.replace:
        check_status_completed(replaced)
        live.check(replaced, told)
    else:
        with open_copy(tmp_path / "copy") as copy:
            live.check(copy, told)


# -- one thing at a time --------------------------------------------------------------------------------------------------

def test_nothing_is_missing_when_nobody_writes(new_mysqld: NewMysqld, new_live_donor: NewDonor, recipient: Mysqld,
                                               open_copy: OpenCopy, tmp_path: Path) -> None:
    """All that a load left is in memory and in the redo log only, and the copy is equal to the last bit of it."""
    live = make_live(new_mysqld(tcp=True, options=[*REDO_DECIDES, *LATE_CHECKPOINT]), dataset.small, dataset.everything)
    with LiveLoad(live.server, seed=101, makers=1) as load:
        load.wait_commits(3 * _COMMITS).hold()
        live.server.await_redo_written()
        expected = fingerprint(live.server)
        donor = new_live_donor(live.server)
        clone(recipient, donor.port, directory=tmp_path / "copy", variables=CloneOptions.threads(4))
        told = load.stop()
    live.server.kill()
    with open_copy(tmp_path / "copy") as copy:
        check_copy(copy, expected)
        check_load_contents(copy, told)


def test_gtids_are_those_of_the_data(new_mysqld: NewMysqld, new_live_donor: NewDonor, recipient: Mysqld,
                                     open_copy: OpenCopy, tmp_path: Path) -> None:
    """What the copy says that it has executed decides what a replica asks of its source next."""
    live = make_live(new_mysqld(tcp=True, options=DURABLE), dataset.small)
    donor = new_live_donor(live.server)
    with LiveLoad(live.server, seed=102, named=True) as load:
        for name in ("first", "second"):
            told, _ = clone_under_load(load.wait_commits(_COMMITS), recipient, donor.port, directory=tmp_path / name)
            with open_copy(tmp_path / name) as copy:
                live.check(copy, told)


def test_everything_encrypted(install: MysqlInstall, new_mysqld: NewMysqld, new_live_donor: NewDonor, open_copy: OpenCopy,
                              tmp_path: Path) -> None:
    """Tables and tablespaces get keys and lose them, and the master key is rotated, while the clone runs."""
    homes = {name: tmp_path / name for name in ("source", "recipient")}
    for home in homes.values():
        use_keyring(install.new_datadir(home / "data"), home / "keyring")
    options = [*REDO_DECIDES, "--innodb-undo-log-encrypt=ON", "--innodb-redo-log-encrypt=ON"]
    live = make_live(new_mysqld(datadir=homes["source"] / "data", tcp=True, options=options), dataset.small)
    recipient = new_mysqld(datadir=homes["recipient"] / "data")
    donor = new_live_donor(live.server, extra=["--keyring-file", str(homes["source"] / "keyring")])
    with LiveLoad(live.server, seed=103, makers=2, encryption=True) as load:
        told, _ = clone_under_load(load.wait_commits(_COMMITS), recipient, donor.port, directory=tmp_path / "copy",
                                   require="SSL")
    use_keyring(tmp_path / "copy", homes["recipient"] / "keyring")
    with open_copy(tmp_path / "copy") as copy:
        live.check(copy, told)


@pytest.mark.parametrize("flushed", [False, True], ids=["in memory", "flushed"])
def test_changes_of_every_kind_during_file_copy(flushed: bool, live: LiveSource, new_live_donor: NewDonor,
                                                recipient: Mysqld, open_copy: OpenCopy, tmp_path: Path) -> None:
    """Files come, go, get other names and are filled without redo while one block of the clone is on its way."""
    donor = new_live_donor(live.server)
    with LiveLoad(live.server, seed=104) as load, Proxy(donor.port) as proxy:
        load.wait_commits(_COMMITS).make_everything()
        told = load.acknowledged()
        running = start_clone(recipient, proxy.port, directory=tmp_path / "copy", variables=CloneOptions.threads(1))
        _wait_bytes(proxy, 10)
        proxy.stall()
        load.make_everything()
        if flushed:
            load.hold()
            flush(live.server)
            load.go_on()
        proxy.flow()
        running.wait_ok()
    with open_copy(tmp_path / "copy") as copy:
        live.check(copy, told)


def _wait_bytes(proxy: Proxy, megabytes: int) -> None:
    wait_until(lambda: proxy.bytes_to_recipient() > megabytes * _MEGABYTE, seconds=60, what="the clone to be copying")


@pytest.fixture
def check_completed_or_refused(live: LiveSource, recipient: Mysqld, open_copy: OpenCopy, tmp_path: Path,
                               record_property: Callable[[str, object], None]) -> Callable[..., None]:
    """A function that expects the copy to be right; or the clone to end because of DDL, and the next one to be right."""
    def check(running: Clone, told: Acknowledged, load: LiveLoad, port: int) -> None:
        result = running.wait()
        record_property("remark", result.message or "completed")
        if not result.ok:
            assert refused_because_of_ddl(result), f"{result.error} {result.message}"
            told, _ = clone_under_load(load, recipient, port, directory=tmp_path / "next")
        load.stop()
        with open_copy(tmp_path / ("copy" if result.ok else "next")) as copy:
            live.check(copy, told)
    return check


@pytest.mark.parametrize("stage", ["page_copy", "redo_copy", "done"])
def test_changes_of_every_kind_after_file_copy(stage: str, live: LiveSource, new_live_donord: NewDonor, recipient: Mysqld,
                                               tmp_path: Path, check_completed_or_refused: Callable[..., None]) -> None:
    donor = new_live_donord(live.server, faults=faults.pause(stage, tmp_path / "release"))
    with LiveLoad(live.server, seed=105) as load:
        told = load.wait_commits(_COMMITS).acknowledged()
        running = start_clone(recipient, donor.port, directory=tmp_path / "copy")
        donor.wait_fault()
        load.make_everything(drop_undo=True)
        (tmp_path / "release").touch()
        check_completed_or_refused(running, told, load, donor.port)


@dataclass(frozen=True)
class Held:
    """A clone that is held twice: amid FILE COPY, so that there will be pages to copy, and when those have been chosen."""

    rules: list[str]
    releases: list[Path]

    @staticmethod
    def of(directory: Path) -> "Held":
        releases = [directory / f"release_{stage}" for stage in ("file_copy", "page_copy")]
        return Held([faults.pause("file_copy", releases[0], after=20), faults.pause("page_copy", releases[1])], releases)


@pytest.mark.parametrize("cut", [None, 0, 60], ids=["uncut", "cut before", "cut amid"])
def test_late_pages(cut: int | None, live: LiveSource, new_live_donord: NewDonor, recipient: Mysqld, open_copy: OpenCopy,
                    tmp_path: Path) -> None:
    """What happens when the pages have been chosen, and is not in the redo, goes out behind them: no clone is refused."""
    held = Held.of(tmp_path)
    cuts = [] if cut is None else [faults.disconnect("redo_copy", after=cut, times=2)]
    donor = new_live_donord(live.server, faults=faults.together(*held.rules, *cuts))
    with LiveLoad(live.server, seed=113) as load:
        told = load.wait_commits(_COMMITS).acknowledged()
        running = start_clone(recipient, donor.port, directory=tmp_path / "copy")
        for stage, release in zip(("file_copy", "page_copy"), held.releases):
            donor.wait_fault(stage)
            if stage == "page_copy":
                load.make_everything()
            load.wait_commits(_COMMITS).hold()
            flush(live.server)
            load.go_on()
            release.touch()
        running.wait_ok()
    assert "live.late_pages" in donor.log_text()
    with open_copy(tmp_path / "copy") as copy:
        live.check(copy, told)


@pytest.mark.parametrize("last", [["DROP TABLE {s}.t", "RENAME TABLE {s}.t_old TO {s}.t"],
                                  ["ALTER TABLE {s}.t_old ADD KEY (v(10), id)",
                                   "RENAME TABLE {s}.t TO {s}.t_new, {s}.t_old TO {s}.t"]], ids=["dropped", "changed back"])
@pytest.mark.parametrize("cut", [False, True], ids=["uncut", "cut"])
def test_names_go_round_while_pages_are_late(last: list[str], cut: bool, new_mysqld: NewMysqld, new_live_donord: NewDonor,
                                             recipient: Mysqld, open_copy: OpenCopy, tmp_path: Path) -> None:
    """Two rounds give each other's names away: recipients overwrite files whose names are taken."""
    live = make_live(new_mysqld(tcp=True, options=REDO_DECIDES), dataset.small)
    tables = {"large": "(REPEAT('large ', 400))", "t": "('t')", "t_new": "('t_new')"}
    live.server.run("CREATE SCHEMA made_names")
    for table, value in tables.items():
        live.server.run(f"CREATE TABLE made_names.{table} (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(4000))",
                        *([f"INSERT INTO made_names.{table} (v) VALUES " + ", ".join([value] * 1600)]
                          * (10 if table == "large" else 1)))
    flush(live.server)
    # An index of so large a table is not sent from memory: there is time for more between two rounds.
    rounds = {"file_copy": ["ALTER TABLE {s}.large ADD KEY (v(10), id)"],
              "page_copy": ["ALTER TABLE {s}.large ADD KEY (v(10))", "RENAME TABLE {s}.t TO {s}.t_old, {s}.t_new TO {s}.t"],
              "redo_copy": ["ALTER TABLE {s}.large ADD KEY (id, v(10))", *last]}
    releases = {stage: tmp_path / f"release_{stage}" for stage in rounds}
    cuts = [faults.disconnect("redo_copy", after=100, times=2)] if cut else []
    donor = new_live_donord(live.server, faults=faults.together(
        *(faults.pause(stage, release) for stage, release in releases.items()), *cuts))
    running = start_clone(recipient, donor.port, directory=tmp_path / "copy", variables=CloneOptions.threads(1))
    for stage, statements in rounds.items():
        donor.wait_fault(stage)
        live.server.run(*(statement.format(s="made_names") for statement in statements),
                        "UPDATE made_names.large SET v = CONCAT(v, '.') WHERE id = 1")
        flush(live.server)
        releases[stage].touch()
    running.wait_ok()
    names = [name for (name,) in live.server.query("SHOW TABLES FROM made_names")]
    expected = {name: live.server.query(f"CHECKSUM TABLE made_names.{name}") for name in names if name != "large"}
    with open_copy(tmp_path / "copy") as copy:
        assert names == [name for (name,) in copy.query("SHOW TABLES FROM made_names")]
        for name in names:
            assert copy.query(f"CHECK TABLE made_names.{name} EXTENDED")[0][3] == "OK"
        assert {name: copy.query(f"CHECKSUM TABLE made_names.{name}") for name in expected} == expected
    assert donor.log_text().count("live.late_pages") > 1


@pytest.mark.parametrize("stage", ["file_copy", "page_copy"])
@pytest.mark.parametrize("encryption", ["Y", "N"], ids=["gets keys", "loses keys"])
def test_a_tablespace_is_encrypted_in_place(encryption: str, stage: str, install: MysqlInstall, new_mysqld: NewMysqld,
                                            new_live_donord: NewDonor, open_copy: OpenCopy, tmp_path: Path) -> None:
    """Page by page, by the server, while the clone runs."""
    homes = {name: tmp_path / name for name in ("source", "recipient")}
    for home in homes.values():
        use_keyring(install.new_datadir(home / "data"), home / "keyring")
    server = new_mysqld(datadir=homes["source"] / "data", tcp=True, options=REDO_DECIDES)
    live = make_live(server, dataset.small)
    before = "N" if encryption == "Y" else "Y"
    server.run("CREATE TABLESPACE always ADD DATAFILE 'always.ibd' ENCRYPTION = 'Y'", "CREATE SCHEMA made_places",
               f"CREATE TABLESPACE changing ADD DATAFILE 'changing.ibd' ENCRYPTION = '{before}'",
               "CREATE TABLE made_places.t (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(2000)) TABLESPACE changing"
               f" ENCRYPTION = '{before}'",
               *(["INSERT INTO made_places.t (v) VALUES " + ", ".join(["(REPEAT('text ', 300))"] * 400)] * 5))
    flush(server)
    held = Held.of(tmp_path)
    donor = new_live_donord(server, extra=["--keyring-file", str(homes["source"] / "keyring")],
                            faults=faults.together(*held.rules))
    recipient = new_mysqld(datadir=homes["recipient"] / "data")
    running = start_clone(recipient, donor.port, directory=tmp_path / "copy", require="SSL",
                          variables=CloneOptions.threads(1))
    for now, release in zip(("file_copy", "page_copy"), held.releases):
        donor.wait_fault(now)
        if now == stage:
            server.run(f"ALTER TABLESPACE changing ENCRYPTION = '{encryption}'")
        server.run("UPDATE made_places.t SET v = CONCAT(v, '.')", "UPDATE made_places.t SET v = CONCAT(v, 'not certain')")
        flush(server)
        release.touch()
    running.wait_ok()
    server.run("UPDATE made_places.t SET v = REPLACE(v, 'not certain', '')")
    expected = server.query("CHECKSUM TABLE made_places.t")
    use_keyring(tmp_path / "copy", homes["recipient"] / "keyring")
    with open_copy(tmp_path / "copy") as copy:
        copy.run("UPDATE made_places.t SET v = REPLACE(v, 'not certain', '')")
        assert copy.query("CHECKSUM TABLE made_places.t") == expected
        assert copy.query("CHECK TABLE made_places.t EXTENDED")[0][3] == "OK"
        stated = copy.query("SELECT encryption FROM information_schema.innodb_tablespaces WHERE name = 'changing'")
        assert stated == server.query("SELECT encryption FROM information_schema.innodb_tablespaces WHERE name = 'changing'")


@pytest.mark.parametrize("stage", ["file_copy", "redo_copy"])
def test_a_table_moves_into_a_schema_that_had_none(stage: str, live: LiveSource, new_live_donord: NewDonor,
                                                   recipient: Mysqld, tmp_path: Path,
                                                   check_completed_or_refused: Callable[..., None]) -> None:
    """Recipients cannot rename a file into a directory that they do not have: a clone from a stock donor ends with 1025."""
    live.server.run("DROP SCHEMA IF EXISTS made_old", "DROP SCHEMA IF EXISTS made_new", "CREATE SCHEMA made_old",
                    "CREATE TABLE made_old.t (id INT AUTO_INCREMENT PRIMARY KEY)")
    release = tmp_path / "release"
    donor = new_live_donord(live.server, faults=faults.pause(stage, release, after=60 if stage == "file_copy" else 0))
    with LiveLoad(live.server, seed=106) as load:
        told = load.wait_commits(_COMMITS).acknowledged()
        running = start_clone(recipient, donor.port, directory=tmp_path / "copy", variables=CloneOptions.threads(1))
        donor.wait_fault()
        live.server.run("CREATE SCHEMA made_new", "RENAME TABLE made_old.t TO made_new.t")
        release.touch()
        check_completed_or_refused(running, told, load, donor.port)


def test_ddl_waits_for_a_recipient_that_asks_for_it(live: LiveSource, new_live_donor: NewDonor, recipient: Mysqld,
                                                    open_copy: OpenCopy, tmp_path: Path) -> None:
    """clone_block_ddl, by the backup lock of a connection to the server: until the clone has ended."""
    donor = new_live_donor(live.server, extra=["--upstream", f"root@{live.server.socket}"])
    late = threading.Thread(target=lambda: live.server.run("CREATE SCHEMA late"))
    with LiveLoad(live.server, seed=111) as load, Proxy(donor.port) as proxy:
        told = load.wait_commits(_COMMITS).acknowledged()
        running = start_clone(recipient, proxy.port, directory=tmp_path / "copy",
                              variables=CloneOptions.threads(1) | {"block_ddl": 1})
        _wait_bytes(proxy, 10)
        proxy.stall()
        late.start()
        with live.server.connect() as connection, connection.cursor() as cursor:
            wait_until(lambda: cursor.execute("SELECT 1 FROM performance_schema.processlist"
                                              " WHERE state = 'Waiting for backup lock'"),
                       seconds=30, what="DDL that waits")
        proxy.flow()
        running.wait_ok()
        late.join(30)
        assert not late.is_alive()
    with open_copy(tmp_path / "copy") as copy:
        assert not copy.query("SHOW SCHEMAS LIKE 'late'")
        live.server.run("DROP SCHEMA late")
        live.check(copy, told)


@contextmanager
def _ddl_under_way(server: Mysqld) -> Iterator[None]:
    """An ALTER TABLE waits for a transaction, and clones wait for it."""
    server.run("CREATE SCHEMA slow", "CREATE TABLE slow.t (id INT)", "INSERT INTO slow.t VALUES (1)")

    def alter() -> None:
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute("ALTER TABLE slow.t ADD COLUMN v INT, ALGORITHM=COPY")

    altering = threading.Thread(target=alter)
    with server.connect() as reader, reader.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT * FROM slow.t")
        altering.start()
        wait_until(lambda: _waiting_for(server, "table metadata lock"), seconds=30, what="DDL that is under way")
        yield
    altering.join()
    server.run("DROP SCHEMA slow")


def _waiting_for(server: Mysqld, lock: str) -> bool:
    return bool(server.query("SELECT 1 FROM performance_schema.processlist WHERE state = %s", [f"Waiting for {lock}"]))


def test_a_clone_waits_no_longer_for_ddl_than_its_recipient_says(live: LiveSource, new_live_donor: NewDonor,
                                                                recipient: Mysqld, tmp_path: Path) -> None:
    donor = new_live_donor(live.server, extra=["--upstream", f"root@{live.server.socket}"])
    with _ddl_under_way(live.server):
        running = start_clone(recipient, donor.port, directory=tmp_path / "copy",
                              variables=CloneOptions.threads(1) | {"block_ddl": 1, "ddl_timeout": 2})
        running.wait_error(3862, "1205")
    clone(recipient, donor.port, directory=tmp_path / "copy", variables={"block_ddl": 1})


def test_a_recipient_that_is_killed_waits_for_ddl_no_longer(live: LiveSource, new_live_donord: NewDonor,
                                                            new_mysqld: NewMysqld, recipient: Mysqld,
                                                            tmp_path: Path) -> None:
    """Its place is free for another one long before its own limit, and the source has no clone waiting any more."""
    donor = new_live_donord(live.server, max_clones=1, extra=["--upstream", f"root@{live.server.socket}"])
    killed = new_mysqld()
    with _ddl_under_way(live.server):
        start_clone(killed, donor.port, directory=tmp_path / "killed", variables={"block_ddl": 1, "ddl_timeout": 300})
        wait_until(lambda: _waiting_for(live.server, "backup lock"), seconds=30, what="a clone that waits for DDL")
        killed.kill()
        ended = donor.wait_session("failed", seconds=8)
        assert (ended["error_number"], ended["error_text"]) == (1317, "The recipient left before its clone began")
        clone(recipient, donor.port, directory=tmp_path / "copy", variables={"block_ddl": 0})
        wait_until(lambda: not _waiting_for(live.server, "backup lock"), seconds=10, what="no clone that waits")
    assert "live.server_not_asked" not in donor.log_text()


def test_how_far_the_source_was_is_known_later(new_mysqld: NewMysqld, new_live_donord: NewDonor, recipient: Mysqld,
                                               open_copy: OpenCopy, tmp_path: Path) -> None:
    """The copy has at least what its session says, and nothing else when nobody writes meanwhile."""
    server = make_live(new_mysqld(tcp=True, options=DURABLE), dataset.small).server
    donor = new_live_donord(server, extra=["--upstream", f"root@{server.socket}"])

    def copied(name: str) -> tuple[dict[str, Any], str]:
        clone(recipient, donor.port, directory=tmp_path / name)
        with open_copy(tmp_path / name) as copy:
            return donor.wait_session("completed")["position_at_least"], copy.scalar("SELECT @@gtid_executed")

    with LiveLoad(server, seed=112, named=True) as load:
        load.wait_commits(_COMMITS)
        server.run("FLUSH BINARY LOGS")  # tells InnoDB the GTIDs of statements that changed nothing, DROP ... IF EXISTS say
        before = server.scalar("SELECT @@gtid_executed")
        position, has = copied("moving")
        for less, more in ((before, position["gtid_executed"]), (position["gtid_executed"], has)):
            assert server.scalar("SELECT GTID_SUBSET(%s, %s)", [less, more]), f"{less} is not in {more}"
    file, offset, *_, gtids = server.query("SHOW BINARY LOG STATUS")[0]
    position, has = copied("resting")
    assert gtids and gtids.replace("\n", "") == has.replace("\n", "")
    assert position == {"binary_log_file": file, "binary_log_position": offset, "gtid_executed": has.replace("\n", "")}


def test_a_tablespace_is_imported(live: LiveSource, new_live_donord: NewDonor, recipient: Mysqld, open_copy: OpenCopy,
                                  tmp_path: Path) -> None:
    """Pages that come without redo, in a file that was there before: they are in the copy, or there is none."""
    live.server.run("DROP SCHEMA IF EXISTS moved", "CREATE SCHEMA moved",
                    *(f"CREATE TABLE moved.{name} (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(200), KEY (v))"
                      for name in ("here", "there")),
                    "INSERT INTO moved.here (v) VALUES " + ", ".join(f"(REPEAT('{row} ', 20))" for row in range(2000)))
    donor = new_live_donord(live.server)
    with LiveLoad(live.server, seed=106) as load, Proxy(donor.port) as proxy:
        told = load.wait_commits(_COMMITS).acknowledged()
        running = start_clone(recipient, proxy.port, directory=tmp_path / "copy", variables=CloneOptions.threads(1))
        _wait_bytes(proxy, 10)
        proxy.stall()
        live.server.run("ALTER TABLE moved.there DISCARD TABLESPACE", "FLUSH TABLES moved.here FOR EXPORT")
        for suffix in ("ibd", "cfg"):
            shutil.copy(live.datadir / f"moved/here.{suffix}", live.datadir / f"moved/there.{suffix}")
        live.server.run("UNLOCK TABLES", "ALTER TABLE moved.there IMPORT TABLESPACE")
        proxy.flow()
        result = running.wait()
        if not result.ok:
            assert refused_because_of_ddl(result), f"{result.error} {result.message}"
            remove_failed(tmp_path / "copy")
            clone(recipient, donor.port, directory=tmp_path / "copy")
    live.server.run("DROP SCHEMA moved")
    with open_copy(tmp_path / "copy") as copy:
        sums = copy.query("CHECKSUM TABLE moved.here, moved.there")
        assert sums[0][1] == sums[1][1] != 0
        copy.run("DROP SCHEMA moved")
        live.check(copy, told)


def test_cut_and_resumed(live: LiveSource, new_live_donor: NewDonor, recipient: Mysqld, open_copy: OpenCopy,
                         tmp_path: Path) -> None:
    donor = new_live_donor(live.server)
    with (LiveLoad(live.server, seed=107, makers=1) as load,
          Proxy(donor.port, watch=cut_after(20 * _MEGABYTE, times=2)) as proxy):
        told, _ = clone_under_load(load.wait_commits(_COMMITS), recipient, proxy.port, directory=tmp_path / "copy",
                                   require="NO SSL", variables=CloneOptions.threads(1))
        assert len(proxy.connections) > 2
    with open_copy(tmp_path / "copy") as copy:
        live.check(copy, told)


def test_three_recipients_at_once(live: LiveSource, new_live_donord: NewDonor, new_mysqld: NewMysqld, open_copy: OpenCopy,
                                  tmp_path: Path) -> None:
    donor = new_live_donord(live.server)
    recipients = [new_mysqld() for _ in range(3)]
    told, running = [], []
    with LiveLoad(live.server, seed=108) as load:
        for number, recipient in enumerate(recipients):
            told.append(load.wait_commits(_COMMITS).acknowledged())
            running.append(start_clone(recipient, donor.port, directory=tmp_path / str(number),
                                       variables=CloneOptions.threads(1 + number)))
        for one in running:
            one.wait_ok()
    for number, recipient in enumerate(recipients):
        recipient.stop()
        with open_copy(tmp_path / str(number)) as copy:
            live.check(copy, told[number])


def test_a_server_that_was_a_donor_itself(live: LiveSource, new_live_donord: NewDonor, new_donord: NewDonor,
                                          new_mysqld: NewMysqld, recipient: Mysqld, open_copy: OpenCopy,
                                          tmp_path: Path) -> None:
    """It has lost the locks on its files, and is seen to run all the same: by a donord that begins, and amid a clone."""
    donor = new_live_donord(live.server)
    with LiveLoad(live.server, seed=112) as load, Proxy(donor.port) as proxy:
        told = load.wait_commits(_COMMITS).acknowledged()
        running = start_clone(recipient, proxy.port, directory=tmp_path / "copy", variables=CloneOptions.threads(1))
        _wait_bytes(proxy, 10)
        proxy.stall()
        other = new_mysqld()
        clone(other, live.server.port, directory=tmp_path / "stock")
        other.stop()
        proxy.flow()
        running.wait_ok()
        said = new_donord(live.server.datadir, extra=["--live", "no"]).start_refused()
        assert f"in use by process {live.server.process.pid}" in said
        told_later, _ = clone_under_load(load, recipient, new_live_donord(live.server, live="auto").port,
                                         directory=tmp_path / "later")
    for name, expected in {"copy": told, "later": told_later}.items():
        with open_copy(tmp_path / name) as copy:
            live.check(copy, expected)


def test_auto_follows_the_server(live: LiveSource, new_live_donord: NewDonor, recipient: Mysqld, open_copy: OpenCopy,
                                 tmp_path: Path) -> None:
    """At rest, live, and at rest again, for one donord that keeps running."""
    with LiveLoad(live.server, seed=109) as load:
        told = load.wait_commits(_COMMITS).stop()
    live.server.stop()
    try:
        donor = new_live_donord(live.server, live="auto")
        clone(recipient, donor.port, directory=tmp_path / "stopped")
        with open_copy(tmp_path / "stopped") as copy:
            live.check(copy, told)
        live.server.start()
        with LiveLoad(live.server, seed=110) as load:
            told, _ = clone_under_load(load.wait_commits(_COMMITS), recipient, donor.port, directory=tmp_path / "started")
            told_last = load.stop()
        with open_copy(tmp_path / "started") as copy:
            live.check(copy, told)
        live.server.stop()
        clone(recipient, donor.port, directory=tmp_path / "stopped-again")
        with open_copy(tmp_path / "stopped-again") as copy:
            live.check(copy, told_last)
    finally:
        if not live.server.running:
            live.server.start()
