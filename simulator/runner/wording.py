"""How journal events and instants read in the text of a check."""

import json

from simulator.journal import (
    ApiCall,
    Asked,
    Entry,
    FaultFired,
    HistoryEvent,
    JobChanged,
    JobLogged,
    Journal,
    LaunchStatusChanged,
    Notified,
    OperatorActed,
    StateCaught,
    StateRetried,
)

_FAILURES = ("Failed", "TimedOut")


def clock_time(at_ms: int) -> str:
    """Virtual time as people read it: `33:05`, `1:02:10`, with milliseconds only where there are any."""
    seconds, ms = divmod(at_ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
    return f"{text}.{ms:03}" if ms else text


def seconds(duration_ms: int) -> str:
    """A short duration in seconds: `2s`, `0.35s`."""
    return f"{duration_ms / 1000:g}s"


def last_before(journal: Journal, at_ms: int, count: int = 5) -> tuple[str, ...]:
    """The last events up to an instant that say something to a reader, oldest first, a line each."""
    lines: list[str] = []
    for entry in reversed(list(journal)):
        text = None if entry.at_ms > at_ms else sentence(entry)
        if text is not None:
            lines.append(f"{clock_time(entry.at_ms)}  {text}")
        if len(lines) == count:
            break
    return tuple(reversed(lines))


def last_caught(journal: Journal) -> tuple[str, str] | None:
    """The error that a Catch rule took last, and in words what it was: a machine that ends with one of its own hides it."""
    told: dict[tuple[str, str | None], str] = {}
    last: StateCaught | None = None
    for entry in journal:
        match entry.event:
            case StateCaught() as last:
                pass
            case HistoryEvent(type=type_, details={"error": error, **more}) as event if type_.endswith(_FAILURES):
                told[event.execution, str(error)] = _message(str(more.get("cause", "")))
    if last is None:
        return None
    message = told.get((last.execution, last.error), "")
    return last.error, f"{last.state} failed with {last.error}" + (f": {message[:200]}" if message else "")


def _message(cause: str) -> str:
    """What a cause says: the message in a function's error document, else all of it."""
    try:
        document = json.loads(cause)
    except ValueError:
        return cause
    return str(document.get("errorMessage", cause)) if isinstance(document, dict) else cause


def sentence(entry: Entry) -> str | None:
    """What an event says to a reader, None for one that only programs look at."""
    match entry.event:
        case ApiCall(service=service, operation=operation, caller=caller, error=error):
            return f"{caller} called {service}:{operation}" + (f" and got {error}" if error else "")
        case HistoryEvent(type=type_, state=state):
            return f"{type_} {state}" if state else type_
        case StateRetried(state=state, error=error, attempt=attempt, interval_ms=interval_ms):
            return f"{state} is retried after {error}: attempt {attempt} in {seconds(interval_ms)}"
        case StateCaught(state=state, error=error, next=target):
            return f"{state} caught {error} and goes to {target}"
        case JobChanged(job=job, status=status):
            return f"job {job} is {status}"
        case JobLogged(event=event, server=server, data=data):
            reason = data.get("rawError")
            return f"job log: {event}" + (f" of {server}" if server else "") + (f" ({reason})" if reason else "")
        case LaunchStatusChanged(server=server, status=status):
            return f"{server} is {status}"
        case FaultFired(fault=fault, target=target, effect=effect):
            return f"fault {fault}: {target} gets {effect}"
        case Notified(subject=subject, message=message):
            return f"notified: {subject or message[:60]}"
        case _:
            return _deed(entry.event) if isinstance(entry.event, OperatorActed | Asked) else None


def _deed(event: OperatorActed | Asked) -> str:
    if isinstance(event, Asked):
        return f"request: {event.sent} was answered with {event.status}"
    what = f"operator: {event.operation}" + (f" wave {event.wave}" if event.wave else "")
    return what if event.refused is None else f"{what} was refused ({event.status}): {event.refused}"
