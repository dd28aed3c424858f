"""Reading a recorded clone connection: splitting it into packets and naming each one.

Only what is needed to sort messages: first bytes, codes and the fixed offsets of descriptors.
"""

import struct
from dataclasses import dataclass
from typing import Iterator

STATES = {0: "none", 1: "init", 2: "file_copy", 3: "page_copy", 4: "redo_copy", 5: "done"}
_COMMANDS = {1: "com_init", 2: "com_attach", 3: "com_reinit", 4: "com_execute", 5: "com_ack", 6: "com_exit"}
_RESPONSES = {1: "res_locs", 2: "res_data_desc", 3: "res_data", 4: "res_plugin", 5: "res_config", 6: "res_collation",
              7: "res_plugin_v2", 8: "res_config_v3", 9: "res_config_v4", 99: "res_complete", 100: "res_error"}
_MAX_PACKET = 0xFFFFFF


@dataclass
class Packet:
    """One logical packet: the joined payload and the sequence number of its first part."""

    sequence: int
    payload: bytes


@dataclass
class Message:
    """A packet and its name; `variant` tells messages of one kind apart, e.g. a state or a kind of file."""

    kind: str
    variant: str
    packet: Packet


def split_packets(stream: bytes) -> Iterator[Packet]:
    """The whole packets of an uncompressed stream; a cut last one is left out."""
    at = 0
    while at + 4 <= len(stream):
        first = at
        payload = b""
        while True:
            length = int.from_bytes(stream[at:at + 3], "little")
            if at + 4 + length > len(stream):
                return
            payload += stream[at + 4:at + 4 + length]
            at += 4 + length
            if length < _MAX_PACKET or at + 4 > len(stream):
                break
        yield Packet(stream[first + 3], payload)


def name_commands(stream: bytes) -> list[Message]:
    """Names what a recipient sent over one connection."""
    messages: list[Message] = []
    phase = "login"
    for packet in split_packets(stream):
        payload = packet.payload
        kind, variant = "unknown", ""
        if phase == "login" and payload == b"\x20" and packet.sequence == 0:
            kind, phase = "com_clone", "clone"
        elif phase == "login":
            if packet.sequence == 1 and len(payload) == 32:
                kind = "ssl_request"
            elif packet.sequence == 0 and payload == b"\x01":
                kind = "com_quit"
            else:
                kind = "handshake_response" if packet.sequence == 1 else "auth_response"
                variant = _empty_password(payload) if packet.sequence == 1 else (
                    {1: "public_key_request", 256: "rsa_password"}.get(len(payload), ""))
        elif payload == b"\x1f":
            kind, phase = "com_reset_connection", "after"
        elif payload == b"\x01":
            kind = "com_quit"
        elif phase == "after" and payload[0] == 3:
            kind = "com_query"
        else:
            kind = _COMMANDS.get(payload[0], "unknown")
            if kind == "com_ack":
                variant = _ack_variant(payload)
            elif kind == "com_reinit":
                variant = STATES[payload[9 + 5 + 32]]
        messages.append(Message(kind, variant, packet))
    return messages


def _empty_password(handshake_response: bytes) -> str:
    user_end = handshake_response.index(0, 32)
    return "empty_password" if handshake_response[user_end + 1:user_end + 3] == b"\x01\x00" else ""


def _ack_variant(payload: bytes) -> str:
    error, = struct.unpack_from("<I", payload, 1)
    locator_length, = struct.unpack_from("<I", payload, 6)
    descriptor = payload[10 + locator_length + 4:]
    if error:
        return "error"
    return STATES[int.from_bytes(descriptor[12:16], "big")]


def name_responses(stream: bytes) -> list[Message]:
    """Names what a donor sent over one connection."""
    messages: list[Message] = []
    phase = "greeting"
    for packet in split_packets(stream):
        payload = packet.payload
        kind, variant = "unknown", ""
        if phase == "greeting":
            kind, phase = ("err" if payload[0] == 0xFF else "greeting"), "login"
        elif payload[0] == 0xFF:
            kind, variant = "err", str(int.from_bytes(payload[1:3], "little"))
        elif payload[0] == 0x00:
            kind, variant = "ok", {"login": "login", "logged_in": "com_clone"}.get(phase, "com_reset_connection")
            phase = "logged_in" if phase == "login" else "clone"
        elif phase == "login" and payload[0] == 0xFE:
            kind, variant = "auth_switch_request", payload[1:].split(b"\0")[0].decode()
        elif phase == "login" and payload[0] == 0x01:
            kind = "auth_more_data"
            variant = {b"\x03": "fast_success", b"\x04": "full"}.get(payload[1:], "public_key")
        else:
            kind = _RESPONSES.get(payload[0], "unknown")
            if kind == "res_data_desc":
                variant = descriptor_variant(payload[3:])
            elif kind == "res_config":
                variant = payload[5:5 + int.from_bytes(payload[1:5], "little")].decode()
            elif kind == "res_plugin_v2":
                variant = "built_in" if payload.endswith(b"\0\0\0\0") else "loaded"
            elif kind == "res_error":
                variant = str(int.from_bytes(payload[1:5], "little"))
            elif kind == "res_locs":
                variant = STATES[payload[5 + 5 + 32]]
            elif kind == "res_data":
                variant = messages[-1].variant.removeprefix("data_") if messages else ""
        messages.append(Message(kind, variant, packet))
    return messages


def descriptor_variant(descriptor: bytes) -> str:
    """task, state_<state>_<start|end|keep_alive>, file_<state>_<kind of file>, data_<state>."""
    number = struct.Struct(">I")
    kind, = number.unpack_from(descriptor, 8)
    if kind == 2:
        return "task"
    state = STATES[number.unpack_from(descriptor, 12)[0]]
    if kind == 3:
        flags = int.from_bytes(descriptor[44:46], "big")
        return f"state_{state}_" + {0: "end", 1: "start", 2: "ack", 3: "keep_alive"}[flags]
    if kind == 4:
        return f"file_{state}_{_file_kind(descriptor)}"
    header = "_header" if state == "redo_copy" and descriptor[36:44] == bytes(8) else ""
    return f"data_{state}{header}"


def file_name(descriptor: bytes) -> str:
    """The name in a file metadata descriptor."""
    length = int.from_bytes(descriptor[58:62], "big")
    return descriptor[62:62 + length].rstrip(b"\0").decode(errors="replace")


def _file_kind(descriptor: bytes) -> str:
    name = file_name(descriptor)
    fsp_flags = int.from_bytes(descriptor[32:36], "big")
    flags = int.from_bytes(descriptor[40:42], "big")
    space = int.from_bytes(descriptor[42:46], "big")
    if flags & 0x10:
        return "deleted"
    if flags & 0x08:
        return "renamed"
    suffix = "_with_key" if flags & 0x20 else ""
    if flags & 0x03:
        return ("page_zlib" if flags & 0x01 else "page_lz4") + suffix
    if space == 0xFFFFFFF0:
        return "redo" + suffix
    if space == 0:
        return "system"
    if space == 0xFFFFFFFE:
        return "dictionary"
    if fsp_flags == 0xFFFFFFFF:
        return "buffer_pool" if name.endswith("ib_buffer_pool") else "plain"
    if name.endswith(".ibu"):
        return "undo_extra"
    if "undo_" in name.rsplit("/", 1)[-1]:
        return "undo" + suffix
    if (fsp_flags >> 1) & 0xF:
        return f"zip_{512 << ((fsp_flags >> 1) & 0xF)}"
    if (fsp_flags >> 11) & 1:
        return "general"
    if "#p#" in name:
        return "partition"
    return "table" + suffix


def connection_kind(commands: list[Message]) -> str:
    """main, aux, worker or refused, by what the recipient sent."""
    kinds = {message.kind for message in commands}
    if kinds & {"com_init", "com_reinit"}:
        return "main"
    if "com_attach" in kinds:
        return "worker"
    return "aux" if "com_clone" in kinds else "refused"
