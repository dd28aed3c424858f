"""The harness itself, proved with a stock donor: what passes here is what donord is measured by."""

import shutil
from pathlib import Path
from typing import Callable

import pytest

from harness import copycheck
from harness.clone import clone, start_clone
from harness.crash_load import CrashLoad
from harness.innodb_files import checkpoints, end_of_redo, redo_files
from harness.live import LiveSource, clone_under_load, flush
from harness.live_load import LiveLoad
from harness.load import DURABLE, REDO_DECIDES, check_load
from harness.mysqld import Mysqld, copy_datadir
from harness.process import ExitedEarly
from harness.proxy import Proxy, cut_after
from harness.session import Acknowledged


def test_stock_clone_into_a_directory(stock_donor: Mysqld, recipient: Mysqld, install, tmp_path: Path) -> None:
    donor = copycheck.fingerprint(stock_donor)
    clone(recipient, stock_donor.port, directory=tmp_path / "copy")
    with Mysqld(install, tmp_path / "opened", datadir=tmp_path / "copy") as server:
        copycheck.check_copy(server, donor)


def test_stock_clone_replaces_the_recipients_data(stock_donor: Mysqld, new_mysqld: Callable[..., Mysqld]) -> None:
    donor = copycheck.fingerprint(stock_donor)
    recipient = new_mysqld(supervised=True)
    recipient.run("CREATE SCHEMA will_be_gone")
    clone(recipient, stock_donor.port)
    copycheck.check_status_completed(recipient)
    copycheck.check_copy(recipient, donor)


def test_stock_clone_resumes_after_a_cut(stock_donor: Mysqld, recipient: Mysqld, install, tmp_path: Path) -> None:
    donor = copycheck.fingerprint(stock_donor)
    with Proxy(stock_donor.port, watch=cut_after(20_000_000)) as proxy:
        clone(recipient, proxy.port, directory=tmp_path / "copy", require="NO SSL",
              variables={"max_concurrency": 1, "autotune_concurrency": 0})
        assert len(proxy.connections) >= 4, "expected a second main and a second ACK connection"
    with Mysqld(install, tmp_path / "opened", datadir=tmp_path / "copy") as server:
        copycheck.check_copy(server, donor)


def test_the_check_sees_a_difference(stock_donor: Mysqld, recipient: Mysqld) -> None:
    donor = copycheck.fingerprint(stock_donor)
    stock_donor.run("UPDATE shop.customer SET name = 'other' WHERE id = 17",
                    "DELETE FROM shop.purchase LIMIT 1", "DROP USER 'reader'@'%'")
    lines = copycheck.differences(donor, copycheck.fingerprint(stock_donor))
    for part in ("`shop`.`customer`/checksum", "`shop`.`purchase`/rows", "reader@%", "gtid_executed"):
        assert any(part in line for line in lines), f"{part} is not among {lines}"
    start_clone(recipient, stock_donor.port, password="wrong").wait_error(3862, "1045")


def test_what_a_load_was_told_survives_a_crash(new_mysqld: Callable[..., Mysqld]) -> None:
    server = new_mysqld(options=DURABLE)
    for seed in (1, 2):
        told = CrashLoad(server, seed=seed).start().wait_commits(300).crash()
        server.start()
        check_load(server, told)


def test_the_check_of_a_load_sees_what_was_lost(new_mysqld: Callable[..., Mysqld]) -> None:
    server = new_mysqld(options=DURABLE)
    told = CrashLoad(server, seed=3, clients=2).start().wait_commits(200).stop()
    check_load(server, told)
    made = sorted(name for (name,) in server.query("SELECT now->>'$.name' FROM bank.made"))
    server.run("UPDATE bank.account_plain SET balance = balance + 1 LIMIT 1",
               "DELETE FROM bank.journal WHERE client = 1 LIMIT 1",
               "UPDATE bank.document_plain SET body = 'other' LIMIT 1", "INSERT INTO bank.never_committed VALUES ()",
               "DELETE FROM bank.document_redundant LIMIT 1", "CREATE TABLE made.by_nobody (id INT PRIMARY KEY)",
               f"INSERT INTO {made[0]} (v) VALUES ('other')", f"DROP TABLE {made[1]}")
    told.moves[0] += 1
    told.changes[1] += 1
    told.ids["bank.forgotten"] += 1000
    with pytest.raises(AssertionError) as seen:
        check_load(server, told)
    for part in ("in all accounts", "by the journal", "client 1", "client 0", "never committed", "made.by_nobody is there",
                 "changes of tables", "1 documents", "bank.document_redundant: documents and sum",
                 "bank.forgotten: the next id", f'"name": "{made[0]}"', f"found {{\"{made[1]}\": null}}"):
        assert part in str(seen.value), f"{part} is not in {seen.value}"


# -- clones of a server that is written to ------------------------------------------------------------------------------

@pytest.mark.parametrize("replace", [False, True], ids=["directory", "replace"])
def test_stock_clone_under_load(replace: bool, live: LiveSource, recipient: Mysqld, new_mysqld: Callable[..., Mysqld],
                                open_copy: Callable[[Path], Mysqld], tmp_path: Path) -> None:
    replaced = new_mysqld(supervised=True, options=REDO_DECIDES) if replace else recipient
    directory = None if replace else tmp_path / "copy"
    with LiveLoad(live.server, seed=11 + replace, makers=2) as load:
        told, _ = clone_under_load(load.wait_commits(300), replaced, live.server.port, directory=directory)
    with replaced if replace else open_copy(tmp_path / "copy") as copy:
        live.check(copy, told)


@pytest.fixture
def seen_by_the_check(live: LiveSource, open_copy: Callable[[Path], Mysqld]) -> Callable[[Path, Acknowledged], str]:
    """A function that gives what the check of a live copy says about it, once a server runs on it."""
    def run(copy: Path, told: Acknowledged) -> str:
        try:
            with open_copy(copy) as server:
                live.check(server, told)
                return ""
        except (AssertionError, ExitedEarly) as error:
            return str(error)
    return run


def test_the_check_sees_a_page_that_is_too_old(live: LiveSource, recipient: Mysqld, tmp_path: Path,
                                               seen_by_the_check: Callable[[Path, Acknowledged], str]) -> None:
    with LiveLoad(live.server, seed=13) as load:
        load.wait_commits(100).hold()
        flush(live.server)
        old = shutil.copy(live.datadir / "bank/account_plain.ibd", tmp_path / "account_plain.ibd")
        load.go_on()
        told = load.wait_commits(300).stop()
    flush(live.server)
    clone(recipient, live.server.port, directory=tmp_path / "right")
    wrong = copy_datadir(tmp_path / "right", tmp_path / "wrong")
    shutil.copy(old, wrong / "bank/account_plain.ibd")
    assert seen_by_the_check(tmp_path / "right", told) == ""
    assert "by the journal" in seen_by_the_check(wrong, told)


def test_the_check_sees_a_wrong_end(live: LiveSource, recipient: Mysqld, open_copy: Callable[[Path], Mysqld],
                                    tmp_path: Path, seen_by_the_check: Callable[[Path, Acknowledged], str]) -> None:
    """A page that is newer than the redo, and redo that ends too early."""
    with LiveLoad(live.server, seed=14, makers=1) as load:
        told, _ = clone_under_load(load.wait_commits(300), recipient, live.server.port, directory=tmp_path / "right")
        load.wait_commits(300)
    flush(live.server)
    for name in ("newer", "shorter"):
        copy_datadir(tmp_path / "right", tmp_path / name)
    shutil.copy(live.datadir / "bank/progress.ibd", tmp_path / "newer/bank")
    _shorten_redo(tmp_path / "shorter")
    with open_copy(tmp_path / "right") as right:
        live.check(right, told)
        told.moves = dict(right.query("SELECT client, moves FROM bank.progress"))
    for wrong in ("newer", "shorter"):  # seen by whatever comes first: a broken index, a missing file, mysqld gives up
        assert seen_by_the_check(tmp_path / wrong, told) != ""


def _shorten_redo(copy: Path) -> None:
    """Ends it in the middle of the last file; mysqld notices when whole files are empty."""
    last = redo_files(copy)[-1]
    middle = (max(checkpoints(copy)[0].lsn, last.start_lsn) + end_of_redo(copy)) // 2
    with open(last.path, "r+b") as file:
        file.truncate(last.offset(middle))
        file.truncate(last.offset(last.end_lsn))
