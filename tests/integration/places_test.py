"""Files outside of the data directory: found through the server's option file, renamed for recipients by --map-path."""

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterator

import pytest

from harness import copycheck
from harness.clone import clone, start_clone
from harness.donord import Donord, binary
from harness.mysqld import NO_SYNC, MysqlInstall, Mysqld
from harness.source import Source

NewDonord = Callable[..., Donord]
NewMysqld = Callable[..., Mysqld]


@dataclass
class Scattered:
    """A source of which nothing is where it is by default, and the option file that says so."""

    source: Source
    option_file: Path
    elsewhere: Path  # tables with DATA DIRECTORY and an external general tablespace

    def expected_at(self, directory: Path) -> Source:
        """What a copy must be like whose files are in `directory` instead of `elsewhere`."""
        text = json.dumps(self.source.fingerprint).replace(str(self.elsewhere), str(directory))
        return Source(self.source.datadir, json.loads(text))


@pytest.fixture(scope="session")
def scattered(install: MysqlInstall, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scattered]:
    root = tmp_path_factory.mktemp("scattered")
    datadir = install.new_datadir(root / "data")
    for name, files in {"sys": ["ibdata1"], "undo": ["undo_001", "undo_002"], "log": ["#innodb_redo"]}.items():
        (root / name).mkdir()
        for file in files:
            (datadir / file).rename(root / name / file)
    elsewhere = root / "else where"
    elsewhere.mkdir()
    option_file = root / "my.cnf"
    option_file.write_text("# scattered\n[client]\ndatadir=/nowhere\n[mysqld-9.7]\n"
                           f"innodb-undo-directory={root}/undo\n!includedir {root}/conf.d\n")
    (root / "conf.d").mkdir()
    (root / "conf.d" / "places.cnf").write_text(
        f"[mysqld]\ndatadir={datadir}  # here\nloose_innodb_data_home_dir={root}/sys\ninnodb_page_size=16K\n"
        f"innodb_log_group_home_dir='{root}/log'\ninnodb-directories = \"{elsewhere};{root}/sys\"\n"
        "innodb_doublewrite_dir=dblwr\ninnodb_buffer_pool_filename=pool\n"
        "innodb_data_file_path=ibdata1:12M:autoextend\n")
    options = [f"--innodb-undo-directory={root}/undo", f"--innodb-data-home-dir={root}/sys",
               f"--innodb-log-group-home-dir={root}/log", f"--innodb-directories={elsewhere};{root}/sys",
               "--innodb-doublewrite-dir=dblwr", "--innodb-buffer-pool-filename=pool",
               "--innodb-buffer-pool-dump-at-shutdown=ON"]
    server = Mysqld(install, root / "home", datadir=datadir, options=[*NO_SYNC, *options])
    with server:
        server.run(
            "CREATE SCHEMA far",
            f"CREATE TABLE far.t (id INT PRIMARY KEY, v VARCHAR(500)) DATA DIRECTORY = '{elsewhere}'",
            "INSERT INTO far.t VALUES (1, REPEAT('a', 500)), (2, 'b')",
            f"CREATE TABLE far.p (id INT PRIMARY KEY) PARTITION BY HASH (id) (PARTITION p0 DATA DIRECTORY = '{elsewhere}',"
            f" PARTITION p1 DATA DIRECTORY = '{elsewhere}/second')",
            "INSERT INTO far.p VALUES (1), (2), (3)",
            f"CREATE TABLESPACE far_space ADD DATAFILE '{elsewhere}/far_space.ibd'",
            "CREATE TABLE far.g (id INT PRIMARY KEY, v INT, KEY (v)) TABLESPACE far_space",
            "INSERT INTO far.g VALUES (1, 2), (3, 4)",
            "CREATE TABLE far.near (id INT PRIMARY KEY)")
        server.stop()
        server.start()
        described = copycheck.fingerprint(server)
    yield Scattered(Source(datadir, described), option_file, elsewhere)


def donord_over(new_donord: NewDonord, scattered: Scattered, *extra: object) -> Donord:
    return new_donord(scattered.source.datadir, extra=["--source-defaults-file", scattered.option_file, *extra])


def test_inspect_says_where_its_options_come_from(scattered: Scattered) -> None:
    command = [binary(), "inspect", "--source-defaults-file", str(scattered.option_file)]
    report = json.loads(subprocess.run([*command, "--json"], capture_output=True, check=True).stdout)
    assert report["servable"] and report["path"] == str(scattered.source.datadir)
    origins = {option["name"]: option["origin"] for option in report["options"]}
    places = scattered.option_file.parent / "conf.d" / "places.cnf"
    assert origins["innodb_undo_directory"] == f"{scattered.option_file} line 5"
    assert origins["innodb_data_home_dir"] == f"{places} line 3"
    assert {"ib_buffer_pool", "ibdata1", "undo_001", f"{scattered.elsewhere}/far_space.ibd"} <= {
        file["name"] for file in report["files"]}
    text = subprocess.run([*command, "--innodb-undo-directory=/given"], capture_output=True, text=True).stdout
    assert "innodb_undo_directory=/given (--innodb-undo-directory)" in text


def test_a_copy_has_its_files_elsewhere(scattered: Scattered, new_donord: NewDonord, new_mysqld: NewMysqld,
                                        install: MysqlInstall, tmp_path: Path) -> None:
    """Into a directory first, then replacing the data of the server that cloned."""
    into, other = tmp_path / "into", tmp_path / "other"
    for directory in (into, other):
        directory.mkdir()
    recipient = new_mysqld(supervised=True, options=[f"--innodb-directories={into};{other}"])
    donor = donord_over(new_donord, scattered, "--map-path", f"{scattered.elsewhere}={into}").start()
    assert "absolute_names" not in donor.log_text()
    clone(recipient, donor.port, directory=tmp_path / "copy")
    options = [*NO_SYNC, f"--innodb-directories={into}"]
    with Mysqld(install, tmp_path / "opened", datadir=tmp_path / "copy", options=options) as server:
        copycheck.check_copy(server, scattered.expected_at(into).fingerprint)

    shutil.rmtree(into)  # its tablespaces have the ids of those that come now
    donor = donord_over(new_donord, scattered, "--map-path", f"{scattered.elsewhere}={other}").start()
    clone(recipient, donor.port)
    copycheck.check_status_completed(recipient)
    copycheck.check_copy(recipient, scattered.expected_at(other).fingerprint)
    recipient.run("ALTER TABLE far.t ADD COLUMN w INT, ALGORITHM=COPY", "TRUNCATE TABLE far.t")
    assert (other / "far" / "t.ibd").exists()


def test_a_copy_has_its_files_in_its_data_directory(scattered: Scattered, new_donord: NewDonord, recipient: Mysqld,
                                                    install: MysqlInstall, tmp_path: Path) -> None:
    donor = donord_over(new_donord, scattered, "--map-path", f"{scattered.elsewhere}=.",
                        "--map-path", f"{scattered.elsewhere}/second=.").start()
    clone(recipient, donor.port, directory=tmp_path / "copy")
    with Mysqld(install, tmp_path / "opened", datadir=tmp_path / "copy", options=NO_SYNC) as server:
        assert server.query("SELECT id FROM far.t") == [(1,), (2,)]
        assert server.scalar("SELECT COUNT(*) FROM far.p") == 3
        assert server.query("SELECT id, v FROM far.g ORDER BY id") == [(1, 2), (3, 4)]
        assert {row[3] for row in server.query("CHECK TABLE far.t, far.p, far.g EXTENDED")} == {"OK"}
        server.run("ALTER TABLE far.t ADD COLUMN w INT, ALGORITHM=COPY", "ALTER TABLE far.p TRUNCATE PARTITION p1")


def test_absolute_names_are_warned_of_and_refused_by_a_recipient(scattered: Scattered, new_donord: NewDonord,
                                                                 recipient: Mysqld, tmp_path: Path) -> None:
    donor = donord_over(new_donord, scattered, "--map-path", "/misspelt=/x").start()
    warned = donor.wait_log(r"source.absolute_names files=(\d+) first=\"?([^\"\n]*\.ibd)")
    assert warned.group(1) == "4" and warned.group(2).startswith(str(scattered.elsewhere))
    donor.wait_log("source.map_path_unused from=/misspelt to=/x")
    start_clone(recipient, donor.port, directory=tmp_path / "copy").wait_error(1525, "file path")


@pytest.mark.parametrize("rule, expected", [
    ("nonsense", "there is no '='"),
    ("{elsewhere}/far=/x/other", "must keep its file name"),
    ("{elsewhere}=./below", "must be in the directory of its schema"),
], ids=["syntax", "another schema", "below the data directory"])
def test_a_map_that_no_server_could_follow_is_refused(rule: str, expected: str, scattered: Scattered,
                                                      new_donord: NewDonord) -> None:
    donor = donord_over(new_donord, scattered, "--map-path", rule.format(elsewhere=scattered.elsewhere))
    assert re.search(expected, donor.start_refused())


def test_options_that_are_not_true_of_the_files_are_refused(scattered: Scattered, new_donord: NewDonord) -> None:
    for option, expected in (("--innodb-page-size=8K", "innodb_page_size says 8192"),
                             ("--innodb-data-file-path=ibdata1:100M", "innodb_data_file_path says exactly 100 MiB"),
                             ("--innodb-page-size=7", "--innodb-page-size: innodb_page_size cannot be")):
        assert expected in donord_over(new_donord, scattered, option).start_refused()


def test_files_of_a_crashed_source_move_too(new_donord: NewDonord, new_mysqld: NewMysqld, tmp_path: Path) -> None:
    """The redo log that the copy recovers from has the old names."""
    before, after = tmp_path / "before", tmp_path / "after"
    for directory in (before, after):
        directory.mkdir()
    server = new_mysqld(options=[f"--innodb-directories={before}"])
    server.run("CREATE SCHEMA far", f"CREATE TABLE far.old (id INT PRIMARY KEY, v TEXT) DATA DIRECTORY = '{before}'",
               f"CREATE TABLESPACE far_space ADD DATAFILE '{before}/far_space.ibd'",
               "CREATE TABLE far.g (id INT PRIMARY KEY, v TEXT) TABLESPACE far_space")
    server.stop()
    server.start()
    rows = ", ".join(f"({number}, REPEAT('x', 1000))" for number in range(2000))
    server.run(f"INSERT INTO far.old VALUES {rows}", f"INSERT INTO far.g VALUES {rows}",
               f"CREATE TABLE far.new (id INT PRIMARY KEY, v TEXT) DATA DIRECTORY = '{before}'",
               f"INSERT INTO far.new VALUES {rows}", "RENAME TABLE far.new TO far.renamed",
               "SET GLOBAL innodb_flush_log_at_trx_commit = 1", "INSERT INTO far.old VALUES (-1, 'last')",
               "CREATE SCHEMA last_in_the_log")
    described = {table: server.query(f"CHECKSUM TABLE far.{table}") for table in ("old", "g", "renamed")}
    server.kill()

    donor = new_donord(server.datadir, extra=[f"--innodb-directories={before}", "--map-path", f"{before}={after}"])
    donor.start()
    recipient = new_mysqld(supervised=True, options=[f"--innodb-directories={after}"])
    clone(recipient, donor.port)
    assert {table: recipient.query(f"CHECKSUM TABLE far.{table}") for table in described} == described
    assert {row[3] for row in recipient.query("CHECK TABLE far.old, far.g, far.renamed EXTENDED")} == {"OK"}
    assert str(after) in recipient.query("SHOW CREATE TABLE far.renamed")[0][1]
