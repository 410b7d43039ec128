from simulator.api import check as check
from simulator.api import load as load
from simulator.api import parse as parse
from simulator.api import read_journal as read_journal
from simulator.api import replay as replay
from simulator.api import report_text as report_text
from simulator.api import run as run
from simulator.api import shrink as shrink
from simulator.errors import UserError as UserError
from simulator.journal import Journal as Journal
from simulator.runner.findings import Finding as Finding
from simulator.runner.replay import Replay as Replay
from simulator.runner.result import Check as Check
from simulator.runner.result import Result as Result
from simulator.runner.result import Verdict as Verdict
from simulator.runner.shrinking import Shrunk as Shrunk
from simulator.scenario.model import Scenario as Scenario
from simulator.testing import DrsWorld as DrsWorld

__version__: str
