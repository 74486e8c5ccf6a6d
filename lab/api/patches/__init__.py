"""Patches for moto: importing this package makes the moto of this process behave as AWS does.

Each module replaces some of moto's functions. All patches are written for one version of moto, and importing them
fails with any other.
"""

import moto

from .patching import MotoChanged

WRITTEN_FOR = "5.2.5"
if moto.__version__ != WRITTEN_FOR:
    raise MotoChanged(f"the patches are for moto {WRITTEN_FOR} and this is {moto.__version__}")

from . import (  # noqa: E402, F401
    alarms,
    buckets,
    certificates,
    cpu_credits,
    databases,
    endpoints,
    images,
    instances,
    load_balancers,
    nat_gateways,
    object_lock,
    parameters,
    private_addresses,
    public_addresses,
    quotas,
    registries,
    scalable_targets,
    security_groups,
    snapshots,
    topics,
    web_identity,
)
