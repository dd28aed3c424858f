"""The list of fixtures is complete and true."""

import hashlib
import json

from harness.fixtures import FIXTURES, readme


def test_every_fixture_is_listed_with_its_checksum() -> None:
    manifest = json.loads((FIXTURES / "manifest.json").read_text())
    found = {str(path.relative_to(FIXTURES)): hashlib.sha256(path.read_bytes()).hexdigest()
             for path in FIXTURES.glob("*/*")}
    assert found == {path: entry["sha256"] for path, entry in manifest.items()}
    assert (FIXTURES / "README.md").read_text() == readme(manifest)


def test_fixtures_stay_small() -> None:
    assert sum(path.stat().st_size for path in FIXTURES.rglob("*") if path.is_file()) < 1024 * 1024
