"""Every operation that the service answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from simulator.drs.operations import (
    initialization,
    jobs,
    launch_configuration,
    recovery,
    recovery_instances,
    recovery_snapshots,
    source_servers,
    tagging,
)
from simulator.drs.operations.wire import Operation

Kind = Literal["read", "write", "recover"]


@dataclass(frozen=True, slots=True)
class Entry:
    """An operation: its kind, for request rates and latencies, its function, and whether DRS must be set up for it."""

    kind: Kind
    answer: Operation
    needs_setup: bool = True


OPERATIONS: Mapping[str, Entry] = {
    "DeleteJob": Entry("write", jobs.delete_job),
    "DescribeJobLogItems": Entry("read", jobs.describe_job_log_items),
    "DescribeJobs": Entry("read", jobs.describe_jobs),
    "DescribeRecoveryInstances": Entry("read", recovery_instances.describe_recovery_instances),
    "DescribeRecoverySnapshots": Entry("read", recovery_snapshots.describe_recovery_snapshots),
    "DescribeSourceServers": Entry("read", source_servers.describe_source_servers),
    "GetLaunchConfiguration": Entry("read", launch_configuration.get_launch_configuration),
    "InitializeService": Entry("write", initialization.initialize_service, needs_setup=False),
    "ListTagsForResource": Entry("read", tagging.list_tags_for_resource, needs_setup=False),
    "StartRecovery": Entry("recover", recovery.start_recovery),
    "TagResource": Entry("write", tagging.tag_resource, needs_setup=False),
    "TerminateRecoveryInstances": Entry("recover", recovery.terminate_recovery_instances),
    "UntagResource": Entry("write", tagging.untag_resource, needs_setup=False),
    "UpdateLaunchConfiguration": Entry("write", launch_configuration.update_launch_configuration),
}
