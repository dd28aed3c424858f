"""Stock recipients clone from donord and run on what they got."""

import time
from pathlib import Path
from typing import Callable

import pytest

from harness.certificates import Certificates
from harness.clone import CloneOptions, clone, start_clone
from harness.donord import Donord
from harness.mysqld import Mysqld
from harness.proxy import TO_RECIPIENT, Proxy, paced
from harness.source import Source
from harness.waiting import wait_until

NewDonord = Callable[..., Donord]
NewMysqld = Callable[..., Mysqld]
CheckDirectory = Callable[[Path, Source], None]
CheckReplaced = Callable[[Mysqld, Source], None]


def test_clone_into_a_directory(new_donord: NewDonord, source_small: Source, recipient: Mysqld, tmp_path: Path,
                                check_directory: CheckDirectory) -> None:
    donor = new_donord(source_small.datadir).start()
    clone(recipient, donor.port, directory=tmp_path / "copy")
    check_directory(tmp_path / "copy", source_small)
    session = donor.wait_session("completed")
    assert session["user"] == "clone" and session["data_bytes"] > 50_000_000 and session["reconnects"] == 0


def test_clone_replaces_the_recipients_data(new_donord: NewDonord, source_small: Source, new_mysqld: NewMysqld,
                                            check_replaced: CheckReplaced) -> None:
    donor = new_donord(source_small.datadir).start()
    recipient = new_mysqld(supervised=True)
    recipient.run("CREATE SCHEMA will_be_gone", "CREATE TABLE will_be_gone.t (id INT PRIMARY KEY)")
    clone(recipient, donor.port)
    check_replaced(recipient, source_small)


def test_one_of_everything_into_a_directory(new_donord: NewDonord, source_everything: Source, recipient: Mysqld,
                                            tmp_path: Path, check_directory: CheckDirectory) -> None:
    donor = new_donord(source_everything.datadir).start()
    clone(recipient, donor.port, directory=tmp_path / "copy", variables=CloneOptions.threads(4))
    check_directory(tmp_path / "copy", source_everything)


def test_one_of_everything_replaces_the_recipients_data(new_donord: NewDonord, source_everything: Source,
                                                        new_mysqld: NewMysqld, check_replaced: CheckReplaced) -> None:
    donor = new_donord(source_everything.datadir).start()
    recipient = new_mysqld(supervised=True)
    clone(recipient, donor.port)
    check_replaced(recipient, source_everything)


@pytest.mark.parametrize("what, counter", [("data", "data_bytes"), ("network", "network_bytes")])
def test_bandwidth_is_limited(what: str, counter: str, new_donord: NewDonord, source_small: Source, recipient: Mysqld,
                              tmp_path: Path) -> None:
    """All connections together send no more; no clone fails because of it."""
    megabytes_per_second = 16
    donor = new_donord(source_small.datadir, extra=[f"--max-{what}-bandwidth", str(megabytes_per_second)]).start()
    begin = time.monotonic()
    clone(recipient, donor.port, directory=tmp_path / "copy", variables=CloneOptions.threads(4))
    sent = donor.wait_session("completed")[counter]
    assert time.monotonic() - begin >= 0.9 * sent / (megabytes_per_second * 1024 * 1024)


def test_many_tables(new_donord: NewDonord, source_many_tables: Source, recipient: Mysqld, tmp_path: Path,
                     check_directory: CheckDirectory) -> None:
    donor = new_donord(source_many_tables.datadir).start()
    clone(recipient, donor.port, directory=tmp_path / "copy")
    check_directory(tmp_path / "copy", source_many_tables)


def test_serving_changes_nothing_in_the_source(new_donord: NewDonord, source_small: Source, recipient: Mysqld,
                                               tmp_path: Path) -> None:
    def state() -> dict[str, tuple[int, int]]:
        return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in source_small.datadir.rglob("*")}
    before = state()
    donor = new_donord(source_small.datadir).start()
    clone(recipient, donor.port, directory=tmp_path / "copy")
    donor.stop()
    assert state() == before


@pytest.mark.parametrize("threads", [1, 8])
def test_number_of_threads(threads: int, new_donord: NewDonord, source_large: Source, recipient: Mysqld, tmp_path: Path,
                           check_directory: CheckDirectory) -> None:
    donor = new_donord(source_large.datadir).start()
    with Proxy(donor.port) as proxy:
        clone(recipient, proxy.port, directory=tmp_path / "copy", variables=CloneOptions.threads(threads))
        assert len(proxy.connections) == threads + 1, "one more, for the acknowledgements"
    check_directory(tmp_path / "copy", source_large)


def test_autotune_adds_threads_during_the_copy(new_donord: NewDonord, source_large: Source, recipient: Mysqld,
                                               tmp_path: Path, check_directory: CheckDirectory) -> None:
    donor = new_donord(source_large.datadir).start()
    with Proxy(donor.port, watch=paced(30_000_000)) as proxy:
        clone(recipient, proxy.port, directory=tmp_path / "copy", variables={"autotune_concurrency": 1})
        workers = proxy.connections[2:]
        assert workers and all(worker.bytes[TO_RECIPIENT] > 1_000_000 for worker in workers[:1]), "no worker carried data"
    check_directory(tmp_path / "copy", source_large)


# -- TLS ----------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("require", ["", "SSL", "NO SSL"])
def test_tls_by_the_statement(require: str, new_donord: NewDonord, source_small: Source, recipient: Mysqld, tmp_path: Path,
                              certificates: Certificates, check_directory: CheckDirectory) -> None:
    donor = new_donord(source_small.datadir, ssl=certificates.server_options()).start()
    clone(recipient, donor.port, directory=tmp_path / "copy", require=require)
    check_directory(tmp_path / "copy", source_small)
    assert bool(donor.wait_session("completed")["tls_version"]) == (require != "NO SSL")


def test_tls_with_a_certificate_that_donord_made(new_donord: NewDonord, source_small: Source, recipient: Mysqld,
                                                 tmp_path: Path, check_directory: CheckDirectory) -> None:
    donor = new_donord(source_small.datadir).start()
    clone(recipient, donor.port, directory=tmp_path / "copy", require="SSL")
    check_directory(tmp_path / "copy", source_small)


def test_clone_ssl_ca_right_and_wrong(new_donord: NewDonord, source_small: Source, recipient: Mysqld, tmp_path: Path,
                                      certificates: Certificates, other_certificates: Certificates,
                                      check_directory: CheckDirectory) -> None:
    donor = new_donord(source_small.datadir, ssl=certificates.server_options()).start()
    wrong = start_clone(recipient, donor.port, directory=tmp_path / "wrong", require="SSL",
                        variables={"ssl_ca": str(other_certificates.ca)})
    wrong.wait_error(3862, "2026", "certificate verify failed")
    clone(recipient, donor.port, directory=tmp_path / "copy", require="SSL", variables={"ssl_ca": str(certificates.ca)})
    check_directory(tmp_path / "copy", source_small)


def test_require_secure_transport(new_donord: NewDonord, source_small: Source, recipient: Mysqld, tmp_path: Path,
                                  check_directory: CheckDirectory) -> None:
    donor = new_donord(source_small.datadir, require_secure_transport=True).start()
    start_clone(recipient, donor.port, directory=tmp_path / "plain", require="NO SSL").wait_error(3862, "3159")
    clone(recipient, donor.port, directory=tmp_path / "copy")
    check_directory(tmp_path / "copy", source_small)


# -- compression --------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("require", ["NO SSL", "SSL"])
def test_compression(require: str, new_donord: NewDonord, source_small: Source, recipient: Mysqld, tmp_path: Path,
                     check_directory: CheckDirectory) -> None:
    donor = new_donord(source_small.datadir).start()
    with Proxy(donor.port) as proxy:
        clone(recipient, proxy.port, directory=tmp_path / "copy", require=require,
              variables={"enable_compression": 1, **CloneOptions.threads(2)})
        sent = proxy.bytes_to_recipient()
    check_directory(tmp_path / "copy", source_small)
    session = donor.wait_session("completed")
    assert session["compression"] == "zlib"
    assert sent < session["data_bytes"] / 3, f"{sent} bytes for {session['data_bytes']} bytes of mostly empty pages"


# -- several recipients -------------------------------------------------------------------------------------------------

def test_three_recipients_at_once(new_donord: NewDonord, source_large: Source, new_mysqld: NewMysqld, tmp_path: Path,
                                  check_directory: CheckDirectory) -> None:
    donor = new_donord(source_large.datadir).start()
    recipients = [new_mysqld() for _ in range(3)]
    with Proxy(donor.port) as proxy:
        proxy.stall()
        clones = [start_clone(server, proxy.port, directory=tmp_path / f"copy{number}", variables=CloneOptions.threads(2))
                  for number, server in enumerate(recipients)]
        wait_until(lambda: len(proxy.connections) >= 3, seconds=30, what="three recipients to connect")
        proxy.flow()
        for running in clones:
            running.wait_ok()
    for server in recipients:
        server.stop()
    for number in range(3):
        check_directory(tmp_path / f"copy{number}", source_large)


def test_more_clones_than_allowed(new_donord: NewDonord, source_small: Source, new_mysqld: NewMysqld, recipient: Mysqld,
                                  tmp_path: Path, check_directory: CheckDirectory) -> None:
    donor = new_donord(source_small.datadir, max_clones=1).start()
    first = new_mysqld(supervised=True)
    second = new_mysqld()
    second.run("CREATE SCHEMA stays")
    with Proxy(donor.port, watch=paced(40_000_000)) as proxy:
        running = start_clone(recipient, proxy.port, directory=tmp_path / "copy", variables=CloneOptions.threads(1))
        wait_until(lambda: proxy.bytes_to_recipient() > 5_000_000, seconds=30, what="the first clone to be copying")
        proxy.stall()
        start_clone(second, donor.port).wait_error(3862, "3634", "Too many concurrent clone operations")
        assert second.query("SHOW SCHEMAS LIKE 'stays'"), "a refused recipient keeps its data"
        proxy.flow()
        running.wait_ok()
    check_directory(tmp_path / "copy", source_small)
    clone(first, donor.port)  # the place is free again


def test_clone_again_from_the_same_donor(new_donord: NewDonord, source_small: Source, recipient: Mysqld, tmp_path: Path,
                                         check_directory: CheckDirectory) -> None:
    donor = new_donord(source_small.datadir).start()
    for number in range(3):
        clone(recipient, donor.port, directory=tmp_path / f"copy{number}")
    donor.stop()
    donor.start()
    clone(recipient, donor.port, directory=tmp_path / "after")
    check_directory(tmp_path / "after", source_small)
    assert [session["result"] for session in donor.sessions()] == ["completed"] * 4


def test_a_copy_can_be_cloned_in_turn(new_donord: NewDonord, source_everything: Source, recipient: Mysqld, tmp_path: Path,
                                      new_mysqld: NewMysqld, check_directory: CheckDirectory) -> None:
    donor = new_donord(source_everything.datadir).start()
    clone(recipient, donor.port, directory=tmp_path / "copy")
    donor.stop()
    new_mysqld(datadir=tmp_path / "copy").stop()  # the first start makes it an ordinary data directory
    second = new_donord(tmp_path / "copy").start()
    clone(recipient, second.port, directory=tmp_path / "copy-of-copy")
    check_directory(tmp_path / "copy-of-copy", source_everything)
