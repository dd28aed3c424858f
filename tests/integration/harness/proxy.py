"""A TCP relay on loopback in front of a donor: records, cuts and stalls connections."""

import socket
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Callable

TO_DONOR = "to_donor"
TO_RECIPIENT = "to_recipient"


@dataclass
class Relayed:
    """One relayed connection; numbered from 0 in the order of acceptance."""

    number: int
    client: socket.socket
    upstream: socket.socket
    bytes: dict[str, int] = field(default_factory=lambda: {TO_DONOR: 0, TO_RECIPIENT: 0})
    closed: threading.Event = field(default_factory=threading.Event)
    recordings: dict[str, BinaryIO] = field(default_factory=dict)

    def cut(self) -> None:
        """Drops both sides at once, as a broken network does: nothing more is delivered."""
        for end in (self.client, self.upstream):
            try:
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")  # RST
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.closed.set()


Watcher = Callable[[Relayed, str, bytes], None]


class Proxy:
    """Relays 127.0.0.1:`port` to 127.0.0.1:`upstream_port` until it is closed.

    `record_dir` gets two files per connection, `<number>-to_donor.bin` and `<number>-to_recipient.bin`. `watch` sees
    every piece before it is passed on and may call `cut()` on the connection, which also discards the piece.
    """

    def __init__(self, upstream_port: int, *, record_dir: Path | None = None, watch: Watcher | None = None):
        self.connections: list[Relayed] = []
        self._upstream_port = upstream_port
        self._record_dir = record_dir
        self._watch = watch
        self._flowing = threading.Event()
        self._flowing.set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._start_thread(self._accept)

    def _start_thread(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                upstream = socket.create_connection(("127.0.0.1", self._upstream_port), 10)
            except OSError:
                client.close()
                continue
            upstream.settimeout(None)
            relayed = Relayed(len(self.connections), client, upstream)
            for end in (client, upstream):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._record_dir is not None:
                for direction in (TO_DONOR, TO_RECIPIENT):
                    relayed.recordings[direction] = open(self._record_dir / f"{relayed.number}-{direction}.bin", "wb")
            self.connections.append(relayed)
            self._start_thread(self._relay, relayed, client, upstream, TO_DONOR)
            self._start_thread(self._relay, relayed, upstream, client, TO_RECIPIENT)

    def _relay(self, relayed: Relayed, source: socket.socket, target: socket.socket, direction: str) -> None:
        recording = relayed.recordings.get(direction)
        try:
            while piece := source.recv(256 * 1024):
                self._flowing.wait()
                if self._watch is not None:
                    self._watch(relayed, direction, piece)
                if relayed.closed.is_set():
                    break
                if recording is not None:
                    recording.write(piece)
                relayed.bytes[direction] += len(piece)
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        finally:
            if recording is not None:
                recording.close()
            if direction == TO_RECIPIENT:
                relayed.closed.set()

    def stall(self) -> None:
        """Delivers nothing more until `flow()`; connections stay open."""
        self._flowing.clear()

    def flow(self) -> None:
        self._flowing.set()

    def cut_all(self) -> None:
        for relayed in list(self.connections):
            relayed.cut()

    def bytes_to_recipient(self) -> int:
        return sum(relayed.bytes[TO_RECIPIENT] for relayed in self.connections)

    def close(self) -> None:
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()
        self.flow()
        self.cut_all()
        for thread in self._threads:
            thread.join(10)
        for relayed in self.connections:
            relayed.client.close()
            relayed.upstream.close()

    def __enter__(self) -> "Proxy":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def cut_after(byte_count: int, direction: str = TO_RECIPIENT, *, times: int = 1) -> Watcher:
    """A rule: cuts a connection once `byte_count` bytes went in `direction` over it; works on `times` connections."""
    left = [times]

    def watch(relayed: Relayed, seen: str, piece: bytes) -> None:
        if left[0] and seen == direction and relayed.bytes[seen] + len(piece) > byte_count:
            left[0] -= 1
            relayed.cut()
    return watch


def paced(bytes_per_second: int) -> Watcher:
    """A slow network: lets no connection deliver faster than this to the recipient."""
    started: dict[int, float] = {}

    def watch(relayed: Relayed, seen: str, _: bytes) -> None:
        if seen != TO_RECIPIENT:
            return
        now = time.monotonic()
        due = started.setdefault(relayed.number, now) + relayed.bytes[seen] / bytes_per_second
        relayed.closed.wait(max(0.0, due - now))
    return watch
