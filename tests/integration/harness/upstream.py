"""What donord does at the server whose directory it serves: asked through `donord inspect`, held by a small program."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from .donord import binary
from .mysqld import Mysqld
from .process import Process

UPSTREAM_PASSWORD = "q'ü\\ \"x"
PRIVILEGES = ("BACKUP_ADMIN, PROCESS ON *.*", "SELECT ON performance_schema.log_status",
              "SELECT ON performance_schema.keyring_component_status", "SELECT ON performance_schema.threads")


def create_account(server: Mysqld, name: str = "upstream", *, privileges: tuple[str, ...] = PRIVILEGES,
                   require: str = "NONE") -> str:
    """An account with UPSTREAM_PASSWORD, hashed as caching_sha2_password does; returns its name."""
    server.query(f"CREATE USER '{name}'@'%%' IDENTIFIED WITH caching_sha2_password BY %s REQUIRE {require}",
                 [UPSTREAM_PASSWORD])
    for privilege in privileges:
        server.run(f"GRANT {privilege} TO '{name}'@'%'")
    return name


def over_socket(server: Mysqld, name: str = "upstream") -> str:
    return f"{name}@{server.socket}"


def over_tcp(server: Mysqld, name: str = "upstream") -> str:
    return f"{name}@127.0.0.1:{server.port}"


def _environment(password: str | None) -> dict[str, str]:
    env = {name: value for name, value in os.environ.items() if name != "DONORD_UPSTREAM_PASSWORD"}
    return env if password is None else {**env, "DONORD_UPSTREAM_PASSWORD": password}


def inspect(*arguments: object, password: str | None = UPSTREAM_PASSWORD, code: int = 0) -> str:
    """`donord inspect ...`: its result, or with a `code` other than 0 its complaint."""
    done = subprocess.run([binary(), "inspect", *map(str, arguments)], env=_environment(password), capture_output=True,
                          text=True, timeout=60, check=False)
    assert done.returncode == code, f"exit {done.returncode}: {done.stdout}{done.stderr}"
    return done.stdout if code == 0 else done.stderr


def inspect_json(*arguments: object, password: str | None = UPSTREAM_PASSWORD) -> dict[str, Any]:
    return json.loads(inspect("--json", *arguments, password=password))


class UpstreamSession:
    """The program `upstream_session`: a backup lock and a place as consumer of the redo, as donord has them."""

    def __init__(self, upstream: str, home: Path):
        program = binary().parents[2] / "tests/integration/upstream_session"
        if not os.access(program, os.X_OK):
            raise FileNotFoundError(f"{program} is not there: build it first (./dev integration)")
        home.mkdir(parents=True, exist_ok=True)
        self.process = Process([program, upstream], log=home / "upstream_session.log",
                               env=_environment(UPSTREAM_PASSWORD), pipes=True)

    def ask(self, command: str) -> str:
        """One command and its answer: "ok" and an LSN, or "error" and why."""
        return self.process.converse(command)

    def do(self, command: str) -> int:
        """A command that must succeed; returns the LSN from which redo is kept."""
        answer = self.ask(command)
        assert answer.startswith("ok "), f"{command}: {answer}"
        return int(answer.split()[1])

    def refused(self, command: str) -> str:
        """A command that must fail; returns why."""
        answer = self.ask(command)
        assert answer.startswith("error "), f"{command}: {answer}"
        return answer

    def kill(self) -> None:
        self.process.kill()
