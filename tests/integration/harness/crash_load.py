"""A load that is killed: each client moves money, churns documents and changes tables of its own."""

from . import bank, made_tables
from .load import Load
from .mysqld import Mysqld

_SHARE_OF_TABLES = 5  # percent


class CrashLoad(Load):
    """`ddl` makes, changes and drops tables; `encryption` needs a keyring and encrypts some of them.

    Every client runs `first` before anything else.
    """

    def __init__(self, server: Mysqld, *, seed: int, clients: int = 4, ddl: bool = True, encryption: bool = False,
                 first: str = ""):
        super().__init__(server, seed=seed, encryption=encryption)
        for _ in range(clients):
            session = self.new_session()
            if first:
                session.run(first)
            steps = bank.Teller(session, self.bank).steps()
            if ddl:
                steps[made_tables.Maker(session, self.bank.formats, made_tables.CRASH_KINDS).change] = _SHARE_OF_TABLES
            self.add_client(session, steps)
