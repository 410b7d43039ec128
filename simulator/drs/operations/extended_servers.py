"""Servers that other accounts replicate: CreateExtendedSourceServer, ListExtensibleSourceServers, ListStagingAccounts."""

from simulator.drs import extension
from simulator.drs.model import SourceServer
from simulator.drs.operations.paging import page
from simulator.drs.operations.source_servers import describe
from simulator.drs.operations.wire import Answer, Request
from simulator.drs.state import RegionState

_EXTENSIBLE_PAGE = 300
_ACCOUNTS_PAGE = 50


def create_extended_source_server(state: RegionState, request: Request) -> Answer:
    """Let this account recover a server that another one replicates."""
    server = extension.extend(state, request["sourceServerArn"], request.get("tags", {}))
    return {"sourceServer": describe(state, server)}


def list_extensible_source_servers(state: RegionState, request: Request) -> Answer:
    """The servers of a staging account that could be extended to this one, in the order in which they were added."""
    staging = extension.staging_account(state, request["stagingAccountID"])
    rows = [server for server in staging.servers.values() if extension.is_extensible(state, server)]
    listing = f"extensible/{staging.account_id}"
    return page(listing, rows, lambda server: server.number, _describe, request, _EXTENSIBLE_PAGE)


def list_staging_accounts(state: RegionState, request: Request) -> Answer:
    """The accounts that replicate servers which are extended to this one."""
    accounts = sorted({server.extension.account_id for server in state.servers.values() if server.extension is not None})
    shown = page("accounts", accounts, int, lambda account: {"accountID": account}, request, _ACCOUNTS_PAGE)
    return {"accounts": shown.pop("items"), **shown}


def _describe(server: SourceServer) -> Answer:
    return {"hostname": server.name, "arn": server.arn, "tags": dict(server.tags)}
