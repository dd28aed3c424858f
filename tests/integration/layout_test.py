"""Instances over many directories and two system files: complete, and with something that nobody named."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterator

import pytest

from harness import copycheck, dataset
from harness.clone import clone, start_clone
from harness.crash_load import CrashLoad
from harness.donord import Donord, check
from harness.innodb_files import Tablespace
from harness.load import LATE_CHECKPOINT, REDO_DECIDES
from harness.mysqld import NO_SYNC, MysqlInstall, Mysqld
from harness.source import Source, build_source

NewDonord = Callable[..., Donord]
NewMysqld = Callable[..., Mysqld]
CheckDirectory = Callable[..., None]

_SYSTEM_FILES = "ibdata1:12M;more-data:12M:autoextend"


@dataclass
class Spread:
    """An instance over many directories below `home`; `options` name them, for mysqld and for donord alike."""

    home: Path

    @property
    def datadir(self) -> Path:
        return self.home / "data"

    @property
    def outside(self) -> Path:
        """Where DATA DIRECTORY tables and general tablespaces are."""
        return self.home / "outside"

    @property
    def places(self) -> dict[str, str]:
        return {"innodb-data-home-dir": str(self.home / "system"), "innodb-data-file-path": _SYSTEM_FILES,
                "innodb-undo-directory": str(self.home / "undo"), "innodb-log-group-home-dir": str(self.home / "redo"),
                "innodb-directories": str(self.outside)}

    @property
    def options(self) -> list[str]:
        return [f"--{name}={value}" for name, value in self.places.items()]

    def defaults_file(self) -> Path:
        """A my.cnf in all the spellings that are allowed."""
        path = self.home / "my.cnf"
        home, files, undo, redo, outside = self.places.values()
        path.write_text("[client]\ninnodb_undo_directory = /nowhere\n\n# [mysqld]\n[mysqld]\nskip-name-resolve\n"
                        f"innodb_data_home_dir={home}\ninnodb_data_file_path = {files}\n  innodb-undo-directory='{undo}'\n"
                        f'loose_innodb_log_group_home_dir = "{redo}"   # beside\n\n[mysqldump]\nquick\n[mysqld]\n'
                        f"innodb_directories={outside}\nmax_connections = 7\n")
        return path

    def create(self, install: MysqlInstall) -> "Spread":
        for name in ("system", "undo", "redo", "outside"):
            (self.home / name).mkdir(parents=True)
        install.initialize(self.datadir, *self.options)
        return self


def _fill(server: Mysqld, outside: Path) -> None:
    server.run("CREATE SCHEMA away",
               f"CREATE TABLE away.remote (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(300)) DATA DIRECTORY='{outside}'",
               "CREATE TABLE away.parts (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(300)) PARTITION BY HASH (id)"
               f" (PARTITION near, PARTITION far DATA DIRECTORY='{outside}')",
               f"CREATE TABLESPACE general ADD DATAFILE '{outside}/general.ibd'",
               "CREATE TABLE away.shared (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(300)) TABLESPACE general",
               "CREATE TABLE away.in_system (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(300)) TABLESPACE innodb_system",
               "CREATE UNDO TABLESPACE another ADD DATAFILE 'another.ibu'")
    for table in ("remote", "parts", "shared", "in_system"):
        server.run(f"INSERT INTO away.{table} (v) VALUES " + ", ".join(f"(REPEAT('{row} ', 50))" for row in range(2000)))


@pytest.fixture(scope="module")
def spread(install: MysqlInstall, tmp_path_factory: pytest.TempPathFactory) -> tuple[Spread, Source]:
    """Shut down cleanly."""
    made = Spread(tmp_path_factory.mktemp("spread")).create(install)
    source = build_source(install, made.home, dataset.small, lambda server: _fill(server, made.outside),
                          options=[*NO_SYNC, *made.options])
    return made, source


@pytest.fixture(scope="module")
def killed_spread(install: MysqlInstall, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Spread, Mysqld]]:
    """Killed with changes to every file that no checkpoint has."""
    made = Spread(tmp_path_factory.mktemp("killed-spread")).create(install)
    server = Mysqld(install, made.home, options=[*REDO_DECIDES, *made.options]).start()
    _fill(server, made.outside)
    server.stop()
    server.start(*LATE_CHECKPOINT)
    load = CrashLoad(server, seed=61).start()
    server.run(*(f"UPDATE away.{table} SET v = REVERSE(v)" for table in ("remote", "parts", "shared", "in_system")))
    load.wait_commits(300).crash()
    yield made, server
    server.kill()


@dataclass
class Elsewhere:
    """A recipient on the same host, where files from outside get another place."""

    recipient: Mysqld
    outside: Path

    def map_path(self, source: Spread) -> list[str]:
        return ["--map-path", f"{source.outside}={self.outside}"]

    @property
    def options(self) -> list[str]:
        return [f"--innodb-directories={self.outside}", f"--innodb-data-file-path={_SYSTEM_FILES}"]

    def moved(self, source: Spread, described: Source) -> Source:
        """What a copy must be: definitions of tables name the new place."""
        text = json.dumps(described.fingerprint).replace(str(source.outside), str(self.outside))
        return Source(described.datadir, json.loads(text))


@pytest.fixture
def elsewhere(install: MysqlInstall, new_mysqld: NewMysqld, tmp_path: Path) -> Elsewhere:
    made = Elsewhere(None, tmp_path / "elsewhere")  # type: ignore[arg-type]
    made.outside.mkdir()
    datadir = install.initialize(tmp_path / "recipient", f"--innodb-data-file-path={_SYSTEM_FILES}")
    made.recipient = new_mysqld(datadir=datadir, supervised=True, options=[*REDO_DECIDES, *made.options])
    return made


def _inside(directory: Path) -> list[str]:
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*.ibd"))


def test_files_anywhere_of_a_server_shut_down(spread: tuple[Spread, Source], new_donord: NewDonord, elsewhere: Elsewhere,
                                              tmp_path: Path, check_directory: CheckDirectory) -> None:
    source, described = spread
    places = ["--source-defaults-file", str(source.defaults_file())]
    donor = new_donord(source.datadir, extra=[*places, *elsewhere.map_path(source)]).start()
    clone(elsewhere.recipient, donor.port, directory=tmp_path / "copy")
    assert _inside(elsewhere.outside) == _inside(source.outside)
    check_directory(tmp_path / "copy", elsewhere.moved(source, described), *elsewhere.options)


def test_files_anywhere_replace_data(spread: tuple[Spread, Source], new_donord: NewDonord, elsewhere: Elsewhere,
                                     check_replaced: Callable[[Mysqld, Source], None]) -> None:
    source, described = spread
    donor = new_donord(source.datadir, extra=[*source.options, *elsewhere.map_path(source)]).start()
    clone(elsewhere.recipient, donor.port)
    assert _inside(elsewhere.outside) == _inside(source.outside)
    check_replaced(elsewhere.recipient, elsewhere.moved(source, described))


def test_without_a_map_nothing_is_written_over(spread: tuple[Spread, Source], install: MysqlInstall, new_mysqld: NewMysqld,
                                               new_donord: NewDonord, tmp_path: Path) -> None:
    """The recipient is told the place of the source, where the source's own file is."""
    source, _ = spread
    before = (source.outside / "general.ibd").stat().st_mtime_ns
    donor = new_donord(source.datadir, extra=source.options).start()
    recipient = new_mysqld(options=[f"--innodb-directories={source.outside}"])
    assert start_clone(recipient, donor.port, directory=tmp_path / "copy").wait().error == 1086
    assert (source.outside / "general.ibd").stat().st_mtime_ns == before


def test_check_reads_files_anywhere(spread: tuple[Spread, Source]) -> None:
    source, _ = spread
    code, said = check(source.datadir, "--source-defaults-file", source.defaults_file())
    assert code == 0, said


@pytest.mark.parametrize("missing, named", [("innodb-data-home-dir", "ibdata1"),
                                            ("innodb-data-file-path", "innodb_data_file_path"),
                                            ("innodb-log-group-home-dir", "#innodb_redo")])
def test_refused_when_a_place_is_not_named(missing: str, named: str, spread: tuple[Spread, Source],
                                           new_donord: NewDonord) -> None:
    source, _ = spread
    places = [f"--{name}={value}" for name, value in source.places.items() if name != missing]
    said = new_donord(source.datadir, extra=places).start_refused()
    assert named in said, said


@pytest.mark.parametrize("contents", [None, "innodb_undo_directory = /before/any/group\n", "[mysqld\n"],
                         ids=["missing", "no group", "bad group"])
def test_refused_with_a_broken_defaults_file(contents: str | None, spread: tuple[Spread, Source], new_donord: NewDonord,
                                             tmp_path: Path) -> None:
    file = tmp_path / "my.cnf"
    if contents is not None:
        file.write_text(contents)
    said = new_donord(spread[0].datadir, extra=["--source-defaults-file", str(file)]).start_refused()
    assert str(file) in said, said


# The order matters: the last test starts the server again.

@pytest.mark.parametrize("hidden", ["remote.ibd", "general.ibd", "parts#p#far.ibd"])
def test_refused_when_redo_knows_a_file_that_is_hidden(hidden: str, killed_spread: tuple[Spread, Mysqld],
                                                       new_donord: NewDonord, tmp_path: Path) -> None:
    source, _ = killed_spread
    file = next(source.outside.rglob(hidden))
    space = Tablespace(file).space
    file.rename(tmp_path / hidden)
    try:
        said = new_donord(source.datadir, extra=source.options).start_refused()
    finally:
        (tmp_path / hidden).rename(file)
    assert re.search(rf"\b{space}\b", said), said


def test_refused_without_the_directories_of_a_killed_server(killed_spread: tuple[Spread, Mysqld],
                                                            new_donord: NewDonord) -> None:
    source, _ = killed_spread
    places = [option for option in source.options if "innodb-directories" not in option]
    said = new_donord(source.datadir, extra=places).start_refused()
    spaces = [Tablespace(file).space for file in source.outside.rglob("*.ibd")]
    assert any(re.search(rf"\b{space}\b", said) for space in spaces), said


def test_files_anywhere_of_a_killed_server(killed_spread: tuple[Spread, Mysqld], new_donord: NewDonord,
                                           elsewhere: Elsewhere, tmp_path: Path, check_directory: CheckDirectory) -> None:
    source, server = killed_spread
    donor = new_donord(source.datadir, extra=[*source.options, *elsewhere.map_path(source)]).start()
    clone(elsewhere.recipient, donor.port, directory=tmp_path / "copy")
    donor.stop()
    with server:
        expected = Source(source.datadir, copycheck.fingerprint(server))
    check_directory(tmp_path / "copy", elsewhere.moved(source, expected), *elsewhere.options)
