"""Clones of a server under load: by itself, as a stock donor, and by donord from its data directory, in turns.

    ./dev bench live [--megabytes 400] [--rounds 3] [--threads 1,8] [--tellers 4] [--donors stock,donord,no-page-copy]

The load is that of the tests: clients that commit small transactions as fast as they can. For every donor and number of
threads: wall time of the CLONE statement; commits per second before the clone and while it runs, and the share that was
lost; CPU time that the clone cost the server, which is what it used beyond what its commits cost before, and that of
donord; time and size of the recovery on the recipient; what the page cache has of the server's files afterwards, where
before there was nothing: the server itself goes past it. Medians of the rounds, and the ratios stock / donord (above 1:
donord is better). `no-page-copy` is donord with --page-copy no.

Load, donor and recipient share one machine: what is lost is mostly lost to the recipient, and what counts is the
difference between the donors.
"""

import argparse
import re
import shutil
import statistics
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bench_setup import bench_home, cached_bytes, forget_all, machine, tablespace_bytes

from harness import dataset  # after bench_setup, which makes it found
from harness.clone import CloneOptions, start_clone
from harness.donord import Donord
from harness.live import make_live
from harness.live_load import LiveLoad
from harness.load import REDO_DECIDES
from harness.mysqld import Mysqld

_CLONE_SECONDS = 900
_PAGE_COPY = {"donord": "yes", "no-page-copy": "no"}
_LOG_TIME = re.compile(r"^(\S+)Z .*\[(MY-01357[67])\]", re.MULTILINE)  # InnoDB begins and has begun
_LOG_LSN = re.compile(r"latest found checkpoint is at lsn = (\d+)|scanned up to log sequence number (\d+)")


@dataclass
class Measured:
    """One clone."""

    wall: float
    before: float  # commits per second
    during: float
    server_cpu: float
    donord_cpu: float
    recovery: float
    redo: float  # MiB that were applied
    cached: float  # MiB of the server's tablespaces in the page cache, of which nothing was there before

    def lost(self) -> float:
        return 100 * (1 - self.during / self.before)


def measure(load: LiveLoad, recipient: Mysqld, donor: Donord | Mysqld, threads: int, home: Path, options) -> Measured:
    server = load.server
    own_cpu = (lambda: donor.process.cpu_seconds()) if isinstance(donor, Donord) else (lambda: 0.0)
    load.go_on()
    load.wait_commits(100)
    forget_all(server.datadir)
    cpu, begin, commits = server.process.cpu_seconds(), time.monotonic(), load.commits()
    time.sleep(options.seconds_before)
    cpu_of_a_commit = (server.process.cpu_seconds() - cpu) / max(load.commits() - commits, 1)

    cpu, donord_cpu, start, commits = server.process.cpu_seconds(), own_cpu(), time.monotonic(), load.commits()
    start_clone(recipient, donor.port, directory=home / "copy", require="NO SSL",
                variables=CloneOptions.threads(threads)).wait_ok(_CLONE_SECONDS)
    end = time.monotonic()
    server_cpu = server.process.cpu_seconds() - cpu - cpu_of_a_commit * (load.commits() - commits)
    donord_cpu = own_cpu() - donord_cpu
    load.hold()
    cached = cached_bytes(server.datadir) / 2**20
    recovery, redo = recover(recipient, home)
    return Measured(end - start, load.commits_per_second(begin, start), load.commits_per_second(start, end),
                    server_cpu, donord_cpu, recovery, redo, cached)


def recover(recipient: Mysqld, home: Path) -> tuple[float, float]:
    """Starts a server on the copy: seconds until InnoDB was there, and MiB of redo between its checkpoint and its end."""
    with Mysqld(recipient.install, home / "opened", datadir=home / "copy", options=REDO_DECIDES) as copy:
        said = copy.log_text()
    begin, end = (datetime.fromisoformat(moment) for moment, _ in _LOG_TIME.findall(said))
    lsns = [int(first or last) for first, last in _LOG_LSN.findall(said)]
    shutil.rmtree(home / "copy")
    shutil.rmtree(home / "opened")
    return (end - begin).total_seconds(), (max(lsns) - min(lsns)) / 2**20


def report(threads: int, results: dict[str, list[Measured]]) -> None:
    def median(name: str, of: str) -> float:
        values = [getattr(measured, of) for measured in results[name]]
        return statistics.median(value() if callable(value) else value for value in values)
    print(f"{threads} threads")
    for name in results:
        print(f"  {name:12} wall {median(name, 'wall'):6.2f} s  commits/s {median(name, 'before'):5.0f} before, "
              f"{median(name, 'during'):5.0f} during, {median(name, 'lost'):3.0f} % lost  CPU: server "
              f"{median(name, 'server_cpu'):5.2f} s, donord {median(name, 'donord_cpu'):5.2f} s  recovery "
              f"{median(name, 'recovery'):5.2f} s of {median(name, 'redo'):5.1f} MiB  page cache "
              f"{median(name, 'cached'):4.0f} MiB")
    for name in results.keys() - {"stock"} if "stock" in results else ():
        cpu = max(median(name, "server_cpu") + median(name, "donord_cpu"), 0.01)
        print(f"  stock / {name}: wall {median('stock', 'wall') / median(name, 'wall'):.2f}  "
              f"commits/s during {median(name, 'during') / median('stock', 'during'):.2f} (donord / stock)  "
              f"CPU {median('stock', 'server_cpu') / cpu:.2f}  "
              f"recovery {median('stock', 'recovery') / median(name, 'recovery'):.2f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", default="1,8")
    parser.add_argument("--tellers", type=int, default=4, help="clients of the load")
    parser.add_argument("--seconds-before", type=float, default=5)
    parser.add_argument("--redo-log-capacity", default="512M")
    parser.add_argument("--donors", default="stock,donord,no-page-copy")
    parser.add_argument("--donord-option", action="append", default=[], help="further option of donord serve")
    options = parser.parse_args()
    donors = options.donors.split(",")

    with bench_home() as (home, install):
        live = make_live(Mysqld(install, home / "live", tcp=True, options=[
            *REDO_DECIDES, f"--innodb-redo-log-capacity={options.redo_log_capacity}"]).start(),
            lambda server: dataset.sized(server, options.megabytes))
        recipient = Mysqld(install, home / "recipient").start()
        print(f"{machine()}; {tablespace_bytes(live.datadir) / 1e6:.0f} MB of files; {options.tellers} clients; "
              f"{options.rounds} rounds, medians; server and recipient {install.version()}", flush=True)
        with LiveLoad(live.server, seed=1, tellers=options.tellers) as load:
            load.hold()
            for threads in (int(word) for word in options.threads.split(",")):
                results: dict[str, list[Measured]] = {name: [] for name in donors}
                for _ in range(options.rounds):
                    for name in donors:
                        donor = live.server if name == "stock" else Donord(
                            home / name, live.datadir, live="yes",
                            extra=["--page-copy", _PAGE_COPY[name], *options.donord_option]).start()
                        results[name].append(measure(load, recipient, donor, threads, home, options))
                        if donor is not live.server:
                            donor.stop()
                report(threads, results)
        recipient.stop()
        live.server.stop()


if __name__ == "__main__":
    main()
