"""InnoDB's files from the outside, as far as tests look into them and damage them: pages, redo blocks, doublewrite images.

No checksums are computed: what is read is either intact or compared with another copy of the same bytes.
"""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

SECTOR = 512
REDO_HEADER_BYTES = 4 * SECTOR
CHECKPOINT_SLOTS = (512, 1536)

FSP_HEADER, INODE, INDEX, UNDO, IBUF_BITMAP, TRX_SYS = 8, 3, 17855, 2, 5, 7
LOB_FIRST, LOB_INDEX, LOB_DATA, ZIP_BLOB, ZIP_LOB_FIRST, SDI, SDI_ZIP_BLOB = 24, 22, 23, 11, 25, 17853, 19
R_TREE, RSEG_ARRAY, SYSTEM = 17854, 21, 6
PAGE_COMPRESSED, ENCRYPTED, COMPRESSED_AND_ENCRYPTED, ENCRYPTED_R_TREE = 14, 15, 16, 17

_TABLESPACES = ("ibdata*", "*.ibd", "*.ibu", "undo_0*")


@dataclass(frozen=True)
class PageHeader:
    """The fields that every page has. A page never written is all zeros: kind 0, LSN 0."""

    number: int
    lsn: int
    kind: int
    space: int

    @staticmethod
    def of(page: bytes) -> "PageHeader":
        number, lsn, kind, space = struct.unpack_from(">4xI8xQH8xI", page)
        return PageHeader(number, lsn, kind, space)


class Tablespace:
    """A tablespace file that no server uses; pages are counted from its beginning."""

    def __init__(self, path: Path):
        self.path = path
        with open(path, "rb") as file:
            first = file.read(58)
        flags, = struct.unpack_from(">I", first, 54)
        self.space, = struct.unpack_from(">I", first, 34)
        logical, compressed = (flags >> 6) & 0xF, (flags >> 1) & 0xF
        self.page_bytes = 512 << (compressed or logical or 5)

    def __len__(self) -> int:
        return self.path.stat().st_size // self.page_bytes

    def read(self, number: int) -> bytes:
        with open(self.path, "rb") as file:
            file.seek(number * self.page_bytes)
            return file.read(self.page_bytes)

    def write(self, number: int, content: bytes, at: int = 0) -> None:
        assert at + len(content) <= self.page_bytes
        with open(self.path, "r+b") as file:
            file.seek(number * self.page_bytes + at)
            file.write(content)

    def headers(self) -> Iterator[PageHeader]:
        with open(self.path, "rb") as file:
            while page := file.read(self.page_bytes):
                yield PageHeader.of(page)

    def pages_of_kind(self, kind: int) -> list[int]:
        return [number for number, header in enumerate(self.headers()) if header.kind == kind]


def tablespaces(datadir: Path) -> list[Tablespace]:
    """Every tablespace file below a data directory but temporary ones and those that a crash left empty."""
    return [Tablespace(path) for pattern in _TABLESPACES for path in sorted(datadir.rglob(pattern))
            if path.stat().st_size > 0 and not any(part.startswith("#") for part in path.relative_to(datadir).parts)]


def find_page(datadir: Path, kind: int) -> tuple[Tablespace, int]:
    """The last page of this kind in the first file that has one."""
    for space in tablespaces(datadir):
        pages = space.pages_of_kind(kind)
        if pages:
            return space, pages[-1]
    raise AssertionError(f"no page of type {kind} in {datadir}")


def flip_byte(file: Path, offset: int) -> None:
    with open(file, "r+b") as opened:
        opened.seek(offset)
        byte = opened.read(1)[0]
        opened.seek(offset)
        opened.write(bytes([byte ^ 0x40]))


# -- redo log -----------------------------------------------------------------------------------------------------------

@dataclass(frozen=True)
class RedoFile:
    """A redo file in use, with the bytes of its header."""

    path: Path
    start_lsn: int
    end_lsn: int
    header: bytes

    def offset(self, lsn: int) -> int:
        """Of the block with this LSN in the file."""
        return REDO_HEADER_BYTES + (lsn - self.start_lsn) // SECTOR * SECTOR

    def checkpoints(self) -> dict[int, int]:
        """The LSN of each slot that was ever written, by its offset; those before the file are of its former life."""
        slots = {offset: struct.unpack_from(">Q", self.header, offset + 8)[0] for offset in CHECKPOINT_SLOTS}
        return {offset: lsn for offset, lsn in slots.items() if self.start_lsn <= lsn < self.end_lsn}


def redo_files(log_directory: Path) -> list[RedoFile]:
    """The files in use, oldest first; `log_directory` is the one that contains #innodb_redo."""
    files = []
    for path in (log_directory / "#innodb_redo").glob("#ib_redo*[0-9]"):
        with open(path, "rb") as opened:
            header = opened.read(REDO_HEADER_BYTES)
        start, = struct.unpack_from(">Q", header, 8)
        files.append(RedoFile(path, start, start + path.stat().st_size - REDO_HEADER_BYTES, header))
    return sorted(files, key=lambda file: file.start_lsn)


@dataclass(frozen=True)
class Checkpoint:
    lsn: int
    file: RedoFile
    slot: int  # its offset in the file


def checkpoints(log_directory: Path) -> list[Checkpoint]:
    """Every one that can still be read, newest first."""
    found = [Checkpoint(lsn, file, slot) for file in redo_files(log_directory) for slot, lsn in file.checkpoints().items()]
    return sorted(found, key=lambda checkpoint: checkpoint.lsn, reverse=True)


def end_of_redo(log_directory: Path) -> int:
    """The LSN behind the last block that continues the newest checkpoint; without looking at checksums."""
    lsn = checkpoints(log_directory)[0].lsn // SECTOR * SECTOR
    for file in redo_files(log_directory):
        content = file.path.read_bytes()
        while file.start_lsn <= lsn < file.end_lsn:
            number, length = struct.unpack_from(">IH", content, file.offset(lsn))
            length &= 0x7FFF
            if number != 1 + lsn // SECTOR % 0x40000000 or length < 12:
                return lsn
            if length < SECTOR:
                return lsn + length
            lsn += SECTOR
    return lsn


# -- doublewrite files --------------------------------------------------------------------------------------------------

@dataclass(frozen=True)
class DoublewriteImage:
    space: int
    number: int
    lsn: int
    content: bytes


def doublewrite_files(datadir: Path) -> list[Path]:
    return sorted(datadir.glob("#ib_*dblwr"))


def doublewrite_images(datadir: Path, page_bytes: int = 16384) -> list[DoublewriteImage]:
    """Every page in the doublewrite files, in no order; pages of tables with smaller pages are not told apart."""
    images = []
    for file in doublewrite_files(datadir):
        content = file.read_bytes()
        for at in range(0, len(content), page_bytes):
            page = content[at:at + page_bytes]
            header = PageHeader.of(page)
            if header.lsn:
                images.append(DoublewriteImage(header.space, header.number, header.lsn, page))
    return images


def torn_candidates(datadir: Path) -> list[tuple[Tablespace, DoublewriteImage]]:
    """Pages that can be repaired when they are torn: the doublewrite files have what the file has, redo goes on from it."""
    newest: dict[tuple[int, int], DoublewriteImage] = {}
    for image in doublewrite_images(datadir):
        known = newest.get((image.space, image.number))
        if known is None or known.lsn < image.lsn:
            newest[image.space, image.number] = image
    checkpoint = checkpoints(datadir)[0].lsn
    found = []
    for space in tablespaces(datadir):
        for number in range(len(space)) if space.page_bytes == 16384 else ():
            image = newest.get((space.space, number))
            if image is not None and image.lsn >= checkpoint and space.read(number) == image.content:
                found.append((space, image))
    return found
