"""Clones of the same data from a stock donor and from donord, in turns, by the same recipient.

    ./dev bench clone [--megabytes 600] [--rounds 3] [--modes plain,tls,compressed] [--threads 1,8]

For every mode and number of threads: wall time of the CLONE statement, CPU time of the donor process, peak memory of
the donor process; medians of the rounds, and the ratio stock / donord (above 1: donord is better). The stock donor
serves a copy of the very directory that donord serves. Both donors' files are read once before, so that they are in the
page cache; a stock donor makes use of that only with `--stock-option --innodb-flush-method=fsync`.
"""

import argparse
import os
import shutil
import statistics
import time
from pathlib import Path

from bench_setup import Series, bench_home, machine, read_all, tablespace_bytes

from harness import dataset  # after bench_setup, which makes it found
from harness.clone import PASSWORD, start_clone
from harness.donord import Donord
from harness.mysqld import Mysqld, copy_datadir
from harness.source import build_source

_REQUIRE = {"plain": "NO SSL", "tls": "SSL", "compressed": "NO SSL"}
_CLONE_SECONDS = 900


class Stock:
    """A stock mysqld as donor."""

    def __init__(self, install, home: Path, datadir: Path, extra: list[str]):
        self.server = Mysqld(install, home, datadir=copy_datadir(datadir, home / "data"), tcp=True, options=extra)
        self.server.start()

    @property
    def port(self) -> int:
        return self.server.port

    @property
    def process(self):
        return self.server.process

    def stop(self) -> None:
        self.server.stop()


class Ours(Donord):
    """donord as donor, started anew with the stock donor so that peak memory is that of the measured clones."""


def one_clone(recipient: Mysqld, donor, mode: str, threads: int, target: Path, series: Series) -> None:
    cpu_before = donor.process.cpu_seconds()
    begin = time.monotonic()
    start_clone(recipient, donor.port, directory=target, require=_REQUIRE[mode],
                variables={"max_concurrency": threads, "autotune_concurrency": 0,
                           "enable_compression": int(mode == "compressed")}).wait_ok(_CLONE_SECONDS)
    series.wall.append(time.monotonic() - begin)
    series.cpu.append(donor.process.cpu_seconds() - cpu_before)
    series.peak_kib = max(series.peak_kib, donor.process.peak_rss_kib())
    shutil.rmtree(target)
    os.sync()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--modes", default="plain,tls,compressed")
    parser.add_argument("--threads", default="1,8")
    parser.add_argument("--donord-option", action="append", default=[], help="further option of donord serve")
    parser.add_argument("--stock-option", action="append", default=[], help="further option of the stock donor")
    options = parser.parse_args()

    with bench_home() as (home, install):
        source = build_source(install, home / "source",
                              lambda server: server.run(f"CREATE USER clone@'%' IDENTIFIED BY '{PASSWORD}'",
                                                        "GRANT BACKUP_ADMIN ON *.* TO clone@'%'"),
                              lambda server: dataset.sized(server, options.megabytes))
        print(f"{machine()}; {tablespace_bytes(source.datadir) / 1e6:.0f} MB of files; {options.rounds} rounds, medians; "
              f"recipient and donor {install.version()}", flush=True)
        recipient = Mysqld(install, home / "recipient")
        recipient.start()
        for mode in options.modes.split(","):
            for threads in (int(word) for word in options.threads.split(",")):
                compare(install, recipient, source.datadir, home / f"{mode}{threads}", mode, threads, options)
        recipient.stop()


def compare(install, recipient: Mysqld, datadir: Path, home: Path, mode: str, threads: int, options) -> None:
    stock = Stock(install, home / "stock", datadir, options.stock_option)
    ours = Ours(home / "donord", datadir, extra=options.donord_option).start()
    read_all(datadir)
    read_all(home / "stock")
    results = {"stock": Series(), "donord": Series()}
    for _ in range(options.rounds):
        for name, donor in (("stock", stock), ("donord", ours)):
            one_clone(recipient, donor, mode, threads, home / "copy", results[name])
    ours.stop()
    stock.stop()
    shutil.rmtree(home)
    wall = statistics.median(results["stock"].wall) / statistics.median(results["donord"].wall)
    cpu = statistics.median(results["stock"].cpu) / max(statistics.median(results["donord"].cpu), 0.01)
    print(f"{mode:10} {threads:2} threads")
    for name, series in results.items():
        print(f"  {name:7} {series}")
    print(f"  stock / donord: wall {wall:.2f}  cpu {cpu:.2f}", flush=True)


if __name__ == "__main__":
    main()
