"""Text as dates and amounts: SQL expressions that give the value, or nothing where it cannot be read."""

from retention_kit.data.engine import literal
from retention_kit.data.source_settings import DateOrder

__all__ = [
    "PARTS",
    "amount_of",
    "day_parts",
    "identifier_of",
    "is_instant",
    "is_whole",
    "moment_of",
    "text_of",
    "truth_of",
]

# By their first three letters without accents: English, German, Italian, Polish, Finnish. Finnish
# marraskuu, which begins like March, is told apart by its fourth letter.
_MONTHS = {
    1: "jan gen sty tam",
    2: "feb lut hel",
    3: "mar mrz maa",
    4: "apr kwi huh",
    5: "may mai mag maj tou",
    6: "jun giu cze kes",
    7: "jul lug lip hei",
    8: "aug ago sie elo",
    9: "sep set wrz syy",
    10: "oct okt ott paz lok",
    11: "nov lis",
    12: "dec dez dic gru jou",
}
_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
_MISSING = "('', 'null', 'none', 'nan', 'n/a', '#n/a', 'nat')"
_YES = "true t yes y 1 1.0 on ja j wahr si s vero tak prawda kylla k"
_NO = "false f no n 0 0.0 off nein falsch falso nie nei ei"
PARTS = r"^(\d{1,2})[-/. ]+(\d{1,2})[-/. ]+(\d{4}|\d{1,2})\b(.*)$"
_PLAIN = r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?)?"  # most files; read without detours
_OFFSET = r"\d:\d\d.*?(Z|z|UTC|GMT|[+-]\d\d:?(\d\d)?)\s*$"


def text_of(column: str) -> str:
    """Return the trimmed text of a column, missing where it is blank or a word for missing."""
    return f"CASE WHEN lower(trim({column})) IN {_MISSING} THEN NULL ELSE trim({column}) END"


def identifier_of(column: str, kind: str) -> str:
    """Return an identifier: whole numbers as BIGINT, everything else as trimmed text."""
    if kind in ("DOUBLE", "FLOAT"):
        # Frames hold whole numbers as floats as soon as one of them is missing.
        return f"CASE WHEN {column} = floor({column}) THEN try_cast({column} AS BIGINT) END"
    if is_whole(kind):
        return f"{column}::BIGINT"
    return text_of(column if kind == "VARCHAR" else f"{column}::VARCHAR")


def truth_of(text: str) -> str:
    """Return the BOOLEAN a text stands for, in the languages of the headers that are known."""
    cases = " ".join(
        f"WHEN strip_accents(lower({text})) IN ({', '.join(map(literal, words.split()))}) THEN {value}"
        for value, words in (("TRUE", _YES), ("FALSE", _NO))
    )
    return f"CASE {cases} END"


def is_whole(kind: str) -> bool:
    """Return whether identifiers of an SQL type become whole numbers."""
    return kind in _WHOLE or kind in ("DOUBLE", "FLOAT")


def day_parts(text: str) -> str:
    """Return the condition that a text is a date of three numbers whose order must be known."""
    return f"regexp_matches({text}, {literal(PARTS)})"


def is_instant(text: str) -> str:
    """Return the condition that a text carries an offset from UTC."""
    return f"regexp_matches({text}, {literal(_OFFSET)})"


def moment_of(text: str, *, date_order: DateOrder) -> str:
    """Return the TIMESTAMP a text stands for: local as written, or in UTC where it has an offset.

    Dates that begin with a four-digit year are read whatever ``date_order`` says; it decides how
    three short numbers are read. Two-digit years from 70 on are in the 1900s.
    """
    iso = f"""CASE
        WHEN regexp_matches({text}, '^\\d{{4}}-\\d\\d?-\\d\\d?') THEN {text}
        WHEN regexp_matches({text}, '^\\d{{4}}[/.]\\d\\d?[/.]\\d\\d?')
            THEN regexp_replace({text}, '^(\\d+)[/.](\\d+)[/.](\\d+)', '\\1-\\2-\\3')
        WHEN regexp_full_match({text}, '\\d{{8}}([T ]?\\d{{4,6}})?')
            THEN regexp_replace(
                regexp_replace({text}, '^(\\d{{4}})(\\d\\d)(\\d\\d)[T ]?', '\\1-\\2-\\3 '),
                ' (\\d\\d)(\\d\\d)', ' \\1:\\2:')
        WHEN {day_parts(text)} THEN {_reordered(text, date_order)}
        WHEN regexp_matches(strip_accents({text}), '[[:alpha:]]{{3}}') THEN {_named_month(text)}
    END"""
    zoned = f"regexp_replace(regexp_replace({iso}, '\\s*(UTC|GMT)$', 'Z'), '\\s+([+-]\\d\\d)', '\\1')"
    halves = "['%Y-%m-%d %I:%M %p', '%Y-%m-%d %I:%M:%S %p']"
    twelve = f"upper(replace(regexp_replace({iso}, '\\s*([AaPp])\\.?[Mm]\\.?$', ' \\1M'), ',', ''))"
    # 12.30 and 12.30.05 are times as Finns and Italians write them.
    spaced = f"replace({iso}, ',', ' ')"
    seconds = f"regexp_replace({spaced}, '\\s+(\\d\\d?)\\.(\\d\\d)\\.(\\d\\d)$', ' \\1:\\2:\\3')"
    dotted = f"regexp_replace({seconds}, '\\s+(\\d\\d?)\\.(\\d\\d)$', ' \\1:\\2')"
    return f"""CASE
        WHEN {text} IS NULL THEN NULL
        WHEN regexp_full_match({text}, {literal(_PLAIN)}) THEN try_cast({text} AS TIMESTAMP)
        WHEN regexp_matches({text}, '(?i)\\d\\s*[ap]\\.?m\\.?$') THEN try_strptime({twelve}, {halves})
        WHEN {is_instant(text)} THEN try_cast({zoned} AS TIMESTAMPTZ)::TIMESTAMP
        ELSE try_cast(rtrim({dotted}, ': ') AS TIMESTAMP)
    END"""


def amount_of(text: str, *, decimal: str) -> str:
    """Return the DECIMAL(38, 4) a text stands for, whatever its sign, currency and grouping marks.

    Grouping marks count only where they group by three, so a wrong ``decimal`` is found out.
    """
    group = "," if decimal == "." else "."
    mark, grouped = (f"\\{decimal}", f"\\{group}")
    ascii_minus = f"replace({text}, chr(8722), '-')"
    signs = f"regexp_replace({ascii_minus}, '^([(+-]?)\\p{{L}}{{1,3}}\\.?\\s*([^\\p{{L}}])', '\\1\\2')"
    words = f"regexp_replace({signs}, '([^\\p{{L}}])\\p{{L}}{{1,3}}\\.?([)-]?)$', '\\1\\2')"
    bare = f"regexp_replace({words}, '[\\p{{Sc}}\\s\\x{{00A0}}\\x{{202F}}\\x{{2019}}'']', '', 'g')"
    digits = f"regexp_replace({bare}, '^[(+-]|[)-]$', '', 'g')"
    shape = f"(\\d{{1,3}}({grouped}\\d{{3}})+|\\d+)?({mark}\\d+)?"
    number = f"replace(replace({digits}, '{group}', ''), '{decimal}', '.')"
    negative = f"regexp_matches({bare}, '^\\(.*\\)$|^-|-$')"
    plain = f"[+-]?\\d+({mark}\\d+)?" + ("([eE][+-]?\\d+)?" if decimal == "." else "")
    return f"""CASE
        WHEN regexp_full_match({text}, {literal(plain)})
            THEN try_cast(replace({text}, '{decimal}', '.') AS DECIMAL(38, 4))
        WHEN regexp_full_match({digits}, {literal(shape)})
            THEN try_cast({number} AS DECIMAL(38, 4)) * CASE WHEN {negative} THEN -1 ELSE 1 END
    END"""


def _reordered(text: str, date_order: DateOrder) -> str:
    if date_order == "ymd":
        return f"""CASE WHEN regexp_matches({text}, '^([7-9])') THEN '19' ELSE '20' END
            || regexp_replace({text}, '^(\\d+)[-/. ]+(\\d+)[-/. ]+(\\d+)', '\\1-\\2-\\3')"""
    day, month = ("\\1", "\\2") if date_order == "dmy" else ("\\2", "\\1")
    year = f"regexp_extract({text}, {literal(PARTS)}, 3)"
    return f"""{_century(year)} || regexp_replace({text}, {literal(PARTS)}, '\\3-{month}-{day}\\4')"""


def _century(year: str) -> str:
    return f"CASE WHEN length({year}) = 4 THEN '' WHEN {year} >= '70' THEN '19' ELSE '20' END"


def _named_month(text: str) -> str:
    plain = f"regexp_replace(lower(strip_accents({text})), '^[a-z]+[,. ]+(\\d)', '\\1')"
    day_first = "^(\\d{1,2})[-/. ]+(?:de )?([a-z]+)[-/., ]+(\\d{4}|\\d{2})\\b,?"
    month_first = "^([a-z]+)[-/. ]+(\\d{1,2})(?:st|nd|rd|th)?[-/., ]+(\\d{4})\\b,?"

    def assembled(source: str, pattern: str, day: int, month: int) -> str:
        word = f"regexp_extract({source}, '{pattern}', {month})"
        year = f"regexp_extract({source}, '{pattern}', 3)"
        return (
            f"{_century(year)} || {year} || '-' || {_month_number(word)} || '-'"
            f" || regexp_extract({source}, '{pattern}', {day})"
            f" || upper(regexp_replace({source}, '{pattern}', ''))"
        )

    # A month that begins the text must not be taken for the name of a weekday.
    source = f"lower(strip_accents({text}))"
    return f"""CASE
        WHEN regexp_matches({source}, '{month_first}') THEN {assembled(source, month_first, 2, 1)}
        WHEN regexp_matches({plain}, '{day_first}') THEN {assembled(plain, day_first, 1, 2)}
    END"""


def _month_number(word: str) -> str:
    names = {name: month for month, listed in _MONTHS.items() for name in listed.split()}
    pairs = ", ".join(f"'{name}': {month}" for name, month in names.items())
    return f"CASE WHEN starts_with({word}, 'marr') THEN 11 ELSE MAP {{{pairs}}}[left({word}, 3)] END"
