"""Every operation that the service answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from simulator.drs.operations import (
    extended_servers,
    failback,
    initialization,
    jobs,
    launch_actions,
    launch_configuration,
    network_recovery,
    protection,
    recovery,
    recovery_instances,
    recovery_plan_execution_steps,
    recovery_plan_executions,
    recovery_plan_steps,
    recovery_plans,
    recovery_snapshots,
    replication_configuration,
    source_networks,
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
    "AssociateSourceNetworkStack": Entry("write", network_recovery.associate_source_network_stack),
    "CancelRecoveryPlanExecution": Entry("write", recovery_plan_executions.cancel_recovery_plan_execution),
    "CreateExtendedSourceServer": Entry("write", extended_servers.create_extended_source_server),
    "CreateLaunchConfigurationTemplate": Entry("write", templates.create_launch_template),
    "CreateRecoveryPlan": Entry("write", recovery_plans.create_recovery_plan),
    "CreateRecoveryPlanStep": Entry("write", recovery_plan_steps.create_recovery_plan_step),
    "CreateReplicationConfigurationTemplate": Entry("write", templates.create_replication_template),
    "CreateSourceNetwork": Entry("write", source_networks.create_source_network),
    "DeleteJob": Entry("write", jobs.delete_job),
    "DeleteLaunchAction": Entry("write", launch_actions.delete_launch_action),
    "DeleteLaunchConfigurationTemplate": Entry("write", templates.delete_launch_template),
    "DeleteRecoveryInstance": Entry("write", recovery_instances.delete_recovery_instance),
    "DeleteRecoveryPlan": Entry("write", recovery_plans.delete_recovery_plan),
    "DeleteRecoveryPlanExecution": Entry("write", recovery_plan_executions.delete_recovery_plan_execution),
    "DeleteRecoveryPlanStep": Entry("write", recovery_plan_steps.delete_recovery_plan_step),
    "DeleteReplicationConfigurationTemplate": Entry("write", templates.delete_replication_template),
    "DeleteSourceNetwork": Entry("write", source_networks.delete_source_network),
    "DeleteSourceServer": Entry("write", protection.delete_source_server),
    "DescribeJobLogItems": Entry("read", jobs.describe_job_log_items),
    "DescribeJobs": Entry("read", jobs.describe_jobs),
    "DescribeLaunchConfigurationTemplates": Entry("read", templates.describe_launch_templates),
    "DescribeRecoveryInstances": Entry("read", recovery_instances.describe_recovery_instances),
    "DescribeRecoverySnapshots": Entry("read", recovery_snapshots.describe_recovery_snapshots),
    "DescribeReplicationConfigurationTemplates": Entry("read", templates.describe_replication_templates),
    "DescribeSourceNetworks": Entry("read", source_networks.describe_source_networks),
    "DescribeSourceServers": Entry("read", source_servers.describe_source_servers),
    "DisconnectRecoveryInstance": Entry("write", recovery_instances.disconnect_recovery_instance),
    "DisconnectSourceServer": Entry("write", protection.disconnect_source_server),
    "ExportSourceNetworkCfnTemplate": Entry("write", network_recovery.export_source_network_cfn_template),
    "GetFailbackReplicationConfiguration": Entry("read", failback.get_failback_replication_configuration),
    "GetLaunchConfiguration": Entry("read", launch_configuration.get_launch_configuration),
    "GetRecoveryPlan": Entry("read", recovery_plans.get_recovery_plan),
    "GetRecoveryPlanExecution": Entry("read", recovery_plan_executions.get_recovery_plan_execution),
    "GetRecoveryPlanExecutionStep": Entry("read", recovery_plan_execution_steps.get_recovery_plan_execution_step),
    "GetRecoveryPlanStep": Entry("read", recovery_plan_steps.get_recovery_plan_step),
    "GetReplicationConfiguration": Entry("read", replication_configuration.get_replication_configuration),
    "InitializeService": Entry("write", initialization.initialize_service, needs_setup=False),
    "ListExtensibleSourceServers": Entry("read", extended_servers.list_extensible_source_servers),
    "ListLaunchActions": Entry("read", launch_actions.list_launch_actions),
    "ListRecoveryPlanExecutionSteps": Entry("read", recovery_plan_execution_steps.list_recovery_plan_execution_steps),
    "ListRecoveryPlanExecutions": Entry("read", recovery_plan_executions.list_recovery_plan_executions),
    "ListRecoveryPlanSteps": Entry("read", recovery_plan_steps.list_recovery_plan_steps),
    "ListRecoveryPlans": Entry("read", recovery_plans.list_recovery_plans),
    "ListStagingAccounts": Entry("read", extended_servers.list_staging_accounts),
    "ListTagsForResource": Entry("read", tagging.list_tags_for_resource, needs_setup=False),
    "PutLaunchAction": Entry("write", launch_actions.put_launch_action),
    "ReorderRecoveryPlanSteps": Entry("write", recovery_plan_steps.reorder_recovery_plan_steps),
    "RetryDataReplication": Entry("write", protection.retry_data_replication),
    "RetryRecoveryPlanExecutionStep": Entry("write", recovery_plan_execution_steps.retry_recovery_plan_execution_step),
    "ReverseReplication": Entry("write", failback.reverse_replication),
    "StartFailbackLaunch": Entry("recover", failback.start_failback_launch),
    "StartRecovery": Entry("recover", recovery.start_recovery),
    "StartRecoveryPlanExecution": Entry("write", recovery_plan_executions.start_recovery_plan_execution),
    "StartReplication": Entry("write", protection.start_replication),
    "StartSourceNetworkRecovery": Entry("recover", network_recovery.start_source_network_recovery),
    "StartSourceNetworkReplication": Entry("write", source_networks.start_source_network_replication),
    "StopFailback": Entry("write", failback.stop_failback),
    "StopReplication": Entry("write", protection.stop_replication),
    "StopSourceNetworkReplication": Entry("write", source_networks.stop_source_network_replication),
    "TagResource": Entry("write", tagging.tag_resource, needs_setup=False),
    "TerminateRecoveryInstances": Entry("recover", recovery.terminate_recovery_instances),
    "UntagResource": Entry("write", tagging.untag_resource, needs_setup=False),
    "UpdateFailbackReplicationConfiguration": Entry("write", failback.update_failback_replication_configuration),
    "UpdateLaunchConfiguration": Entry("write", launch_configuration.update_launch_configuration),
    "UpdateLaunchConfigurationTemplate": Entry("write", templates.update_launch_template),
    "UpdateRecoveryPlan": Entry("write", recovery_plans.update_recovery_plan),
    "UpdateRecoveryPlanExecutionStep": Entry("write", recovery_plan_execution_steps.update_recovery_plan_execution_step),
    "UpdateRecoveryPlanStep": Entry("write", recovery_plan_steps.update_recovery_plan_step),
    "UpdateReplicationConfiguration": Entry("write", replication_configuration.update_replication_configuration),
    "UpdateReplicationConfigurationTemplate": Entry("write", templates.update_replication_template),
}
