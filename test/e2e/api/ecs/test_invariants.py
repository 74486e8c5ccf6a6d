"""What holds for a service whatever happens to it, tried with random stories."""

import random
import unittest

from ecs import reports
from ecs.model import COMPLETED, FAILED, RUNNING
from fleet import Fleet

STORIES = 100


def happen(fleet: Fleet, chance: random.Random) -> None:
    """One thing that its user, a container, the load balancer or the time does."""
    tasks = list(fleet.service.tasks)
    task = chance.choice(tasks) if tasks else None
    what = chance.choice(
        ["deploy", "scale", "run", "run", "healthy", "healthy", "sick", "crash", "stop", "wait", "end"]
    )
    if what == "deploy":
        fleet.deploy(f"app:{chance.randint(1, 9)}")
    elif what == "scale":
        fleet.scale(chance.randint(0, 7))
    elif what == "wait":
        fleet.step(chance.choice([1, 20, 60]))
    elif what == "end":
        fleet.stop_signalled()
    elif task is None:
        return
    elif what == "run":
        fleet.run(task)
    elif what in ("healthy", "sick"):
        fleet.health(what == "healthy", task)
    elif what == "crash":
        fleet.end(task, chance.choice([1, None]), "CannotPullContainerError: not found")
    else:
        fleet.service = reports.stopped_by_user(fleet.service, fleet.clock, task.id, "")
        fleet.step()


def story(seed: int) -> tuple[Fleet, random.Random]:
    chance = random.Random(seed)
    # With which one task can be replaced too.
    least, most = chance.choice([(0, 100), (0, 150), (50, 200), (100, 200)])
    fleet = Fleet(chance.randint(1, 5), minimum_percent=least, maximum_percent=most, breaks=chance.random() < 0.7)
    return fleet, chance


class Invariants(unittest.TestCase):
    def test_never_more_tasks_than_the_maximum_percent(self) -> None:
        for seed in range(STORIES):
            fleet, chance = story(seed)
            for _ in range(40):
                happen(fleet, chance)
                self.assertLessEqual(len(fleet.active()), fleet.service.most, f"story {seed}")

    def test_an_update_alone_never_leaves_fewer_serving_than_the_minimum_percent(self) -> None:
        for seed in range(STORIES):
            fleet, chance = story(seed)
            fleet.settle()
            for number in range(3):
                fleet.deploy(f"app:1{number}")
                while fresh := [task for task in fleet.active() if task.status != RUNNING or task.health != "healthy"]:
                    task = chance.choice(fresh)
                    fleet.run(task)
                    fleet.health(chance.random() < 0.8, task)
                    self.assertGreaterEqual(fleet.serving(), fleet.service.least, f"story {seed}")
                    if fleet.primary().state == FAILED:
                        break

    def test_settles_once_all_is_well(self) -> None:
        for seed in range(STORIES):
            fleet, chance = story(seed)
            for _ in range(40):
                happen(fleet, chance)
            fleet.service = reports.deploy(fleet.service, fleet.clock, "app:last", fleet.primary().subnets, ())
            for _ in range(12):
                # Delayed starts, grace periods and draining targets.
                fleet.step(1800)
                for task in fleet.active():
                    if task.health == "unhealthy":
                        fleet.health(True, task)
                fleet.settle()
            service = fleet.service
            self.assertEqual((fleet.primary().state, service.is_steady), (COMPLETED, True), f"story {seed}")
            self.assertEqual((len(service.deployments), fleet.serving()), (1, service.desired), f"story {seed}")


if __name__ == "__main__":
    unittest.main()
