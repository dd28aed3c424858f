"""Peers that mean no good: limits hold, the others notice nothing, and memory stays bounded."""

import contextlib
import random
import resource
import selectors
import socket
import struct
import threading
import time
from pathlib import Path
from typing import Callable, Iterator

import pymysql
import pytest

from harness.clone import PASSWORD, CloneOptions, clone, start_clone
from harness.donord import Donord
from harness.fixtures import FIXTURES, read_hex
from harness.mysqld import Mysqld
from harness.proxy import Proxy, paced
from harness.source import Source
from harness.waiting import wait_until

NewDonord = Callable[..., Donord]
CheckDirectory = Callable[[Path, Source], None]

_LOGIN_LIMIT_SECONDS = 10
_RSS_LIMIT_KIB = 256 * 1024
_IDLE_CONNECTIONS = 1000


@pytest.fixture
def donor(new_donord: NewDonord, source_small: Source) -> Iterator[Donord]:
    """A donord that must still be the same process, of modest size, when the test is over."""
    started = new_donord(source_small.datadir).start()
    pid = started.process.pid
    yield started
    assert started.running and started.process.pid == pid, started.log_text()[-4000:]
    assert started.process.peak_rss_kib() < _RSS_LIMIT_KIB


def _connect(donor: Donord, timeout: float = 20) -> socket.socket:
    return socket.create_connection(("127.0.0.1", donor.port), timeout)


def _packet(payload: bytes, sequence: int = 0) -> bytes:
    return len(payload).to_bytes(3, "little") + bytes([sequence]) + payload


def _closes(peer: socket.socket, seconds: float) -> bool:
    """Whether donord closes this connection within the time, whatever it says before."""
    deadline = time.monotonic() + seconds
    try:
        while time.monotonic() < deadline:
            peer.settimeout(max(0.01, deadline - time.monotonic()))
            if not peer.recv(65536):
                return True
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    return False


def _logs_in(donor: Donord) -> bool:
    with pymysql.connect(host="127.0.0.1", port=donor.port, user="clone", password=PASSWORD, connect_timeout=15) as connection:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return cursor.fetchone() in ((1,), ("1",))


class _CloneConnection:
    """A logged-in connection in clone mode, for sending any bytes."""

    def __init__(self, donor: Donord):
        self._connection = pymysql.connect(host="127.0.0.1", port=donor.port, user="clone", password=PASSWORD,
                                           ssl_disabled=True, read_timeout=20)
        self._connection._execute_command(0x20, b"")  # pylint: disable=protected-access
        self._connection._read_ok_packet()  # pylint: disable=protected-access
        self.socket: socket.socket = self._connection._sock  # pylint: disable=protected-access

    def send(self, payload: bytes) -> None:
        self.socket.sendall(_packet(payload))

    def refuses(self) -> bool:
        """Whether the answer to what was sent is COM_RES_ERROR or the end of the connection."""
        try:
            header = self.socket.recv(5, socket.MSG_WAITALL)
        except ConnectionError:
            return True
        return len(header) < 5 or header[4] in (0x64, 0xFF)

    def close(self) -> None:
        with contextlib.suppress(OSError, pymysql.err.Error):
            self.socket.close()


# -- before the login ---------------------------------------------------------------------------------------------------

_GREETINGS = {
    "nothing": b"",
    "half a header": b"\x20\x00",
    "half a packet": b"\x20\x00\x00\x01\x85\xa2",
    "garbage": random.Random(1).randbytes(4096),
    "HTTP": b"GET / HTTP/1.1\r\nHost: donor\r\n\r\n",
    "TLS without asking": bytes.fromhex("1603010200010001fc0303") + bytes(500),
    "zeros": bytes(2000),
    "16 MB announced": b"\xff\xff\xff\x01" + b"x" * 1000,
    "wrong sequence": _packet(bytes(64), 7),
    "SSLRequest and silence": _packet(struct.pack("<IIB23x", 0x19B8AA85, 1 << 26, 255), 1),
    "SSLRequest and garbage": _packet(struct.pack("<IIB23x", 0x19B8AA85, 1 << 26, 255), 1) + b"\x00" * 500,
    "command before login": b"\x01\x00\x00\x00\x20",
}


def test_all_sorts_of_greetings(donor: Donord) -> None:
    """Each ends within the time a login may take; together, because most of them end by that limit."""
    peers = {}
    for name, greeting in _GREETINGS.items():
        peers[name] = _connect(donor)
        with contextlib.suppress(ConnectionError):
            peers[name].sendall(greeting)
    end = time.monotonic() + _LOGIN_LIMIT_SECONDS + 5
    still_open = [name for name, peer in peers.items() if not _closes(peer, max(0.1, end - time.monotonic()))]
    assert not still_open
    assert _logs_in(donor)


def test_a_byte_at_a_time_does_not_extend_the_limit(donor: Donord) -> None:
    peer = _connect(donor)
    started = time.monotonic()
    response = _packet(read_hex(FIXTURES / "captures" / "handshake_response.hex"), 1)
    peer.settimeout(0.5)
    with contextlib.suppress(ConnectionError):
        peer.recv(1000)
        for byte in response:
            peer.sendall(bytes([byte]))
            try:
                if not peer.recv(1000):
                    break
            except TimeoutError:
                pass
            assert time.monotonic() - started < _LOGIN_LIMIT_SECONDS + 5, "still open"
    assert _logs_in(donor)


def test_damaged_handshake_responses(donor: Donord) -> None:
    """Every one is refused or waited for, none brings donord down."""
    original = read_hex(FIXTURES / "captures" / "handshake_response.hex")
    chance = random.Random(20240229)
    for _ in range(150):
        damaged = bytearray(original)
        for _ in range(chance.randint(1, 4)):
            damaged[chance.randrange(len(damaged))] = chance.choice((0, 0xFF, 0xFE, 0xFB, chance.randrange(256)))
        del damaged[chance.randint(1, len(damaged)):]
        with _connect(donor) as peer, contextlib.suppress(ConnectionError):
            peer.recv(1000)
            peer.sendall(_packet(bytes(damaged), 1))
    assert _logs_in(donor)


def test_huge_login_packets(donor: Donord) -> None:
    head = struct.pack("<IIB23x", 0x19B8A285, 1 << 26, 255)
    for body in (b"u" * 4_000_000 + b"\0", b"clone\0\xfe" + b"\xff" * 8, b"clone\0\xfd\xff\xff\xff"):
        with _connect(donor) as peer, contextlib.suppress(ConnectionError):
            peer.recv(1000)
            peer.sendall(_packet(head + body, 1))
            assert _closes(peer, _LOGIN_LIMIT_SECONDS + 5)
    assert _logs_in(donor)


# -- after the login ----------------------------------------------------------------------------------------------------

_LOCATOR = bytes.fromhex("0c22000000") + bytes.fromhex("00000064000000220000000100000000000000990000000000000098000000000100")

_RPC = {
    "empty packet": b"",
    "unknown command": b"\x63",
    "execute before init": b"\x04",
    "init without locator": bytes.fromhex("01030100002c010080"),
    "init cut": bytes.fromhex("01030100"),
    "locator longer than the packet": bytes.fromhex("01030100002c0100800cffffffff00000064"),
    "locator of 4 GB": bytes.fromhex("01030100002c0100800cf0ffffff") + bytes(40),
    "unknown engine": bytes.fromhex("01030100002c010080") + b"\x07" + _LOCATOR[1:],
    "seventeen locators": bytes.fromhex("01030100002c010080") + _LOCATOR * 17,
    "protocol version 0": bytes.fromhex("01000000002c010080") + _LOCATOR,
    "attach to nothing": bytes.fromhex("02030100002c010080") + _LOCATOR,
    "reinit of nothing": bytes.fromhex("03030100002c010080") + _LOCATOR,
    "ack of nothing": b"\x05" + bytes(4) + _LOCATOR + bytes(4),
    "ack with a lying descriptor": b"\x05" + bytes(4) + _LOCATOR + b"\xff\xff\xff\x7f",
}


@pytest.mark.parametrize("name", _RPC)
def test_wrong_clone_commands(name: str, donor: Donord) -> None:
    connection = _CloneConnection(donor)
    connection.send(_RPC[name])
    assert connection.refuses()
    connection.close()
    assert _logs_in(donor)


def test_reinit_with_absurd_chunk_lists(donor: Donord) -> None:
    for extension in (struct.pack(">I", 0xFFFFFFFF), struct.pack(">II", 0, 0xFFFFFFFF), struct.pack(">III", 1, 0, 0)):
        locator = bytearray(_LOCATOR[5:] + extension)
        locator[4:8] = len(locator).to_bytes(4, "big")
        connection = _CloneConnection(donor)
        connection.send(bytes.fromhex("03030100002c010080") + b"\x0c" + len(locator).to_bytes(4, "little") + locator)
        assert connection.refuses()
        connection.close()
    assert _logs_in(donor)


def test_clone_left_after_init(donor: Donord, recipient: Mysqld, tmp_path: Path, check_directory: CheckDirectory,
                               source_small: Source) -> None:
    """A peer that opens clones and walks away takes no place from the others."""
    init = read_hex(FIXTURES / "captures" / "com_init.hex")
    for _ in range(40):
        connection = _CloneConnection(donor)
        connection.send(init)
        connection.socket.recv(1000)
        connection.close()
    clone(recipient, donor.port, directory=tmp_path / "copy")
    check_directory(tmp_path / "copy", source_small)


# -- many at a time -----------------------------------------------------------------------------------------------------

def test_login_flood_does_not_disturb_a_clone(new_donord: NewDonord, source_large: Source, recipient: Mysqld,
                                              tmp_path: Path, check_directory: CheckDirectory) -> None:
    donor = new_donord(source_large.datadir).start()
    stop = threading.Event()
    refused = [0] * 8

    def flood(number: int) -> None:
        while not stop.is_set():
            try:
                pymysql.connect(host="127.0.0.1", port=donor.port, user="clone", password="wrong", connect_timeout=10,
                                ssl_disabled=number % 2 == 0).close()
            except pymysql.err.MySQLError:
                refused[number] += 1

    threads = [threading.Thread(target=flood, args=(number,), daemon=True) for number in range(len(refused))]
    for thread in threads:
        thread.start()
    try:
        clone(recipient, donor.port, directory=tmp_path / "copy", variables=CloneOptions.threads(4))
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)
    assert sum(refused) > 50, "the flood was none"
    assert donor.process.peak_rss_kib() < _RSS_LIMIT_KIB
    assert donor.wait_session("completed")["reconnects"] == 0
    check_directory(tmp_path / "copy", source_large)


def test_a_thousand_idle_connections(new_donord: NewDonord, source_large: Source, recipient: Mysqld, tmp_path: Path,
                                     check_directory: CheckDirectory) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 2 * _IDLE_CONNECTIONS + 500)), hard))
    donor = new_donord(source_large.datadir).start()
    with contextlib.ExitStack() as idle, Proxy(donor.port, watch=paced(80_000_000)) as proxy:
        running = start_clone(recipient, proxy.port, directory=tmp_path / "copy", variables=CloneOptions.threads(1))
        wait_until(lambda: proxy.bytes_to_recipient() > 5_000_000, seconds=30, what="the clone to be copying")
        for _ in range(_IDLE_CONNECTIONS):
            with contextlib.suppress(ConnectionError):
                idle.enter_context(_connect(donor))
        assert _logs_in(donor), "there is room for those who log in"
        running.wait_ok()
        assert donor.process.peak_rss_kib() < _RSS_LIMIT_KIB
    assert donor.wait_session("completed")["reconnects"] == 0
    check_directory(tmp_path / "copy", source_large)
    open_files = donor.process.open_files
    wait_until(lambda: open_files() < 100, seconds=_LOGIN_LIMIT_SECONDS + 10, what="the idle connections to be closed")


def test_many_logged_in_connections_are_answered(donor: Donord) -> None:
    with contextlib.ExitStack() as opened:
        connections = [opened.enter_context(pymysql.connect(host="127.0.0.1", port=donor.port, user="clone",
                                                            password=PASSWORD)) for _ in range(100)]
        with selectors.DefaultSelector() as selector:
            for connection in connections:
                connection.ping(reconnect=False)
                selector.register(connection._sock, selectors.EVENT_READ)  # pylint: disable=protected-access
            assert not selector.select(0), "nothing is said unasked"
