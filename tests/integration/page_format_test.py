"""Page sizes, compressed tables and what is sparse, of servers that were shut down and of servers that were killed."""

import os
from pathlib import Path
from typing import Callable

import pytest

from harness import copycheck, dataset
from harness.clone import CloneOptions, clone
from harness.crash_load import CrashLoad
from harness.donord import Donord, check
from harness.innodb_files import PAGE_COMPRESSED, Tablespace
from harness.load import LATE_CHECKPOINT, REDO_DECIDES, check_load, check_load_contents
from harness.mysqld import MysqlInstall, Mysqld
from harness.source import Source, recovered

NewDonord = Callable[..., Donord]
NewMysqld = Callable[..., Mysqld]
CheckDirectory = Callable[..., None]

_PAGE_COMPRESSED_TABLES = ("formats/page_zlib.ibd", "formats/page_lz4.ibd")


@pytest.mark.parametrize("page_size", ["4k", "8k", "32k", "64k"])
def test_page_size(page_size: str, install: MysqlInstall, new_mysqld: NewMysqld, new_donord: NewDonord, tmp_path: Path,
                   check_directory: CheckDirectory) -> None:
    """One server, killed and cloned into a directory, started again, shut down and cloned over a recipient's data."""
    option = f"--innodb-page-size={page_size}"
    server, other = (new_mysqld(datadir=install.new_datadir(tmp_path / name, option), supervised=True,
                                options=[*REDO_DECIDES, option]) for name in ("source", "other"))
    told = CrashLoad(server, seed=41).start().wait_commits(500).crash()
    with new_donord(server.datadir) as donor:
        clone(other, donor.port, directory=tmp_path / "copy", variables=CloneOptions.threads(4))
    server.start()
    expected = copycheck.fingerprint(server)
    check_load(server, told)
    check_directory(tmp_path / "copy", Source(server.datadir, expected), option)

    server.stop()
    server.start()
    expected = copycheck.fingerprint(server)
    server.stop()
    with new_donord(server.datadir) as donor:
        clone(other, donor.port)
    copycheck.check_status_completed(other)
    copycheck.check_copy(other, expected)
    check_load_contents(other, told)


def _check_sparse(datadir: Path) -> None:
    """Every compressed page ends in a hole: that is all that page compression saves."""
    for name in _PAGE_COMPRESSED_TABLES:
        space = Tablespace(datadir / name)
        compressed = space.pages_of_kind(PAGE_COMPRESSED)
        assert len(compressed) > 20
        with open(space.path, "rb") as file:
            for number in compressed:
                hole = os.lseek(file.fileno(), number * space.page_bytes, os.SEEK_HOLE)
                assert hole < (number + 1) * space.page_bytes, f"page {number} of {name} is stored in full"


def test_compressed_tables_of_a_server_shut_down(source_everything: Source, new_donord: NewDonord, recipient: Mysqld,
                                                 tmp_path: Path, check_directory: CheckDirectory) -> None:
    donor = new_donord(source_everything.datadir).start()
    clone(recipient, donor.port, directory=tmp_path / "copy")
    for datadir in (source_everything.datadir, tmp_path / "copy"):
        _check_sparse(datadir)
    check_directory(tmp_path / "copy", source_everything)


@pytest.fixture(scope="module")
def crashed_everything(install: MysqlInstall, tmp_path_factory: pytest.TempPathFactory) -> Source:
    """One of everything, killed with most of it only in the redo log; described is what a plain server makes of it."""
    home = tmp_path_factory.mktemp("crashed-everything")
    server = Mysqld(install, home, options=[*REDO_DECIDES, *LATE_CHECKPOINT]).start()
    dataset.small(server)
    dataset.everything(server)
    server.kill()
    return Source(server.datadir, recovered(install, home / "recovered", server.datadir).fingerprint)


def test_everything_of_a_killed_server_into_a_directory(crashed_everything: Source, new_donord: NewDonord, recipient: Mysqld,
                                                        tmp_path: Path, check_directory: CheckDirectory) -> None:
    donor = new_donord(crashed_everything.datadir).start()
    clone(recipient, donor.port, directory=tmp_path / "copy", variables=CloneOptions.threads(4))
    check_directory(tmp_path / "copy", crashed_everything)


def test_everything_of_a_killed_server_replaces_data(crashed_everything: Source, new_donord: NewDonord,
                                                     new_mysqld: NewMysqld) -> None:
    donor = new_donord(crashed_everything.datadir).start()
    recipient = new_mysqld(supervised=True)
    clone(recipient, donor.port)
    copycheck.check_status_completed(recipient)
    copycheck.check_copy(recipient, crashed_everything.fingerprint)


def test_check_finds_nothing_wrong(source_everything: Source, crashed_everything: Source) -> None:
    for source in (source_everything, crashed_everything):
        code, said = check(source.datadir)
        assert code == 0, said
