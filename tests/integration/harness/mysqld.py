"""Stock mysqld instances: where they come from, starting, asking, stopping, crashing."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import zlib
from pathlib import Path
from typing import Any, Iterable, Sequence

import pymysql

from .process import ExitedEarly, Process
from .waiting import wait_until

_START_SECONDS = 60
_STOP_SECONDS = 60
_PORT_ATTEMPTS = 5
_RESTART_STATUS = 16  # what mysqld exits with when it asks its supervisor to start it again
_SOCKET_PATH_MAX = 107

# Small and quick, yet durable against kill -9: the page cache survives the process.
_OPTIONS = (
    "--loose-mysqlx=0",
    "--plugin-load-add=mysql_clone.so",
    "--performance-schema=ON",  # clone_status and clone_progress are its tables
    "--performance-schema-digests-size=100",
    "--innodb-buffer-pool-size=64M",
    "--innodb-redo-log-capacity=64M",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-buffer-pool-dump-at-shutdown=OFF",
    "--innodb-buffer-pool-load-at-startup=OFF",
    "--sync-binlog=0",
    "--max-connections=60",
    "--table-open-cache=400",
    "--event-scheduler=OFF",
    "--gtid-mode=ON",
    "--enforce-gtid-consistency=ON",
    "--log-error-verbosity=3",
)

# For a server whose work is thrown away or checked before the machine can lose power.
NO_SYNC = ("--innodb-flush-method=nosync",)


def free_port() -> int:
    """A loopback port that was free a moment ago; whoever binds it must be ready to try another."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class MysqlInstall:
    """A directory made by tools/get-mysql, with an initialised data directory cached for copying."""

    def __init__(self, directory: Path, cache: Path):
        self.mysqld = directory / "bin" / "mysqld"
        self.mysql = directory / "bin" / "mysql"
        self._cache = cache
        self._lock = threading.Lock()

    def version(self) -> str:
        """For example 9.7.4-2."""
        output = subprocess.run([self.mysqld, "--no-defaults", "--version"], check=True, capture_output=True, text=True)
        return output.stdout.split(" Ver ")[1].split()[0]

    def new_datadir(self, target: Path, *options: str) -> Path:
        """Makes `target` a freshly initialised data directory: root without password, nothing else.

        `options` are those that a server has to be initialised with, such as --innodb-page-size.
        """
        copy_datadir(self._template(options), target)
        (target / "auto.cnf").unlink(missing_ok=True)  # each server makes its own server_uuid
        return target

    def _template(self, options: tuple[str, ...]) -> Path:
        template = self._cache / "-".join(["template", *(option.strip("-") for option in options)])
        with self._lock:
            if not template.exists():
                self._cache.mkdir(parents=True, exist_ok=True)
                making = self._cache / "template.making"
                shutil.rmtree(making, ignore_errors=True)
                self.initialize(making, *options)
                making.rename(template)
        return template

    def initialize(self, datadir: Path, *options: str) -> Path:
        """Runs `mysqld --initialize-insecure`, for options that name places."""
        process = Process(
            [self.mysqld, "--no-defaults", *_as_root(), "--initialize-insecure", f"--datadir={datadir}",
             "--innodb-redo-log-capacity=64M", "--innodb-flush-log-at-trx-commit=0", *NO_SYNC, *options],
            log=self._cache / "initialize.log")
        if process.wait(120) != 0:
            raise ExitedEarly(f"mysqld --initialize-insecure failed:\n{process.log_tail()}")
        return datadir


def copy_datadir(source: Path, target: Path) -> Path:
    """Copies a data directory that no server uses; shares blocks where the file system can."""
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", "--reflink=auto", source, target], check=True)
    return target


def use_keyring(datadir: Path, keyring: Path) -> Path:
    """Gives the server of a data directory a keyring, kept in a file; encrypted tables need one."""
    (datadir / "mysqld.my").write_text(json.dumps({"components": "file://component_keyring_file"}))
    (datadir / "component_keyring_file.cnf").write_text(json.dumps({"path": str(keyring), "read_only": False}))
    return keyring


def _as_root() -> list[str]:
    return ["--user=root"] if os.geteuid() == 0 else []


class Mysqld:
    """One server over one data directory.

    `home` holds everything of it: `data` (unless `datadir` says otherwise), the error log, temporary files. By default
    it listens on a unix socket only; `tcp=True` adds a free loopback port. `supervised=True` makes it believe in a
    supervisor, so that a CLONE that replaces its data ends with exit status 16: `await_restart()` then plays the
    supervisor. Usable as a context manager: started on entry, stopped on exit.
    """

    def __init__(self, install: MysqlInstall, home: Path, *, datadir: Path | None = None, tcp: bool = False,
                 supervised: bool = False, options: Sequence[str] = ()):
        self.install = install
        self.home = home
        self.datadir = datadir or home / "data"
        self.supervised = supervised
        self.port: int | None = None
        self._tcp = tcp
        self._options = list(options)
        self._process: Process | None = None
        self._log_start = 0
        self._connection: pymysql.connections.Connection | None = None
        self._lock = threading.Lock()
        home.mkdir(parents=True, exist_ok=True)
        self._socket_dir: tempfile.TemporaryDirectory | None = None
        self.socket = home / "s"
        if len(str(self.socket)) > _SOCKET_PATH_MAX - 10:  # mysqld adds ".lock"
            self._socket_dir = tempfile.TemporaryDirectory(prefix="donord-", dir="/tmp")
            self.socket = Path(self._socket_dir.name) / "s"
        (home / "tmp").mkdir(exist_ok=True)

    # -- life ---------------------------------------------------------------------------------------------------------

    def start(self, *extra_options: str, seconds: float = _START_SECONDS) -> "Mysqld":
        """Starts the server (initialising the data directory when there is none) and waits until it answers."""
        assert not self.running, "already running"
        if not self.datadir.exists():
            self.install.new_datadir(self.datadir)
        for attempt in range(_PORT_ATTEMPTS):
            if self._tcp and (self.port is None or attempt > 0):
                self.port = free_port()
            self.launch(*extra_options)
            try:
                self._wait_ready(seconds)
                return self
            except ExitedEarly:
                if not self._tcp or "Address already in use" not in self.log_text():
                    raise
        raise AssertionError(f"no free port in {_PORT_ATTEMPTS} attempts")

    def launch(self, *extra_options: str) -> None:
        """Starts the program over an existing data directory without waiting for anything."""
        self._log_start = self.error_log.stat().st_size if self.error_log.exists() else 0
        self._process = Process(self._command(extra_options), log=self.error_log, env=self._environment())

    def _command(self, extra_options: Iterable[str]) -> list[str | Path]:
        network = [f"--port={self.port}", "--bind-address=127.0.0.1"] if self._tcp else ["--skip-networking"]
        return [self.install.mysqld, "--no-defaults", *_as_root(), f"--datadir={self.datadir}",
                f"--socket={self.socket}", f"--tmpdir={self.home / 'tmp'}", f"--pid-file={self.home / 'pid'}",
                f"--secure-file-priv={self.home / 'tmp'}", f"--server-id={self._server_id()}", *_OPTIONS, *network,
                *self._options, *extra_options]

    def _server_id(self) -> int:
        return 1 + zlib.crc32(bytes(self.home)) % 2_000_000_000

    def _environment(self) -> dict[str, str]:
        env = {name: value for name, value in os.environ.items() if name not in ("MYSQLD_PARENT_PID", "NOTIFY_SOCKET")}
        if self.supervised:
            env["MYSQLD_PARENT_PID"] = str(os.getpid())
        return env

    def _wait_ready(self, seconds: float) -> None:
        def answers() -> bool:
            if not self.process.running:
                raise ExitedEarly(f"mysqld ended with {self.process.exit_code} while starting:\n{self.log_tail()}")
            if not self.socket.exists():
                return False
            try:
                with self.connect():
                    return True
            except pymysql.err.OperationalError:
                return False
        try:
            wait_until(answers, seconds=seconds, what=f"mysqld on {self.datadir}")
        except AssertionError as timeout:
            self.kill()
            raise AssertionError(f"{timeout}\n{self.log_tail()}") from None

    def stop(self) -> None:
        """Clean shutdown; does nothing when it is not running."""
        self._disconnect()
        if self._process is None:
            return
        process, self._process = self._process, None
        try:
            if process.running:
                code = process.stop(_STOP_SECONDS)
                assert code == 0, f"mysqld ended with {code}:\n{process.log_tail()}"
        finally:
            self._forget_socket()

    def kill(self) -> None:
        """Crash: SIGKILL, no chance to flush anything."""
        self._disconnect()
        if self._process is not None:
            self._process.kill()
            self._process = None
        self._forget_socket()

    def pause(self) -> None:
        self.process.pause()

    def resume(self) -> None:
        self.process.resume()

    def await_restart(self, *, seconds: float = _STOP_SECONDS) -> None:
        """The supervisor's part after a CLONE that replaced the data: waits for the exit and starts it again."""
        assert self.supervised, "only a supervised server exits in order to be restarted"
        self._disconnect()
        code = self.process.wait(seconds)
        assert code == _RESTART_STATUS, f"mysqld ended with {code}, expected {_RESTART_STATUS}:\n{self.log_tail()}"
        self._process = None
        self._forget_socket()
        self.start()

    def _forget_socket(self) -> None:
        self.socket.unlink(missing_ok=True)
        self.socket.with_name("s.lock").unlink(missing_ok=True)

    def __enter__(self) -> "Mysqld":
        if not self.running:
            self.start()
        return self

    def __exit__(self, kind: type | None, *_: object) -> None:
        if kind is None:
            self.stop()
        else:
            self.kill()

    @property
    def process(self) -> Process:
        assert self._process is not None, "not started"
        return self._process

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.running

    # -- asking -------------------------------------------------------------------------------------------------------

    def connect(self, **options: Any) -> pymysql.connections.Connection:
        """A new connection over the unix socket as root, in autocommit mode."""
        options = {"user": "root", "password": "", "read_timeout": 600, **options}
        return pymysql.connect(unix_socket=str(self.socket), charset="utf8mb4", autocommit=True, **options)

    def query(self, sql: str, args: Sequence[Any] | None = None) -> list[tuple]:
        """Runs one statement on a connection that is kept, and returns all its rows."""
        with self._lock:
            if self._connection is None:
                self._connection = self.connect()
            try:
                with self._connection.cursor() as cursor:
                    cursor.execute(sql, args)
                    return list(cursor.fetchall())
            except (pymysql.err.OperationalError, pymysql.err.InterfaceError):
                if not self._connection.open or not self.running:
                    self._connection = None
                raise

    def scalar(self, sql: str, args: Sequence[Any] | None = None) -> Any:
        """The first column of the first row; None when there is no row."""
        rows = self.query(sql, args)
        return rows[0][0] if rows else None

    def run(self, *statements: str) -> None:
        """Runs statements in order; the failing one is named in the error."""
        for statement in statements:
            try:
                self.query(statement)
            except pymysql.err.MySQLError as error:
                raise AssertionError(f"{error} in: {statement[:500]}") from error

    def _disconnect(self) -> None:
        with self._lock:
            if self._connection is not None and self._connection.open:
                try:
                    self._connection.close()
                except pymysql.err.Error:
                    pass
            self._connection = None

    # -- looking ------------------------------------------------------------------------------------------------------

    @property
    def error_log(self) -> Path:
        return self.home / "error.log"

    def log_text(self) -> str:
        """What it wrote since its last start."""
        with open(self.error_log, errors="replace") as log:
            log.seek(self._log_start)
            return log.read()

    def log_tail(self, lines: int = 40) -> str:
        """The last lines of the error log."""
        if not self.error_log.exists():
            return "(no error log)"
        return "\n".join(self.error_log.read_text(errors="replace").splitlines()[-lines:])

    def server_uuid(self) -> str:
        return self.scalar("SELECT @@server_uuid")

    def redo_lsn(self, which: str) -> int:
        """`which` is checkpoint, current or flushed_to_disk."""
        return int(self.scalar("SELECT variable_value FROM performance_schema.global_status WHERE variable_name = %s",
                               [f"Innodb_redo_log_{which}_lsn"]))

    def await_redo_written(self) -> None:
        """Waits until all redo that there is now is in the log files; without a commit that may take a second."""
        given = self.redo_lsn("current")
        wait_until(lambda: self.redo_lsn("flushed_to_disk") >= given, seconds=30, what="redo to be written")
