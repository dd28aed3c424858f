"""Crashes and cuts in every stage of a clone: what the recipient sees, and what it has in the end."""

import signal
from pathlib import Path
from typing import Callable

import pytest

from harness import faults
from harness.clone import CloneOptions, clone, start_clone
from harness.donord import Donord
from harness.mysqld import Mysqld
from harness.proxy import TO_DONOR, Proxy, Relayed, cut_after, paced
from harness.source import Source
from harness.waiting import wait_until

NewDonord = Callable[..., Donord]
NewMysqld = Callable[..., Mysqld]
CheckDirectory = Callable[[Path, Source], None]

_MEGABYTE = 1024 * 1024
# What a connection may carry in vain when it is cut: what is in socket buffers, and a block.
_IN_FLIGHT = 12 * _MEGABYTE


def _file_copy_bytes(source: Source) -> int:
    """What a clone has to carry: every InnoDB file once."""
    names = ("*.ibd", "*.ibu", "undo_0*", "ibdata*", "ib_buffer_pool")
    return sum(path.stat().st_size for name in names for path in source.datadir.rglob(name))


# -- the recipient dies -------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("stage", faults.STAGES)
def test_recipient_killed(stage: str, new_donord: NewDonord, source_small: Source, new_mysqld: NewMysqld, recipient: Mysqld,
                          tmp_path: Path, check_directory: CheckDirectory) -> None:
    """donord notices, frees everything the clone held, and serves the next one."""
    release = tmp_path / "release"
    donor = new_donord(source_small.datadir, max_clones=1, faults=faults.pause(stage, release),
                       extra=["--reconnect-grace", "1"]).start()
    victim = new_mysqld()
    running = start_clone(victim, donor.port, directory=tmp_path / "lost")
    donor.wait_fault()
    victim.kill()
    release.touch()
    assert not running.wait().ok
    # The only place is the dead clone's: as soon as its connections are known to be gone, the next one gets it.
    wait_until(lambda: _clone_or_too_many(recipient, donor.port, tmp_path / "copy"), seconds=20, what="a free place",
               poll_seconds=0.5)
    check_directory(tmp_path / "copy", source_small)


def _clone_or_too_many(recipient: Mysqld, port: int, directory: Path) -> bool:
    running = start_clone(recipient, port, directory=directory)
    if running.wait().ok:
        return True
    running.wait_error(3862, "3634")
    return False


def test_recipient_that_stops_reading(new_donord: NewDonord, source_large: Source, new_mysqld: NewMysqld,
                                      recipient: Mysqld, tmp_path: Path, check_directory: CheckDirectory) -> None:
    """A stalled recipient costs donord no memory and the others nothing, and goes on when it wakes up."""
    donor = new_donord(source_large.datadir).start()
    sleeper = new_mysqld()
    with Proxy(donor.port) as proxy:
        running = start_clone(sleeper, proxy.port, directory=tmp_path / "slow", variables=CloneOptions.threads(2))
        wait_until(lambda: proxy.bytes_to_recipient() > 20 * _MEGABYTE, seconds=30, what="the clone to be copying")
        sleeper.pause()
        try:
            clone(recipient, donor.port, directory=tmp_path / "copy")
            assert donor.process.peak_rss_kib() < 256 * 1024
        finally:
            sleeper.resume()
        running.wait_ok()
    check_directory(tmp_path / "copy", source_large)
    check_directory(tmp_path / "slow", source_large)


# -- the donor dies -----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("stage", faults.STAGES)
def test_donord_killed_and_started_again(stage: str, new_donord: NewDonord, source_small: Source, recipient: Mysqld,
                                         tmp_path: Path, check_directory: CheckDirectory) -> None:
    donor = new_donord(source_small.datadir, faults=faults.abort(stage, after=20 if stage == "file_copy" else 0)).start()
    running = start_clone(recipient, donor.port, directory=tmp_path / "copy", variables=CloneOptions.threads(1))
    assert donor.wait_exit() != 0
    donor.restart()
    running.wait_ok()
    check_directory(tmp_path / "copy", source_small)
    session = donor.wait_session("completed")
    assert session["reconnects"] >= 1 and len(donor.sessions()) == 1, "the clone went on, no second one began"


def test_donord_comes_back_with_another_source(new_donord: NewDonord, source_small: Source, recipient: Mysqld,
                                               new_mysqld: NewMysqld, tmp_path: Path) -> None:
    """The files changed while donord was away: the clone must not go on as if nothing happened."""
    datadir = source_small.copy(tmp_path / "data")
    donor = new_donord(datadir, faults=faults.abort("file_copy", after=20)).start()
    running = start_clone(recipient, donor.port, directory=tmp_path / "copy", variables=CloneOptions.threads(1))
    donor.wait_exit()
    with new_mysqld(datadir=datadir) as server:
        server.run("UPDATE shop.customer SET name = REVERSE(name)")
    donor.restart()
    running.wait_error(3862, "changed")


def test_sigterm_lets_clones_end(new_donord: NewDonord, source_large: Source, recipient: Mysqld, new_mysqld: NewMysqld,
                                 tmp_path: Path, check_directory: CheckDirectory) -> None:
    donor = new_donord(source_large.datadir, shutdown_timeout=60).start()
    late = new_mysqld()
    with Proxy(donor.port, watch=paced(50 * _MEGABYTE)) as proxy:
        running = start_clone(recipient, proxy.port, directory=tmp_path / "copy", variables=CloneOptions.threads(2))
        wait_until(lambda: proxy.bytes_to_recipient() > 10 * _MEGABYTE, seconds=30, what="the clone to be copying")
        donor.process.signal(signal.SIGTERM)
        donor.wait_log("shutdown")
        start_clone(late, donor.port, directory=tmp_path / "late").wait_error(3862, "Connect failed")
        running.wait_ok()
    assert donor.wait_exit() == 0
    check_directory(tmp_path / "copy", source_large)


def test_clones_cut_by_a_shutdown_go_on_later(new_donord: NewDonord, source_large: Source, recipient: Mysqld,
                                              tmp_path: Path, check_directory: CheckDirectory) -> None:
    donor = new_donord(source_large.datadir, shutdown_timeout=1).start()
    with Proxy(donor.port, watch=paced(30 * _MEGABYTE)) as proxy:
        running = start_clone(recipient, proxy.port, directory=tmp_path / "copy", variables=CloneOptions.threads(2))
        wait_until(lambda: proxy.bytes_to_recipient() > 10 * _MEGABYTE, seconds=30, what="the clone to be copying")
        donor.stop()
        donor.start()
        running.wait_ok()
    check_directory(tmp_path / "copy", source_large)
    assert donor.wait_session("completed")["reconnects"] >= 1


def test_paused_clones_do_not_keep_donord_from_ending(new_donord: NewDonord, source_small: Source, recipient: Mysqld,
                                                      tmp_path: Path, check_directory: CheckDirectory) -> None:
    donor = new_donord(source_small.datadir, faults=faults.pause("file_copy", tmp_path / "never", after=5)).start()
    running = start_clone(recipient, donor.port, directory=tmp_path / "copy", variables=CloneOptions.threads(1))
    donor.wait_fault("file_copy")
    donor.stop()
    donor.restart()
    running.wait_ok()
    check_directory(tmp_path / "copy", source_small)


# -- the network --------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("stage", faults.STAGES)
@pytest.mark.parametrize("threads", [1, 4])
def test_connection_cut_and_resumed(stage: str, threads: int, new_donord: NewDonord, source_small: Source,
                                    recipient: Mysqld, tmp_path: Path, check_directory: CheckDirectory) -> None:
    """What had arrived is not sent again."""
    after = 40 if stage == "file_copy" else 0
    donor = new_donord(source_small.datadir, faults=faults.disconnect(stage, after=after)).start()
    with Proxy(donor.port) as proxy:
        clone(recipient, proxy.port, directory=tmp_path / "copy", variables=CloneOptions.threads(threads))
        sent = proxy.bytes_to_recipient()
    check_directory(tmp_path / "copy", source_small)
    once = _file_copy_bytes(source_small)
    assert sent < once + threads * _IN_FLIGHT, f"{sent / once:.0%} of the data was sent"
    assert donor.wait_session("completed")["reconnects"] >= 1


def test_cut_during_com_init(new_donord: NewDonord, source_small: Source, new_mysqld: NewMysqld,
                             check_replaced: Callable[[Mysqld, Source], None]) -> None:
    """Before LOCS a recipient keeps its data; it does not come back by itself."""
    donor = new_donord(source_small.datadir).start()
    recipient = new_mysqld(supervised=True)
    recipient.run("CREATE SCHEMA stays")
    greeting_and_login = 200
    with Proxy(donor.port, watch=cut_after(greeting_and_login)) as proxy:
        start_clone(recipient, proxy.port, require="NO SSL").wait_error(1158)
    assert recipient.query("SHOW SCHEMAS LIKE 'stays'")
    clone(recipient, donor.port)
    check_replaced(recipient, source_small)


def test_cut_three_times(new_donord: NewDonord, source_large: Source, recipient: Mysqld, tmp_path: Path,
                         check_directory: CheckDirectory) -> None:
    donor = new_donord(source_large.datadir).start()
    with Proxy(donor.port, watch=cut_after(35 * _MEGABYTE, times=3)) as proxy:
        clone(recipient, proxy.port, directory=tmp_path / "copy", variables=CloneOptions.threads(1), require="NO SSL")
        sent = proxy.bytes_to_recipient()
    check_directory(tmp_path / "copy", source_large)
    assert sent < _file_copy_bytes(source_large) + 3 * _IN_FLIGHT
    assert donor.wait_session("completed")["reconnects"] == 3


def test_only_the_acknowledging_connection_is_cut(new_donord: NewDonord, source_small: Source, recipient: Mysqld,
                                                  tmp_path: Path, check_directory: CheckDirectory) -> None:
    """The second connection carries nothing but COM_ACK: it is cut in place of the second of them."""
    acks = []

    def watch(relayed: Relayed, direction: str, piece: bytes) -> None:
        if relayed.number == 1 and direction == TO_DONOR and piece[3:5] == b"\x00\x05":
            acks.append(piece)
            if len(acks) == 2:
                relayed.cut()

    donor = new_donord(source_small.datadir).start()
    with Proxy(donor.port, watch=watch) as proxy:
        clone(recipient, proxy.port, directory=tmp_path / "copy", variables=CloneOptions.threads(2), require="NO SSL")
        assert len(acks) == 2
    check_directory(tmp_path / "copy", source_small)


def test_error_in_the_middle_is_final(new_donord: NewDonord, source_small: Source, recipient: Mysqld,
                                      tmp_path: Path) -> None:
    donor = new_donord(source_small.datadir, faults=faults.error("file_copy", 1815, after=20)).start()
    start_clone(recipient, donor.port, directory=tmp_path / "copy").wait_error(3862, "1815")
    assert donor.wait_session("failed")["error_number"] == 1815


def test_slow_messages_need_no_reconnect(new_donord: NewDonord, source_small: Source, recipient: Mysqld, tmp_path: Path,
                                         check_directory: CheckDirectory) -> None:
    rules = faults.together(*(faults.delay(stage, 1500) for stage in faults.STAGES))
    donor = new_donord(source_small.datadir, faults=rules).start()
    clone(recipient, donor.port, directory=tmp_path / "copy")
    check_directory(tmp_path / "copy", source_small)
    assert donor.wait_session("completed")["reconnects"] == 0
