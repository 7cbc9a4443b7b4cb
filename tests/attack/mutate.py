"""Damages files: bytes of any file, and values of those whose structure is known (JSON, TOML, workbooks)."""

from __future__ import annotations

import gzip
import io
import json
import random
import zipfile

# What others may write where a name, a number or a text is expected.
NAMES = ["../others/users.csv", "../others", "/dev/zero", "/dev/stdin", "/etc/passwd", "", ".", "..", "a/b", "x" * 5000]
TEXTS = ["\x1b[2J\x1b]0;x\x07", "\u202eabc\u2066", "\u009b31m", "\u0000", "'\"; DROP TABLE users; --", "é" * 300, "-1"]
NUMBERS = [0, -1, 1, 2**31, 2**53 + 1, 2**63, 2**64, 2**70, 1.5, 1e308, -0.0]
OTHERS = [None, True, [], {}, [[[[]]]], {"path": "../others/users.csv"}]


def mutated(chance: random.Random, data: bytes, suffix: str) -> bytes:
    """The data with a few faults in it."""
    if suffix == ".json" and chance.random() < 0.8:
        return json_of(chance, data)
    if suffix == ".ndjson" and chance.random() < 0.6:
        lines = data.splitlines(keepends=True)
        for _ in range(chance.randint(1, 3)):
            at = chance.randrange(len(lines))
            lines[at] = json_of(chance, lines[at]) + b"\n"
        return b"".join(lines)
    if suffix == ".toml" and chance.random() < 0.8:
        return lines_of(chance, data)
    if suffix == ".xlsx" and chance.random() < 0.7:
        return workbook_of(chance, data)
    if suffix == ".gz" and chance.random() < 0.3:
        return gzip.compress(bytes_of(chance, gzip.decompress(data)), 1)
    return bytes_of(chance, data)


def bytes_of(chance: random.Random, data: bytes) -> bytes:
    """Bytes changed, cut out, put in, doubled; the end cut off. Half of the faults are near the end, where Parquet
    files and archives have their tables."""
    out = bytearray(data)
    for _ in range(chance.choice([1, 1, 1, 2, 3, 8, 40])):
        if not out:
            break
        near_end = chance.random() < 0.5
        at = len(out) - 1 - int(chance.random() ** 2 * min(len(out), 4096)) if near_end else chance.randrange(len(out))
        size = chance.choice([1, 2, 4, 8, 100])
        match chance.randrange(7):
            case 0 | 1:
                out[at] ^= 1 << chance.randrange(8)
            case 2:
                out[at] = chance.choice([0, 1, 0x7F, 0x80, 0xFF, 0x22, 0x0A])
            case 3:
                del out[at : at + size]
            case 4:
                out[at:at] = out[at : at + size]
            case 5:
                out[at:at] = chance.randbytes(size)
            case 6:
                kept = out[:at] if chance.random() < 0.3 else out[at:] + out[:at]
                out = bytearray(kept)
    return bytes(out)


def any_value(chance: random.Random, old: object) -> object:
    """A value in the place of another one."""
    if isinstance(old, bool) or old is None:
        return chance.choice([*NUMBERS, *TEXTS, *OTHERS])
    if isinstance(old, (int, float)):
        return chance.choice([*NUMBERS, old + 1, -old, str(old), *OTHERS])
    if isinstance(old, str):
        return chance.choice([*NAMES, *TEXTS, old + "\u202e", old.upper(), old[: len(old) // 2], 7, *OTHERS])
    return chance.choice([*OTHERS, "x", 0])


def json_of(chance: random.Random, data: bytes) -> bytes:
    """JSON with values replaced, members dropped, doubled and added."""
    try:
        whole = json.loads(data)
    except ValueError:
        return bytes_of(chance, data)
    places: list[tuple[object, object]] = []

    def walk(value: object) -> None:
        for key in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else []:
            places.append((value, key))
            walk(value[key])

    walk(whole)
    for _ in range(chance.randint(1, 3)):
        if not places:
            break
        holder, key = chance.choice(places)
        try:
            match chance.randrange(5):
                case 0:
                    del holder[key]
                case 1 if isinstance(holder, list):
                    holder.extend([holder[key]] * chance.choice([1, 1000]))
                case _:
                    holder[key] = any_value(chance, holder[key])
        except (KeyError, IndexError):
            continue
    return json.dumps(whole, ensure_ascii=chance.random() < 0.5).encode(errors="surrogatepass")


def lines_of(chance: random.Random, data: bytes) -> bytes:
    """A file of `key = value` lines with lines dropped, doubled, moved, and values replaced."""
    lines = data.decode().splitlines()
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(lines))
        key, equals, value = lines[at].partition(" = ")
        match chance.randrange(6):
            case 0:
                del lines[at]
            case 1:
                lines.insert(at, lines[at])
            case 2:
                lines.insert(chance.randrange(len(lines)), lines.pop(at))
            case 3 if equals:
                lines[at] = f"{key} = {json.dumps(any_value(chance, value.strip(chr(34))), ensure_ascii=False)}"
            case 4 if equals:
                other = chance.choice([line for line in lines if " = " in line])
                lines[at] = f"{key} = {other.partition(' = ')[2]}"
            case _:
                lines[at] += chance.choice(["\x1b[31m", "\u202e", "[", '"', " = ", "\t#", "\r", "\0", "(((a+)+)+)+$"])
        if not lines:
            break
    return "\n".join(lines).encode(errors="surrogatepass")


def workbook_of(chance: random.Random, data: bytes) -> bytes:
    """A workbook with one of its parts damaged."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        names = old.namelist()
        hit = chance.choice(names)
        for name in names:
            part = old.read(name)
            if name == hit:
                if chance.random() < 0.1:
                    continue
                part = bytes_of(chance, part)
            new.writestr(chance.choice(["../x.xml", name.upper(), "x" * 60_000]) if name == hit and chance.random() < 0.1 else name, part)
    return out.getvalue()
