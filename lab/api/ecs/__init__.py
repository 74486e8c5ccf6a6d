"""ECS services on Fargate that live: moto keeps their entries, and this package runs their tasks.

`model` is what a service is, `reports` what happens to it, `scheduler` what ECS does about that: pure functions of a
service and the time. `services` and `tasks` connect them with moto's entries, network interfaces and target groups.
"""
