"""Encrypted tables, tablespaces, undo and redo, served with the keyring of the server that wrote them."""

import json
from pathlib import Path
from typing import Callable, Iterator, Sequence

import pytest

from harness import copycheck, dataset
from harness.clone import CloneOptions, clone, start_clone
from harness.crash_load import CrashLoad
from harness.donord import Donord, check
from harness.innodb_files import (COMPRESSED_AND_ENCRYPTED, ENCRYPTED, ENCRYPTED_R_TREE, checkpoints, find_page,
                                  flip_byte)
from harness.load import DURABLE, LATE_CHECKPOINT, REDO_DECIDES, check_load, check_load_contents
from harness.mysqld import NO_SYNC, MysqlInstall, Mysqld, copy_datadir, use_keyring
from harness.source import Source, build_source, recovered

NewDonord = Callable[..., Donord]
NewMysqld = Callable[..., Mysqld]
CheckDirectory = Callable[..., None]

_LOGS_ENCRYPTED = ("--innodb-undo-log-encrypt=ON", "--innodb-redo-log-encrypt=ON")


def _vault(server: Mysqld) -> None:
    """Everything that can be encrypted."""
    server.run("ALTER TABLESPACE mysql ENCRYPTION='Y'",
               "CREATE TABLESPACE sealed ADD DATAFILE 'sealed.ibd' ENCRYPTION='Y'",
               "CREATE SCHEMA vault")
    kinds = {"plain": "ENCRYPTION='Y'", "shared": "TABLESPACE sealed ENCRYPTION='Y'",
             "zlib": "COMPRESSION='zlib' ENCRYPTION='Y'", "lz4": "COMPRESSION='lz4' ENCRYPTION='Y'",
             "zip": "ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8 ENCRYPTION='Y'",
             "parts": "ENCRYPTION='Y' PARTITION BY KEY (id) PARTITIONS 2"}
    for name, clause in kinds.items():
        server.run(f"CREATE TABLE vault.{name} (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(400), lob MEDIUMTEXT) {clause}",
                   f"INSERT INTO vault.{name} (v) VALUES " + ", ".join(f"(REPEAT('{row} ', 60))" for row in range(500)),
                   f"UPDATE vault.{name} SET lob = REPEAT(v, 100) WHERE id % 50 = 0")
    server.run("CREATE TABLE vault.places (id INT AUTO_INCREMENT PRIMARY KEY, at POINT NOT NULL SRID 4326"
               " DEFAULT (ST_SRID(POINT(1, 2), 4326)), SPATIAL KEY (at)) ENCRYPTION='Y'",
               "INSERT INTO vault.places (at) VALUES " + ", ".join(f"(ST_SRID(POINT({n % 90}, 7), 4326))" for n in range(500)),
               "ALTER INSTANCE ROTATE INNODB MASTER KEY")


def _home_with_keyring(install: MysqlInstall, home: Path) -> Path:
    use_keyring(install.new_datadir(home / "data"), home / "keyring")
    return home


@pytest.fixture(scope="module")
def encrypted(install: MysqlInstall, tmp_path_factory: pytest.TempPathFactory) -> Source:
    home = _home_with_keyring(install, tmp_path_factory.mktemp("encrypted"))
    return build_source(install, home, dataset.small, _vault, options=[*NO_SYNC, *_LOGS_ENCRYPTED])


@pytest.fixture
def new_recipient(install: MysqlInstall, new_mysqld: NewMysqld, tmp_path: Path) -> Callable[[], Mysqld]:
    """A function that starts a recipient with a keyring of its own."""
    def start() -> Mysqld:
        home = _home_with_keyring(install, tmp_path / "keyed")
        return new_mysqld(datadir=home / "data", supervised=True, options=REDO_DECIDES)
    return start


def _keyring(datadir: Path) -> Path:
    return datadir.parent / "keyring"


def _with_keyring(datadir: Path) -> dict[str, list[str]]:
    return {"extra": ["--keyring-file", str(_keyring(datadir))]}


def _lend_keyring(copy: Path, recipient: Mysqld) -> None:
    """A cloned directory is readable with the keyring of the server that cloned it."""
    use_keyring(copy, _keyring(recipient.datadir))


# -- shut down ------------------------------------------------------------------------------------------------------------

def test_clone_into_a_directory(encrypted: Source, new_donord: NewDonord, new_recipient: Callable[[], Mysqld], tmp_path: Path,
                                check_directory: CheckDirectory) -> None:
    donor = new_donord(encrypted.datadir, **_with_keyring(encrypted.datadir)).start()
    recipient = new_recipient()
    clone(recipient, donor.port, directory=tmp_path / "copy", variables=CloneOptions.threads(4))
    _lend_keyring(tmp_path / "copy", recipient)
    check_directory(tmp_path / "copy", encrypted)


def test_clone_replaces_the_recipients_data(encrypted: Source, new_donord: NewDonord, new_recipient: Callable[[], Mysqld],
                                            check_replaced: Callable[[Mysqld, Source], None]) -> None:
    donor = new_donord(encrypted.datadir, **_with_keyring(encrypted.datadir)).start()
    recipient = new_recipient()
    clone(recipient, donor.port)
    check_replaced(recipient, encrypted)
    recipient.run("ALTER INSTANCE ROTATE INNODB MASTER KEY")
    recipient.stop()
    recipient.start()
    assert recipient.scalar("SELECT COUNT(*) FROM vault.plain") == 500


def test_without_tls(encrypted: Source, new_donord: NewDonord, new_recipient: Callable[[], Mysqld], tmp_path: Path) -> None:
    donor = new_donord(encrypted.datadir, **_with_keyring(encrypted.datadir)).start()
    running = start_clone(new_recipient(), donor.port, directory=tmp_path / "copy", require="NO SSL")
    running.wait_error(3862, "3872")


# -- killed ---------------------------------------------------------------------------------------------------------------

@pytest.fixture
def keyed_server(install: MysqlInstall, tmp_path: Path) -> Iterator[Callable[..., Mysqld]]:
    """A function that starts a server with a keyring; its options are those of mysqld."""
    servers: list[Mysqld] = []

    def start(*options: str, durability: Sequence[str] = REDO_DECIDES) -> Mysqld:
        home = _home_with_keyring(install, tmp_path / f"source{len(servers)}")
        servers.append(Mysqld(install, home, options=[*durability, *options]))
        return servers[-1].start()
    yield start
    for server in servers:
        server.kill()


@pytest.mark.parametrize("durability", [REDO_DECIDES, DURABLE], ids=["without a binary log", "with one"])
def test_killed_under_load(durability: Sequence[str], keyed_server: Callable[..., Mysqld], new_donord: NewDonord,
                           new_recipient: Callable[[], Mysqld], tmp_path: Path, check_directory: CheckDirectory) -> None:
    server = keyed_server(*_LOGS_ENCRYPTED, durability=durability)
    _vault(server)
    told = CrashLoad(server, seed=51, encryption=True).start().wait_commits(800).crash()
    recipient = new_recipient()
    with new_donord(server.datadir, **_with_keyring(server.datadir)) as donor:
        clone(recipient, donor.port, directory=tmp_path / "copy")
        clone(recipient, donor.port)
    server.start()
    expected = copycheck.fingerprint(server)
    check_load(server, told)
    _lend_keyring(tmp_path / "copy", recipient)
    check_directory(tmp_path / "copy", Source(server.datadir, expected))
    copycheck.check_copy(recipient, expected)
    check_load_contents(recipient, told)


_AFTER_THE_CHECKPOINT = {
    "rows": ["INSERT INTO vault.early (v) SELECT v FROM vault.early"],
    "new table and tablespace": ["CREATE TABLE vault.late (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(40)) ENCRYPTION='Y'",
                                 "INSERT INTO vault.late (v) VALUES ('a'), ('b')", "ALTER TABLE vault.open ENCRYPTION='Y'",
                                 "CREATE TABLESPACE late ADD DATAFILE 'late.ibd' ENCRYPTION='Y'",
                                 "CREATE TABLE vault.shared (id INT PRIMARY KEY) TABLESPACE late ENCRYPTION='Y'"],
    "encrypted and decrypted in place": ["ALTER TABLESPACE wide ENCRYPTION='Y'", "ALTER TABLESPACE narrow ENCRYPTION='N'"],
    "rotated master key": ["ALTER INSTANCE ROTATE INNODB MASTER KEY"],
    "encrypted logs switched on": ["SET GLOBAL innodb_redo_log_encrypt = ON", "SET GLOBAL innodb_undo_log_encrypt = ON",
                                   "INSERT INTO vault.early (v) SELECT v FROM vault.early"],
}


@pytest.fixture(scope="module")
def before_the_change(install: MysqlInstall, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a server at rest with a keyring, encrypted tablespaces and others."""
    home = _home_with_keyring(install, tmp_path_factory.mktemp("before-the-change"))
    with Mysqld(install, home, options=REDO_DECIDES) as server:
        server.run("CREATE SCHEMA vault", "CREATE TABLESPACE wide ADD DATAFILE 'wide.ibd'",
                   "CREATE TABLESPACE narrow ADD DATAFILE 'narrow.ibd' ENCRYPTION='Y'")
        for name, clause in {"early": "ENCRYPTION='Y'", "open": "", "wide": "TABLESPACE wide",
                             "narrow": "TABLESPACE narrow ENCRYPTION='Y'"}.items():
            server.run(f"CREATE TABLE vault.{name} (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(40)) {clause}",
                       f"INSERT INTO vault.{name} (v) VALUES ('1'), ('2'), ('3')")
    return home


@pytest.mark.parametrize("statements", _AFTER_THE_CHECKPOINT.values(), ids=_AFTER_THE_CHECKPOINT.keys())
def test_killed_after_changes_that_no_checkpoint_has(statements: list[str], before_the_change: Path, new_donord: NewDonord,
                                                     new_mysqld: NewMysqld, new_recipient: Callable[[], Mysqld],
                                                     install: MysqlInstall, tmp_path: Path,
                                                     check_directory: CheckDirectory) -> None:
    home = copy_datadir(before_the_change, tmp_path / "source")
    use_keyring(home / "data", home / "keyring")
    server = new_mysqld(datadir=home / "data", options=[*REDO_DECIDES, *LATE_CHECKPOINT])
    before = checkpoints(server.datadir)[0].lsn
    server.run(*statements, "INSERT INTO vault.open (v) VALUES ('durable, and so is the redo before it')")
    server.kill()
    assert checkpoints(server.datadir)[0].lsn == before

    recipient = new_recipient()
    with new_donord(server.datadir, **_with_keyring(server.datadir)) as donor:
        clone(recipient, donor.port, directory=tmp_path / "copy")
    _lend_keyring(tmp_path / "copy", recipient)
    check_directory(tmp_path / "copy", recovered(install, tmp_path / "recovered", server.datadir))


# -- refused --------------------------------------------------------------------------------------------------------------

_ONE_THING = {
    "table": (["CREATE SCHEMA vault", "CREATE TABLE vault.one (id INT PRIMARY KEY) ENCRYPTION='Y'"], "one.ibd"),
    "tablespace": (["CREATE TABLESPACE sealed ADD DATAFILE 'sealed.ibd' ENCRYPTION='Y'"], "sealed.ibd"),
    "dictionary": (["ALTER TABLESPACE mysql ENCRYPTION='Y'"], "mysql.ibd"),
    "undo log": (["SET GLOBAL innodb_undo_log_encrypt = ON"], "undo_00"),
    "redo log": (["SET GLOBAL innodb_redo_log_encrypt = ON", "CREATE SCHEMA vault"], "redo"),
}


@pytest.mark.parametrize("statements, named", _ONE_THING.values(), ids=_ONE_THING.keys())
def test_refused_without_a_keyring(statements: list[str], named: str, keyed_server: Callable[..., Mysqld],
                                   new_donord: NewDonord) -> None:
    server = keyed_server()
    server.run(*statements)
    server.stop()
    for name in ("mysqld.my", "component_keyring_file.cnf"):
        (server.datadir / name).unlink()
    said = new_donord(server.datadir).start_refused()
    assert "encrypted" in said and named in said and "keyring" in said, said


def test_refused_with_the_keyring_of_another_server(encrypted: Source, new_donord: NewDonord,
                                                    new_recipient: Callable[[], Mysqld]) -> None:
    other = new_recipient()
    other.run("CREATE SCHEMA vault", "CREATE TABLE vault.one (id INT PRIMARY KEY) ENCRYPTION='Y'")
    keyring = _keyring(other.datadir)
    said = new_donord(encrypted.datadir, extra=["--keyring-file", str(keyring)]).start_refused()
    assert str(keyring) in said and "INNODBKey-" in said, said


def test_refused_with_a_wrong_key(encrypted: Source, new_donord: NewDonord, tmp_path: Path) -> None:
    """The right name, and not the right bytes."""
    contents = json.loads(_keyring(encrypted.datadir).read_text())
    for element in contents["elements"]:
        element["data"] = "00" * 32
    keyring = tmp_path / "wrong"
    keyring.write_text(json.dumps(contents))
    said = new_donord(encrypted.datadir, extra=["--keyring-file", str(keyring)]).start_refused()
    assert "INNODBKey-" in said or ".ibd" in said, said


@pytest.mark.parametrize("contents", [None, "", "{}", '{"version": "1.0", "elements": [', '{"version": "1.0", "elements": 7}',
                                      '{"version": "1.0", "elements": [{"data_id": "INNODBKey", "data": "xyz"}]}'],
                         ids=["missing", "empty", "no elements", "cut", "not a list", "not hex"])
def test_refused_with_a_broken_keyring(contents: str | None, encrypted: Source, new_donord: NewDonord, tmp_path: Path) -> None:
    keyring = tmp_path / "broken"
    if contents is not None:
        keyring.write_text(contents)
    said = new_donord(encrypted.datadir, extra=["--keyring-file", str(keyring)]).start_refused()
    assert str(keyring) in said, said


def test_keys_are_not_logged(encrypted: Source, new_donord: NewDonord, new_recipient: Callable[[], Mysqld],
                             tmp_path: Path) -> None:
    donor = new_donord(encrypted.datadir, **_with_keyring(encrypted.datadir)).start()
    clone(new_recipient(), donor.port, directory=tmp_path / "copy")
    said = donor.log_text().lower()
    for element in json.loads(_keyring(encrypted.datadir).read_text())["elements"]:
        assert element["data"].lower() not in said


# -- damage ---------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("kind", [ENCRYPTED, COMPRESSED_AND_ENCRYPTED, ENCRYPTED_R_TREE],
                         ids=["encrypted", "compressed and encrypted", "encrypted r-tree"])
def test_flipped_byte_in_an_encrypted_page(kind: int, encrypted: Source, new_donord: NewDonord,
                                           new_recipient: Callable[[], Mysqld], tmp_path: Path) -> None:
    datadir = encrypted.copy(tmp_path / "data")
    space, number = find_page(datadir, kind)
    flip_byte(space.path, number * space.page_bytes + 120)
    keyring = ("--keyring-file", _keyring(encrypted.datadir))
    code, said = check(datadir, *keyring)
    assert code != 0 and space.path.name in said and f"page {number}" in said, said
    donor = new_donord(datadir, extra=[str(part) for part in keyring]).start()
    start_clone(new_recipient(), donor.port, directory=tmp_path / "copy").wait_error(
        3862, space.path.name, f"page {number}")
