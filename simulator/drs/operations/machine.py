"""What the agent reports of a machine: hardware, operating system and network, made up from its name."""

from simulator.drs import identifiers
from simulator.drs.model import SourceServer
from simulator.drs.operations.wire import Answer
from simulator.drs.state import RegionState

GIB = 1024**3
_SYSTEMS = {"linux": "Linux version 5.10.0-amzn2.x86_64", "windows": "Microsoft Windows Server 2022 Datacenter 10.0.20348"}


def device_names(server: SourceServer) -> list[str]:
    """The names of the machine's disks, the one that it boots from first."""
    places = range(len(server.disks_gib) or 1)
    if server.platform == "windows":
        return [f"{chr(ord('c') + place % 24)}:{place // 24}" for place in places]
    return [f"/dev/nvme{place}n1" for place in places]


def disks(server: SourceServer) -> list[tuple[str, int]]:
    """The machine's disks: names and sizes in bytes."""
    return [
        (name, size * GIB) for name, size in zip(device_names(server), server.disks_gib or (server.volume_gib,), strict=True)
    ]


def source_properties(state: RegionState, server: SourceServer) -> Answer:
    """A source server's `sourceProperties`."""
    return {
        **machine_properties(state, server),
        "identificationHints": identification_hints(server),
        "recommendedInstanceType": "c5.large",
        "disks": [{"deviceName": name, "bytes": size} for name, size in disks(server)],
        "supportsNitroInstances": True,
        "architecture": "x86_64",
    }


def machine_properties(state: RegionState, server: SourceServer) -> Answer:
    """What is the same of a source server and of the instance launched from it."""
    return {
        "lastUpdatedDateTime": state.instant(server.added_ms),
        "networkInterfaces": [{"macAddress": mac_address(server), "ips": [_ip_address(server)], "isPrimary": True}],
        "cpus": [{"cores": 2, "modelName": "Intel(R) Xeon(R) Platinum 8259CL CPU @ 2.50GHz"}],
        "ramBytes": 4 * GIB,
        "os": {"fullString": _SYSTEMS[server.platform]},
    }


def identification_hints(server: SourceServer) -> Answer:
    """How a machine can be told from others: by its name, and by its id in EC2 or in VMware."""
    hints: Answer = {"hostname": server.name, "fqdn": server.name}
    if server.source_instance_id is not None:
        return hints | {"awsInstanceID": server.source_instance_id}
    return hints | {"vmWareUuid": identifiers.digits(f"vm/{server.id}", 32)}


def hardware_ids(server: SourceServer) -> frozenset[str]:
    """What the `hardwareId` filter of DescribeSourceServers finds a machine by."""
    hints = identification_hints(server)
    return frozenset({mac_address(server), *(hints[name] for name in ("awsInstanceID", "vmWareUuid") if name in hints)})


def mac_address(server: SourceServer) -> str:
    """The hardware address of a machine's network interface, as the agent writes it."""
    digits = "02" + identifiers.digits(f"mac/{server.id}", 10).upper()
    return "-".join(digits[place : place + 2] for place in range(0, 12, 2))


def _ip_address(server: SourceServer) -> str:
    digits = identifiers.digits(f"ip/{server.id}", 6)
    return f"10.{int(digits[:2], 16)}.{int(digits[2:4], 16)}.{int(digits[4:], 16)}"
