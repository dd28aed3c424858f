"""What donord refuses, with which words, and what it leaves as it was."""

import re
import socket
from pathlib import Path
from typing import Callable

import pytest

from harness import faults
from harness.clone import start_clone
from harness.donord import Donord
from harness.mysqld import MysqlInstall, Mysqld
from harness.source import Source
from harness.waiting import wait_until

NewDonord = Callable[..., Donord]
NewMysqld = Callable[..., Mysqld]

_PAGE = 16384


# -- logins -------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("login", [{"password": "wrong"}, {"password": ""}, {"user": "nobody"}],
                         ids=["wrong password", "empty password", "unknown user"])
@pytest.mark.parametrize("require", ["SSL", "NO SSL"])
def test_login_refused(login: dict[str, str], require: str, new_donord: NewDonord, source_small: Source,
                       recipient: Mysqld, tmp_path: Path) -> None:
    donor = new_donord(source_small.datadir).start()
    running = start_clone(recipient, donor.port, directory=tmp_path / "copy", require=require, **login)
    running.wait_error(3862, "1045", "Access denied for user", login.get("user", "clone"))


def test_password_is_not_logged(new_donord: NewDonord, source_small: Source, recipient: Mysqld, tmp_path: Path) -> None:
    donor = new_donord(source_small.datadir, password="Se-cret-41").start()
    start_clone(recipient, donor.port, directory=tmp_path / "wrong", password="Wro-ng-42").wait_error(3862, "1045")
    start_clone(recipient, donor.port, directory=tmp_path / "copy", password="Se-cret-41").wait_ok()
    donor.stop()
    log = donor.log.read_text()
    assert "Se-cret-41" not in log and "Wro-ng-42" not in log


def test_empty_password_only_when_allowed(new_donord: NewDonord, source_small: Source, recipient: Mysqld, tmp_path: Path,
                                          check_directory: Callable[[Path, Source], None]) -> None:
    said = new_donord(source_small.datadir, password=None).start_refused()
    assert "password" in said
    donor = new_donord(source_small.datadir, password=None, extra=["--allow-empty-password"]).start()
    start_clone(recipient, donor.port, directory=tmp_path / "copy", password="").wait_ok()
    check_directory(tmp_path / "copy", source_small)


def test_account_without_the_right_to_clone(new_donord: NewDonord, source_small: Source, recipient: Mysqld,
                                            tmp_path: Path) -> None:
    config = tmp_path / "donord.toml"
    config.write_text('[[account]]\nuser = "monitor"\npassword = "Moni-tor-1"\nclone = false\n')
    donor = new_donord(source_small.datadir, extra=["--config", str(config)]).start()
    running = start_clone(recipient, donor.port, directory=tmp_path / "copy", user="monitor", password="Moni-tor-1")
    running.wait_error(3862, "1227", "BACKUP_ADMIN")


# -- sources ------------------------------------------------------------------------------------------------------------

def test_datadir_missing(new_donord: NewDonord, tmp_path: Path) -> None:
    said = new_donord(tmp_path / "not-there").start_refused()
    assert str(tmp_path / "not-there") in said


def test_not_a_datadir(new_donord: NewDonord, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").write_text("dear all")
    said = new_donord(tmp_path / "home").start_refused()
    assert str(tmp_path / "home") in said and "ibdata1" in said


def test_datadir_in_use_by_mysqld(new_donord: NewDonord, source_small: Source, new_mysqld: NewMysqld,
                                  tmp_path: Path) -> None:
    server = new_mysqld(datadir=source_small.copy(tmp_path / "data"))
    said = new_donord(tmp_path / "data", extra=["--live", "no"]).start_refused()
    assert re.search(r"in use|lock|running", said), said
    assert server.scalar("SELECT COUNT(*) FROM shop.customer") == 4000, "mysqld was not disturbed"


def test_mysqld_cannot_start_during_a_clone(new_donord: NewDonord, source_small: Source, install: MysqlInstall,
                                            recipient: Mysqld, tmp_path: Path) -> None:
    datadir = source_small.copy(tmp_path / "data")
    release = tmp_path / "release"
    donor = new_donord(datadir, faults=faults.pause("file_copy", release, after=5)).start()
    running = start_clone(recipient, donor.port, directory=tmp_path / "copy")
    donor.wait_fault()
    server = Mysqld(install, tmp_path / "server", datadir=datadir)
    server.launch()
    try:
        wait_until(lambda: "Unable to lock" in server.log_tail(), seconds=30, what="mysqld to find the lock")
    finally:
        server.kill()
    release.touch()
    running.wait_ok()


def test_redo_disabled_since_donord_started(new_donord: NewDonord, source_small: Source, new_mysqld: NewMysqld,
                                            recipient: Mysqld, tmp_path: Path) -> None:
    donor = new_donord(source_small.copy(tmp_path / "data")).start()
    server = new_mysqld(datadir=tmp_path / "data")
    server.run("ALTER INSTANCE DISABLE INNODB REDO_LOG")
    server.stop()
    start_clone(recipient, donor.port, directory=tmp_path / "copy").wait_error(3862, "3983", "redo logging is disabled")


def test_port_taken(new_donord: NewDonord, source_small: Source) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = new_donord(source_small.datadir, port=port).start_refused()
    assert str(port) in said and re.search(r"in use", said), said


# -- damage -------------------------------------------------------------------------------------------------------------

def _flip_byte(file: Path, offset: int) -> None:
    with open(file, "r+b") as opened:
        opened.seek(offset)
        byte = opened.read(1)[0]
        opened.seek(offset)
        opened.write(bytes([byte ^ 0x40]))


@pytest.fixture
def corrupt_source(source_small: Source, tmp_path: Path) -> Path:
    """A copy of the small source with one wrong bit in page 7 of shop/customer.ibd."""
    datadir = source_small.copy(tmp_path / "corrupt")
    _flip_byte(datadir / "shop" / "customer.ibd", 7 * _PAGE + 5000)
    return datadir


def test_corrupt_page_ends_the_clone(new_donord: NewDonord, corrupt_source: Path, recipient: Mysqld,
                                     tmp_path: Path) -> None:
    donor = new_donord(corrupt_source).start()
    running = start_clone(recipient, donor.port, directory=tmp_path / "copy")
    running.wait_error(3862, "customer.ibd", "page 7", "expected")
    assert re.search(r"page 7\b.*customer\.ibd|customer\.ibd.*page 7\b", donor.log_text())
    assert donor.wait_session("failed")["error_number"] != 0


def test_corrupt_page_and_a_recipient_that_replaces_its_data(new_donord: NewDonord, corrupt_source: Path,
                                                             new_mysqld: NewMysqld) -> None:
    donor = new_donord(corrupt_source).start()
    recipient = new_mysqld(supervised=True)
    start_clone(recipient, donor.port).wait_error(3862, "customer.ibd", "page 7")
    assert recipient.running and recipient.scalar("SELECT 1") == 1
    assert recipient.query("SELECT state FROM performance_schema.clone_status") == [("Failed",)]


def test_corrupt_page_is_served_without_verification(new_donord: NewDonord, corrupt_source: Path, recipient: Mysqld,
                                                     tmp_path: Path) -> None:
    donor = new_donord(corrupt_source, verify_pages="no").start()
    start_clone(recipient, donor.port, directory=tmp_path / "copy").wait_ok()
    name = Path("shop") / "customer.ibd"
    assert (tmp_path / "copy" / name).read_bytes() == (corrupt_source / name).read_bytes()


@pytest.mark.parametrize("cut_bytes", [_PAGE * 5, 100], ids=["whole pages", "part of a page"])
def test_truncated_file(cut_bytes: int, new_donord: NewDonord, source_small: Source, new_mysqld: NewMysqld,
                        tmp_path: Path) -> None:
    """Refused at the start of donord or by COM_INIT: before the recipient has given anything up."""
    datadir = source_small.copy(tmp_path / "data")
    file = datadir / "shop" / "customer.ibd"
    with open(file, "r+b") as opened:
        opened.truncate(file.stat().st_size - cut_bytes)
    donor = new_donord(datadir)
    try:
        donor.start()
    except RuntimeError as refused:
        donor.kill()
        assert "customer.ibd" in str(refused)
        return
    recipient = new_mysqld(supervised=True)
    recipient.run("CREATE SCHEMA stays")
    start_clone(recipient, donor.port).wait_error(3862, "customer.ibd")
    assert recipient.query("SHOW SCHEMAS LIKE 'stays'")


def test_file_changed_while_served(new_donord: NewDonord, source_small: Source, recipient: Mysqld, tmp_path: Path) -> None:
    """A source at rest that does not rest: a later clone must not get a mixture."""
    datadir = source_small.copy(tmp_path / "data")
    donor = new_donord(datadir).start()
    start_clone(recipient, donor.port, directory=tmp_path / "before").wait_ok()
    file = datadir / "shop" / "customer.ibd"
    file.write_bytes(file.read_bytes()[:-_PAGE * 2])
    start_clone(recipient, donor.port, directory=tmp_path / "after").wait_error(3862, "customer.ibd")
