"""The `drsim` command, and what becomes of errors that leave a command.

Exit codes: 0 all passed, 1 a check failed, 2 drsim could not do its job, 130 stopped by Ctrl-C.
"""

import gc
import os
import sys
from collections.abc import Sequence

import click

from simulator import __version__
from simulator.cli.baseline import baseline
from simulator.cli.calibrate import calibrate
from simulator.cli.check import check
from simulator.cli.compare import compare
from simulator.cli.deploy import deploy
from simulator.cli.diff import diff
from simulator.cli.errors import COULD_NOT, INTERRUPTED, PASSED, print_bug, print_problems
from simulator.cli.explore import explore
from simulator.cli.init import init
from simulator.cli.package import package
from simulator.cli.replay import replay
from simulator.cli.run import run
from simulator.cli.schema import schema
from simulator.cli.serve import serve
from simulator.cli.shrink import shrink
from simulator.cli.up import down, up
from simulator.errors import UserError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="drsim", message="%(prog)s %(version)s")
def cli() -> None:
    """Rehearse AWS disaster-recovery orchestration in virtual time, before it meets AWS."""


cli.add_command(run)
cli.add_command(check)
cli.add_command(baseline)
cli.add_command(replay)
cli.add_command(diff)
cli.add_command(compare)
cli.add_command(shrink)
cli.add_command(explore)
cli.add_command(serve)
cli.add_command(up)
cli.add_command(down)
cli.add_command(calibrate)
cli.add_command(package)
cli.add_command(schema)
cli.add_command(init)
cli.add_command(deploy)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit. `arguments` default to the process's own."""
    gc.set_threshold(100_000, 20, 50)  # hardly anything here is garbage; looking for it would take an eighth of a short run
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    code = exit_code(arguments)
    gc.freeze()  # the process ends: its last collections would look through everything for a third of a second
    sys.exit(code)


def exit_code(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; its exit code."""
    try:
        return int(cli.main(arguments, prog_name="drsim", standalone_mode=False) or PASSED)
    except click.ClickException as error:
        error.show()
        return COULD_NOT
    except UserError as error:
        print_problems(error)
        return COULD_NOT
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped by Ctrl-C", err=True)
        return INTERRUPTED
    except BrokenPipeError:  # whoever read our output has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return COULD_NOT
    except Exception as error:
        print_bug(error)
        return COULD_NOT
