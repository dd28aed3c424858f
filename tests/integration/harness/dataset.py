"""Data to clone: from a few megabytes to one of everything InnoDB can put into a file.

Every function takes a running server and leaves it running. The contents are the same every time, so two runs of a
failing test look at the same pages.
"""

import random
from typing import Sequence

from .mysqld import Mysqld

# Roughly the letters per word and the repetition of prose; deflate at level 6 makes about 40 % of it.
_VOCABULARY = [
    "".join(random.Random(number).choice("etaoinshrdlucmfwypvbgkjqxz") for _ in range(2 + number % 9))
    for number in range(1500)
]


def _prose(seed: int, characters: int) -> str:
    words = random.Random(seed)
    text = ""
    while len(text) < characters:
        text += words.choice(_VOCABULARY) + " "
    return text[:characters]


def _insert(server: Mysqld, table: str, columns: str, rows: Sequence[Sequence[object]]) -> None:
    places = "(" + ", ".join(["%s"] * len(rows[0])) + ")"
    server.query(f"INSERT INTO {table} ({columns}) VALUES " + ", ".join([places] * len(rows)),
                 [value for row in rows for value in row])


def _double(server: Mysqld, table: str, columns: str, until_rows: int) -> None:
    """Grows a table by INSERT ... SELECT from itself until it has `until_rows` rows."""
    have = server.scalar(f"SELECT COUNT(*) FROM {table}")
    while have < until_rows:
        add = min(have, until_rows - have)
        server.run(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {table} LIMIT {add}")
        have += add


def small(server: Mysqld) -> None:
    """Some 4 MB in three tables of one schema, with an account and a view."""
    server.run(
        "CREATE SCHEMA shop",
        "CREATE TABLE shop.customer (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(80) NOT NULL, note TEXT, KEY (name))",
        "CREATE TABLE shop.purchase (id BIGINT AUTO_INCREMENT PRIMARY KEY, customer_id INT NOT NULL,"
        " amount DECIMAL(10,2) NOT NULL DEFAULT 0, at DATETIME NOT NULL DEFAULT '2024-01-01',"
        " FOREIGN KEY (customer_id) REFERENCES shop.customer (id))",
        "CREATE TABLE shop.empty_one (id INT PRIMARY KEY)",
        "CREATE VIEW shop.spent AS SELECT customer_id, SUM(amount) AS total FROM shop.purchase GROUP BY customer_id",
        "CREATE USER 'reader'@'%' IDENTIFIED BY 'Reader-1'",
        "GRANT SELECT ON shop.* TO 'reader'@'%'",
    )
    _insert(server, "shop.customer", "name, note", [(f"customer {n}", _prose(n, 400)) for n in range(500)])
    _double(server, "shop.customer", "name, note", 4000)
    server.run("INSERT INTO shop.purchase (customer_id, amount) SELECT id, id % 97 FROM shop.customer",
               "DELETE FROM shop.purchase ORDER BY id DESC LIMIT 10")


def sized(server: Mysqld, megabytes: int, *, compressible: str = "medium", tables: int = 4) -> None:
    """About `megabytes` of table files in the schema `bulk`, for throughput measurements.

    `compressible` is `medium` (prose), `high` (long repetitions) or `none` (random bytes). Written without redo log and
    binary log, so that building it costs little more than writing it once.
    """
    row_bytes = 1000
    fill_factor = 1.12  # what pages and the clustered index add
    rows = int(megabytes * 1024 * 1024 / tables / (row_bytes * fill_factor))
    body = {"medium": lambda n: _prose(n, row_bytes - 40).encode(),
            "high": lambda n: (f"{n:08d} same again ".encode() * row_bytes)[:row_bytes - 40],
            "none": lambda n: random.Random(n).randbytes(row_bytes - 40)}[compressible]
    server.run("CREATE SCHEMA bulk", "ALTER INSTANCE DISABLE INNODB REDO_LOG")
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SET sql_log_bin = 0, unique_checks = 0, foreign_key_checks = 0")
        for number in range(tables):
            table = f"bulk.t{number + 1}"
            cursor.execute(f"CREATE TABLE {table} (id INT AUTO_INCREMENT PRIMARY KEY, k INT NOT NULL, body VARBINARY(1000))")
            first = [(seed, body(number * 1000 + seed)) for seed in range(min(rows, 1000))]
            cursor.executemany(f"INSERT INTO {table} (k, body) VALUES (%s, %s)", first)
            have = len(first)
            while have < rows:
                add = min(have, rows - have, 64_000)
                cursor.execute(f"INSERT INTO {table} (k, body) SELECT k + 1, body FROM {table} LIMIT {add}")
                have += add
    server.run("ALTER INSTANCE ENABLE INNODB REDO_LOG")


def many_tables(server: Mysqld, n: int = 3000) -> None:
    """`n` files of a few rows each in ten schemas: a third are tables, the others are partitions, 500 of a table."""
    schemas = 10
    tables = n // 3
    partitions = 500
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SET sql_log_bin = 0")
        for schema in range(schemas):
            cursor.execute(f"CREATE SCHEMA many_{schema}")
        for number in range(tables):
            table = f"many_{number % schemas}.a_table_with_a_rather_long_name_{number:05d}"
            cursor.execute(f"CREATE TABLE {table} (id INT AUTO_INCREMENT PRIMARY KEY, v INT)")
            cursor.execute(f"INSERT INTO {table} (v) VALUES ({number}), ({number + 1})")
        for number in range((n - tables) // partitions):
            table = f"many_{number % schemas}.partitioned_{number}"
            cursor.execute(f"CREATE TABLE {table} (id INT AUTO_INCREMENT PRIMARY KEY, v INT)"
                           f" PARTITION BY HASH (id) PARTITIONS {partitions}")
            cursor.execute(f"INSERT INTO {table} (v) VALUES " + ", ".join(f"({row})" for row in range(600)))


def everything(server: Mysqld) -> None:
    """One of everything: row formats, compression, partitions, instant columns, odd names, tablespaces, undo, code."""
    for part in (_column_types, _row_formats, _partitions, _instant_columns, _odd_names, _tablespaces, _auto_increment,
                 _references_and_code, _other_engines, _accounts):
        part(server)


def _column_types(server: Mysqld) -> None:
    server.run(
        "CREATE SCHEMA kinds",
        "CREATE TABLE kinds.lobs (id INT PRIMARY KEY, b LONGBLOB, t LONGTEXT, tiny TINYBLOB)",
        "INSERT INTO kinds.lobs VALUES (1, REPEAT('x', 3000000), REPEAT('prose ', 20000), 'a'), (2, NULL, '', ''),"
        " (3, REPEAT(UNHEX('00ff'), 5000), REPEAT('é', 9000), NULL)",
        "UPDATE kinds.lobs SET t = CONCAT(t, 'more') WHERE id = 1",
        "CREATE TABLE kinds.documents (id INT PRIMARY KEY, doc JSON, tags JSON,"
        " KEY by_tag ((CAST(tags AS UNSIGNED ARRAY))))",
        "INSERT INTO kinds.documents VALUES (1, JSON_OBJECT('a', REPEAT('j', 60000), 'n', 1), '[1, 2, 3]'),"
        " (2, '{}', '[]'), (3, NULL, NULL)",
        "UPDATE kinds.documents SET doc = JSON_SET(doc, '$.n', 2) WHERE id = 1",
        "CREATE TABLE kinds.articles (id INT AUTO_INCREMENT PRIMARY KEY, title VARCHAR(200), body TEXT,"
        " FULLTEXT words (title, body), FULLTEXT grams (body) WITH PARSER ngram)",
        "CREATE TABLE kinds.places (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40),"
        " at POINT NOT NULL SRID 4326 DEFAULT (ST_SRID(POINT(1, 2), 4326)), SPATIAL KEY (at))",
        "CREATE TABLE kinds.derived (id INT AUTO_INCREMENT PRIMARY KEY, a INT, b INT,"
        " total INT AS (a + b) VIRTUAL, product INT AS (a * b) STORED, KEY (total), KEY (product),"
        " KEY lowered ((a % 10)))",
        "CREATE TABLE kinds.times (d DATE, t TIME(6), dt DATETIME(3), ts TIMESTAMP NULL, y YEAR, bits BIT(17),"
        " e ENUM('x','y'), s SET('p','q'), f FLOAT, dbl DOUBLE, dec1 DECIMAL(40,12), v VECTOR(3))",
        "INSERT INTO kinds.times VALUES ('2024-02-29', '-12:34:56.789', '2024-01-01 00:00:00.5', '2024-01-01 12:00:00',"
        " 2024, 65535, 'y', 'p,q', 1.5, -2.5e300, -1234567890.000000000001, TO_VECTOR('[1,2,3]'))",
        "CREATE TABLE kinds.descending (a INT, b VARCHAR(30), PRIMARY KEY (a DESC), KEY (b DESC, a) INVISIBLE)",
        "CREATE TABLE kinds.no_key (a INT, b VARCHAR(10))",
        "INSERT INTO kinds.no_key VALUES (1, 'a'), (1, 'a'), (NULL, NULL)",
    )
    _insert(server, "kinds.articles", "title, body", [(_prose(n, 40), _prose(n + 9000, 600)) for n in range(300)])
    server.run("DELETE FROM kinds.articles WHERE id % 7 = 0", "SET GLOBAL innodb_optimize_fulltext_only = ON",
               "OPTIMIZE TABLE kinds.articles", "SET GLOBAL innodb_optimize_fulltext_only = OFF")
    server.query("INSERT INTO kinds.places (name, at) VALUES "
                 + ", ".join(f"('p{n}', ST_SRID(POINT({n % 180 - 90}, {n % 90 - 45}), 4326))" for n in range(1000)))
    server.query("INSERT INTO kinds.derived (a, b) VALUES " + ", ".join(f"({n}, {n * 3 % 101})" for n in range(2000)))
    server.query("INSERT INTO kinds.descending VALUES " + ", ".join(f"({n}, 'v{n % 50}')" for n in range(500)))


def _row_formats(server: Mysqld) -> None:
    tables = {"redundant": "ROW_FORMAT=REDUNDANT", "compact": "ROW_FORMAT=COMPACT", "dynamic": "ROW_FORMAT=DYNAMIC",
              "zip_default": "ROW_FORMAT=COMPRESSED", "page_zlib": "COMPRESSION='zlib'", "page_lz4": "COMPRESSION='lz4'"}
    tables |= {f"zip_{size}k": f"ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE={size}" for size in (1, 2, 4, 8, 16)}
    server.run("CREATE SCHEMA formats")
    rows = [(_prose(n, 60), _prose(n + 500, 700)) for n in range(400)]
    for name, clause in tables.items():
        server.run(f"CREATE TABLE formats.{name} (id INT AUTO_INCREMENT PRIMARY KEY, word VARCHAR(60), body VARCHAR(3000),"
                   f" lob MEDIUMTEXT, KEY (word)) {clause}")
        _insert(server, f"formats.{name}", "word, body", rows)
        server.run(f"UPDATE formats.{name} SET lob = REPEAT(body, 40) WHERE id % 50 = 0",
                   f"UPDATE formats.{name} SET body = REVERSE(body) WHERE id % 3 = 0",
                   f"DELETE FROM formats.{name} WHERE id % 11 = 0")


def _partitions(server: Mysqld) -> None:
    server.run(
        "CREATE SCHEMA parts",
        "CREATE TABLE parts.by_range (id INT, at DATE, PRIMARY KEY (id, at)) PARTITION BY RANGE (YEAR(at))"
        " (PARTITION p2022 VALUES LESS THAN (2023), PARTITION p2023 VALUES LESS THAN (2024),"
        "  PARTITION `P Last` VALUES LESS THAN MAXVALUE)",
        "CREATE TABLE parts.by_both (id INT, at DATE, PRIMARY KEY (id, at)) PARTITION BY RANGE (YEAR(at))"
        " SUBPARTITION BY HASH (id) SUBPARTITIONS 3"
        " (PARTITION p0 VALUES LESS THAN (2023), PARTITION p1 VALUES LESS THAN MAXVALUE)",
        "CREATE TABLE parts.by_key (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(20)) PARTITION BY KEY (id) PARTITIONS 4",
    )
    values = ", ".join(f"({n}, '{2021 + n % 4}-05-{1 + n % 28:02d}')" for n in range(400))
    server.run(f"INSERT INTO parts.by_range VALUES {values}", f"INSERT INTO parts.by_both VALUES {values}",
               "INSERT INTO parts.by_key (v) VALUES " + ", ".join(f"('k{n}')" for n in range(200)),
               "ALTER TABLE parts.by_range TRUNCATE PARTITION p2022",
               "ALTER TABLE parts.by_key COALESCE PARTITION 1")


def _instant_columns(server: Mysqld) -> None:
    server.run("CREATE SCHEMA instant",
               "CREATE TABLE instant.t (id INT AUTO_INCREMENT PRIMARY KEY, a INT, gone VARCHAR(20))",
               "CREATE TABLE instant.compact_t (id INT AUTO_INCREMENT PRIMARY KEY, a INT, gone INT) ROW_FORMAT=COMPACT")
    for table in ("instant.t", "instant.compact_t"):
        for step, change in enumerate(("ADD COLUMN b INT DEFAULT 7, ALGORITHM=INSTANT",
                                       "ADD COLUMN c VARCHAR(30) DEFAULT 'instant' FIRST, ALGORITHM=INSTANT",
                                       "DROP COLUMN gone, ALGORITHM=INSTANT",
                                       "RENAME COLUMN a TO renamed, ALGORITHM=INSTANT")):
            column = "renamed" if step > 3 else "a"
            server.run(f"INSERT INTO {table} ({column}) VALUES ({step}), ({step + 100})", f"ALTER TABLE {table} {change}")
        server.run(f"INSERT INTO {table} (renamed, b) VALUES (1, 1), (2, NULL)",
                   f"UPDATE {table} SET b = 8 WHERE id % 2 = 0")


def _odd_names(server: Mysqld) -> None:
    schemas = ["with space", "unicode-ünï-日本", "#hash@at-dash", "back``tick", "UPPER.dot", "empty_schema"]
    for schema in schemas:
        server.run(f"CREATE SCHEMA `{schema}`")
        if schema == "empty_schema":
            continue
        for table in ["t", "a table", "#sql-lookalike", "@x", "t-1", "ta``ble", "таблица", "dollar$", "per%cent", "Q?*",
                      "a" * 60]:
            server.run(f"CREATE TABLE `{schema}`.`{table}` (`a column` INT AUTO_INCREMENT PRIMARY KEY, `#` VARCHAR(20))",
                       f"INSERT INTO `{schema}`.`{table}` (`#`) VALUES ('one'), ('two')")


def _tablespaces(server: Mysqld) -> None:
    server.run(
        "CREATE TABLESPACE shared_space ADD DATAFILE 'shared_space.ibd'",
        "CREATE TABLESPACE `space zip` ADD DATAFILE 'space_zip.ibd' FILE_BLOCK_SIZE=8192",
        "CREATE TABLESPACE old_name ADD DATAFILE 'file_keeps_name.ibd'",
        "CREATE TABLESPACE empty_space ADD DATAFILE 'empty_space.ibd'",
        "CREATE SCHEMA spaces",
        "CREATE TABLE spaces.one (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(200)) TABLESPACE shared_space",
        "CREATE TABLE spaces.two (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(200), KEY (v)) TABLESPACE shared_space",
        "CREATE TABLE spaces.zip (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(200)) TABLESPACE `space zip`"
        " ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8",
        "CREATE TABLE spaces.renamed (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(200)) TABLESPACE old_name",
        "ALTER TABLESPACE old_name RENAME TO new_name",
        "CREATE TABLE spaces.in_system (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(200)) TABLESPACE innodb_system",
        "CREATE UNDO TABLESPACE undo_extra ADD DATAFILE 'undo_extra.ibu'",
        "CREATE UNDO TABLESPACE undo_idle ADD DATAFILE 'undo_idle.ibu'",
        "ALTER UNDO TABLESPACE undo_idle SET INACTIVE",
    )
    for table in ("one", "two", "zip", "renamed", "in_system"):
        _insert(server, f"spaces.{table}", "v", [(_prose(n, 150),) for n in range(300)])


def _auto_increment(server: Mysqld) -> None:
    server.run("CREATE SCHEMA counters",
               "CREATE TABLE counters.tail_deleted (id INT AUTO_INCREMENT PRIMARY KEY, v INT)",
               "CREATE TABLE counters.all_deleted (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, v INT)",
               "CREATE TABLE counters.set_ahead (id SMALLINT AUTO_INCREMENT PRIMARY KEY, v INT) AUTO_INCREMENT=1000",
               "CREATE TABLE counters.not_first (a INT, id INT AUTO_INCREMENT, PRIMARY KEY (a, id), KEY (id))")
    for table in ("tail_deleted", "all_deleted", "not_first"):
        column = "a" if table == "not_first" else "v"
        server.run(f"INSERT INTO counters.{table} ({column}) VALUES " + ", ".join(f"({n})" for n in range(200)))
    server.run("DELETE FROM counters.tail_deleted WHERE id > 150", "DELETE FROM counters.all_deleted",
               "DELETE FROM counters.not_first WHERE id > 190")


def _references_and_code(server: Mysqld) -> None:
    server.run(
        "CREATE SCHEMA code",
        "CREATE TABLE code.parent (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(20), CHECK (v <> 'bad'))",
        "CREATE TABLE code.child (id INT AUTO_INCREMENT PRIMARY KEY, parent_id INT, note VARCHAR(40),"
        " FOREIGN KEY (parent_id) REFERENCES code.parent (id) ON DELETE CASCADE ON UPDATE CASCADE)",
        "CREATE TABLE code.audit (id INT AUTO_INCREMENT PRIMARY KEY, what VARCHAR(40))",
        "CREATE TRIGGER code.parent_added AFTER INSERT ON code.parent FOR EACH ROW"
        " INSERT INTO code.audit (what) VALUES (CONCAT('parent ', NEW.id))",
        "INSERT INTO code.parent (v) VALUES ('a'), ('b'), ('c')",
        "INSERT INTO code.child (parent_id, note) VALUES (1, 'x'), (1, 'y'), (2, 'z')",
        "DELETE FROM code.parent WHERE id = 2",
        "CREATE VIEW code.families AS SELECT p.v, c.note FROM code.parent p LEFT JOIN code.child c ON c.parent_id = p.id",
        "CREATE FUNCTION code.twice(n INT) RETURNS INT DETERMINISTIC RETURN n * 2",
        "CREATE PROCEDURE code.count_children(OUT n INT) SELECT COUNT(*) INTO n FROM code.child",
        "CREATE EVENT code.yearly ON SCHEDULE EVERY 1 YEAR DO DELETE FROM code.audit",
    )


def _other_engines(server: Mysqld) -> None:
    server.run("CREATE SCHEMA others",
               "CREATE TABLE others.my_isam (id INT PRIMARY KEY, v VARCHAR(20)) ENGINE=MyISAM",
               "INSERT INTO others.my_isam VALUES (1, 'a'), (2, 'b')",
               "CREATE TABLE others.in_memory (id INT PRIMARY KEY) ENGINE=MEMORY",
               "CREATE TABLE others.in_csv (id INT NOT NULL, v VARCHAR(20) NOT NULL) ENGINE=CSV",
               "INSERT INTO others.in_csv VALUES (1, 'a')")


def _accounts(server: Mysqld) -> None:
    server.run("CREATE ROLE 'r_read', 'r_write'@'localhost'",
               "GRANT SELECT ON kinds.* TO 'r_read'",
               "GRANT INSERT, UPDATE ON formats.* TO 'r_write'@'localhost'",
               "CREATE USER 'anna'@'localhost' IDENTIFIED BY 'Anna-1' DEFAULT ROLE 'r_read'",
               "CREATE USER 'o''brien'@'%' IDENTIFIED BY 'pw' ACCOUNT LOCK PASSWORD EXPIRE NEVER",
               "GRANT 'r_read' TO 'o''brien'@'%'",
               "GRANT SELECT (id), UPDATE (word) ON formats.compact TO 'anna'@'localhost'",
               "GRANT EXECUTE ON FUNCTION code.twice TO 'anna'@'localhost'",
               "GRANT BACKUP_ADMIN ON *.* TO 'anna'@'localhost'")
