# SPDX-License-Identifier: MIT
"""Reads record files independently of pss-bpf: include/pss_event.h and user/capture/record.h say how they are laid out."""

import dataclasses
import struct
import zlib

MAGIC = 0x0A4652422D535350
FILE_HEAD = struct.Struct("<QII")
RECORD_HEAD = struct.Struct("<II")
CHECKSUM = struct.Struct("<I")
NAME = struct.Struct("<IB3x")
OP = struct.Struct("<IBBHII" + "QQ" + "9Q" + "QQQQ" + "iIII")
TYPES = {1: "meta", 2: "name", 3: "op", 4: "stats", 5: "memory", 6: "life", 7: "errors", 8: "lost", 9: "cost",
         10: "tick", 11: "end"}

assert OP.size == 152


@dataclasses.dataclass
class Operation:
    """struct pss_op."""

    name_id: int
    kind: int
    err_class: int
    flags: int
    tgid: int
    tid: int
    start_ns: int
    duration_ns: int
    component_ns: tuple
    fault_bytes: int
    rss_bytes: int
    path: int
    path_steps: int
    err_code: int
    units: int
    weight: int
    tag_id: int

    @classmethod
    def unpack(cls, payload):
        fields = OP.unpack(payload)
        return cls(*fields[:8], fields[8:17], *fields[17:])


class Reader:
    """All whole records of a file: a list of (type, payload). Raises ValueError where the file is damaged."""

    def __init__(self, path):
        with open(path, "rb") as file:
            data = file.read()
        magic, self.version, head_size = FILE_HEAD.unpack_from(data)
        if magic != MAGIC:
            raise ValueError(f"{path} is no record file")
        self.records = []
        at = head_size
        while at + RECORD_HEAD.size <= len(data):
            number, size = RECORD_HEAD.unpack_from(data, at)
            end = at + RECORD_HEAD.size + size
            padded = end + -(RECORD_HEAD.size + size) % 8
            if padded + CHECKSUM.size > len(data):
                break
            (checksum,) = CHECKSUM.unpack_from(data, padded)
            if checksum != zlib.crc32(data[at:end]):
                raise ValueError(f"{path}: checksum of the record at {at} (type {number}, {size} bytes)")
            self.records.append((TYPES.get(number, number), data[at + RECORD_HEAD.size:end]))
            at = padded + CHECKSUM.size
        self.whole = at == len(data)

    def names(self):
        """Text by id."""
        return {NAME.unpack_from(payload)[0]: payload[NAME.size:].decode(errors="replace")
                for kind, payload in self.records if kind == "name"}

    def operations(self, name=None):
        """All recorded operations, or those of one name."""
        names = self.names()
        found = [Operation.unpack(payload) for kind, payload in self.records if kind == "op"]
        return [one for one in found if name is None or names.get(one.name_id) == name]


def operations(path, name=None):
    """The recorded operations of a file, in its order."""
    return Reader(path).operations(name)
