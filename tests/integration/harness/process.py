"""A child process: started, watched and always gone at the end, stopped by its own pid and nothing else."""

import atexit
import os
import signal
import subprocess
from pathlib import Path
from typing import Mapping, Sequence

_started: "list[Process]" = []  # strong references: a test that forgets a server must not let it live on


@atexit.register
def _kill_leftovers() -> None:
    for process in _started:
        process.kill()


class ExitedEarly(RuntimeError):
    """The process ended before it was ready; the message carries the end of its log."""


class Process:
    """One running program with its output in a file.

    It gets a session of its own, so an interrupt on the terminal reaches only the test run, which then stops it in
    order. `log` is appended to, so that restarts leave one continuous story. With `pipes` it can be talked to.
    """

    def __init__(self, command: Sequence[str | Path], *, log: Path, env: Mapping[str, str] | None = None,
                 cwd: Path | None = None, stdout: int | None = None, pipes: bool = False):
        self.command = [str(part) for part in command]
        self.log = log
        with open(log, "ab") as output:
            self._popen = subprocess.Popen(
                self.command, stdin=subprocess.PIPE if pipes else subprocess.DEVNULL,
                stdout=subprocess.PIPE if pipes else output if stdout is None else stdout, stderr=output,
                env=dict(os.environ if env is None else env), cwd=cwd, start_new_session=True)
        _started.append(self)

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative is the number of the signal that ended it."""
        return self._popen.poll()

    @property
    def running(self) -> bool:
        return self.exit_code is None

    def wait(self, seconds: float) -> int:
        """Waits for the end and returns the exit code."""
        try:
            return self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.command[0]} (pid {self.pid}) still runs after {seconds:g} s\n"
                                 f"{self.log_tail()}") from None

    def signal(self, number: int) -> None:
        if self.running:
            self._popen.send_signal(number)

    def stop(self, seconds: float) -> int:
        """SIGTERM, then waits; a process that does not obey is killed and reported."""
        self.signal(signal.SIGTERM)
        try:
            return self.wait(seconds)
        except AssertionError:
            self.kill()
            raise

    def converse(self, line: str) -> str:
        """Writes a line and returns the one that answers it."""
        assert self._popen.stdin is not None and self._popen.stdout is not None, "started without pipes"
        self._popen.stdin.write(f"{line}\n".encode())
        self._popen.stdin.flush()
        answer = self._popen.stdout.readline().decode()
        assert answer.endswith("\n"), f"no answer to {line!r}\n{self.log_tail()}"
        return answer.rstrip("\n")

    def kill(self) -> None:
        """SIGKILL and reap: the crash of the tests."""
        if self.running:
            self._popen.kill()
        self._popen.wait()

    def pause(self) -> None:
        self.signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.signal(signal.SIGCONT)

    def log_tail(self, lines: int = 40) -> str:
        """The last lines of the log, for messages."""
        try:
            text = self.log.read_text(errors="replace")
        except OSError:
            return "(no log)"
        return "\n".join(text.splitlines()[-lines:])

    def peak_rss_kib(self) -> int:
        """VmHWM: the most physical memory it ever held, in KiB."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
        raise AssertionError(f"pid {self.pid} has no VmHWM")

    def cpu_seconds(self) -> float:
        """User and system time of all its threads so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def open_files(self) -> int:
        return len(os.listdir(f"/proc/{self.pid}/fd"))
