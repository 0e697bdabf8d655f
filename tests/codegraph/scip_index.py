"""A small writer of SCIP indexes (the protobuf message scip.Index), for tests."""

UNITS = {"unspecified": 0, "utf8": 1, "utf16": 2, "utf32": 3}


def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def occurrence(place, symbol, roles, packed=True):
    """place: [line, start, end] or [line, start, line, end]"""
    if packed:
        out = field(1, b"".join(varint(n) for n in place))
    else:
        out = b"".join(field(1, n) for n in place)
    return out + field(2, symbol) + field(3, roles)


def document(path, unit, occurrences):
    out = field(1, path) + field(4, "python")
    for each in occurrences:
        out += field(2, occurrence(*each))
    return out + (field(6, UNITS[unit]) if unit != "unspecified" else b"")


def index(documents):
    """documents: (path, unit, [(place, symbol, roles), ...]), ..."""
    metadata = field(1, 0) + field(2, field(1, "a test")) + field(4, 1)
    out = field(1, metadata)
    for each in documents:
        out += field(2, document(*each))
    return out
