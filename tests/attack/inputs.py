"""What the cases begin with: two deliveries, databases without and with the first one, an export, a run with rejects,
and files of every format to be damaged."""

from __future__ import annotations

import gzip
import io
import random
import shutil
import zipfile
from pathlib import Path

from world import VALUES, Server, World, expect

ACCOUNTS, USERS = 150, 900
IBANS = ["NL91ABNA0417164300", "DE89370400440532013000", "BE71096123456769", ""]


def prepare(server: Server, muster: Path, scratch: Path, seed: str) -> None:
    """Makes all of it below `scratch`."""
    folder = scratch / "inputs"
    folder.mkdir()
    chance = random.Random(f"{seed}-inputs")
    for which in ("first", "next"):
        (folder / which).mkdir()
        write(folder / which, chance, which == "next")
    world = World(server, muster, folder, seed)
    server.sql("CREATE DATABASE expected")
    server.sql("CREATE DATABASE attacked")
    world.database = "attacked"
    # The tables and the journal, without rows.
    lines = {name: (folder / "first" / name).read_text().splitlines(keepends=True) for name in ("accounts.csv", "users.csv")}
    for name, of_file in lines.items():
        (folder / name).write_text(of_file[0])
    world.run("import", "accounts.csv", "users.csv", "--out", "nothing").among(0)
    server.sql("CREATE DATABASE empty TEMPLATE attacked")
    for which, template in (("first", "filled"), ("next", "updated")):
        world.run("import", *(f"{which}/{name}" for name in lines), "--out", f"{which}-out").among(0, 3)
        server.sql(f"CREATE TABLE reference_{which} (found text)", "expected")
        server.sql(f"INSERT INTO reference_{which} VALUES ('{server.sql(VALUES, 'attacked')}')", "expected")
        server.sql(f"CREATE DATABASE {template} TEMPLATE attacked")
    (folder / "first-out").rename(folder / "run")
    damaged = folder / "damaged"
    damaged.mkdir()
    for form in ("csv", "ndjson", "parquet"):
        copy = folder / ("copy" if form == "csv" else form)
        world.run("export", "--format", form, "--out", str(copy)).among(0)
        for entity in ("accounts", "users"):
            shutil.copy(next(copy.glob(f"{entity}*.{form}")), damaged / f"{entity}.{form}")
    for entity in ("accounts", "users"):
        text = (damaged / f"{entity}.csv").read_bytes()
        (damaged / f"{entity}.csv.gz").write_bytes(gzip.compress(text))
        (damaged / f"{entity}.xlsx").write_bytes(workbook(text.decode().splitlines()[:50]))
    (folder / "schemas").mkdir()
    for name in ("accounts", "users", "roles"):
        text = world.run("schema", "print", name).among(0).out
        (folder / "schemas" / f"{name}.toml").write_text(text)
    expect(len(list(damaged.iterdir())) == 10, "the files to be damaged are there")


def write(folder: Path, chance: random.Random, again: bool) -> None:
    """A delivery; the next one has changed and new rows, and some that are wrong."""
    accounts = ["legacyId,name,type,payment.iban,contact.phone,billingAddress.countryCode\n"]
    for number in range(ACCOUNTS + (20 if again else 0)):
        changed = "!" if again and number % 3 == 0 else ""
        wrong = "0612" if chance.random() < 0.02 else "+31612345678"
        accounts.append(f"A{number},Name {number}{changed},company,{chance.choice(IBANS)},{wrong},NL\n")
    if again:
        accounts.append("NEXT,The next delivery,company,,,NL\n")
    users = ["email,account.legacyId,contact.firstName,contact.lastName,role,defaultLangCode\n"]
    for number in range(USERS + (100 if again else 0)):
        email = f"u{number}" if chance.random() < 0.01 else f"u{number}@example.nl"
        name = "Zoë" if again and number % 4 == 0 else "Jan"
        users.append(f"{email},A{chance.randrange(ACCOUNTS) if number > 30 else 1},{name},de Vries,none,nl\n")
    (folder / "accounts.csv").write_text("".join(accounts))
    (folder / "users.csv").write_text("".join(users))


def workbook(lines: list[str]) -> bytes:
    """The least that is a workbook of one sheet."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    related = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"

    def cell(text: str) -> str:
        escaped = text.replace("&", "&amp;").replace("<", "&lt;")
        return f'<c t="inlineStr"><is><t>{escaped}</t></is></c>'

    rows = "".join(f"<row>{''.join(cell(text) for text in line.split(','))}</row>" for line in lines)
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r1" Type="{related}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{related}">'
        '<sheets><sheet name="Sheet1" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r1" Type="{related}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>',
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>{text}')
    return out.getvalue()
