"""Uploads as people have them: encodings, delimiters, headers, broken files, and workbooks."""

import datetime as dt
import io
import tracemalloc
import zipfile
from decimal import Decimal

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from kernel.transfer import readers, sources, workbooks
from kernel.transfer.readers import UnreadableFile, detect
from kernel.transfer.writers import CsvWriter, XlsxWriter

pytestmark = pytest.mark.nodb

PEOPLE = "نام,شهر,مبلغ\nسارا احمدی,تهران,۱۲۰۰\nعلی پژوهش‌گر,گرگان,۳۴۰۰\nژاله,چالوس,۵\n"


def text(content: str | bytes, encoding: str = "utf-8") -> io.BytesIO:
    return io.BytesIO(content if isinstance(content, bytes) else content.encode(encoding))


def cells(source: readers.Source) -> list[list[str]]:
    return [row.cells for row in source.rows()]


def workbook(*rows, **sheets) -> io.BytesIO:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for title, content in sheets.items():
        sheet = book.create_sheet(title)
        for row in content:
            sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file


def refusal(file, **options) -> str:
    with pytest.raises(UnreadableFile) as caught:
        list(detect(file, **options).rows())
    assert str(caught.value.message).endswith(".")
    return caught.value.code


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (PEOPLE.encode(), "utf-8"),
        (PEOPLE.encode("utf-8-sig"), "utf-8"),
        (b"\xff\xfe" + PEOPLE.encode("utf-16-le"), "utf-16-le"),
        (b"\xfe\xff" + PEOPLE.encode("utf-16-be"), "utf-16-be"),
        (PEOPLE.encode("utf-16-le"), "utf-16-le"),
        (PEOPLE.encode("utf-16-be"), "utf-16-be"),
    ],
)
def test_unicode_is_recognised_with_and_without_its_mark(content, encoding):
    source = detect(text(content))
    assert source.encoding == encoding
    assert source.header == ["نام", "شهر", "مبلغ"]
    assert cells(source)[1] == ["علی پژوهش‌گر", "گرگان", "۳۴۰۰"]


def test_windows_1256_is_recognised_by_its_persian_letters():
    source = detect(text("نام,شهر\nسارا احمدي,تهران\nپژمان چگني,گرگان\n", "windows-1256"))
    assert source.encoding == "windows-1256"
    assert cells(source)[1] == ["پژمان چگني", "گرگان"]


def test_one_persian_column_among_english_ones_is_still_windows_1256():
    rows = "".join(f"{n},Acme,Won,تهران\n" for n in range(50))
    assert detect(text("id,account,stage,شهر\n" + rows, "windows-1256")).encoding == "windows-1256"


def test_western_text_is_not_taken_for_persian():
    source = detect(text("Prénom;Ville\nRené;Orléans\nJürgen;Köln\nBjörk;Århus\n", "windows-1252"))
    assert source.encoding == "windows-1252"
    assert cells(source)[0] == ["René", "Orléans"]


def test_latin_1_is_the_last_resort():
    assert detect(text(b"name,city\nRen\xe9,\x81\n")).encoding == "iso-8859-1"


def test_utf8_is_checked_to_the_end_of_the_file():
    assert detect(text("name,city\n" + "Acme,Bern\n" * 40_000 + "سارا,تهران\n")).encoding == "utf-8"


def test_utf8_cut_inside_a_letter_is_still_utf8():
    assert detect(text((PEOPLE * 30).encode()[:-3])).encoding == "utf-8"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_recognised(delimiter):
    content = "\n".join(delimiter.join(row) for row in [["name", "city"], ["Acme", "Bern"], ["Umbrella", "Rome"]])
    source = detect(text(content))
    assert source.delimiter == delimiter
    assert cells(source) == [["Acme", "Bern"], ["Umbrella", "Rome"]]


def test_decimal_commas_do_not_hide_the_semicolon():
    assert detect(text("name;price;tax\nA;1,5;0,3\nB;2,5;0,5\n")).delimiter == ";"


def test_commas_inside_quoted_text_do_not_count():
    source = detect(text('name;note\nA;"x, y, z"\nB;"p, q, r"\n'))
    assert (source.delimiter, cells(source)[0]) == (";", ["A", "x, y, z"])


def test_a_separator_line_of_excel_is_obeyed_and_left_out():
    source = detect(text("sep=;\nname;city\nAcme;Bern\n"))
    assert (source.delimiter, source.header, source.header_row) == (";", ["name", "city"], 2)


def test_a_single_column_needs_no_delimiter():
    assert cells(detect(text("name\nAcme\nUmbrella\n"))) == [["Acme"], ["Umbrella"]]


def test_what_is_given_is_not_detected():
    source = detect(text("a,b;c,d\ne,f;g,h\n"), delimiter=";", encoding="windows-1252", header_row=0)
    assert (source.delimiter, source.encoding, source.header) == (";", "windows-1252", ["A", "B"])
    assert cells(source) == [["a,b", "c,d"], ["e,f", "g,h"]]


@pytest.mark.parametrize(
    ("content", "header_row"),
    [
        ("name,city\nAcme,Bern\n", 1),
        ("Sales of November\n\nname,city,amount\nAcme,Bern,5\nUmbrella,Rome,6\n", 3),
        ("1,Acme,2026-01-01\n2,Umbrella,2026-01-02\n", 0),
        ("Acme,$5\nUmbrella,$6\n", 0),
        ("x,x\nname,city\nAcme,Bern\n", 2),
        ("name,city,1405\nAcme,Bern,5\n", 0),
    ],
)
def test_the_header_is_the_first_full_row_of_different_words(content, header_row):
    assert detect(text(content)).header_row == header_row


def test_another_header_row_can_be_chosen():
    source = detect(text("name,city\nتماس,شهر\nAcme,Bern\n"), header_row=2)
    assert (source.header, cells(source)) == (["تماس", "شهر"], [["Acme", "Bern"]])


def test_column_names_are_made_whole_and_different():
    assert detect(text("name,,name\nAcme,x,y\n"), header_row=1).header == ["name", "B", "name (2)"]


def test_rows_keep_their_numbers_and_empty_rows_are_passed_over():
    source = detect(text('name,city\n\nAcme,Bern\n,\n"two\nlines",Rome\nLast,Oslo\n'))
    assert [(row.number, row.cells[0]) for row in source.rows()] == [(3, "Acme"), (5, "two\nlines"), (6, "Last")]


def test_short_rows_are_filled_and_long_ones_counted():
    rows = list(detect(text("a,b,c\nx\n1,2,3,4,,5\n1,2,3,,\n")).rows())
    assert [(row.cells, row.surplus) for row in rows] == [
        (["x", "", ""], 0),
        (["1", "2", "3"], 2),
        (["1", "2", "3"], 0),
    ]


def test_nul_characters_and_stray_spaces_are_dropped():
    assert cells(detect(text("name,city\nAc\x00me,  Bern \n"))) == [["Acme", "Bern"]]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_ending_is_read(end):
    assert cells(detect(text(f"name,city{end}Acme,Bern{end}"))) == [["Acme", "Bern"]]


def test_a_table_can_be_read_twice_and_from_an_uploaded_file():
    source = detect(SimpleUploadedFile("people.csv", PEOPLE.encode()))
    assert cells(source) == cells(source)
    assert source.name == "people.csv"


def test_a_path_is_read_as_well(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text(PEOPLE)
    source = detect(path)
    assert (source.name, len(cells(source))) == ("people.csv", 3)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b" \n\n", "empty_file"),
        (b",,\n,,\n", "empty_file"),
        (b'name,city\n"Acme,Bern\nUmbrella,Rome\n', "open_quote"),
        (b"name,city\n" + b"x" * 10_000_000 + b",Bern\n", "cell_too_long"),
        (b'name,city\n"' + b"x\n" * 5_000_000 + b'",Bern\n', "cell_too_long"),
        (b"a,b\n" + b"x," * 600 + b"x\n", "too_many_columns"),
        (b"%PDF-1.7 and more", "not_a_table"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old_excel"),
        (b"PK\x03\x04 not really a zip", "not_a_workbook"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_a_reason(content, code):
    assert refusal(text(content)) == code


def test_an_unclosed_quotation_mark_names_its_row():
    with pytest.raises(UnreadableFile, match="row 3"):
        list(detect(text('name,city\nAcme,Bern\n"Umbrella,Rome\nLast,Oslo\n')).rows())


def test_a_file_beyond_the_limit_is_refused(monkeypatch):
    monkeypatch.setattr(readers, "MAX_FILE_BYTES", 10)
    assert refusal(text(PEOPLE)) == "file_too_large"


@pytest.mark.parametrize(
    ("options", "code"),
    [({"encoding": "rot13"}, "encoding"), ({"delimiter": "ab"}, "delimiter"), ({"header_row": 2}, "header_row")],
)
def test_an_impossible_choice_is_refused(options, code):
    assert refusal(text("name,city\n\nAcme,Bern\n"), **options) == code


def test_workbook_cells_become_what_a_person_sees():
    file = workbook(
        ["name", "sum", "whole", "day", "moment", "yes", "share", "note"],
        ["سارا", 0.1 + 0.2, 120000, dt.date(2026, 11, 29), dt.datetime(2026, 11, 29, 10, 0), True, 0.25, " x "],  # noqa: DTZ001
    )
    book = openpyxl.load_workbook(file)
    book.active["G2"].number_format = "0%"
    file = io.BytesIO()
    book.save(file)
    source = detect(file)
    assert source.header[0] == "name"
    assert cells(source) == [["سارا", "0.3", "120000", "2026-11-29", "2026-11-29T10:00:00", "true", "25%", "x"]]


def excel(sheet: str, strings: str = "") -> io.BytesIO:
    """A workbook as Excel itself saves it: texts in a table of their own, formulas with their last result."""
    source = workbook(["a"])
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    file = io.BytesIO()
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(file, "w") as new:
        for part in old.namelist():
            if part not in ("xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"):
                new.writestr(part, old.read(part))
        new.writestr("xl/sharedStrings.xml", f"<sst {main}>{strings}</sst>")
        new.writestr("xl/worksheets/sheet1.xml", f"<worksheet {main}><sheetData>{sheet}</sheetData></worksheet>")
    return file


def test_shared_texts_of_a_workbook_are_put_in_their_places():
    strings = (
        "<si><t>name</t></si><si><r><t>سارا </t></r><r><rPr><b/></rPr><t>احمدی</t></r><rPh><t>x</t></rPh></si>"
        "<si><t>two_x000D_\nlines</t></si><si><t/></si>"
    )
    sheet = (
        '<row r="1"><c r="A1" t="s"><v>0</v></c></row><row r="2"><c r="A2" t="s"><v>1</v></c></row>'
        '<row r="3"><c r="A3" t="s"><v>2</v></c></row><row r="4"><c r="A4" t="s"><v>3</v></c></row>'
    )
    assert cells(detect(excel(sheet, strings))) == [["سارا احمدی"], ["two\r\nlines"]]


def test_a_formula_is_read_by_its_last_result():
    sheet = (
        '<row><c t="str"><v>sum</v></c><c t="str"><v>words</v></c></row>'
        '<row><c><f>1+1</f><v>2</v></c><c t="str"><f>A1</f><v>sum</v></c></row>'
    )
    assert cells(detect(excel(sheet))) == [["2", "sum"]]


def test_a_text_that_the_workbook_lacks_is_a_damage():
    assert refusal(excel('<row r="1"><c r="A1" t="s"><v>7</v></c></row>')) == "not_a_workbook"


def test_numbers_of_a_workbook_carry_no_exponent():
    rows = cells(detect(workbook(["small", "large"], [1e-7, 1.5e15], [1234567.89, -0.5])))
    assert rows == [["0.0000001", "1500000000000000"], ["1234567.89", "-0.5"]]


def test_rows_and_columns_left_out_of_a_workbook_keep_their_places():
    book = openpyxl.Workbook()
    for at, value in {"A1": "a", "B1": "b", "C1": "c", "A2": "x", "C2": "z", "C5": "last"}.items():
        book.active[at] = value
    file = io.BytesIO()
    book.save(file)
    assert [(row.number, row.cells) for row in detect(file).rows()] == [(2, ["x", "", "z"]), (5, ["", "", "last"])]


def test_the_first_sheet_with_content_is_taken_and_another_can_be_chosen():
    file = workbook(Deals=[["deal", "stage"], ["One", "Won"]], People=[["name", "city"], ["Acme", "Bern"]])
    source = detect(file)
    assert (source.sheets, source.sheet) == (("Sheet", "Deals", "People"), "Deals")
    assert cells(detect(file, sheet="People")) == [["Acme", "Bern"]]
    assert refusal(file, sheet="Nothing") == "no_sheet"


def test_hidden_sheets_are_not_offered():
    book = openpyxl.load_workbook(workbook(["a"], ["x"], Secret=[["b"]]))
    book["Secret"].sheet_state = "hidden"
    file = io.BytesIO()
    book.save(file)
    assert detect(file).sheets == ("Sheet",)


def test_dates_counted_from_1904_are_understood():
    book = openpyxl.load_workbook(workbook(["day"], ["x"]))
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    book.active["A2"] = dt.date(2026, 11, 29)
    file = io.BytesIO()
    book.save(file)
    assert cells(detect(file)) == [["2026-11-29"]]


def test_an_empty_workbook_is_refused():
    assert refusal(workbook()) == "empty_file"


def test_a_zip_of_something_else_is_no_workbook():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("holiday.jpg", b"x")
    assert refusal(file) == "not_a_workbook"


def with_part(name: str, content: bytes) -> io.BytesIO:
    file = workbook(["a"], ["x"])
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return file


def test_a_zip_bomb_is_refused_before_it_is_unpacked():
    assert refusal(with_part("xl/media/bomb.bin", bytes(30_000_000))) == "archive_too_large"


def test_a_workbook_too_large_in_sum_is_refused(monkeypatch):
    monkeypatch.setattr(workbooks, "MAX_UNZIPPED_BYTES", 1000)
    assert refusal(workbook(["a"], ["x"])) == "archive_too_large"


def test_a_workbook_that_declares_entities_is_refused():
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>'
    assert refusal(with_part("docProps/extra.xml", bomb)) == "not_a_workbook"


def test_a_broken_sheet_is_refused():
    source = workbook(["a"], ["x"])
    file = io.BytesIO()
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(file, "w") as new:
        for part in old.namelist():
            content = old.read(part)
            new.writestr(part, content[: len(content) // 2] if "sheet1" in part else content)
    assert refusal(file) == "not_a_workbook"


VALUES = [
    "سارا",
    Decimal("1234.5000"),
    7,
    None,
    True,
    dt.date(2026, 11, 29),
    "=1+1",
    "-5",
    "+989121234567",
    "@x",
    "a\nb",
]


@pytest.mark.parametrize("writer", [CsvWriter, XlsxWriter])
def test_what_is_written_reads_back(writer):
    file = io.BytesIO()
    out = writer(file)
    out.write_row([f"c{n}" for n in range(len(VALUES))])
    out.write_row(VALUES)
    out.close()
    assert not file.closed
    assert cells(detect(file, header_row=1)) == [
        ["سارا", "1234.5", "7", "", "true", "2026-11-29", "=1+1", "-5", "+989121234567", "@x", "a\nb"]
    ]


def written(writer, *rows) -> io.BytesIO:
    file = io.BytesIO()
    out = writer(file)
    for row in rows:
        out.write_row(row)
    out.close()
    return file


@pytest.mark.parametrize("payload", ["=cmd|' /C calc'!A0", "+1+cmd()", "-2+3", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_csv_cell_that_a_spreadsheet_would_run_gets_an_apostrophe(payload):
    assert (
        written(CsvWriter, ["note"], [payload]).getvalue().decode("utf-8-sig").split("\n", 1)[1].lstrip('"')[0] == "'"
    )


def test_a_csv_begins_with_the_mark_that_excel_needs():
    assert written(CsvWriter, ["نام"]).getvalue() == b"\xef\xbb\xbf" + "نام\r\n".encode()


def test_a_workbook_never_holds_a_formula():
    sheet = openpyxl.load_workbook(written(XlsxWriter, ["note"], ["=1+1"])).active
    assert (sheet["A2"].data_type, sheet["A2"].value) == ("s", "=1+1")


def test_a_workbook_holds_real_numbers_and_dates():
    file = written(XlsxWriter, ["n", "d"], [Decimal("1054.2500"), dt.date(2026, 11, 29)])
    sheet = openpyxl.load_workbook(file).active
    assert (sheet["A2"].value, sheet["B2"].value.date(), sheet["B2"].is_date) == (1054.25, dt.date(2026, 11, 29), True)


def test_a_moment_in_a_workbook_is_in_utc():
    tehran = dt.timezone(dt.timedelta(hours=3, minutes=30))
    file = written(XlsxWriter, ["at"], [dt.datetime(2026, 11, 29, 10, 30, tzinfo=tehran)])
    assert cells(detect(file)) == [["2026-11-29T07:00:00"]]


def test_a_number_too_long_for_a_spreadsheet_is_kept_as_text():
    exact = "12345678901234567.1234"
    sheet = openpyxl.load_workbook(written(XlsxWriter, ["n"], [Decimal(exact)])).active
    assert (sheet["A2"].data_type, sheet["A2"].value) == ("s", exact)


def test_characters_that_xml_forbids_are_left_out():
    assert cells(detect(written(XlsxWriter, ["n"], ["a\x00\x0b<b>&amp;_x0041_"]))) == [["a<b>&amp;_x0041_"]]


@pytest.mark.parametrize(("language", "from_the_right"), [("fa", True), ("en", False)])
def test_a_persian_sheet_runs_from_right_to_left(language, from_the_right):
    file = io.BytesIO()
    out = XlsxWriter(file, language, "فروش [آذر]/۱۴۰۵")
    out.write_row(["نام"])
    out.close()
    sheet = openpyxl.load_workbook(file).active
    assert bool(sheet.sheet_view.rightToLeft) == from_the_right
    assert sheet.title == "فروش  آذر  ۱۴۰۵"
    assert sheet["A1"].font.bold


@pytest.mark.parametrize("writer", [CsvWriter, XlsxWriter])
def test_reading_a_long_table_takes_no_more_memory_than_a_short_one(writer, tmp_path):
    path = tmp_path / "long"
    with path.open("wb") as file:
        out = writer(file)
        out.write_row(["id", "name", "amount"])
        for n in range(20_000):
            out.write_row([f"D{n:07}", f"شرکت شماره {n}", n])
        out.close()
    source = detect(path)
    tracemalloc.start()
    count = sum(1 for _row in source.rows())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 20_000
    assert peak < 3_000_000


def test_columns_go_by_letters_as_in_a_spreadsheet():
    assert [sources.column_letter(index) for index in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]
