"""What the benchmarks of whole clones share: where they work, what they say about the machine, and their numbers."""

import contextlib
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterator

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))

from harness.donord import REPOSITORY  # pylint: disable=wrong-import-position
from harness.mysqld import MysqlInstall


@contextlib.contextmanager
def bench_home() -> Iterator[tuple[Path, MysqlInstall]]:
    """A temporary directory and the stock server of DONORD_MYSQL_DIR, fetched where it is not there."""
    directory = Path(os.environ.get("DONORD_MYSQL_DIR", REPOSITORY / ".deps" / "mysql"))
    subprocess.run([REPOSITORY / "tools" / "get-mysql", directory], check=True)
    home = Path(tempfile.mkdtemp(prefix="donord-bench-"))
    try:
        (home / "install").mkdir()
        yield home, MysqlInstall(directory, home / "install")
    finally:
        shutil.rmtree(home, ignore_errors=True)


def machine() -> str:
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo", encoding="utf-8")
                  if line.startswith("model name")), platform.machine())
    return f"{os.cpu_count()} x {model}, {platform.system()} {platform.release()}"


def tablespace_bytes(datadir: Path) -> int:
    return sum(path.stat().st_size for path in datadir.rglob("*.ib*") if path.is_file())


def read_all(directory: Path) -> None:
    """Gets every file into the page cache."""
    for path in directory.rglob("*"):
        if path.is_file():
            with open(path, "rb", buffering=0) as file:
                while file.read(1 << 20):
                    pass


def forget_all(directory: Path) -> None:
    """Takes every file out of the page cache, but for what is not on disk yet."""
    for path in directory.rglob("*"):
        if path.is_file():
            with open(path, "rb", buffering=0) as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def cached_bytes(directory: Path) -> int:
    """What the page cache has of the files."""
    files = [path for path in directory.rglob("*.ib*") if path.is_file()]
    sizes = subprocess.run(["fincore", "--bytes", "--noheadings", "--output", "RES", *files], capture_output=True, text=True,
                           check=True).stdout
    return sum(int(size) for size in sizes.split())


@dataclass
class Series:
    """What one donor needed, round by round."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    peak_kib: int = 0

    def __str__(self) -> str:
        return (f"wall {statistics.median(self.wall):7.2f} s  cpu {statistics.median(self.cpu):7.2f} s  "
                f"peak {self.peak_kib / 1024:6.0f} MiB")
