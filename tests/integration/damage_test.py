"""Damaged data directories: what can be repaired is repaired on the way, everything else is named and not passed on."""

import hashlib
import json
import random
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import pytest

from harness import copycheck, innodb_files
from harness.clone import clone, start_clone
from harness.crash_load import CrashLoad
from harness.donord import Donord, check
from harness.innodb_files import CHECKPOINT_SLOTS, SECTOR, DoublewriteImage, PageHeader, Tablespace, flip_byte
from harness.load import LATE_CHECKPOINT, REDO_DECIDES, check_load, check_load_contents
from harness.mysqld import MysqlInstall, Mysqld, copy_datadir
from harness.process import ExitedEarly
from harness.session import Acknowledged
from harness.source import Source, recovered
from harness.waiting import wait_until

NewDonord = Callable[..., Donord]
NewMysqld = Callable[..., Mysqld]
CheckDirectory = Callable[..., None]
NotServed = Callable[..., str]

_IN_EVERY_PAGE = 60  # an offset that means something in each kind of page
_TORN_PAGES = 12


@pytest.fixture
def not_served(new_donord: NewDonord, recipient: Mysqld, tmp_path: Path) -> NotServed:
    """A function that expects donord to refuse a directory, at its start or by an error that ends the clone.

    It returns what was said: by donord, or to the recipient.
    """
    def run(datadir: Path) -> str:
        donor = new_donord(datadir)
        try:
            donor.start()
        except ExitedEarly:
            said = donor.log_text()
            donor.kill()
            return said
        return start_clone(recipient, donor.port, directory=tmp_path / "damaged").wait_error(3862).message
    return run


# -- shut down cleanly ----------------------------------------------------------------------------------------------------

_KINDS = {
    "FSP header": innodb_files.FSP_HEADER, "inode": innodb_files.INODE, "index": innodb_files.INDEX, "undo": innodb_files.UNDO,
    "LOB, first page": innodb_files.LOB_FIRST, "LOB, data page": innodb_files.LOB_DATA,
    "LOB, index page": innodb_files.LOB_INDEX, "BLOB of a ZIP table": innodb_files.ZIP_BLOB, "SDI": innodb_files.SDI,
    "SDI of a ZIP table": innodb_files.SDI_ZIP_BLOB, "insert buffer bitmap": innodb_files.IBUF_BITMAP,
    "transaction system": innodb_files.TRX_SYS, "rollback segments": innodb_files.RSEG_ARRAY, "system": innodb_files.SYSTEM,
    "R-tree": innodb_files.R_TREE, "page-compressed": innodb_files.PAGE_COMPRESSED,
}


def _damaged(source: Source, target: Path, space: Tablespace, number: int) -> tuple[Path, Path]:
    """A copy of a source with one wrong bit in a page: the data directory and the file."""
    datadir = source.copy(target)
    file = datadir / space.path.relative_to(source.datadir)
    flip_byte(file, number * space.page_bytes + _IN_EVERY_PAGE)
    return datadir, file


@pytest.mark.parametrize("kind", _KINDS.values(), ids=_KINDS.keys())
def test_flipped_byte_in_a_page(kind: int, source_everything: Source, not_served: NotServed, tmp_path: Path) -> None:
    space, number = innodb_files.find_page(source_everything.datadir, kind)
    datadir, file = _damaged(source_everything, tmp_path / "data", space, number)
    code, said = check(datadir)
    assert code != 0 and file.name in said and f"page {number}" in said, said
    said = not_served(datadir)
    assert file.name in said and f"page {number}" in said, said


@pytest.mark.parametrize("table", ["zip_1k", "zip_2k", "zip_4k", "zip_8k", "zip_16k"])
def test_flipped_byte_in_a_page_of_a_zip_table(table: str, source_everything: Source, not_served: NotServed,
                                               tmp_path: Path) -> None:
    space = Tablespace(source_everything.datadir / "formats" / f"{table}.ibd")
    datadir, file = _damaged(source_everything, tmp_path / "data", space, space.pages_of_kind(innodb_files.INDEX)[-1])
    said = not_served(datadir)
    assert file.name in said and "page " in said, said
    assert check(datadir)[0] != 0


def test_check_names_every_damaged_file(source_everything: Source, tmp_path: Path) -> None:
    datadir = source_everything.copy(tmp_path / "data")
    names = [Path("shop/customer.ibd"), Path("mysql.ibd"), Path("formats/zip_4k.ibd")]
    for name in names:
        flip_byte(datadir / name, 4 * Tablespace(datadir / name).page_bytes + _IN_EVERY_PAGE)
    code, said = check(datadir)
    assert code != 0 and all(name.name in said and "page 4" in said for name in names), said
    code, said = check(datadir, "--json")
    assert code != 0 and all(name.name in json.dumps(json.loads(said.splitlines()[0] if said.startswith("{\"") else said))
                             for name in names)


def test_page_in_the_place_of_another(source_everything: Source, not_served: NotServed, tmp_path: Path) -> None:
    """Both are intact: only the numbers in them tell."""
    datadir = source_everything.copy(tmp_path / "data")
    space = Tablespace(datadir / "shop" / "customer.ibd")
    space.write(7, space.read(8))
    said = not_served(datadir)
    assert "customer.ibd" in said and "page 7" in said, said
    assert check(datadir)[0] != 0


@pytest.mark.parametrize("first", ["of another file", "of zeros", "of another size", "garbage"])
def test_wrong_first_page(first: str, source_everything: Source, not_served: NotServed, tmp_path: Path) -> None:
    datadir = source_everything.copy(tmp_path / "data")
    space = Tablespace(datadir / "shop" / "customer.ibd")
    content = {"of another file": Tablespace(datadir / "shop" / "purchase.ibd").read(0), "of zeros": bytes(space.page_bytes),
               "of another size": Tablespace(datadir / "formats" / "zip_8k.ibd").read(0),
               "garbage": random.Random(1).randbytes(space.page_bytes)}[first]
    space.write(0, content)
    assert "customer.ibd" in not_served(datadir)
    code, said = check(datadir)
    assert code != 0 and "customer.ibd" in said, said


# -- killed ---------------------------------------------------------------------------------------------------------------

@dataclass
class Crashed:
    """A crashed data directory, what its server had acknowledged, and what a plain server recovers from it."""

    datadir: Path
    told: Acknowledged
    expected: Source

    def copy(self, target: Path) -> Path:
        return copy_datadir(self.datadir, target)


@pytest.fixture(scope="module")
def crashed(install: MysqlInstall, tmp_path_factory: pytest.TempPathFactory) -> Crashed:
    home = tmp_path_factory.mktemp("crashed")
    server = Mysqld(install, home, options=REDO_DECIDES).start()
    CrashLoad(server, seed=70).start().wait_commits(300).stop()
    server.stop()  # pages of every kind are in the files
    server.start()
    load = CrashLoad(server, seed=71)
    first = server.redo_lsn("checkpoint")
    load.start()
    wait_until(lambda: server.redo_lsn("checkpoint") > first, seconds=60, what="a checkpoint during the load")
    told = load.wait_commits(1500).crash()
    return Crashed(server.datadir, told, recovered(install, home / "recovered", server.datadir))


@pytest.fixture
def check_served(crashed: Crashed, new_donord: NewDonord, recipient: Mysqld, install: MysqlInstall,
                 tmp_path: Path) -> Callable[[Path], None]:
    """A function that clones a directory in which nothing is lost, and finds that donord changed nothing in it."""
    def run(datadir: Path) -> None:
        before = _digest(datadir)
        with new_donord(datadir) as donor:
            clone(recipient, donor.port, directory=tmp_path / "copy")
        assert _digest(datadir) == before
        with Mysqld(install, tmp_path / "opened", datadir=tmp_path / "copy", options=REDO_DECIDES) as copy:
            copycheck.check_copy(copy, crashed.expected.fingerprint)
            check_load_contents(copy, crashed.told)
    return run


def _digest(datadir: Path) -> dict[str, str]:
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(datadir.rglob("*")) if path.is_file()}


@pytest.fixture
def torn(crashed: Crashed, tmp_path: Path) -> tuple[Path, list[tuple[Tablespace, DoublewriteImage]]]:
    """A copy of the crashed directory in which pages of several files were half written; the doublewrite files have them."""
    datadir = crashed.copy(tmp_path / "torn")
    rng = random.Random(crashed.told.seed)
    candidates = innodb_files.torn_candidates(datadir)
    by_file = {space.path: (space, image) for space, image in rng.sample(candidates, len(candidates))}
    chosen = (list(by_file.values()) + candidates)[:_TORN_PAGES]
    assert len(chosen) == _TORN_PAGES, "the load wrote too few pages"
    for number, (space, image) in enumerate(chosen):
        half = space.page_bytes // 2
        kind = PageHeader.of(image.content).kind
        # A plain server does not always find the copy of a page 0 whose head is gone; compressed pages may end before.
        second = {innodb_files.FSP_HEADER: True, innodb_files.PAGE_COMPRESSED: False}.get(kind, number % 2 == 1)
        space.write(image.number, rng.randbytes(half), at=half if second else 0)
    return datadir, chosen


def test_torn_pages_as_a_plain_server_repairs_them(crashed: Crashed, torn: tuple[Path, list], new_mysqld: NewMysqld) -> None:
    """The measure for what donord has to do."""
    datadir, _ = torn
    server = new_mysqld(datadir=datadir, options=REDO_DECIDES)
    assert "from the doublewrite buffer" in server.error_log.read_text(errors="replace")
    check_load(server, crashed.told)


def test_torn_pages_are_repaired_on_the_way(torn: tuple[Path, list], check_served: Callable[[Path], None]) -> None:
    datadir, _ = torn
    code, said = check(datadir)
    assert code == 0, said
    check_served(datadir)


def test_torn_pages_without_an_intact_copy(torn: tuple[Path, list], not_served: NotServed) -> None:
    datadir, chosen = torn
    for file in innodb_files.doublewrite_files(datadir):
        file.unlink()
    code, said = check(datadir)
    unknown = {space.path for space, image in chosen if image.number == 0}  # nothing can be said of their other pages
    expected = [(space, image) for space, image in chosen if image.number == 0 or space.path not in unknown]
    named = [image for space, image in expected if space.path.name in said and f"page {image.number}" in said]
    assert code != 0 and len(named) == len(expected), f"{len(named)} of {len(expected)} pages are in: {said}"
    said = not_served(datadir)
    assert any(space.path.name in said and f"page {image.number}" in said for space, image in chosen), said


@pytest.mark.parametrize("damage", ["missing", "empty", "garbage"])
def test_doublewrite_files_nobody_needs(damage: str, crashed: Crashed, check_served: Callable[[Path], None],
                                        tmp_path: Path) -> None:
    datadir = crashed.copy(tmp_path / "data")
    for file in innodb_files.doublewrite_files(datadir):
        if damage == "missing":
            file.unlink()
        else:
            file.write_bytes(b"" if damage == "empty" else random.Random(2).randbytes(file.stat().st_size))
    check_served(datadir)


@pytest.mark.parametrize("name, kind", [("mysql.ibd", innodb_files.INDEX), ("bank/document_plain.ibd", innodb_files.LOB_FIRST),
                                        ("bank/document_zip.ibd", innodb_files.ZIP_LOB_FIRST)],
                         ids=["index", "LOB", "ZIP LOB"])
def test_page_with_a_wrong_bit_and_no_copy(name: str, kind: int, crashed: Crashed, not_served: NotServed,
                                           tmp_path: Path) -> None:
    datadir = crashed.copy(tmp_path / "data")
    known = {(image.space, image.number) for image in innodb_files.doublewrite_images(datadir)}
    space = Tablespace(datadir / name)
    number = [number for number in space.pages_of_kind(kind) if (space.space, number) not in known][-1]
    flip_byte(space.path, number * space.page_bytes + _IN_EVERY_PAGE)
    said = not_served(datadir)
    assert space.path.name in said and f"page {number}" in said, said


# -- redo log of a killed server --------------------------------------------------------------------------------------------

def _flip_in_block(datadir: Path, lsn: int, offset: int = 100) -> None:
    file = next(file for file in innodb_files.redo_files(datadir) if file.start_lsn <= lsn < file.end_lsn)
    flip_byte(file.path, file.offset(lsn) + offset)


@pytest.mark.parametrize("where", [0.0, 0.5, 0.9])
def test_damaged_block_in_the_needed_redo(where: float, crashed: Crashed, not_served: NotServed, tmp_path: Path) -> None:
    """A server would take it for the end of the log and silently lose what follows."""
    datadir = crashed.copy(tmp_path / "data")
    first, end = innodb_files.checkpoints(datadir)[0].lsn, innodb_files.end_of_redo(datadir)
    _flip_in_block(datadir, int(first + where * (end - first)))
    said = not_served(datadir)
    assert "redo" in said, said
    assert check(datadir)[0] != 0


def test_torn_last_block_is_the_end_of_the_log(new_mysqld: NewMysqld, new_donord: NewDonord, recipient: Mysqld,
                                               install: MysqlInstall, tmp_path: Path, check_directory: CheckDirectory) -> None:
    """No file was deleted and no page written because of what is in it, as when the power fails during its write."""
    server = new_mysqld(options=[*REDO_DECIDES, *LATE_CHECKPOINT])
    CrashLoad(server, seed=72, ddl=False).start().wait_commits(300).crash()
    _flip_in_block(server.datadir, innodb_files.end_of_redo(server.datadir), offset=SECTOR - 2)
    with new_donord(server.datadir) as donor:
        clone(recipient, donor.port, directory=tmp_path / "copy")
    check_directory(tmp_path / "copy", recovered(install, tmp_path / "recovered", server.datadir))


def test_one_damaged_checkpoint(crashed: Crashed, check_served: Callable[[Path], None], tmp_path: Path) -> None:
    datadir = crashed.copy(tmp_path / "data")
    newest, before, *_ = innodb_files.checkpoints(datadir)
    assert before.lsn < newest.lsn
    flip_byte(newest.file.path, newest.slot + 100)
    check_served(datadir)


def test_all_checkpoints_damaged(crashed: Crashed, not_served: NotServed, tmp_path: Path) -> None:
    datadir = crashed.copy(tmp_path / "data")
    for file in innodb_files.redo_files(datadir):
        for slot in CHECKPOINT_SLOTS:
            flip_byte(file.path, slot + 100)
    said = not_served(datadir)
    assert "checkpoint" in said, said


@pytest.mark.parametrize("which", ["oldest needed", "middle", "newest"])
def test_missing_redo_file(which: str, crashed: Crashed, not_served: NotServed, tmp_path: Path) -> None:
    datadir = crashed.copy(tmp_path / "data")
    needed = [file for file in innodb_files.redo_files(datadir) if file.end_lsn > innodb_files.checkpoints(datadir)[0].lsn]
    assert len(needed) >= 3, "the load wrote too little redo"
    {"oldest needed": needed[0], "middle": needed[len(needed) // 2], "newest": needed[-1]}[which].path.unlink()
    said = not_served(datadir)
    assert "redo" in said, said


def test_missing_redo_directory(crashed: Crashed, not_served: NotServed, tmp_path: Path) -> None:
    datadir = crashed.copy(tmp_path / "data")
    shutil.rmtree(datadir / "#innodb_redo")
    assert "#innodb_redo" in not_served(datadir)


# -- files of a killed server -----------------------------------------------------------------------------------------------

def test_missing_file_that_redo_changes(crashed: Crashed, not_served: NotServed, tmp_path: Path) -> None:
    datadir = crashed.copy(tmp_path / "data")
    file = datadir / "bank" / "journal.ibd"
    space = Tablespace(file).space
    file.unlink()
    said = not_served(datadir)
    assert str(space) in said, said
    code, said = check(datadir)
    assert code != 0 and str(space) in said, said


@pytest.mark.parametrize("name", ["bank/journal.ibd", "mysql.ibd", "undo_001", "ibdata1"])
def test_truncated_file(name: str, crashed: Crashed, not_served: NotServed, tmp_path: Path) -> None:
    datadir = crashed.copy(tmp_path / "data")
    file = datadir / name
    with open(file, "r+b") as opened:
        opened.truncate(3 * 16384 + 100)
    assert file.name in not_served(datadir)
    code, said = check(datadir)
    assert code != 0 and file.name in said, said


def test_undo_tablespace_that_was_being_truncated(crashed: Crashed, not_served: NotServed, tmp_path: Path) -> None:
    """A server makes such a file anew when it starts; a recipient does not know of it."""
    datadir = crashed.copy(tmp_path / "data")
    (datadir / "undo_1_trunc.log").write_bytes(bytes(16384))
    assert "undo_1_trunc.log" in not_served(datadir)
