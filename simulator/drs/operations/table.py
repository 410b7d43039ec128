"""Every operation that the service answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from simulator.drs.operations import (
    extended_servers,
    initialization,
    jobs,
    launch_actions,
    launch_configuration,
    protection,
    recovery,
    recovery_instances,
    recovery_snapshots,
    replication_configuration,
    source_servers,
    tagging,
    templates,
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
    "CreateExtendedSourceServer": Entry("write", extended_servers.create_extended_source_server),
    "CreateLaunchConfigurationTemplate": Entry("write", templates.create_launch_template),
    "CreateReplicationConfigurationTemplate": Entry("write", templates.create_replication_template),
    "DeleteJob": Entry("write", jobs.delete_job),
    "DeleteLaunchAction": Entry("write", launch_actions.delete_launch_action),
    "DeleteLaunchConfigurationTemplate": Entry("write", templates.delete_launch_template),
    "DeleteReplicationConfigurationTemplate": Entry("write", templates.delete_replication_template),
    "DeleteSourceServer": Entry("write", protection.delete_source_server),
    "DescribeJobLogItems": Entry("read", jobs.describe_job_log_items),
    "DescribeJobs": Entry("read", jobs.describe_jobs),
    "DescribeLaunchConfigurationTemplates": Entry("read", templates.describe_launch_templates),
    "DescribeRecoveryInstances": Entry("read", recovery_instances.describe_recovery_instances),
    "DescribeRecoverySnapshots": Entry("read", recovery_snapshots.describe_recovery_snapshots),
    "DescribeReplicationConfigurationTemplates": Entry("read", templates.describe_replication_templates),
    "DescribeSourceServers": Entry("read", source_servers.describe_source_servers),
    "DisconnectSourceServer": Entry("write", protection.disconnect_source_server),
    "GetLaunchConfiguration": Entry("read", launch_configuration.get_launch_configuration),
    "GetReplicationConfiguration": Entry("read", replication_configuration.get_replication_configuration),
    "InitializeService": Entry("write", initialization.initialize_service, needs_setup=False),
    "ListExtensibleSourceServers": Entry("read", extended_servers.list_extensible_source_servers),
    "ListLaunchActions": Entry("read", launch_actions.list_launch_actions),
    "ListStagingAccounts": Entry("read", extended_servers.list_staging_accounts),
    "ListTagsForResource": Entry("read", tagging.list_tags_for_resource, needs_setup=False),
    "PutLaunchAction": Entry("write", launch_actions.put_launch_action),
    "RetryDataReplication": Entry("write", protection.retry_data_replication),
    "StartRecovery": Entry("recover", recovery.start_recovery),
    "StartReplication": Entry("write", protection.start_replication),
    "StopReplication": Entry("write", protection.stop_replication),
    "TagResource": Entry("write", tagging.tag_resource, needs_setup=False),
    "TerminateRecoveryInstances": Entry("recover", recovery.terminate_recovery_instances),
    "UntagResource": Entry("write", tagging.untag_resource, needs_setup=False),
    "UpdateLaunchConfiguration": Entry("write", launch_configuration.update_launch_configuration),
    "UpdateLaunchConfigurationTemplate": Entry("write", templates.update_launch_template),
    "UpdateReplicationConfiguration": Entry("write", replication_configuration.update_replication_configuration),
    "UpdateReplicationConfigurationTemplate": Entry("write", templates.update_replication_template),
}
