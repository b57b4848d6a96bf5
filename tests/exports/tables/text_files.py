"""Text files: separators, line ends, quotation marks, rows that are too short or too long."""

from tests.exports.cases import raw, reads, refuses, text

PLAIN = """
customer_id,order_date,amount,note
0004,2024-03-01,1200.50,first
0005,2024-03-05,80,
0004,2024-04-02,300,by phone
"""
TRUE = """
0004 2024-03-01 1200.50
0005 2024-03-05 80
0004 2024-04-02 300
"""
EURO = "\n".join(line.replace(",", ";").replace(".50", ",50") for line in PLAIN.split("\n"))
QUOTED = """
customer_id,order_date,amount,note
0004,2024-03-01,"1,200.50","first
of two lines, a ""quotation"" too"
0005,2024-03-05,80,"
"
0004,2024-04-02,300,"by phone"
"""
BLANK_BETWEEN = """

customer_id,order_date,amount,note
0004,2024-03-01,1200.50,first

,,,
0005,2024-03-05,80,
 ,  ,
0004,2024-04-02,300,by phone


"""
WITHOUT_80 = "0004 2024-03-01 1200.50\n0004 2024-04-02 300"
SHORT = PLAIN.replace("80,", "80")
LONG = PLAIN.replace("1200.50", "1,200.50")
MARKED = """
customer_id,order_date,amount
="0004",2024-03-01,1200.50
'0005,2024-03-05,80
="0004",2024-04-02,300
"""

CASES = [
    reads("commas", text(PLAIN), TRUE, says={"form": "CSV", "header_row": "^1$"}),
    reads("line ends of Windows", text(PLAIN, end="\r\n"), TRUE),
    reads("line ends of old Macs", text(PLAIN, end="\r"), TRUE),
    reads("no line end at the end", text(PLAIN.rstrip("\n")), TRUE),
    reads("semicolons and decimal commas", text(EURO), TRUE),
    reads("tabs", text(PLAIN.replace(",", "\t"), name="orders.tsv"), TRUE, says={"form": "TSV"}),
    reads("tabs in a .txt", text(PLAIN.replace(",", "\t"), name="orders.txt"), TRUE),
    reads("bars", text(PLAIN.replace(",", "|")), TRUE),
    reads("sep= line", text("sep=;\n" + EURO.removeprefix("\n")), TRUE),
    reads("sep= line with a bar", text("sep=|\r\n" + PLAIN.removeprefix("\n").replace(",", "|")), TRUE),
    reads("quoted line ends and marks", text(QUOTED), TRUE),
    reads("quoted line ends of Windows", text(QUOTED, end="\r\n"), TRUE),
    reads(
        "all cells quoted", text("\n".join('"' + x.replace(",", '","') + '"' for x in PLAIN.strip().split("\n"))), TRUE
    ),
    reads("blank rows between", text(BLANK_BETWEEN), TRUE, says={"header_row": "^2$"}),
    reads("rows that end early", text(SHORT), TRUE),
    reads("a comma at the end of every row", text("\n".join(x + "," for x in PLAIN.strip().split("\n"))), TRUE),
    reads("blanks around cells and names", text(PLAIN.replace(",", " , ")), TRUE),
    reads("ids as formulas and with apostrophes", text(MARKED), TRUE),
    reads(
        "a column without a name",
        text("\n".join(f"{n},{x}" if n else f",{x}" for n, x in enumerate(PLAIN.strip().split("\n")))),
        TRUE,
    ),
    refuses(
        "row numbers below a cell of two lines",
        text(QUOTED.replace(",80,", ",x80,")),
        r"row 3\b",
        "x80",
        right=[WITHOUT_80],
    ),
    refuses(
        "row numbers among blank rows",
        text(BLANK_BETWEEN.replace(",80,", ",x80,")),
        r"row 6\b",
        "x80",
        right=[WITHOUT_80],
    ),
    refuses(
        "row numbers below a sep= line",
        text("sep=;\n" + EURO.removeprefix("\n").replace(";80;", ";x80;")),
        r"row 4\b",
        "x80",
        right=[WITHOUT_80],
    ),
    refuses("thousands without quotation marks", text(LONG), r"Row 2\b", "5 cells", "quotation marks", "header 4"),
    refuses(
        "a quotation mark that stays open", text(PLAIN.replace("first", '"first')), "quotation mark", "never closed"
    ),
    refuses("an empty file", raw("orders.csv", b""), "orders.csv is empty"),
    refuses("nothing but blanks", raw("orders.csv", b" \r\n \r\n"), "empty"),
    refuses("nothing but a mark", raw("orders.csv", b"\xef\xbb\xbf"), "empty"),
    refuses("a header alone", text("customer_id,order_date,amount\n"), "no rows"),
    refuses("no header", text("\n".join(PLAIN.strip().split("\n")[1:])), "no header", "row 1", "header="),
    refuses(
        "a column named twice",
        text(PLAIN.replace("note", "amount")),
        "same name",
        "amount",
        error=KeyError,
    ),
    refuses("no such file", lambda folder: folder / "nowhere.csv", "does not exist", "nowhere.csv"),
    refuses("a folder", lambda folder: folder, "is a folder"),
    refuses("an unknown ending", text(PLAIN, name="orders.dat"), "orders.dat", r"\.csv"),
]
