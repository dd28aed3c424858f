"""The commands that need no recipient: version, help, check, inspect, sessions."""

import json
import subprocess
from pathlib import Path
from typing import Callable

import pytest

from harness.clone import clone
from harness.donord import Donord, binary
from harness.mysqld import Mysqld
from harness.source import Source


def donord(*arguments: object, code: int = 0) -> str:
    done = subprocess.run([binary(), *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == code, f"exit {done.returncode}: {done.stdout}{done.stderr}"
    return done.stdout if code == 0 else done.stderr


def test_help_and_version() -> None:
    assert donord("version").startswith("donord ")
    for part in ("serve", "sessions", "check", "inspect"):
        assert part in donord("--help")
        assert donord(part, "--help")
    assert "--datadir" in donord("serve", "--help")
    donord("serv", code=2)


def test_a_fault_that_cannot_happen_is_refused(source_small: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    for rule, expected in (("net.sent action=error", "there is no fault point net.sent"),
                           ("net.send colour=red action=error", "unknown key 'colour'"),
                           ("net.send file=x action=error", "net.send carries no file")):
        monkeypatch.setenv("DONORD_FAULTS", rule)
        assert expected in donord("serve", "--datadir", source_small.datadir, "--port", 0, code=2)


def test_inspect_a_datadir(source_everything: Source) -> None:
    text = donord("inspect", source_everything.datadir)
    assert "can be served" in text and "clean" in text
    report = json.loads(donord("inspect", "--json", source_everything.datadir))
    assert report["kind"] == "datadir"
    assert {"system", "undo", "dictionary"} <= {file["role"] for file in report["files"]}


def test_inspect_single_files(source_small: Source) -> None:
    report = json.loads(donord("inspect", "--json", source_small.datadir / "mysql.ibd"))
    assert report["kind"] == "tablespace"
    redo = next((source_small.datadir / "#innodb_redo").glob("#ib_redo*[0-9]"))
    assert json.loads(donord("inspect", "--json", redo))["kind"] == "redo_file"


def test_inspect_the_pages_of_a_file(source_everything: Source) -> None:
    file = source_everything.datadir / "mysql.ibd"
    report = json.loads(donord("inspect", "--pages", "--json", file))
    pages = report["size_bytes"] // report["physical_page_size"]
    assert sum(run["count"] for run in report["page_list"]) == pages
    assert report["page_list"][0]["type"] == "FSP_HDR"
    assert report["pages"]["verified"] + report["pages"]["never_written"] == pages
    assert len(donord("inspect", "--pages", file).splitlines()) > len(report["page_list"])


def test_inspect_the_pages_of_a_datadir(source_everything: Source) -> None:
    report = json.loads(donord("inspect", "--pages", "--json", source_everything.datadir))
    for file in report["files"]:
        assert file["pages"]["damaged"] == file["pages"]["unverified"] == 0
        assert sum(file["page_types"].values()) == file["pages"]["verified"]
    assert "pages of" in donord("inspect", "--pages", source_everything.datadir)


def test_check_a_datadir(source_everything: Source) -> None:
    assert "can be served" in donord("check", source_everything.datadir)
    assert "can be served" in donord("check", "--datadir", source_everything.datadir)
    report = json.loads(donord("check", "--json", source_everything.datadir))
    assert report["servable"] and not report["in_use"]
    assert report["pages"]["damaged"] == 0 and report["pages"]["verified"] > 1000
    assert {"system", "undo", "dictionary"} <= {file["role"] for file in report["files"]}


def test_check_the_directory_of_a_running_server(new_mysqld: Callable[..., Mysqld]) -> None:
    server = new_mysqld()
    donord("check", server.datadir, code=4)


def test_check_what_is_no_datadir(tmp_path: Path) -> None:
    assert "is not a datadir" in donord("check", tmp_path, code=2)
    assert "nowhere" in donord("check", tmp_path / "nowhere", code=1)
    donord("check", code=2)


def test_inspect_the_source_of_a_configuration(source_small: Source, tmp_path: Path) -> None:
    config = tmp_path / "donord.toml"
    config.write_text(f'datadir = "{source_small.datadir}"\nport = 3307\ninnodb-page-size = "8K"\n'
                      'map-path = ["/a=/b", "/c=."]\n')
    assert "innodb_page_size says 8192" in donord("inspect", "--config", config)
    assert "can be served" in donord("inspect", "--config", config, "--innodb-page-size", "16K")
    assert json.loads(donord("inspect", "--json", "--config", config, source_small.datadir / "mysql.ibd"))[
        "kind"] == "tablespace"
    assert "no path is given" in donord("inspect", code=2)
    assert "can be served" in donord("inspect", "--map-path", "/a=/b", source_small.datadir)


def test_inspect_what_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear reader")
    assert "letter.txt" in donord("inspect", tmp_path / "letter.txt", code=3)
    assert "nowhere" in donord("inspect", tmp_path / "nowhere", code=1)


def test_sessions(new_donord: Callable[..., Donord], source_small: Source, recipient: Mysqld, tmp_path: Path) -> None:
    donor = new_donord(source_small.datadir).start()
    clone(recipient, donor.port, directory=tmp_path / "copy")
    number = donor.wait_session("completed")["session"]
    assert "completed" in donord("sessions", "list", "--catalog", donor.catalog)
    shown = donord("sessions", "show", number, "--catalog", donor.catalog)
    for stage in ("file_copy", "page_copy", "redo_copy"):
        assert stage in shown
    as_json = json.loads(donord("sessions", "show", number, "--catalog", donor.catalog, "--json"))
    assert as_json["result"] == "completed" and as_json["recipient"]["version"].startswith("9.")
    assert json.loads(donord("sessions", "list", "--catalog", donor.catalog, "--json", "--result", "failed")) == []
    donord("sessions", "watch", "--catalog", donor.catalog)
    config = tmp_path / "donord.toml"
    config.write_text(f'catalog = "{donor.catalog}"\nport = 3307\n[[account]]\nuser = "x"\npassword = "y"\n')
    assert donord("sessions", "show", number, "--config", config) == shown
    donord("sessions", "list", "--config", config, "--catalog", tmp_path / "absent.db", code=1)
    config.write_text("catalogue = 1\n")
    assert "no option 'catalogue'" in donord("sessions", "list", "--config", config, code=2)
    assert "99" in donord("sessions", "show", 99, "--catalog", donor.catalog, code=1)
    donord("sessions", "list", "--catalog", tmp_path / "absent.db", code=1)
