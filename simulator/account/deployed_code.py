"""Code that was deployed as a zip: where it lies on this machine while it runs."""

import atexit
import shutil
import stat
import zipfile
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from tempfile import mkdtemp

from simulator.account.node import SUFFIXES
from simulator.account.sandbox import Code
from simulator.errors import ServiceError

MAX_UNZIPPED_BYTES = 262_144_000
_MODULE = "index.py"
_unpacked: dict[str, Path] = {}  # by the zip's digest; what is in a zip never changes, so all worlds share it


class DeployedCode:
    """The zips of a world. Those made of a folder here run from that folder, so that messages name the user's own files."""

    def __init__(self) -> None:
        self._folders: dict[str, tuple[Path, bool]] = {}

    def comes_from(self, data: bytes, folder: Path, *, is_whole: bool = False) -> None:
        """Let a zip be run from the folder whose files it holds; one that `is_whole` holds all of them."""
        self._folders[sha256(data).hexdigest()] = folder, is_whole

    def folder(self, data: bytes) -> Path:
        """The folder with what is in a zip. Raises ServiceError for what is not a zip, or is larger than Lambda takes."""
        digest = sha256(data).hexdigest()
        return self._folders[digest][0] if digest in self._folders else _unpack(data, digest)

    def code(self, data: bytes, handler: str) -> Code:
        """The code in a zip whose handler is named as Lambda names it: `package.module.function`.

        Raises ServiceError for what is not a zip, or is larger than Lambda takes.
        """
        module, _, attribute = handler.replace("/", ".").rpartition(".")
        file = Path(*module.split(".")).with_suffix(".py") if module else Path(_MODULE)
        folder = self.folder(data)
        # A handler's name does not tell its language, the file that is there does.
        candidates = (
            file.with_suffix(suffix) for suffix in (".py", *SUFFIXES) if (folder / file.with_suffix(suffix)).is_file()
        )
        file = next(candidates, file)
        known = self._folders.get(sha256(data).hexdigest())
        is_whole = known is None or known[1]
        return Code(folder / file, attribute, folder if is_whole else None, is_copy=known is None)


def zipped_module(source: str) -> bytes:
    """The zip that CloudFormation makes of source code in a template."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo(_MODULE), source)
    return buffer.getvalue()


def _unpack(data: bytes, digest: str) -> Path:
    if digest not in _unpacked:
        folder = Path(mkdtemp(prefix="drsim-code-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        try:
            with zipfile.ZipFile(BytesIO(data)) as archive:
                _extract(archive, folder)
        except zipfile.BadZipFile:
            raise _refused("Could not unzip uploaded file. Please check your file, then try to upload again.") from None
        _unpacked[digest] = folder
    return _unpacked[digest]


def _extract(archive: zipfile.ZipFile, folder: Path) -> None:
    if sum(info.file_size for info in archive.infolist()) > MAX_UNZIPPED_BYTES:
        raise _refused(f"Unzipped size must be smaller than {MAX_UNZIPPED_BYTES} bytes")
    for info in archive.infolist():
        if not stat.S_ISLNK(info.external_attr >> 16):  # a link could lead out of the folder
            archive.extract(info, folder)


def _refused(message: str) -> ServiceError:
    return ServiceError("InvalidParameterValueException", message, 400, {"Type": "User"})
