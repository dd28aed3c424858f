"""Sources: stopped data directories with known contents, built once and served by many tests."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Sequence

from . import copycheck
from .mysqld import NO_SYNC, MysqlInstall, Mysqld, copy_datadir


@dataclass
class Source:
    """A data directory at rest and what a copy of it must contain. Nothing may write to it: copy it to damage it."""

    datadir: Path
    fingerprint: copycheck.Fingerprint

    def copy(self, target: Path) -> Path:
        return copy_datadir(self.datadir, target)


def build_source(install: MysqlInstall, home: Path, *fill: Callable[[Mysqld], None],
                 options: Sequence[str] = NO_SYNC) -> Source:
    """Fills a new server by the functions of `dataset`, describes it and shuts it down cleanly.

    It is described after a restart: AUTO_INCREMENT values that INSERT ... SELECT reserved and did not use are forgotten
    by any restart, so no copy can have them.
    """
    server = Mysqld(install, home, options=options)
    with server:
        for part in fill:
            part(server)
        server.stop()
        server.start()
        described = copycheck.fingerprint(server)
        server.run("SET GLOBAL innodb_fast_shutdown = 0")
    shutil.rmtree(home / "tmp", ignore_errors=True)
    return Source(server.datadir, described)


def recovered(install: MysqlInstall, home: Path, crashed: Path, *options: str) -> Source:
    """What a plain server makes of a crashed data directory, which stays as it is: a copy of it is started and described.

    It has its binary logs, and commits what was prepared and is in them.
    """
    datadir = copy_datadir(crashed, home / "data")
    with Mysqld(install, home, options=[*NO_SYNC, *options]) as server:
        return Source(datadir, copycheck.fingerprint(server))
