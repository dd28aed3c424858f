"""Writing fixtures: bytes as hex text or as they are, and the list of all of them with their origin."""

import hashlib
import json
from pathlib import Path
from typing import Any

from .donord import REPOSITORY

FIXTURES = REPOSITORY / "fixtures"
_MANIFEST = FIXTURES / "manifest.json"
_LICENCE = "CC0-1.0"
_HEX_LIMIT_BYTES = 8 * 1024
_HEX_LINE_BYTES = 32

_README_HEAD = """# Fixtures

Bytes of real servers, for golden tests. They were made by the commands named here and nothing in them was copied from
anyone: we put them in the public domain ({licence}); the bytes are facts.

- `captures/`: messages of the clone protocol between a stock donor and a stock recipient, one message a file. The hex is
  the packet's payload, without the 4-byte packet header; files named `stream_*` hold raw bytes of a connection.
- `innodb/`: pages and redo blocks from the data directory of a cleanly stopped server.
- `encryption/`: encrypted pages and redo blocks, and the keyrings to them, which belong to nothing else.
- `redo/`: whole blocks of the redo log of a running server, one kind of statements a file.
- `binlog/`: whole binary logs of a running server, one kind of transactions a file.

A `.hex` file starts with `# key: value` lines and goes on with lines of up to {line} bytes. What is longer than
{limit} bytes is stored as it is in a `.bin` file. `manifest.json` is this list for programs, with more facts about each.
Each command rewrites its folder and this page; what depends on chance (ids, nonces, keys, times) differs at each run.

| file | what | server | made by | SHA-256 | licence |
| --- | --- | --- | --- | --- | --- |
"""


def read_hex(path: Path) -> bytes:
    lines = path.read_text().splitlines()
    return bytes.fromhex("".join(line for line in lines if not line.startswith("#")))


class FixtureWriter:
    """Rewrites one folder of fixtures; `finish()` brings the list up to date."""

    def __init__(self, folder: str, *, server: str, command: str):
        self._folder = folder
        self._server = server
        self._command = command
        self._entries: dict[str, dict[str, Any]] = {}
        directory = FIXTURES / folder
        directory.mkdir(parents=True, exist_ok=True)
        for old in directory.iterdir():
            if old.suffix in (".hex", ".bin", ".txt"):
                old.unlink()

    def add(self, name: str, content: bytes, *, what: str, **facts: object) -> None:
        """Writes one fixture: `what` says in a line what it is, `facts` are further keys of its head."""
        if len(content) > _HEX_LIMIT_BYTES:
            path = f"{self._folder}/{name}.bin"
            (FIXTURES / path).write_bytes(content)
        else:
            path = f"{self._folder}/{name}.hex"
            head = {"what": what, **facts, "server": self._server, "bytes": len(content)}
            lines = [f"# {key}: {value}" for key, value in head.items()]
            lines += [content[at:at + _HEX_LINE_BYTES].hex() for at in range(0, len(content), _HEX_LINE_BYTES)]
            (FIXTURES / path).write_text("\n".join(lines) + "\n")
        self._remember(path, what, facts)

    def add_text(self, name: str, text: str, *, what: str) -> None:
        path = f"{self._folder}/{name}.txt"
        (FIXTURES / path).write_text(text)
        self._remember(path, what, {})

    def _remember(self, path: str, what: str, facts: dict[str, object]) -> None:
        self._entries[path] = {"what": what, **facts, "server": self._server, "command": self._command,
                               "sha256": hashlib.sha256((FIXTURES / path).read_bytes()).hexdigest()}

    def finish(self) -> None:
        manifest = json.loads(_MANIFEST.read_text()) if _MANIFEST.exists() else {}
        manifest = {path: entry for path, entry in manifest.items() if not path.startswith(self._folder + "/")}
        manifest = dict(sorted((manifest | self._entries).items()))
        _MANIFEST.write_text(json.dumps(manifest, indent=1) + "\n")
        (FIXTURES / "README.md").write_text(readme(manifest))


def readme(manifest: dict[str, dict[str, Any]]) -> str:
    text = _README_HEAD.format(licence=_LICENCE, line=_HEX_LINE_BYTES, limit=_HEX_LIMIT_BYTES)
    for path, entry in manifest.items():
        text += (f"| `{path}` | {entry['what']} | {entry['server']} | `{entry['command']}` | `{entry['sha256']}` "
                 f"| {_LICENCE} |\n")
    return text
