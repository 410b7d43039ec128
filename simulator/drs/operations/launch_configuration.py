"""How a server is to be launched: GetLaunchConfiguration, UpdateLaunchConfiguration."""

from copy import deepcopy

from simulator.drs import configurations, refusals
from simulator.drs.operations.wire import Answer, Request, refuse_if_held, server_of
from simulator.drs.state import RegionState


def get_launch_configuration(state: RegionState, request: Request) -> Answer:
    """A server's launch configuration."""
    return deepcopy(server_of(state, request).launch_configuration)


def update_launch_configuration(state: RegionState, request: Request) -> Answer:
    """Change the members that the request has; refused while a job holds the server."""
    server = server_of(state, request)
    refuse_if_held(state, [server])
    mistakes = configurations.launch_mistakes(request, server.launch_configuration, server.origin_region)
    if mistakes:
        raise refusals.validation_error(mistakes)
    server.launch_configuration |= deepcopy(dict(request))
    return deepcopy(server.launch_configuration)
