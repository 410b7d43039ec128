"""One execution environment of a Lambda function: everything that a Python process of its own would have.

All functions of a world share one interpreter, so whatever a process would own (environment variables, the modules of the
function's own code, logging, output, boto3's default session, the state of `random`) is put in place when the sandbox's
process runs and put aside when it stops, be it only for a sleep.
"""

import importlib
import logging
import os
import random
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3

from simulator.account import node
from simulator.account.library_state import LibraryState
from simulator.account.own_code import compile_once
from simulator.clock import Gate, Process, running
from simulator.errors import HandlerError, Problem
from simulator.rng import Chance

LAMBDA_ROOT = "/var/task"  # where Lambda unpacks a function's code
# What every sandbox shares with the simulator, even where a function's folder holds a copy: the seam is in these.
_SHARED = frozenset({"boto3", "botocore", "s3transfer", "simulator"})


@dataclass(frozen=True)
class Code:
    """Where a handler lives: `path` to its file, `attribute` the callable in it.

    `unpacked` is the folder that a deployed zip was unpacked to; every module in it is the function's own, libraries too.
    `layers` are the folders of its layers, in their order; what they hold for Python is its own as well. Code that
    `is_copy` lies in a folder of its own for this process only, which nobody knows: messages say where Lambda has it.
    """

    path: Path
    attribute: str
    unpacked: Path | None = None
    layers: tuple[Path, ...] = ()
    is_copy: bool = False

    @cached_property
    def owned(self) -> Path:
        """The folder whose modules are the function's own: its outermost package, or the file's folder."""
        if self.unpacked is not None:
            return self.unpacked.resolve()
        folder = self.path.resolve().parent
        while (folder / "__init__.py").exists() and (folder.parent / "__init__.py").exists():
            folder = folder.parent
        return folder

    @cached_property
    def root(self) -> Path:
        """The folder that imports start from, which Lambda would unpack into /var/task."""
        is_package = self.unpacked is None and (self.owned / "__init__.py").exists()
        return self.owned.parent if is_package else self.owned

    def shown(self, filename: str) -> str | None:
        """Where Lambda has a source file of the function's own code, the same on every machine; None for others."""
        if filename.startswith(f"{self.owned}{os.sep}"):
            return f"{LAMBDA_ROOT}/{Path(filename).relative_to(self.root).as_posix()}"
        for layer in self.layer_roots:
            if filename.startswith(f"{layer}{os.sep}"):
                return f"/opt/python/{Path(filename).relative_to(layer).as_posix()}"
        return None

    @cached_property
    def names(self) -> frozenset[str]:
        """The top-level names that the function's own modules have."""
        layered = {name for folder in self.layer_roots for name in _modules_in(folder, needs_init=False)}
        if self.root != self.owned:
            return frozenset({self.owned.name} | layered - _SHARED)
        # What was unpacked holds nothing but code: packages need no __init__.py there.
        return frozenset((_modules_in(self.owned, needs_init=self.unpacked is None) | layered) - _SHARED)

    @cached_property
    def layer_roots(self) -> tuple[Path, ...]:
        """The folders of the layers that imports start from, besides `root`: Lambda's /opt/python and what it has within."""
        found = (folder.resolve() / "python" for folder in self.layers)
        return tuple(
            path for python in found for path in (python, *python.glob("lib/python3.*/site-packages")) if path.is_dir()
        )

    @cached_property
    def module(self) -> str:
        """The dotted name of the handler's module below `root`."""
        return ".".join(self.path.resolve().relative_to(self.root).with_suffix("").parts)


def _modules_in(folder: Path, *, needs_init: bool) -> set[str]:
    """The top-level names of the modules and packages in a folder."""
    files = {path.stem for path in folder.glob("*.py")}
    if needs_init:
        return files | {path.parent.name for path in folder.glob("*/__init__.py")}
    return files | {path.name for path in folder.iterdir() if path.is_dir() and path.name.isidentifier()}


class Sandbox:
    """A function's execution environment; a `clock.Context` for the processes that run in it."""

    current: "Sandbox | None" = None
    turns = 0  # how often any sandbox has begun to run, to see whether the world moves on

    def __init__(
        self, name: str, code: Code, environment: Mapping[str, str], chance: Chance, log: Callable[[str], None]
    ) -> None:
        self.name = name
        self.code = code
        self.is_dead = False
        self.chain: Mapping[str, int] = {}  # how often each function was invoked on the way to the invocation under way
        self.gate = Gate()
        self.threads: dict[Process, Process] = {}
        self._chance = chance
        self._log = log
        self._line = ""
        self._handler: Callable[[Any, Any], Any] | None = None
        self._modules: dict[str, ModuleType] = {}
        self._hidden: dict[str, ModuleType] = {}
        self._modules_known = 0
        self._event_loop: Any = None
        self._external: node.NodeHandler | None = None
        self._paths = [str(path) for path in (code.root, *code.layer_roots)]
        self._library_state = LibraryState()
        # While the sandbox does not run, its own values of `_PLACES`; while it runs, those of the world outside.
        self._values: list[Any] = [
            {os.fsencode(key): os.fsencode(value) for key, value in environment.items()},
            _session(environment),
            dict(logging.Logger.manager.loggerDict),
            [_RuntimeLogHandler(self)],
            logging.WARNING,
            _STREAM,
            _STREAM,
            self,
        ]
        self.begin("")

    def begin(self, request_id: str) -> None:
        """Get ready for an invocation (or, with an empty id, for loading the code).

        `random` and `os.urandom` start anew for each: what a first import in this process happened to draw must not shift
        what an invocation sees.
        """
        self.request_id = request_id
        entity = f"{self.name} {request_id}"
        self.entropy = self._chance.stream("lambda.entropy", entity)
        self._random = self._chance.generator("lambda.random", entity).getstate()

    def enter(self) -> None:
        """Put this sandbox's surroundings in place."""
        Sandbox.turns += 1
        self._swap()
        sys.path[:0] = self._paths
        self._hidden = self._pop_modules() if any(name in sys.modules for name in self.code.names) else {}
        sys.modules.update(self._modules)
        self._modules_known = len(sys.modules)
        self._swap_library_state()

    def leave(self) -> None:
        """Put them aside, with what the code changed, and bring back what was there before."""
        self._swap_library_state()
        self._take_modules()
        for path in self._paths:
            sys.path.remove(path)
        self._swap()

    def _swap(self) -> None:
        """Exchange what is kept with what is in place: into the sandbox, or out of it."""
        for number, (owner, attribute) in enumerate(_PLACES):
            kept, self._values[number] = self._values[number], getattr(owner, attribute)
            setattr(owner, attribute, kept)
        state, self._random = self._random, random.getstate()
        random.setstate(state)

    def end(self, error: BaseException) -> None:
        """Never run again, not even what is left of its threads."""
        self.is_dead = True
        if self._external is not None:
            self._external.close()
        for thread in list(self.threads):
            thread.interrupt(error)

    def stay(self) -> None:
        """Stop for good what runs in a dead sandbox: the process that it was exists no more, whatever it has caught."""
        process = running()
        if self.is_dead and process is not None:
            process.suspend(None)

    def load(self) -> Callable[[Any, Any], Any]:
        """The handler, imported inside the sandbox. Raises HandlerError naming the file, and the line that failed."""
        if self._handler is None:
            self._handler = self._import()
        return self._handler

    def _import(self) -> Callable[[Any, Any], Any]:
        path = self.code.path
        if not path.is_file():
            raise self._unusable("there is no such file")
        if path.suffix in node.SUFFIXES:
            self._external = node.NodeHandler(path, self.code.attribute, self.code.root, self.write, self._seed)
            return self._external
        try:
            module = importlib.import_module(self.code.module)
        except (Exception, SystemExit) as error:
            line = _line_in(error, path)
            raise self._unusable(_import_failure(error), line) from error
        handler = getattr(module, self.code.attribute, None)
        if not callable(handler):
            raise self._unusable(f"there is no function {self.code.attribute!r} in this file")
        found: Callable[[Any, Any], Any] = handler
        return found

    def _unusable(self, message: str, line: int | None = None) -> HandlerError:
        """Code that cannot run, and where: in the user's file, or in the function's copy that Lambda has."""
        file = self.code.path
        where = f"{self.name}:{LAMBDA_ROOT}/{file.relative_to(self.code.root)}" if self.code.is_copy else str(file)
        return HandlerError([Problem(f"{where}:{line}" if line else where, message)])

    def write(self, text: str) -> None:
        """What the handler prints; whole lines go to the log. Nobody hears of a dead sandbox."""
        if self.is_dead:
            return
        *lines, self._line = (self._line + text).split("\n")
        for line in lines:
            self._log(line)

    def flush(self) -> None:
        """Log what was printed without a newline."""
        if self._line:
            self._log(self._line)
            self._line = ""

    def _seed(self) -> int:
        """Chance for a process of its own."""
        return int(self.entropy.hex(8), 16)

    def _take_modules(self) -> None:
        """Keep what this sandbox imported of its own code, and bring back what had the same names outside."""
        if len(sys.modules) != self._modules_known:
            self._modules = self._pop_modules()
        else:
            for name in self._modules:
                del sys.modules[name]
        sys.modules.update(self._hidden)

    def _pop_modules(self) -> dict[str, ModuleType]:
        """Remove and return every module that has one of the code's top-level names."""
        own = [name for name in sys.modules if name.partition(".")[0] in self.code.names]
        return {name: sys.modules.pop(name) for name in own}

    def _swap_library_state(self) -> None:
        if (asyncio := sys.modules.get("asyncio.events")) is not None:  # a thread has one running loop, a process its own
            loop, self._event_loop = self._event_loop, asyncio._get_running_loop()
            asyncio._set_running_loop(loop)
        self._library_state.swap()


def _session(environment: Mapping[str, str]) -> boto3.Session:
    return boto3.Session(
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=environment["AWS_SESSION_TOKEN"],
        region_name=environment["AWS_REGION"],
    )


def _line_in(error: BaseException, path: Path) -> int | None:
    """The line of `path` where an import failed, if it failed there."""
    if isinstance(error, SyntaxError) and error.filename:
        return error.lineno if Path(error.filename).resolve() == path.resolve() else None
    line, trace = None, error.__traceback__
    while trace is not None:
        if Path(trace.tb_frame.f_code.co_filename).resolve() == path.resolve():
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _import_failure(error: BaseException) -> str:
    return f"the handler cannot be imported: {type(error).__name__}: {error}".splitlines()[0]


class _RuntimeLogHandler(logging.Handler):
    """The handler that Lambda's Python runtime puts on the root logger, with its line format."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__()
        self._sandbox = sandbox

    def emit(self, record: logging.LogRecord) -> None:
        instant = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        message = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            message += f" ({type(record.exc_info[1]).__name__}: {record.exc_info[1]})"
        self._sandbox.write(f"[{record.levelname}]\t{instant}\t{self._sandbox.request_id}\t{message}\n")


class SandboxStream:
    """What a sandbox has for standard output and error: its log.

    Handlers and the loggers of libraries keep references to the streams they first see, beyond the sandbox and the world. So
    there is one stream for all, for good, which writes to whichever sandbox runs, and to the real stream outside of any.
    """

    def write(self, text: str) -> int:
        """Take text, like any text stream."""
        if Sandbox.current is not None:
            Sandbox.current.write(text)
        elif sys.__stderr__ is not None:
            sys.__stderr__.write(text)
        return len(text)

    def flush(self) -> None:
        """Nothing is held back."""

    def isatty(self) -> bool:
        """A log is no terminal."""
        return False

    @property
    def encoding(self) -> str:
        """The encoding of a log."""
        return "utf-8"


_STREAM = SandboxStream()
# What a process has one of, and a sandbox therefore its own. os.environ reads and writes its `_data`.
_PLACES: tuple[tuple[Any, str], ...] = (
    (os.environ, "_data"),
    (boto3, "DEFAULT_SESSION"),
    (logging.Logger.manager, "loggerDict"),
    (logging.getLogger(), "handlers"),
    (logging.getLogger(), "level"),
    (sys, "stdout"),
    (sys, "stderr"),
    (Sandbox, "current"),
)


def _is_own(module: str) -> bool:
    """Whether a module belongs to the code of the sandbox that runs."""
    return Sandbox.current is not None and module.partition(".")[0] in Sandbox.current.code.names


compile_once(_is_own)
