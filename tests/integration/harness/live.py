"""Servers that are cloned while they are written to, by donord or by themselves, and the check of what comes out."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import pymysql

from . import copycheck
from .clone import PASSWORD, CloneResult, start_clone
from .live_load import LiveLoad
from .load import check_load_contents
from .mysqld import Mysqld
from .session import Acknowledged
from .waiting import wait_until

_MOVING = ("bank", "made")  # how the names of all schemas and tablespaces begin that a load changes
_DDL_IN_PROGRESS = "3633"
_MOVED_TO_ANOTHER_SCHEMA = "[MY-013589]"  # recovery says so of a partition before it applies the redo of the rename


@dataclass
class LiveSource:
    """A running server that is also a stock donor, and what it has that no load touches."""

    server: Mysqld
    resting: copycheck.Fingerprint

    @property
    def datadir(self) -> Path:
        return self.server.datadir

    def check(self, copy: Mysqld, told: Acknowledged) -> None:
        """Raises AssertionError unless `copy` has all that rests, and a state of the load that is not older than `told`."""
        said = ""
        try:
            copycheck.check_copy(copy, self.resting, moving=_MOVING)
            check_load_contents(copy, told)
        except pymysql.err.MySQLError as error:
            said = f"{error}\n  "
        said += "\n  ".join([line for line in copy.log_text().splitlines()
                             if "[ERROR]" in line and _MOVED_TO_ANOTHER_SCHEMA not in line][:20])
        assert not said, f"the copy does not work: {said}"


def make_live(server: Mysqld, *fill: Callable[[Mysqld], None]) -> LiveSource:
    """Fills a server that listens on TCP by functions of `dataset`, and leaves it running.

    Described after a restart, as sources at rest are.
    """
    server.run(f"CREATE USER 'clone'@'%' IDENTIFIED BY '{PASSWORD}'", "GRANT BACKUP_ADMIN ON *.* TO 'clone'@'%'")
    for part in fill:
        part(server)
    server.stop()
    server.start()
    return LiveSource(server, copycheck.fingerprint(server))


def clone_under_load(load: LiveLoad, recipient: Mysqld, port: int, *, seconds: float = 180,
                     **options: object) -> tuple[Acknowledged, int]:
    """Clones until it works, and returns what the load was told before that clone, and how many were refused because of DDL.

    That may happen once: then the clone is repeated with all makers held. It is repeated as well, once, when the server
    has reused redo that donord had not read: nothing but --upstream keeps it from that while the machine stands still. A
    recipient whose data was replaced is started, and what one leaves in its directory after a failure is removed.
    """
    told = load.acknowledged()
    result = start_clone(recipient, port, **options).wait(seconds)
    refusals = int(refused_because_of_ddl(result) and load.making)
    if refusals:
        load.hold_makers()
    if refusals or redo_was_outrun(result):
        told = load.acknowledged()
        remove_failed(options.get("directory"))
        result = start_clone(recipient, port, **options).wait(seconds)
    assert result.ok, f"{result.error} {result.message}\nrecipient:\n{recipient.log_tail()}"
    if options.get("directory") is None:
        recipient.await_restart()
    return told, refusals


def remove_failed(directory: object) -> None:
    """A recipient does not clone into a directory that is there, its own leftovers included."""
    if directory is not None:
        shutil.rmtree(str(directory), ignore_errors=True)


def refused_because_of_ddl(result: CloneResult) -> bool:
    return not result.ok and _DDL_IN_PROGRESS in result.message


def redo_was_outrun(result: CloneResult) -> bool:
    return not result.ok and "was overwritten before it was read" in result.message


def flush(server: Mysqld) -> None:
    """Writes every page that is only in memory, and waits for the checkpoint behind it; nobody may write meanwhile."""
    server.run("SET GLOBAL innodb_max_dirty_pages_pct = 0", "SET GLOBAL innodb_max_dirty_pages_pct_lwm = 0")
    wait_until(lambda: server.redo_lsn("current") - server.redo_lsn("checkpoint") < 512, seconds=60, what="a checkpoint")
    server.run("SET GLOBAL innodb_max_dirty_pages_pct = DEFAULT", "SET GLOBAL innodb_max_dirty_pages_pct_lwm = DEFAULT")
