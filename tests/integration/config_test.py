"""Accounts, certificates and options from a configuration file, and SIGHUP."""

import hashlib
import re
import signal
from pathlib import Path
from typing import Callable

import pytest

from harness.certificates import Certificates
from harness.clone import clone, start_clone
from harness.donord import Donord
from harness.mysqld import Mysqld
from harness.source import Source

NewDonord = Callable[..., Donord]

_PASSWORD = "Hash-me-1"


def native_hash(password: str) -> str:
    return "*" + hashlib.sha1(hashlib.sha1(password.encode()).digest()).hexdigest().upper()


@pytest.fixture
def stored_hash(recipient: Mysqld) -> str:
    """What a stock server keeps of the password, as it prints it."""
    recipient.run("SET sql_log_bin = 0", f"CREATE USER hashed@localhost IDENTIFIED BY '{_PASSWORD}'",
                  "SET print_identified_with_as_hex = 1")
    created = recipient.scalar("SHOW CREATE USER hashed@localhost")
    recipient.run("DROP USER hashed@localhost", "SET sql_log_bin = 1")
    return re.search(r" AS (0x[0-9A-F]+)", created).group(1)


def config_of(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "donord.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("require", ["SSL", "NO SSL"])
def test_an_account_by_its_stored_hash(require: str, stored_hash: str, new_donord: NewDonord, source_small: Source,
                                       recipient: Mysqld, tmp_path: Path) -> None:
    """The full exchange: the password in TLS, or encrypted with the donor's RSA key."""
    config = config_of(tmp_path, f'[[account]]\nuser = "hashed"\npassword-hash = "{stored_hash}"\n')
    donor = new_donord(source_small.datadir, password=None, extra=["--config", config]).start()
    start_clone(recipient, donor.port, directory=tmp_path / "wrong", user="hashed", password="Hash-me-2",
                require=require).wait_error(3862, "1045")
    clone(recipient, donor.port, directory=tmp_path / "copy", user="hashed", password=_PASSWORD, require=require)


def test_an_account_of_an_old_client(new_donord: NewDonord, source_small: Source, recipient: Mysqld,
                                     tmp_path: Path) -> None:
    config = config_of(tmp_path, f'[[account]]\nuser = "old"\npassword-hash = "{native_hash(_PASSWORD)}"\n')
    donor = new_donord(source_small.datadir, password=None, extra=["--config", config]).start()
    clone(recipient, donor.port, directory=tmp_path / "copy", user="old", password=_PASSWORD, require="NO SSL")


def test_accounts_by_host(new_donord: NewDonord, source_small: Source, recipient: Mysqld, tmp_path: Path) -> None:
    config = config_of(tmp_path, f'[[account]]\nuser = "near"\npassword = "{_PASSWORD}"\nhosts = ["127.0.0.0/8"]\n'
                                 f'[[account]]\nuser = "far"\npassword = "{_PASSWORD}"\nhosts = ["192.0.2.0/24"]\n')
    donor = new_donord(source_small.datadir, password=None, extra=["--config", config]).start()
    start_clone(recipient, donor.port, directory=tmp_path / "wrong", user="far",
                password=_PASSWORD).wait_error(3862, "1045")
    clone(recipient, donor.port, directory=tmp_path / "copy", user="near", password=_PASSWORD)


def test_sighup_reads_accounts_and_certificates_again(new_donord: NewDonord, source_small: Source, recipient: Mysqld,
                                                      certificates: Certificates, other_certificates: Certificates,
                                                      tmp_path: Path) -> None:
    files = {name: tmp_path / path.name for name, path in certificates.server_options().items()}
    for name, path in files.items():
        path.write_bytes(certificates.server_options()[name].read_bytes())
    config = config_of(tmp_path, '[[account]]\nuser = "c"\npassword = "Before-1"\n')
    donor = new_donord(source_small.datadir, password=None, ssl=files, extra=["--config", config]).start()
    trusting_the_other = {"ssl_ca": str(other_certificates.ca)}
    start_clone(recipient, donor.port, directory=tmp_path / "a", user="c", password="Before-1", require="SSL",
                variables=trusting_the_other).wait_error(3862, "certificate verify failed")

    config_of(tmp_path, '[[account]]\nuser = "c"\npassword = "After-1"\n')
    for name, path in files.items():
        path.write_bytes(other_certificates.server_options()[name].read_bytes())
    donor.process.signal(signal.SIGHUP)
    donor.wait_log("reload.done")
    start_clone(recipient, donor.port, directory=tmp_path / "b", user="c", password="Before-1", require="SSL",
                variables=trusting_the_other).wait_error(3862, "1045")
    clone(recipient, donor.port, directory=tmp_path / "copy", user="c", password="After-1", require="SSL",
          variables=trusting_the_other)


def test_a_broken_configuration_leaves_the_accounts_as_they_are(new_donord: NewDonord, source_small: Source,
                                                                recipient: Mysqld, tmp_path: Path) -> None:
    config = config_of(tmp_path, f'[[account]]\nuser = "c"\npassword = "{_PASSWORD}"\n')
    donor = new_donord(source_small.datadir, password=None, extra=["--config", config]).start()
    config_of(tmp_path, '[[account]]\nuser = "c"\npasword = "typo"\n')
    donor.process.signal(signal.SIGHUP)
    donor.wait_log("reload.accounts.*pasword")
    clone(recipient, donor.port, directory=tmp_path / "copy", user="c", password=_PASSWORD)


@pytest.mark.parametrize("text, expected", [
    ("datadir = ", "donord.toml:1"),
    ("no-such-option = 1\n", "donord.toml:1: no option 'no-such-option'"),
    ('user = "c"\npassword = "Secret-1"\n', "donord.toml:2: no option 'password'; it belongs into [[account]]"),
    ("[[account]]\npassword = tSecret-1\n", "donord.toml:2"),
    ('[[account]]\nuser = "c"\n', "password"),
    ('[[account]]\nuser = "c"\nclone = "false"\n', "donord.toml:3: clone must be true or false"),
    ('[[account]]\nuser = "c"\nhosts = 10\n', "donord.toml:3: hosts must be a string"),
    ('[[account]]\nuser = "c"\nhosts = ["localhost", 10]\n', "donord.toml:3: hosts must be a string"),
    ('[[account]]\nuser = "c"\npassword = 10\n', "donord.toml:3: password must be a string"),
    ('[[account]]\nuser = "c"\npassword = "x"\nhosts = ["10.0.0.0/99"]\n', "10.0.0.0/99"),
], ids=["syntax", "unknown option", "password outside of an account", "password without quotes", "no password",
        "type of clone", "type of hosts", "type of a host", "type of password", "host"])
def test_a_wrong_configuration_is_refused(text: str, expected: str, new_donord: NewDonord, source_small: Source,
                                          tmp_path: Path) -> None:
    donor = new_donord(source_small.datadir, password=None, extra=["--config", config_of(tmp_path, text)])
    refused = donor.start_refused()
    assert expected in refused
    assert "Secret-1" not in refused


def test_what_recipients_are_told_can_be_chosen(new_donord: NewDonord, source_small: Source, recipient: Mysqld,
                                                tmp_path: Path) -> None:
    refusing = new_donord(source_small.datadir, extra=["--clone-config", "character_set_server=latin1"]).start()
    start_clone(recipient, refusing.port, directory=tmp_path / "a").wait_error(3868, "character_set_server", "latin1")
    plugin = new_donord(source_small.datadir, extra=["--clone-plugin", "nowhere:nowhere.so"]).start()
    start_clone(recipient, plugin.port, directory=tmp_path / "b").wait_error(3870, "nowhere")
    collation = new_donord(source_small.datadir, extra=["--clone-collation", "martian_ci"]).start()
    start_clone(recipient, collation.port, directory=tmp_path / "c").wait_error(3867, "martian_ci")
    bare = new_donord(source_small.datadir, extra=["--clone-send", "none"]).start()
    clone(recipient, bare.port, directory=tmp_path / "copy")


def test_another_version_than_the_sources_can_be_presented(new_donord: NewDonord, source_small: Source,
                                                           recipient: Mysqld, tmp_path: Path) -> None:
    older = new_donord(source_small.datadir, extra=["--present-version", "9.6.0"]).start()
    older.wait_log("source.presented_version presented=9.6.0 source=9.7.*files of a newer server")
    start_clone(recipient, older.port, directory=tmp_path / "a").wait_error(3864, "9.6.0")
    newer = new_donord(source_small.datadir, extra=["--present-version", "9.7.99-x"]).start()
    newer.wait_log("source.presented_version presented=9.7.99-x .*files of an older server")
    clone(recipient, newer.port, directory=tmp_path / "copy")
    refused = new_donord(source_small.datadir, extra=["--present-version", "9.7"]).start_refused()
    assert "--present-version 9.7: expected a version such as" in refused
