"""A load that goes on while its server is cloned: tellers at full speed, makers of tables at a given pace."""

from . import bank, made_tables
from .load import Client, Load
from .mysqld import Mysqld
from .session import Acknowledged, Session


class LiveLoad(Load):
    """`makers` clients change tables and tablespaces, each `changes_per_second` at most, apart from the `tellers`.

    `encryption` needs a keyring; `named` moves are transactions with GTIDs of their clients.
    """

    def __init__(self, server: Mysqld, *, seed: int, tellers: int = 3, makers: int = 0, changes_per_second: float = 10,
                 encryption: bool = False, named: bool = False):
        super().__init__(server, seed=seed, encryption=encryption, named=named)
        self._binary_log = bool(server.scalar("SELECT @@log_bin"))
        self._kinds = made_tables.LIVE_KINDS | (made_tables.ENCRYPTION_KINDS if encryption else {})
        for _ in range(tellers):
            session = self.new_session()
            self.add_client(session, bank.Teller(session, self.bank, named=named).steps())
        self._makers: list[Client] = []
        for _ in range(makers):
            session = self.new_session()
            self._makers.append(self.add_client(session, {self._maker(session).change: 1}, per_second=changes_per_second))

    def _maker(self, session: Session) -> made_tables.Maker:
        return made_tables.Maker(session, self.bank.formats, self._kinds)

    # -- holding ------------------------------------------------------------------------------------------------------

    def hold(self) -> None:
        """Nobody does anything when this returns."""
        for client in self.clients:
            client.hold()

    def hold_makers(self) -> None:
        for client in self._makers:
            client.hold()

    def go_on(self) -> None:
        for client in self.clients:
            client.go_on()

    @property
    def making(self) -> bool:
        """Whether there are makers at all."""
        return bool(self._makers)

    def make_everything(self, *, drop_undo: bool = False) -> None:
        """Changes of every kind at this moment, by a client that does nothing else."""
        session = self.new_session()
        maker = self._maker(session)
        maker.everything()
        if drop_undo:
            maker.drop_undo_tablespace()
        session.close()

    # -- looking ------------------------------------------------------------------------------------------------------

    def commits_per_second(self, begin: float, end: float) -> float:
        """Between two moments of time.monotonic(), the makers' included."""
        return (self.commits(begin) - self.commits(end)) / (end - begin)

    def acknowledged(self) -> Acknowledged:
        """With a binary log, a commit is durable as soon as that has it; then this waits until the redo log has it, too."""
        told = super().acknowledged()
        if self._binary_log and self.server.running:
            self.server.await_redo_written()
        return told
