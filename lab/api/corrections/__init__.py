"""Where moto and AWS differ, AWS is right: importing this package corrects the moto of this process.

Each module corrects one thing by taking the place of moto's functions; `rules` holds the inputs that AWS
refuses. All are written for one version of moto, and importing them fails with any other.
"""

import moto

from .patching import MotoChanged

WRITTEN_FOR = "5.2.5"
if moto.__version__ != WRITTEN_FOR:
    raise MotoChanged(f"the corrections are for moto {WRITTEN_FOR} and this is {moto.__version__}")

from . import (  # noqa: E402, F401
    buckets,
    cpu_credits,
    databases,
    endpoints,
    images,
    instances,
    nat_gateways,
    private_addresses,
    public_addresses,
    quotas,
    rules,
    security_groups,
)
