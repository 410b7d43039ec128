"""A zip file that has the same bytes wherever and whenever it is made from the same files."""

import zipfile
from collections.abc import Mapping
from io import BytesIO

_NEVER = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip file can tell
_READABLE_FILE = 0o100644 << 16  # Lambda runs code as another user than the one who owns it
_UNIX = 3


def archive(files: Mapping[str, bytes]) -> bytes:
    """A zip of files by their names.

    Sorted, with fixed times and modes, and not compressed: what a compressor makes of a file is its version's affair.
    """
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as target:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, _NEVER)
            info.create_system, info.external_attr = _UNIX, _READABLE_FILE
            target.writestr(info, files[name])
    return buffer.getvalue()
