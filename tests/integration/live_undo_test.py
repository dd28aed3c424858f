"""Undo tablespaces that are created and used while their server is cloned."""

from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

from harness import dataset, faults
from harness.clone import CloneOptions, start_clone
from harness.copycheck import check_copy
from harness.donord import Donord
from harness.live import LiveSource, flush, make_live
from harness.load import REDO_DECIDES
from harness.mysqld import MysqlInstall, Mysqld, use_keyring
from harness.waiting import wait_until

NewDonord = Callable[..., Donord]
NewMysqld = Callable[..., Mysqld]
OpenCopy = Callable[[Path], Mysqld]

_STAGES = ("file_copy", "page_copy", "redo_copy")
_OPEN = 6  # transactions, which servers spread over all undo tablespaces
_ROWS = 3000


@pytest.fixture
def source(new_mysqld: NewMysqld) -> LiveSource:
    return _make_source(new_mysqld(tcp=True, options=REDO_DECIDES))


def _make_source(server: Mysqld) -> LiveSource:
    """With a table whose rows are changed, and one so large that the pages of a new index are not sent from memory."""
    live = make_live(server, dataset.small)
    text = ", ".join(["(REPEAT('text ', 60))"] * (_ROWS // 3))
    server.run("CREATE SCHEMA made_undo",
               *(f"CREATE TABLE made_undo.{name} (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(4000))"
                 for name in ("t", "large")),
               *([f"INSERT INTO made_undo.t (v) VALUES {text}"] * 3),
               *([f"INSERT INTO made_undo.large (v) VALUES {text}"] * 2),
               *(["INSERT INTO made_undo.large (v) SELECT REPEAT(v, 10) FROM made_undo.t"] * 5))
    flush(server)
    return live


@contextmanager
def _open_transactions(server: Mysqld) -> Iterator[None]:
    """They have changed all rows when this begins, and are rolled back at its end."""
    with ExitStack() as stack:
        for number in range(_OPEN):
            cursor = stack.enter_context(stack.enter_context(server.connect()).cursor())
            cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")  # no locks on the others' rows
            cursor.execute("BEGIN")
            cursor.execute(f"UPDATE made_undo.t SET v = REPEAT('not committed ', 90) WHERE id % {_OPEN} = {number}")
        yield


def _undo(server: Mysqld) -> list[Any]:
    return server.query("SELECT space, name, state FROM information_schema.innodb_tablespaces"
                        " WHERE space_type = 'Undo' ORDER BY name")


def _check_usable(copy: Mysqld, name: str, file: str) -> None:
    """Filled, rolled back, truncated, dropped, created again, and found at the next start."""
    with _open_transactions(copy):
        pass
    _make_empty(copy, name)
    copy.run(f"ALTER UNDO TABLESPACE {name} SET ACTIVE")
    with _open_transactions(copy):
        pass
    _make_empty(copy, name)
    copy.run(f"DROP UNDO TABLESPACE {name}", f"CREATE UNDO TABLESPACE {name} ADD DATAFILE '{file}'")
    expected = _undo(copy)
    copy.stop()
    copy.start()
    assert _undo(copy) == expected
    assert "[ERROR]" not in copy.log_text()


def _make_empty(server: Mysqld, name: str) -> None:
    server.run(f"ALTER UNDO TABLESPACE {name} SET INACTIVE")
    wait_until(lambda: server.scalar("SELECT state FROM information_schema.innodb_tablespaces WHERE name = %s", [name])
               == "empty", seconds=60, what="the truncation")


def _check(copy: Mysqld, live: LiveSource, expected: list[Any], undo: list[Any]) -> None:
    assert _undo(copy) == undo
    check_copy(copy, live.resting, moving=("made",))
    assert copy.query("CHECKSUM TABLE made_undo.t") == expected
    assert copy.query("CHECK TABLE made_undo.t EXTENDED")[0][3] == "OK"
    assert "[ERROR]" not in copy.log_text()


@pytest.mark.parametrize("replace, flushed", [(False, False), (True, True)],
                         ids=["directory, in memory", "replace, flushed"])
def test_created_during_file_copy(replace: bool, flushed: bool, source: LiveSource, new_live_donord: NewDonord,
                                  new_mysqld: NewMysqld, open_copy: OpenCopy, tmp_path: Path) -> None:
    """A recipient that replaces its data has an undo tablespace of that name, too."""
    recipient = new_mysqld(supervised=replace, options=REDO_DECIDES)
    recipient.run("CREATE UNDO TABLESPACE other ADD DATAFILE 'created.ibu'")
    release = tmp_path / "release"
    donor = new_live_donord(source.server, faults=faults.pause("file_copy", release, after=20))
    expected = source.server.query("CHECKSUM TABLE made_undo.t")
    running = start_clone(recipient, donor.port, directory=None if replace else tmp_path / "copy",
                          variables=CloneOptions.threads(1))
    donor.wait_fault()
    source.server.run("CREATE UNDO TABLESPACE made ADD DATAFILE 'created.ibu'")
    with _open_transactions(source.server):
        if flushed:
            flush(source.server)
        release.touch()
        running.wait_ok()
    if replace:
        recipient.await_restart()
    copy = recipient if replace else open_copy(tmp_path / "copy").start()
    with copy:
        _check(copy, source, expected, _undo(source.server))
        _check_usable(copy, "made", "created.ibu")


@pytest.mark.parametrize("replace, then", [(True, ""), (False, "truncated"), (True, "cut")],
                         ids=["replace, as created", "directory, truncated", "replace, cut"])
def test_created_behind_the_plan_of_page_copy(replace: bool, then: str, source: LiveSource,
                                              new_live_donord: NewDonord, new_mysqld: NewMysqld, open_copy: OpenCopy,
                                              tmp_path: Path) -> None:
    """Two of them, in two rounds of late pages, which are truncated by then or sent again after a lost connection."""
    server = source.server
    recipient = new_mysqld(supervised=replace, options=REDO_DECIDES)
    recipient.run("CREATE UNDO TABLESPACE other ADD DATAFILE 'made_later.ibu'")
    releases = {stage: tmp_path / f"release_{stage}" for stage in _STAGES}
    donor = new_live_donord(server, faults=faults.together(
        *(faults.pause(stage, release) for stage, release in releases.items()),
        *([faults.disconnect("redo_copy", after=1200, times=2)] if then == "cut" else [])))
    expected = server.query("CHECKSUM TABLE made_undo.t")
    running = start_clone(recipient, donor.port, directory=None if replace else tmp_path / "copy",
                          variables=CloneOptions.threads(1))
    created = {"file_copy": None, "page_copy": "made_late", "redo_copy": "made_later"}
    with ExitStack() as transactions:
        for stage, name in created.items():
            donor.wait_fault(stage)
            if name is not None:
                server.run(f"CREATE UNDO TABLESPACE {name} ADD DATAFILE '{name}.ibu'")
                if then == "truncated":
                    _make_empty(server, name)
                    server.run(f"ALTER UNDO TABLESPACE {name} SET ACTIVE")
            if stage == "page_copy":
                transactions.enter_context(_open_transactions(server))
            server.run(f"ALTER TABLE made_undo.large ADD KEY {stage} (v(10))",
                       "UPDATE made_undo.large SET v = CONCAT(v, '.') WHERE id = 1")
            flush(server)
            releases[stage].touch()
        running.wait_ok()
    assert donor.log_text().count("live.late_pages") > 1
    if replace:
        recipient.await_restart()
    copy = recipient if replace else open_copy(tmp_path / "copy").start()
    with copy:
        _check(copy, source, expected, _undo(server))
        for name in ("made_late", "made_later"):
            _check_usable(copy, name, f"{name}.ibu")


def test_created_and_dropped(source: LiveSource, new_live_donord: NewDonord, recipient: Mysqld, open_copy: OpenCopy,
                             tmp_path: Path) -> None:
    """What came and went while files are copied, the recipient need not know."""
    release = tmp_path / "release"
    donor = new_live_donord(source.server, faults=faults.pause("file_copy", release, after=20))
    expected = source.server.query("CHECKSUM TABLE made_undo.t")
    running = start_clone(recipient, donor.port, directory=tmp_path / "copy", variables=CloneOptions.threads(1))
    donor.wait_fault()
    source.server.run("CREATE UNDO TABLESPACE made ADD DATAFILE 'created.ibu'")
    with _open_transactions(source.server):
        pass
    _make_empty(source.server, "made")
    source.server.run("DROP UNDO TABLESPACE made")
    release.touch()
    running.wait_ok()
    with open_copy(tmp_path / "copy") as copy:
        _check(copy, source, expected, _undo(source.server))


@pytest.mark.parametrize("relative", [True, False], ids=["undo directory", "known directory"])
def test_created_in_another_directory(relative: bool, new_mysqld: NewMysqld, new_live_donord: NewDonord,
                                      recipient: Mysqld, open_copy: OpenCopy, install: MysqlInstall,
                                      tmp_path: Path) -> None:
    """Wherever the source has them, a recipient has them in its undo directory."""
    places = {name: tmp_path / name for name in ("undo", "known")}
    for place in places.values():
        place.mkdir()
    options = [f"--innodb-undo-directory={places['undo']}", f"--innodb-directories={places['known']}"]
    data = install.initialize(tmp_path / "data", *options)
    source = _make_source(new_mysqld(datadir=data, tcp=True, options=[*REDO_DECIDES, *options]))
    release = tmp_path / "release"
    donor = new_live_donord(source.server, faults=faults.pause("file_copy", release, after=20), extra=options)
    expected = source.server.query("CHECKSUM TABLE made_undo.t")
    running = start_clone(recipient, donor.port, directory=tmp_path / "copy", variables=CloneOptions.threads(1))
    donor.wait_fault()
    file = "created.ibu" if relative else str(places["known"] / "created.ibu")
    source.server.run(f"CREATE UNDO TABLESPACE made ADD DATAFILE '{file}'")
    assert (places["undo" if relative else "known"] / "created.ibu").exists()
    with _open_transactions(source.server):
        release.touch()
        running.wait_ok()
    undo = _undo(source.server)
    source.server.kill()
    with open_copy(tmp_path / "copy") as copy:
        assert (copy.datadir / "created.ibu").exists()
        _check(copy, source, expected, undo)
        _check_usable(copy, "made", "created.ibu")


def test_created_with_a_key(install: MysqlInstall, new_mysqld: NewMysqld, new_live_donord: NewDonord,
                            open_copy: OpenCopy, tmp_path: Path) -> None:
    homes = {name: tmp_path / name for name in ("source", "recipient")}
    for home in homes.values():
        use_keyring(install.new_datadir(home / "data"), home / "keyring")
    options = [*REDO_DECIDES, "--innodb-undo-log-encrypt=ON"]
    source = _make_source(new_mysqld(datadir=homes["source"] / "data", tcp=True, options=options))
    recipient = new_mysqld(datadir=homes["recipient"] / "data")
    releases = {stage: tmp_path / f"release_{stage}" for stage in ("file_copy", "page_copy")}
    donor = new_live_donord(source.server, extra=["--keyring-file", str(homes["source"] / "keyring")],
                            faults=faults.together(*(faults.pause(stage, release) for stage, release in releases.items())))
    expected = source.server.query("CHECKSUM TABLE made_undo.t")
    running = start_clone(recipient, donor.port, directory=tmp_path / "copy", require="SSL",
                          variables=CloneOptions.threads(1))
    with ExitStack() as transactions:
        for stage, release in releases.items():
            donor.wait_fault(stage)
            source.server.run(f"CREATE UNDO TABLESPACE made_in_{stage} ADD DATAFILE '{stage}.ibu'",
                              f"ALTER TABLE made_undo.large ADD KEY {stage} (v(10))")
            if stage == "page_copy":
                transactions.enter_context(_open_transactions(source.server))
            source.server.run("UPDATE made_undo.large SET v = CONCAT(v, '.') WHERE id = 1")
            flush(source.server)
            release.touch()
        running.wait_ok()
    assert "live.late_pages" in donor.log_text()
    use_keyring(tmp_path / "copy", homes["recipient"] / "keyring")
    assert not source.server.query("SELECT name FROM information_schema.innodb_tablespaces"
                                   " WHERE space_type = 'Undo' AND encryption <> 'Y'")
    with open_copy(tmp_path / "copy") as copy:
        _check(copy, source, expected, _undo(source.server))
        for stage in releases:
            _check_usable(copy, f"made_in_{stage}", f"{stage}.ibu")
