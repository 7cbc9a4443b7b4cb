#!/usr/bin/env python3
"""Writes src/rule/phone/metadata.bin, the numbering plans of all countries.

The source is libphonenumber's metadata (Apache License 2.0) as the Python package phonenumbers ships it, in the form of
libphonenumber's phonemetadata.proto, which the crate rlibphonenumber reads. To update it:

    pip install phonenumbers==9.0.43
    python3 scripts/phone_metadata.py
    make phones
"""

import pathlib
import re

import phonenumbers.data as data
from phonenumbers import __version__
from phonenumbers.phonemetadata import PhoneMetadata

TARGET = pathlib.Path(__file__).parent.parent / "src/rule/phone/metadata.bin"
# Types of numbers with their field numbers.
TYPES = {
    "fixed_line": 2, "mobile": 3, "toll_free": 4, "premium_rate": 5, "shared_cost": 6, "personal_number": 7, "voip": 8,
    "pager": 21, "no_international_dialling": 24, "uan": 25, "voicemail": 28,
}


def varint(number):
    encoded = bytearray()
    while number > 127:
        encoded.append(number & 127 | 128)
        number >>= 7
    return bytes(encoded) + bytes([number])


def message(fields):
    """Encodes pairs of a field number and a value: a number, a text, or the bytes of a message."""
    encoded = b""
    for field, value in sorted(((field, value) for field, value in fields if value is not None), key=lambda f: f[0]):
        if isinstance(value, (bool, int)):
            encoded += varint(field << 3) + varint(value & (1 << 64) - 1)
        else:
            value = value.encode() if isinstance(value, str) else value
            encoded += varint(field << 3 | 2) + varint(len(value)) + value
    return encoded


def whole(pattern):
    return None if pattern is None else f"^(?:{pattern})$"


def dollars(template):
    return None if template is None else re.sub(r"\\(\d)", r"$\1", template)


def description(desc, general=None):
    if desc is None:
        return message([(9, -1)])
    # The lengths of a type are left out if they are the general ones.
    lengths = desc.possible_length if general is None or desc.possible_length != general.possible_length else ()
    return message(
        [(2, whole(desc.national_number_pattern)), (6, desc.example_number)]
        + [(9, length) for length in lengths]
        + [(10, length) for length in desc.possible_length_local_only]
    )


def number_format(own):
    return message(
        [(1, whole(own.pattern)), (2, dollars(own.format))]
        + [(3, whole(pattern)) for pattern in own.leading_digits_pattern or ()]
        + [(4, dollars(own.national_prefix_formatting_rule)), (5, dollars(own.domestic_carrier_code_formatting_rule))]
        + [(6, bool(own.national_prefix_optional_when_formatting))]
    )


def plan(own):
    same = own.mobile and own.fixed_line
    same = bool(same) and own.mobile.national_number_pattern == own.fixed_line.national_number_pattern
    fields = [(1, description(own.general_desc))]
    fields += [(field, description(getattr(own, name), own.general_desc)) for name, field in TYPES.items()]
    fields += [(9, own.id), (10, own.country_code), (11, whole(own.international_prefix)), (12, own.national_prefix)]
    fields += [(13, own.preferred_extn_prefix), (15, whole(own.national_prefix_for_parsing))]
    fields += [(16, dollars(own.national_prefix_transform_rule)), (17, own.preferred_international_prefix), (18, same)]
    fields += [(19, number_format(each)) for each in own.number_format or ()]
    fields += [(20, number_format(each)) for each in own.intl_number_format or ()]
    fields += [(22, own.main_country_for_code or None), (23, whole(own.leading_digits))]
    fields += [(32, own.mobile_number_portable_region or None)]
    return message(fields)


def main():
    plans = [PhoneMetadata.metadata_for_region(code) for code in sorted(data._AVAILABLE_REGION_CODES)]
    plans += [PhoneMetadata.metadata_for_nongeo_region(code) for code in sorted(data._AVAILABLE_NONGEO_COUNTRY_CODES)]
    encoded = message([(1, plan(own)) for own in plans])
    TARGET.write_bytes(encoded)
    print(f"{len(plans)} numbering plans of libphonenumber {__version__}, {len(encoded)} bytes")


if __name__ == "__main__":
    main()
