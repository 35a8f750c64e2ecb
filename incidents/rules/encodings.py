"""In which encoding a list is: UTF-8 unless somebody says another, and never guessed.

A wrong guess writes wrong names to people, and a list of another encoding read as UTF-8 loses
each line with an umlaut. So what is plainly not what was said is refused, with how to say it.
"""

import codecs
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from incidents.errors import InvalidInput, Problem, UnsupportedMedia

# As programs name them -> the codec. What is called Latin-1, GB 2312 or Shift JIS is in truth
# mostly the larger set of its vendor: https://encoding.spec.whatwg.org/#names-and-labels
_CODECS: Mapping[str, str] = {
    **{f"windows-{number}": f"cp{number}" for number in range(1250, 1259)},
    **{f"iso-8859-{part}": f"iso8859-{part}" for part in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)},
    **dict.fromkeys(("iso-8859-1", "latin-1", "latin1"), "cp1252"),
    "iso-8859-9": "cp1254",
    "koi8-r": "koi8-r",
    "koi8-u": "koi8-u",
    "macintosh": "mac-roman",
    "big5": "big5hkscs",
    "euc-jp": "euc_jp",
    "euc-kr": "cp949",
    **dict.fromkeys(("gb18030", "gbk", "gb2312"), "gb18030"),
    **dict.fromkeys(("shift_jis", "shift-jis"), "cp932"),
    "utf-16": "utf-16",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
}
# A byte a letter: nearly any bytes are a text in these.
_SINGLE = ("cp125", "iso8859", "koi8", "mac")
_UTF8 = ("utf-8", "utf8", "us-ascii")
_MARKS_OF_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
SAY_IT = (
    "say which: `--encoding windows-1252` (Excel in Western Europe; or windows-1250, gb18030,"
    " shift_jis …), by API `Content-Type: text/csv; charset=windows-1252`; or save it as UTF-8."
    " With utf-8 said, such lines are left out"
)
# So many lines more that are not UTF-8 than are: no need to read on.
_ENOUGH_LINES = 100
_LONGEST_LINE_BYTES = 64 * 1024


def _unreadable(error: UnicodeError) -> tuple[str, int]:
    """A byte that is no UTF-8: whoever reads the CSV leaves out its line."""
    if isinstance(error, UnicodeDecodeError):
        return "\udcff", error.end
    raise error


codecs.register_error("tocsin.unreadable", _unreadable)


def as_utf8(chunks: Iterable[bytes], encoding: str = "") -> Iterator[bytes]:
    """A list in UTF-8, piece by piece.

    encoding  as somebody said it; '': nobody did, so that it is UTF-8, or UTF-16 by its mark
    Raises    UnsupportedMedia  an encoding that we do not know
              InvalidInput      while it is read: the list is plainly in another one
    """
    name = encoding.strip().lower()
    if name in _UTF8:
        return iter(chunks)
    return _recoded(chunks, _codec(name)) if name else _unsaid(iter(chunks))


def _codec(name: str) -> str:
    if name in _CODECS:
        return _CODECS[name]
    why = f"{name[:40]!r} is no encoding that we know"
    known = ", ".join(("utf-8", *_CODECS))
    raise UnsupportedMedia("the list cannot be read", Problem("encoding", why, f"one of {known}"))


def _recoded(chunks: Iterable[bytes], codec: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(codec)("tocsin.unreadable")
    in_doubt = codec.startswith(_SINGLE)
    for chunk in chunks:
        if in_doubt and not chunk.isascii():
            in_doubt = False
            if _not_utf8(chunk) < 0:
                raise _another("the list is UTF-8", "leave the encoding out")
        yield decoder.decode(chunk).encode(errors="surrogateescape")
    yield decoder.decode(b"", final=True).encode(errors="surrogateescape")


def _unsaid(chunks: Iterator[bytes]) -> Iterator[bytes]:
    first = next(chunks, b"")
    whole = chain((first,), chunks)
    is_utf16 = first.startswith(_MARKS_OF_UTF16)
    yield from _recoded(whole, "utf-16") if is_utf16 else _surely_utf8(whole)


def _surely_utf8(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The pieces as they are; once they surely are UTF-8, without looking at them."""
    odd, rest = 0, b""
    for chunk in chunks:
        lines, _, rest = (rest + chunk).rpartition(b"\n")
        here = _not_utf8(lines)
        odd += here
        if odd >= _ENOUGH_LINES:
            break
        yield chunk
        if here < 0:
            yield from chunks
            return
        rest = rest[:_LONGEST_LINE_BYTES]
    odd += _not_utf8(rest)
    if odd > 0:
        more = " or more" if odd >= _ENOUGH_LINES else ""
        raise _another(f"lines that are not UTF-8: {odd:,}{more}", SAY_IT)


def _not_utf8(lines: bytes) -> int:
    """How many more lines are not UTF-8 than are, of those beyond ASCII."""
    if lines.isascii():
        return 0
    beyond = (line for line in lines.split(b"\n") if not line.isascii())
    return sum(-1 if _is_utf8(line) else 1 for line in beyond)


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _another(why: str, mend: str) -> InvalidInput:
    return InvalidInput("the list is in another encoding", Problem("encoding", why, mend))
