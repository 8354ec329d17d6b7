#!/usr/bin/env python3
"""Writes the hostile files of this folder: `make hostile`.

Each is what an attacker would send as an upload: small as it is sent, and large,
endless or contradictory for whoever reads it. The same files come out of every run
(the same Python version given). `expected.tsv` names for each file the code of the
fault that it must be refused with, or `*` where any refusal or any named end of its
job will do.
"""

import gzip
import io
import struct
import sys
import zlib
from pathlib import Path

FOLDER = Path(__file__).parent
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
HEADER = (
    "company_symbol,reporting_year,long_term_debt_to_total_capital,total_debt_to_ebitda,"
    "net_income_margin,ebit_to_interest_expense,return_on_assets"
)

expected = {}


def save(name, code, data):
    assert len(data) <= 200_000, f"{name} has {len(data)} bytes"
    (FOLDER / name).write_bytes(data)
    expected[name] = code


# --- zip, by hand: the library is too honest ---------------------------------------


def deflate(data):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


class Zip:
    """A zip archive whose every field can lie."""

    def __init__(self):
        self.body = b""
        self.directory = b""
        self.count = 0

    def add(self, name, data, *, size=None, packed_size=None, method=8, flags=0):
        name = name.encode() if isinstance(name, str) else name
        packed = deflate(data) if method == 8 else data
        crc = zlib.crc32(data)
        size = len(data) if size is None else size
        packed_size = len(packed) if packed_size is None else packed_size
        offset = len(self.body)
        fields = (20, flags, method, 0, 0x21, crc, packed_size, size, len(name), 0)
        self.body += b"PK\3\4" + struct.pack("<5H3I2H", *fields) + name + packed
        self.directory += (
            b"PK\1\2"
            + struct.pack("<6H3I5H2I", 20, *fields[:5], crc, packed_size, size, len(name), 0, 0, 0, 0, 0, offset)
            + name
        )
        self.count += 1
        return offset

    def bytes(self, count=None):
        count = self.count if count is None else count
        end = struct.pack("<4H2IH", 0, 0, count, count, len(self.directory), len(self.body), 0)
        return self.body + self.directory + b"PK\5\6" + end


def relations(*targets):
    lines = "".join(
        f'<Relationship Id="r{n}" Type="{RELATIONS}/{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(targets)
    )
    return f"<Relationships>{lines}</Relationships>".encode()


def row(number, cells):
    return f'<row r="{number}">' + "".join(cells) + "</row>"


def text(value):
    return f'<c t="inlineStr"><is><t>{value}</t></is></c>'


HEADER_ROW = row(1, [text(name) for name in HEADER.split(",")])
GOOD_ROW = row(2, [text("ACME"), *(f"<c><v>{n}</v></c>" for n in ("2024", "0.2", "2", "0.1", "6", "0.05"))])


def sheet(rows, before=""):
    return f"<worksheet>{before}<sheetData>{rows}</sheetData></worksheet>".encode()


GOOD_SHEET = sheet(HEADER_ROW + GOOD_ROW)
BOOK = b'<workbook><sheets><sheet name="s" r:id="r0"/></sheets></workbook>'


def workbook(*, folder="xl", target="worksheets/sheet1.xml", content=GOOD_SHEET, book=BOOK, parts=()):
    """A workbook with one sheet, and more parts."""
    archive = Zip()
    archive.add("_rels/.rels", relations(("officeDocument", f"{folder}/workbook.xml")))
    archive.add(f"{folder}/_rels/workbook.xml.rels", relations(("worksheet", target)))
    archive.add(f"{folder}/workbook.xml", book)
    archive.add(f"{folder}/{target}", content)
    for name, data in parts:
        archive.add(name, data)
    return archive


def with_strings(strings, **more):
    return workbook(parts=[("xl/sharedStrings.xml", strings.encode())], **more).bytes()


def workbooks():
    save("good.xlsx", "202", workbook().bytes())

    # Counts that the file states about itself.
    for name, count in [("huge", 300_000_000_000_000_000), ("max", 2**64 - 1), ("million", 40_000_000)]:
        strings = f'<sst uniqueCount="{count}"><si><t>a</t></si></sst>'
        save(f"unique-count-{name}.xlsx", "202", with_strings(strings))

    # Bytes.
    cells = sheet('<c r="A1"><v>1</v></c>' * 2_000_000)
    save("sheet-named-dat.xlsx", "too_large_inflated", workbook(target="sheet1.dat", content=cells).bytes())
    strings = b"<sst>" + b"<si><t>aaaaaaaaaaaaaaaaaaaaaaaa</t></si>" * 900_000 + b"</sst>"
    moved = workbook(folder="xl/worksheets", target="s.xml", parts=[("xl/worksheets/sharedStrings.xml", strings)])
    save("moved-workbook.xlsx", "too_large_inflated", moved.bytes())
    small = [(f"x{n}.bin", bytes(15 << 20)) for n in range(10)]
    save("many-small-bombs.xlsx", "too_large_inflated", workbook(parts=small).bytes())
    save("overlapping.xlsx", "*", overlapping().bytes())

    # Objects.
    save("many-strings.xlsx", "file_too_complex", with_strings("<sst>" + "<si/>" * 1_100_000 + "</sst>"))
    strings = "<sst>" + "<si><t>a</t></si>" * 980_000 + "</sst>"
    save("many-strings-allowed.xlsx", "202", with_strings(strings))
    style = "<styleSheet><fonts><font><name val='" + "n" * 100_000 + "'/></font></fonts><cellXfs>"
    style += '<xf fontId="0"></xf>' * 150_000 + "</cellXfs></styleSheet>"
    save("styles-that-multiply.xlsx", "202", workbook(parts=[("xl/styles.xml", style.encode())]).bytes())
    style = "<styleSheet><cellXfs>" + "<xf/>" * 1_000_000 + "</cellXfs></styleSheet>"
    save("many-styles.xlsx", "file_too_complex", workbook(parts=[("xl/styles.xml", style.encode())]).bytes())
    book = "<workbook><sheets>" + '<sheet name="s" r:id="r0"/>' * 5_000 + "</sheets></workbook>"
    save("many-sheets.xlsx", "file_too_complex", workbook(book=book.encode()).bytes())
    parts = [(f"x{n}", b"") for n in range(1_100)]
    save("many-parts.xlsx", "file_too_complex", workbook(parts=parts).bytes())
    rows = HEADER_ROW + row(2, [text("x")] * 20_000)
    save("wide.xlsx", "*", workbook(content=sheet(rows)).bytes())
    nested = sheet("<row>" + "<c>" * 400_000)
    save("nested.xlsx", "*", workbook(content=nested).bytes())

    # Texts.
    runs = "<sst><si>" + "<r><t>aaaaaaaaaaaaaaaa</t></r>" * 500_000 + "</si></sst>"
    cell = sheet(row(1, ['<c t="s"><v>0</v></c>']))
    save("string-of-runs.xlsx", "*", with_strings(runs, content=cell))
    save("string-of-cdata.xlsx", "*", with_strings("<sst><si><t><![CDATA[" + "<" * 15_000_000 + "]]></t></si></sst>"))
    save("comment.xlsx", "*", with_strings("<!--" + "<" * 15_000_000 + "--><sst/>"))
    save("long-text.xlsx", "*", with_strings("<sst><si><t>" + "a" * 15_000_000 + "</t></si></sst>"))
    save("long-attribute.xlsx", "*", with_strings("<sst a='" + "a" * 15_000_000 + "'></sst>"))
    laughs = '<!DOCTYPE l [<!ENTITY a "ha">' + "".join(
        f'<!ENTITY {chr(98 + n)} "{("&" + chr(97 + n) + ";") * 10}">' for n in range(20)
    )
    save("entities.xlsx", "*", with_strings(laughs + "]><sst><si><t>&u;</t></si></sst>"))
    external = '<!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/passwd">]><sst><si><t>&a;</t></si></sst>'
    save("external-entity.xlsx", "*", with_strings(external))
    # One text in very many cells.
    strings = "<sst><si><t>" + "a" * 30_000 + "</t></si></sst>"
    shared = '<c t="s"><v>0</v></c>'
    rows = HEADER_ROW + "".join(row(n, [shared] * 30) for n in range(2, 102))
    save("one-text-everywhere.xlsx", "*", with_strings(strings, content=sheet(rows)))

    # Numbers.
    for name, before, rows in [
        ("dimension-reversed", '<dimension ref="XFD1048576:A1"/>', HEADER_ROW + GOOD_ROW),
        ("dimension-huge", '<dimension ref="A1:XFD4294967295"/>', HEADER_ROW + GOOD_ROW),
        ("row-zero", "", '<row r="0"><c r="A0"><v>1</v></c></row>'),
        ("row-last", "", '<row r="4294967295"><c r="A4294967295"><v>1</v></c></row>'),
        ("row-beyond", "", '<row r="99999999999999999999"><c><v>1</v></c></row>'),
        ("column-beyond", "", '<row r="1"><c r="ZZZZZZZZZZZZ1"><v>1</v></c></row>'),
        ("rows-backwards", "", row(5, [text("a")]) + row(4, [text("b")])),
        ("string-beyond", "", row(1, ['<c t="s"><v>99999999</v></c>'])),
        ("date-beyond", "", HEADER_ROW + row(2, ['<c t="d"><v>999999999-99-99</v></c>'])),
    ]:
        save(f"{name}.xlsx", "*", workbook(content=sheet(rows, before)).bytes())

    # Archives that contradict themselves.
    good = workbook().bytes()
    save("cut-off.xlsx", "malformed_file", good[: len(good) // 2])
    save("no-end.xlsx", "malformed_file", good[:-10])
    save("count-of-a-million.xlsx", "*", workbook().bytes(count=0xFFFF))
    for name, more in [
        ("states-less", {"size": 10}),
        ("states-more", {"size": 0xFFFFFFFE}),
        ("packed-beyond", {"packed_size": 0xFFFFFFF0}),
        ("encrypted", {"flags": 1}),
        ("unknown-method", {"method": 99}),
    ]:
        archive = Zip()
        archive.add("_rels/.rels", relations(("officeDocument", "xl/workbook.xml")))
        archive.add("xl/_rels/workbook.xml.rels", relations(("worksheet", "s.xml")))
        archive.add("xl/workbook.xml", BOOK)
        archive.add("xl/s.xml", GOOD_SHEET, **more)
        # Packed bytes beyond the archive's end are only a claim: they are never read.
        code = "*" if name == "packed-beyond" else "malformed_file"
        save(f"{name}.xlsx", code, archive.bytes())
    twice = workbook()
    twice.add("XL\\workbook.xml", BOOK)
    save("two-of-one-name.xlsx", "malformed_file", twice.bytes())
    save("odd-names.xlsx", "*", workbook(parts=[("../../etc/passwd", b"x"), (b"\xff\xfe\0", b"x")]).bytes())
    utf16 = '<?xml version="1.0" encoding="UTF-16"?><sst uniqueCount="9"><si><t>a</t></si></sst>'.encode("utf-16")
    save("utf16.xlsx", "malformed_file", workbook(parts=[("xl/sharedStrings.xml", utf16)]).bytes())
    archive = Zip()
    archive.add("_rels/.rels", relations(("officeDocument", "_rels/.rels")))
    save("its-own-workbook.xlsx", "*", archive.bytes())
    save("relation-to-nothing.xlsx", "*", workbook(book=b'<workbook><sheet r:id="r9"/></workbook>').bytes())
    save("sheet-is-strings.xlsx", "*", workbook(target="sharedStrings.xml").bytes())
    save("empty-archive.xlsx", "unsupported_format", Zip().bytes())
    save("text.xlsx", "unsupported_format", HEADER.encode())
    save("old-excel.xlsx", "unsupported_format", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))


def overlapping():
    """Nine hundred parts that are all the same bytes of the archive."""
    archive = workbook()
    data = bytes(15 << 20)
    packed = deflate(data)
    at = archive.add("a.bin", data)
    for n in range(900):
        name = f"b{n:03}.b".encode()
        archive.directory += (
            b"PK\1\2"
            + struct.pack(
                "<6H3I5H2I", 20, 20, 0, 8, 0, 0x21, zlib.crc32(data), len(packed), len(data), len(name), 0, 0, 0, 0, 0, at
            )
            + name
        )
        archive.count += 1
    return archive


def pack(data):
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=9, mtime=0) as file:
        file.write(data)
    return buffer.getvalue()


def tables():
    save("blank-lines.csv.gz", "too_large_inflated", pack(b"a\n" + b"\n" * (60 << 20)))
    save("zeros.csv.gz", "*", pack(HEADER.encode() + b"\n" + bytes(40 << 20)))
    save("bomb-in-a-bomb.csv.gz", "unsupported_format", pack(pack(bytes(40 << 20))))
    save("unclosed-quote.csv.gz", "malformed_file", pack(b'a,b\n1,"' + b"x" * (3 << 20)))
    save("wide-header.csv.gz", "too_many_columns", pack(b"," * 3_000_000))
    save("wide-row.csv.gz", "*", pack(HEADER.encode() + b"\n" + b"1," * 2_000_000))
    save("long-cell.csv.gz", "*", pack(HEADER.encode() + b"\n" + b"a" * 900_000 + b",2024,,,,,\n"))
    save("many-members.csv.gz", "*", b"".join([pack(HEADER.encode() + b"\n")] + [pack(b"")] * 5_000))
    good = pack(f"{HEADER}\nACME,2024,0.2,2,0.1,6,0.05\n".encode())
    save("cut-off.csv.gz", "malformed_file", good[: len(good) // 2])
    save("wrong-sum.csv.gz", "*", good[:-8] + bytes(8))
    save("garbage-behind.csv.gz", "*", good + b"garbage" * 100)
    save("long-name.csv.gz", "*", b"\x1f\x8b\x08\x08" + bytes(6) + b"a" * 150_000)
    save("reserved-flags.csv.gz", "*", b"\x1f\x8b\x08\xff" + bytes(6) + b"\xff\xff" + b"a" * 70_000)
    save("not-utf8.csv", "not_utf8", HEADER.encode() + b"\nACM\xc5\x81,20\xff4")
    save("nul.csv", "unsupported_format", b"a,b\0c\n")
    save("only-quotes.csv", "*", b'"' * 100_000)
    save("carriage-returns.csv", "empty_file", b"\r" * 100_000)
    save("marks.csv", "*", b"\xef\xbb\xbf" * 30_000)


workbooks()
tables()
lines = "".join(f"{name}\t{code}\n" for name, code in sorted(expected.items()))
(FOLDER / "expected.tsv").write_text(lines)
for stray in FOLDER.iterdir():
    if stray.suffix in {".xlsx", ".gz", ".csv"} and stray.name not in expected:
        stray.unlink()
print(f"{len(expected)} files, {sum((FOLDER / name).stat().st_size for name in expected)} bytes", file=sys.stderr)
