"""The program under test: `donord serve` started, watched, crashed, started again."""

import json
import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Mapping, Sequence

from .clone import PASSWORD
from .faults import FIRED
from .process import ExitedEarly, Process
from .waiting import wait_until

_START_SECONDS = 30
_STOP_SECONDS = 30
_READY = re.compile(r"ready for connections.*port: (\d+)")

REPOSITORY = Path(__file__).resolve().parents[3]


def binary() -> Path:
    """The program to test: the environment variable DONORD, or the development build of this checkout."""
    path = Path(os.environ.get("DONORD", REPOSITORY / "build/dev/src/cli/donord")).absolute()
    if not os.access(path, os.X_OK):
        raise FileNotFoundError(f"{path} is not there: build it first (./dev build), or name another in DONORD")
    return path


def check(datadir: Path, *options: str | Path) -> tuple[int, str]:
    """`donord check` over a data directory: its exit code and everything it said."""
    done = subprocess.run([binary(), "check", datadir, *options], capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout + done.stderr


@dataclass
class ServeOptions:
    """`donord serve` options; every field has the program's own default unless a test says otherwise."""

    user: str = "clone"
    password: str | None = PASSWORD  # None: no --password-file
    port: int = 0
    catalog: Path | None = None  # None: a file in `home`
    max_clones: int | None = None
    verify_pages: str | None = None
    require_secure_transport: bool = False
    live: str | None = None  # auto, yes or no
    shutdown_timeout: int = 3  # shorter than the program's own: tests stop it while clones wait for nobody
    ssl: Mapping[str, Path] = field(default_factory=dict)  # cert, key, ca
    faults: str = ""  # DONORD_FAULTS
    extra: Sequence[str] = ()


class Donord:
    """One donord over one source data directory; a context manager like Mysqld.

    `home` holds its password file, its catalog and its log. `restart()` comes back on the same port with the same
    catalog, which is what a recipient that lost its donor waits for.
    """

    def __init__(self, home: Path, datadir: Path, **options: Any):
        self.home = home
        self.datadir = datadir
        self.options = ServeOptions(**options)
        self.catalog = self.options.catalog or home / "catalog.db"
        self.port = self.options.port
        self._process: Process | None = None
        home.mkdir(parents=True, exist_ok=True)

    # -- life ---------------------------------------------------------------------------------------------------------

    def launch(self) -> "Donord":
        """Starts it without waiting for anything."""
        assert not self.running, "already running"
        self._log_start = self.log.stat().st_size if self.log.exists() else 0
        env = {name: value for name, value in os.environ.items() if not name.startswith("DONORD_")}
        if self.options.faults:
            env["DONORD_FAULTS"] = self.options.faults
        self._process = Process(self.command(), log=self.log, env=env, cwd=self.home)
        return self

    def start(self, seconds: float = _START_SECONDS) -> "Donord":
        """Starts it and waits until it says that it is ready; then `port` is known."""
        self.launch()

        def ready() -> re.Match[str] | None:
            found = _READY.search(self.log_text())
            if not found and not self.process.running:
                raise ExitedEarly(f"donord ended with {self.process.exit_code} while starting:\n{self.log_text()[-4000:]}")
            return found
        try:
            self.port = int(wait_until(ready, seconds=seconds, what="donord to be ready").group(1))
        except AssertionError as timeout:
            self.kill()
            raise AssertionError(f"{timeout}\n{self.log_text()[-4000:]}") from None
        return self

    def start_refused(self, seconds: float = _START_SECONDS) -> str:
        """Starts it, expects it to end by itself with an error, and returns what it said."""
        code = self.launch().process.wait(seconds)
        assert code > 0, f"donord ended with {code}, expected a refusal:\n{self.log_text()}"
        self._process = None
        return self.log_text()

    def command(self) -> list[str | Path]:
        options = self.options
        command: list[str | Path] = [
            binary(), "serve", "--datadir", self.datadir, "--bind-address", "127.0.0.1", "--port", str(self.port),
            "--user", options.user, "--catalog", self.catalog]
        if options.password is not None:
            password_file = self.home / "password"
            password_file.write_text(options.password + "\n")
            password_file.chmod(0o600)
            command += ["--password-file", password_file]
        command += ["--shutdown-timeout", str(options.shutdown_timeout)]
        if options.max_clones is not None:
            command += ["--max-clones", str(options.max_clones)]
        if options.verify_pages is not None:
            command += ["--verify-pages", options.verify_pages]
        if options.require_secure_transport:
            command += ["--require-secure-transport"]
        if options.live is not None:
            command += ["--live", options.live]
        for name, path in options.ssl.items():
            command += [f"--ssl-{name}", path]
        return command + list(options.extra)

    def stop(self) -> None:
        """SIGTERM; donord ends in order, with exit code 0."""
        if self._process is None:
            return
        process, self._process = self._process, None
        code = process.stop(_STOP_SECONDS)
        assert code == 0, f"donord ended with {code}:\n{process.log_tail()}"

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process = None

    def wait_exit(self, seconds: float = _STOP_SECONDS) -> int:
        """Waits for it to end by itself, as a fault of the kind `abort` makes it."""
        code = self.process.wait(seconds)
        self._process = None
        return code

    def restart(self, *, faults: str = "") -> "Donord":
        """Starts it again on the same port with the same catalog; the faults of before are not armed again."""
        self.kill()
        self.options.faults = faults
        return self.start()

    def __enter__(self) -> "Donord":
        if not self.running:
            self.start()
        return self

    def __exit__(self, kind: type | None, *_: object) -> None:
        if kind is None:
            self.stop()
        else:
            self.kill()

    # -- looking ------------------------------------------------------------------------------------------------------

    @property
    def process(self) -> Process:
        assert self._process is not None, "not started"
        return self._process

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.running

    @property
    def log(self) -> Path:
        return self.home / "donord.log"

    def log_text(self) -> str:
        """What it wrote since its last start."""
        if not self.log.exists():
            return ""
        with open(self.log, errors="replace") as log:
            log.seek(self._log_start)
            return log.read()

    def decided_commits(self) -> int:
        """The transactions that it took for committed because the binary log of a crashed server has them."""
        found = re.search(r"source\.decided_commits .*\bcommitted=(\d+)", self.log_text())
        return int(found.group(1)) if found else 0

    def wait_log(self, pattern: str, seconds: float = 30) -> re.Match[str]:
        """Waits until a line matches `pattern`."""
        return wait_until(lambda: re.search(pattern, self.log_text()), seconds=seconds,
                          what=f"{pattern!r} in {self.log}")

    def wait_fault(self, stage: str = "", seconds: float = 30) -> None:
        """Waits until an armed fault has struck, in this stage if one is named."""
        self.wait_log(f"{FIRED}.*stage={stage}" if stage else FIRED, seconds)

    def sessions(self) -> list[dict[str, Any]]:
        """`donord sessions list --json` over the catalog of this donord."""
        output = subprocess.run([binary(), "sessions", "list", "--catalog", self.catalog, "--json"], check=True,
                                capture_output=True, text=True, timeout=30)
        return json.loads(output.stdout)

    def wait_session(self, result: str, seconds: float = 30) -> dict[str, Any]:
        """Waits until the newest session has this result: in_progress, completed, failed or interrupted."""
        def newest() -> dict[str, Any] | None:
            sessions = self.sessions()
            return sessions[0] if sessions and sessions[0]["result"] == result else None
        return wait_until(newest, seconds=seconds, what=f"a session that is {result}", poll_seconds=0.2)
