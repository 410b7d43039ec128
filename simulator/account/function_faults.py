"""What a fault does to an invocation: it never ends, it is killed, it fails, or it begins late."""

from collections.abc import Callable

from simulator.account.faults import FunctionFault
from simulator.account.invocations import Invocation, failed
from simulator.account.sandbox import Sandbox
from simulator.clock import Signal, VirtualClock


def run_with(
    fault: FunctionFault | None, sandbox: Sandbox, clock: VirtualClock, delay_ms: int, run: Callable[[], Invocation]
) -> Invocation:
    """An invocation inside its sandbox, with what a fault makes of it. `run` runs the handler."""
    if fault is None or fault.does == "COLD_START":
        return run()
    if fault.does == "SLOW":
        clock.sleep_ms(delay_ms)
        return run()
    if fault.takes_effect:
        run()
    return _fate(fault, sandbox, clock)


def _fate(fault: FunctionFault, sandbox: Sandbox, clock: VirtualClock) -> Invocation:
    match fault.does:
        case "TIMEOUT":
            Signal(clock).wait()  # until the function's time is up
        case "CRASH":
            raise SystemExit(1)
        case "OUT_OF_MEMORY":
            sandbox.is_dead = True
            message = f"RequestId: {sandbox.request_id} Error: Runtime exited with error: signal: killed"
            return failed("Runtime.ExitError", message, sandbox.request_id)
    sandbox.write(f"[ERROR] {fault.error}: {fault.message}\n")
    return failed(fault.error, fault.message, sandbox.request_id, [])
