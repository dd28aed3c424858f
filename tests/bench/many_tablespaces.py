"""How donord copes with very many tablespaces: start, first byte, whole clone, memory, open files.

    ./dev bench many [--tablespaces 100000] [--stock]

Makes an instance of 4K pages with that many tablespaces (partitions: the server makes thousands with one statement),
stops it, serves it, and clones it twice: the second time donord knows the files already. --stock measures a stock donor
over the same files, too.
"""

import argparse
import shutil
import time
from pathlib import Path

from bench_setup import bench_home

from harness.clone import PASSWORD, start_clone  # after bench_setup, which makes it found
from harness.donord import Donord
from harness.mysqld import NO_SYNC, Mysqld, MysqlInstall

_PARTITIONS = 8192  # of one table, at most
_PAGES = ("--innodb-page-size=4k",)
_CLONE_SECONDS = 3600


def make_instance(install: MysqlInstall, home: Path, tablespaces: int) -> Path:
    datadir = install.initialize(home / "data", *_PAGES)
    server = Mysqld(install, home, datadir=datadir,
                    options=(*_PAGES, *NO_SYNC, "--disable-log-bin", "--innodb-open-files=4000"))
    with server:
        server.run(f"CREATE USER clone@'%' IDENTIFIED BY '{PASSWORD}'", "GRANT BACKUP_ADMIN ON *.* TO clone@'%'",
                   "CREATE SCHEMA many")
        left = tablespaces
        while left > 0:
            count = min(left, _PARTITIONS)
            begin = time.monotonic()
            server.run(f"CREATE TABLE many.t{left} (id INT PRIMARY KEY) PARTITION BY HASH (id) PARTITIONS {count}")
            left -= count
            print(f"  {tablespaces - left} tablespaces, the last {count} in {time.monotonic() - begin:.0f} s", flush=True)
    return datadir


def one_clone(recipient: Mysqld, donor, name: str, target: Path) -> None:
    cpu_before, most_open = donor.process.cpu_seconds(), 0
    begin = time.monotonic()
    clone = start_clone(recipient, donor.port, directory=target, require="NO SSL")
    first_data = None
    while not clone.finished:
        most_open = max(most_open, donor.process.open_files())
        data = recipient.scalar("SELECT DATA FROM performance_schema.clone_progress WHERE STAGE = 'FILE COPY'")
        if first_data is None and data:
            first_data = time.monotonic() - begin
        time.sleep(0.02)
    clone.wait_ok(_CLONE_SECONDS)
    print(f"{name}: first data within {first_data or 0:.2f} s, clone {time.monotonic() - begin:.1f} s, "
          f"donor CPU {donor.process.cpu_seconds() - cpu_before:.1f} s, peak memory "
          f"{donor.process.peak_rss_kib() / 1024:.0f} MiB, at most {most_open} descriptors open", flush=True)
    shutil.rmtree(target)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tablespaces", type=int, default=100_000)
    parser.add_argument("--stock", action="store_true")
    options = parser.parse_args()

    with bench_home() as (home, install):
        (home / "source").mkdir()
        datadir = make_instance(install, home / "source", options.tablespaces)
        with Mysqld(install, home / "recipient", datadir=install.initialize(home / "recipient-data", *_PAGES),
                    options=_PAGES) as recipient:
            begin = time.monotonic()
            donor = Donord(home / "donord", datadir).start(seconds=600)
            print(f"donord: ready after {time.monotonic() - begin:.2f} s with "
                  f"{donor.process.peak_rss_kib() / 1024:.0f} MiB", flush=True)
            for attempt in ("donord, first clone", "donord, second clone"):
                one_clone(recipient, donor, attempt, home / "copy")
            donor.stop()
            if options.stock:
                with Mysqld(install, home / "stock", datadir=datadir, tcp=True,
                            options=(*_PAGES, "--disable-log-bin")) as stock:
                    one_clone(recipient, stock, "stock donor", home / "copy")


if __name__ == "__main__":
    main()
