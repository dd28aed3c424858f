"""Fixtures of the integration tests: see README.md."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

from harness import copycheck, dataset
from harness.certificates import Certificates, make_certificates
from harness.clone import PASSWORD
from harness.donord import REPOSITORY, Donord
from harness.live import LiveSource, make_live
from harness.load import REDO_DECIDES
from harness.mysqld import NO_SYNC, MysqlInstall, Mysqld
from harness.source import Source, build_source

_FAILED = pytest.StashKey[bool]()
_CLONE_VARIABLES = ("max_concurrency", "autotune_concurrency", "enable_compression", "ssl_ca", "max_data_bandwidth",
                    "max_network_bandwidth", "valid_donor_list", "block_ddl", "ddl_timeout")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rounds", type=int, default=6, help="clones under load in live_test.py (default 6)")
    parser.addoption("--donor", choices=("donord", "stock"), default="donord",
                     help="who is cloned from in the tests of live directories; a stock server proves the tests")


@pytest.fixture(scope="session")
def install(tmp_path_factory: pytest.TempPathFactory) -> MysqlInstall:
    """The stock server: from DONORD_MYSQL_DIR, or fetched once into .deps/mysql of the checkout."""
    directory = Path(os.environ.get("DONORD_MYSQL_DIR", REPOSITORY / ".deps" / "mysql"))
    subprocess.run([REPOSITORY / "tools" / "get-mysql", directory], check=True)
    return MysqlInstall(directory, tmp_path_factory.mktemp("mysql"))


# -- disk space: copies of data directories add up, so only those of failed tests stay ----------------------------------

@pytest.hookimpl(tryfirst=True, hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    outcome = yield
    report = outcome.get_result()
    item.stash.setdefault(_FAILED, False)
    item.stash[_FAILED] |= report.failed


@pytest.fixture(autouse=True)
def _forget_files(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[None]:
    yield
    if not request.node.stash.get(_FAILED, False):
        shutil.rmtree(tmp_path, ignore_errors=True)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    base = getattr(session.config, "_tmp_path_factory", None)
    if exitstatus == 0 and base is not None:
        shutil.rmtree(base.getbasetemp(), ignore_errors=True)


# -- remarks: what a test wants to be known although it passed, by record_property("remark", ...) -------------------------

def pytest_terminal_summary(terminalreporter: Any) -> None:
    for report in terminalreporter.stats.get("passed", []):
        for name, text in report.user_properties:
            if name == "remark":
                terminalreporter.write_line(f"{report.nodeid}: {text}")


# -- what is cloned -----------------------------------------------------------------------------------------------------

@pytest.fixture(scope="session")
def source_small(install: MysqlInstall, tmp_path_factory: pytest.TempPathFactory) -> Source:
    return build_source(install, tmp_path_factory.mktemp("small"), dataset.small)


@pytest.fixture(scope="session")
def source_everything(install: MysqlInstall, tmp_path_factory: pytest.TempPathFactory) -> Source:
    return build_source(install, tmp_path_factory.mktemp("everything"), dataset.small, dataset.everything)


@pytest.fixture(scope="session")
def source_large(install: MysqlInstall, tmp_path_factory: pytest.TempPathFactory) -> Source:
    """Some 150 MB: enough chunks for several connections and for something to happen in the middle."""
    return build_source(install, tmp_path_factory.mktemp("large"), dataset.small,
                        lambda server: dataset.sized(server, 150))


@pytest.fixture(scope="session")
def source_many_tables(install: MysqlInstall, tmp_path_factory: pytest.TempPathFactory) -> Source:
    return build_source(install, tmp_path_factory.mktemp("many"), dataset.many_tables)


@pytest.fixture(scope="module")
def live(install: MysqlInstall, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSource]:
    """A running server that tests write to while they clone from it, one test after the other."""
    with Mysqld(install, tmp_path_factory.mktemp("live"), tcp=True, options=REDO_DECIDES) as server:
        yield make_live(server, dataset.small)


# -- who clones ---------------------------------------------------------------------------------------------------------

NewMysqld = Callable[..., Mysqld]


@pytest.fixture
def new_mysqld(install: MysqlInstall, tmp_path: Path) -> Iterator[NewMysqld]:
    """A function that starts another stock server; its arguments are those of Mysqld. All are gone after the test."""
    servers: list[Mysqld] = []

    def start(**options: object) -> Mysqld:
        server = Mysqld(install, tmp_path / f"mysqld{len(servers)}", **options)  # type: ignore[arg-type]
        servers.append(server)
        return server.start()
    yield start
    for server in servers:
        server.kill()


@pytest.fixture(scope="session")
def _kept_recipient(install: MysqlInstall, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mysqld]:
    server = Mysqld(install, tmp_path_factory.mktemp("recipient"))
    yield server
    server.kill()


@pytest.fixture
def recipient(_kept_recipient: Mysqld) -> Mysqld:
    """A running stock server for clones into a DATA DIRECTORY; shared by the tests, its clone variables at their defaults."""
    server = _kept_recipient
    if server.running and copycheck.clone_status(server).get("STATE") == "In Progress":
        server.kill()  # a test that failed has left it waiting for its donor
    if not server.running:
        server.start()
    for name in _CLONE_VARIABLES:
        server.query(f"SET GLOBAL clone_{name} = DEFAULT")
    return server


@pytest.fixture
def open_copy(install: MysqlInstall, tmp_path: Path) -> Callable[[Path], Mysqld]:
    """A function that gives a server over a cloned directory, not started yet; its redo alone decides what it has."""
    return lambda directory: Mysqld(install, tmp_path / f"opened-{directory.name}", datadir=directory, options=REDO_DECIDES)


@pytest.fixture
def check_directory(install: MysqlInstall, tmp_path: Path) -> Callable[..., None]:
    """A function that starts a server (with options, if any) on a cloned directory and compares it with the source."""
    def check(directory: Path, source: Source, *options: str) -> None:
        server = Mysqld(install, tmp_path / f"opened-{directory.name}", datadir=directory, options=[*NO_SYNC, *options])
        with server:
            copycheck.check_copy(server, source.fingerprint)
    return check


@pytest.fixture
def check_replaced() -> Callable[[Mysqld, Source], None]:
    """A function that compares a recipient whose own data was replaced with the source."""
    def check(server: Mysqld, source: Source) -> None:
        copycheck.check_status_completed(server)
        copycheck.check_copy(server, source.fingerprint)
    return check


# -- who serves ---------------------------------------------------------------------------------------------------------

@pytest.fixture
def new_donord(tmp_path: Path) -> Iterator[Callable[..., Donord]]:
    """A function that makes a donord over a data directory, not started yet; options are those of ServeOptions.

    At the end of a test that left it running, it must still end in order.
    """
    donors: list[Donord] = []

    def make(datadir: Path, **options: object) -> Donord:
        donor = Donord(tmp_path / f"donord{len(donors)}", datadir, **options)
        donors.append(donor)
        return donor
    yield make
    try:
        for donor in donors:
            donor.stop()
    finally:
        for donor in donors:
            donor.kill()


@pytest.fixture
def new_live_donord(new_donord: Callable[..., Donord], request: pytest.FixtureRequest) -> Callable[..., Donord]:
    """A function that starts a donord over the directory of a running server; options are those of ServeOptions."""
    if request.config.getoption("--donor") == "stock":
        pytest.skip("needs donord")
    return lambda server, **options: new_donord(server.datadir, **{"live": "yes", **options}).start()


@pytest.fixture
def new_live_donor(request: pytest.FixtureRequest) -> Callable[..., Donord | Mysqld]:
    """The same, or a function that gives the server itself: with `--donor stock`."""
    if request.config.getoption("--donor") == "stock":
        return lambda server, **_: server
    return request.getfixturevalue("new_live_donord")


@pytest.fixture
def stock_donor(install: MysqlInstall, source_small: Source, tmp_path: Path) -> Iterator[Mysqld]:
    """A stock server with the clone plugin over a copy of `source_small`, with the account `clone`."""
    with Mysqld(install, tmp_path / "stock", datadir=source_small.copy(tmp_path / "stock-data"), tcp=True) as server:
        server.run("SET SESSION sql_log_bin = 0",
                   f"CREATE USER 'clone'@'%' IDENTIFIED BY '{PASSWORD}'",
                   "GRANT BACKUP_ADMIN ON *.* TO 'clone'@'%'",
                   "SET SESSION sql_log_bin = 1")
        yield server


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("tls"), "donor")


@pytest.fixture(scope="session")
def other_certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("other-tls"), "stranger")
