"""What a run is evidence for: digests of the state machine and of the code that ran, the same as a package has of them."""

from collections.abc import Mapping

from simulator.account.sandbox import Code
from simulator.packaging.digests import Source, code_digest, file_digest
from simulator.scenario.system import System


def digests_of(system: System) -> Mapping[str, str]:
    """The digests of a system by kind: `asl` and `code`. Raises UserError for files that cannot be read."""
    codes = [Code(handler.code.file, handler.code.function) for handler in system.handlers.values()]
    digests = {"asl": file_digest(system.state_machine)}
    return digests | ({"code": code_digest(map(_source, codes))} if codes else {})


def _source(code: Code) -> Source:
    """Where a function's own code is; a package keeps its name."""
    return Source(code.owned, code.owned.name if code.root != code.owned else "")
