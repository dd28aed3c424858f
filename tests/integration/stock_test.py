"""The harness itself, proved with a stock donor: what passes here is what donord is measured by."""

from pathlib import Path
from typing import Callable

import pytest

from harness import copycheck
from harness.clone import clone, start_clone
from harness.crash_load import CrashLoad
from harness.load import DURABLE, check_load
from harness.mysqld import Mysqld
from harness.proxy import Proxy, cut_after


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
