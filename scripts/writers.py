"""Tables of ratios as different programs write them, against the plain CSV.

    writers.py PROGRAM [SEED]

PROGRAM is an `accunode` binary. Each table is written as plain CSV and, by pandas, openpyxl, XlsxWriter
and LibreOffice (those that are installed), in other formats and dialects. `accunode score` must give
each the probabilities of the plain CSV, bit for bit, or refuse the file. Ends with 1 where one has
others.
"""
import csv
import os
import random
import shutil
import subprocess
import sys
import tempfile

RATIOS = ["long_term_debt_to_total_capital", "total_debt_to_ebitda", "net_income_margin",
          "ebit_to_interest_expense", "return_on_assets"]
SHARES = {"long_term_debt_to_total_capital", "net_income_margin", "return_on_assets"}
HEADER = ["company_symbol", "company_name", "reporting_year", *RATIOS]
ROWS = 60


def table(dice):
    """Rows as texts: ordinary companies with some odd values, and some missing ones."""
    rows = []
    for n in range(ROWS):
        values = [dice.uniform(0.02, 0.85), dice.lognormvariate(1, 0.8), dice.gauss(0.06, 0.09),
                  dice.gauss(6, 7), dice.gauss(0.05, 0.06)]
        texts = [f"{value:.{dice.choice([2, 3, 4])}f}" for value in values]
        if dice.random() < 0.2:
            texts[dice.randrange(5)] = ""
        name = dice.choice(['Żabka, S.A.', 'Müller "Söhne"', "名古屋鉄工", "Acme; Ltd", "O'Neil\tInc"])
        rows.append([f"S{n:03}", f"{name} {n}", "2024", *texts])
    return rows


def number(text):
    return float(text) if text else None


def percent(text):
    """The same share in percent, as exactly as a decimal can be written."""
    from decimal import Decimal
    return format(Decimal(text) * 100, "f") if text else ""


def texts(path, rows, header=None, encoding="utf-8", **dialect):
    with open(path, "w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, **dialect)
        writer.writerow(header or HEADER)
        writer.writerows(rows)


def dialects(folder, rows):
    """Text in every dialect: (name, path, whether it must be read, options)."""
    def comma(text):
        return text.replace(".", ",")

    def changed(change):
        return [row[:3] + [change(text) for text in row[3:]] for row in rows]

    def shares(change):
        pairs = lambda row: zip(RATIOS, row[3:])
        return [row[:3] + [change(t) if r in SHARES else t for r, t in pairs(row)] for row in rows]

    made = []

    def add(name, rows, options=(), **how):
        path = os.path.join(folder, name)
        texts(path, rows, **how)
        made.append((name, path, list(options)))

    add("semicolons.csv", rows, delimiter=";")
    add("tabs.tsv", rows, delimiter="\t")
    add("bars.txt", rows, delimiter="|")
    add("every_cell_quoted.csv", rows, quoting=csv.QUOTE_ALL)
    add("unix_lines.csv", rows, lineterminator="\n")
    add("mac_lines.csv", rows, lineterminator="\r")
    add("mark.csv", rows, encoding="utf-8-sig")
    add("utf16.csv", rows, encoding="utf-16")
    add("decimal_commas.csv", changed(comma), delimiter=";")
    add("decimal_commas_quoted.csv", changed(comma))
    add("percent_signs.csv", shares(lambda t: percent(t) + "%" if t else t))
    add("percent.csv", shares(percent), ["--ratio-unit", "percent"])
    add("percent_by_header.csv", shares(percent),
        header=HEADER[:3] + [r + (" (%)" if r in SHARES else "") for r in RATIOS])
    add("brackets.csv", changed(lambda t: f"({t[1:]})" if t.startswith("-") else t))
    add("trailing_minus.csv", changed(lambda t: t[1:] + "-" if t.startswith("-") else t))
    add("minus_sign.csv", changed(lambda t: t.replace("-", "\u2212")))
    add("marks.csv", changed(lambda t: t or "#N/A"))
    add("titles.csv", [["", *[""] * 7], HEADER, *rows], header=["Portfolio", *[""] * 7])
    add("labels.csv", [row[:2] + ["FY2024"] + row[3:] for row in rows])
    path = os.path.join(folder, "sep.csv")
    texts(path, rows, delimiter=";")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write("sep=;\r\n" + text)
    made.append(("sep.csv", path, []))
    return made


def workbooks(folder, rows):
    made = []
    cells = [row[:2] + [2024] + [number(text) for text in row[3:]] for row in rows]

    def path(name):
        made.append((name, os.path.join(folder, name), []))
        return made[-1][1]

    try:
        import openpyxl
    except ImportError:
        print("openpyxl is not installed")
    else:
        for name, change in [("openpyxl.xlsx", None), ("openpyxl_percent.xlsx", "0.0%"),
                             ("openpyxl_texts.xlsx", "text"), ("openpyxl_second_sheet.xlsx", "sheet"),
                             ("openpyxl_formulas.xlsx", "formula"), ("openpyxl_macro_name.xlsm", None)]:
            book = openpyxl.Workbook()
            sheet = book.active
            if change == "sheet":
                sheet.append(["How to read this"])
                sheet = book.create_sheet("Data")
            sheet.append(HEADER)
            for source, row in zip(rows, cells):
                sheet.append(source if change == "text" else row)
            for row in sheet.iter_rows(min_row=2, min_col=4):
                for cell, ratio in zip(row, RATIOS):
                    if change == "0.0%" and ratio in SHARES:
                        cell.number_format = change
                    if change == "formula" and cell.value is not None:
                        cell.value = f"={cell.value!r}*1"
            book.save(path(name))
    try:
        import xlsxwriter
    except ImportError:
        print("XlsxWriter is not installed")
    else:
        for name, options in [("xlsxwriter.xlsx", {}), ("xlsxwriter_constant_memory.xlsx", {"constant_memory": True}),
                              ("xlsxwriter_formulas.xlsx", {}), ("xlsxwriter_formulas_with_values.xlsx", {})]:
            book = xlsxwriter.Workbook(path(name), options)
            sheet = book.add_worksheet()
            sheet.write_row(0, 0, HEADER)
            for n, row in enumerate(cells, 1):
                for column, value in enumerate(row):
                    if value is None:
                        continue
                    if "formulas" in name and column > 2:
                        stored = value if "values" in name else 0
                        sheet.write_formula(n, column, f"={value!r}*1", None, stored)
                    else:
                        sheet.write(n, column, value)
            book.close()
    try:
        import pandas
    except ImportError:
        print("pandas is not installed")
    else:
        frame = pandas.DataFrame(cells, columns=HEADER)
        frame.to_csv(path("pandas.csv"), index=False)
        frame.to_csv(path("pandas_index.csv"))
        frame.to_csv(path("pandas.csv.gz"), index=False)
        frame.to_csv(path("pandas_excel_dialect.csv"), sep=";", decimal=",", index=False, encoding="utf-8-sig")
        for engine in ("openpyxl", "xlsxwriter"):
            try:
                frame.to_excel(os.path.join(folder, f"pandas_{engine}.xlsx"), index=False, engine=engine)
            except ImportError:
                continue
            made.append((f"pandas_{engine}.xlsx", os.path.join(folder, f"pandas_{engine}.xlsx"), []))
    return made


def office(folder, plain):
    program = shutil.which("soffice") or shutil.which("libreoffice")
    if not program:
        print("LibreOffice is not installed")
        return []
    made = []
    for ending in ("xlsx", "ods"):
        out = os.path.join(folder, "office_" + ending)
        subprocess.run([program, "--headless", f"-env:UserInstallation=file://{folder}/profile",
                        "--infilter=CSV:44,34,76,1,,0,false,true", "--convert-to", ending, "--outdir", out, plain],
                       check=True, capture_output=True, timeout=180)
        made.append((f"office.{ending}", os.path.join(out, "plain." + ending), []))
    return made


def score(program, path, options):
    """The probabilities by symbol; None where the file is refused."""
    command = [program, "score", "--kind", "annual", "--no-reasons", *options, path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if done.returncode:
        return None, done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "no words"
    lines = csv.DictReader(done.stdout.splitlines())
    return {line["company_symbol"]: line["pd"] for line in lines if line["pd"]}, ""


def main():
    program, seed = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        rows = table(random.Random(seed))
        plain = os.path.join(folder, "plain.csv")
        texts(plain, rows)
        expected, told = score(program, plain, [])
        if not expected:
            sys.exit(f"the plain CSV is not scored: {told}")
        files = dialects(folder, rows) + workbooks(folder, rows) + office(folder, plain)
        for name, path, options in files:
            found, told = score(program, path, options)
            if found is None:
                print(f"refused  {name}: {told[:150]}")
            elif found == expected:
                print(f"same     {name}")
            else:
                wrong += 1
                others = [s for s, pd in found.items() if expected.get(s) != pd]
                print(f"WRONG    {name}: {len(found)} of {len(expected)} scored, {len(others)} with other PDs {others[:3]}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
