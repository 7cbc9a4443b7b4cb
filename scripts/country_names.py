#!/usr/bin/env python3
"""Writes src/rule/country/names.txt, the codes and names of countries that muster reads.

Sources, all from npm: the names of Unicode CLDR (cldr-localenames-full and cldr-core, Unicode License v3) and of
i18n-iso-countries (MIT License), in Dutch, German, English and French. To update the names, change the versions below and
run, in the project's folder:

    python3 scripts/country_names.py
"""

import json
import pathlib
import subprocess
import tarfile
import tempfile
import unicodedata

CLDR = "48.2.0"
COUNTRIES = "7.14.0"
LANGUAGES = ["nl", "de", "en", "fr"]
# Names that are used for two countries.
AMBIGUOUS = ["congo", "kongo", "korea", "coree"]
TARGET = pathlib.Path(__file__).parent.parent / "src/rule/country/names.txt"


def letters(name):
    """As src/rule/letters.rs compares names; good enough to find names that are the same."""
    name = unicodedata.normalize("NFD", name.lower()).replace("ß", "ss").replace("æ", "ae").replace("œ", "oe")
    return "".join(c for c in name.replace("ø", "o").replace("ł", "l").replace("ı", "i") if c.isalnum())


def packages(folder):
    wanted = [f"cldr-localenames-full@{CLDR}", f"cldr-core@{CLDR}", f"i18n-iso-countries@{COUNTRIES}"]
    subprocess.run(["npm", "pack", "--silent", *wanted], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    for package in folder.glob("*.tgz"):
        name = package.name.rsplit("-", 1)[0]
        with tarfile.open(package) as archive:
            archive.extractall(folder / name, filter="data")
    return lambda path: json.loads((folder / path).read_text())


def names_of(read, language):
    """Pairs of a country's code and one of its names."""
    cldr = read(f"cldr-localenames-full/package/main/{language}/territories.json")
    for code, name in cldr["main"][language]["localeDisplayNames"]["territories"].items():
        yield code.split("-")[0], name
    for code, names in read(f"i18n-iso-countries/package/langs/{language}.json")["countries"].items():
        yield from ((code, name) for name in (names if isinstance(names, list) else [names]))


def main():
    with tempfile.TemporaryDirectory() as folder:
        read = packages(pathlib.Path(folder))
        mapping = read("cldr-core/package/supplemental/codeMappings.json")["supplemental"]["codeMappings"]
        iso = {row[0] for row in read("i18n-iso-countries/package/codes.json")}
        countries = {code: mapping[code] for code in sorted(iso)}
        found = [pair for language in LANGUAGES for pair in names_of(read, language) if pair[0] in countries]
    owners = {}
    for code, name in found:
        owners.setdefault(letters(name), set()).add(code)
    lines = []
    for code, codes in countries.items():
        names = {}
        for owner, name in found:
            # Two letters are a code; a name of two countries is the name of neither.
            key = letters(name)
            if owner == code and len(key) > 2 and len(owners[key]) == 1 and key not in AMBIGUOUS:
                names.setdefault(key, name)
        # ISO 3166-1 does not have Kosovo; the European Union uses this code.
        mark = "~" if code == "XK" else ""
        numeric = "" if code == "XK" else codes["_numeric"]
        lines.append("\t".join([code, codes["_alpha3"], numeric, *(mark + name for name in names.values())]))
    TARGET.write_text(
        "# ISO 3166-1 alpha-2, alpha-3, numeric, and names in Dutch, German, English and French. Written by\n"
        f"# scripts/country_names.py from Unicode CLDR {CLDR} (Unicode License v3) and i18n-iso-countries {COUNTRIES}\n"
        "# (MIT License). Names in use that these do not have are in in_use.txt.\n" + "\n".join(lines) + "\n"
    )
    doubtful = sorted(name for name, codes in owners.items() if len(codes) > 1)
    print(f"{len(lines)} countries, {sum(line.count(chr(9)) - 2 for line in lines)} names; left out: {doubtful}")


if __name__ == "__main__":
    main()
