"""What ECS's scheduler does about tasks that end or are unhealthy, and when the desired count changes."""

import unittest
from collections import Counter

from ecs import reports
from ecs.model import COMPLETED, DEACTIVATING, RUNNING, STOPPING
from ecs.scheduler import is_unsettled
from fleet import Fleet


class Healing(unittest.TestCase):
    def test_replaces_a_task_that_exits(self) -> None:
        fleet = Fleet().settle()
        victim = fleet.active()[0]
        fleet.end(victim, 137)
        self.assertEqual(len(fleet.active()), 3)
        gone = fleet.task(victim)
        self.assertEqual(
            (gone.stop_code, gone.stopped_reason, gone.exit_code),
            ("EssentialContainerExited", "Essential container in task exited", 137),
        )
        self.assertFalse(fleet.service.is_steady)
        fleet.settle()
        self.assertEqual(fleet.events()[-1], "has reached a steady state.")
        self.assertEqual(Counter(task.subnet.zone for task in fleet.active()), {"a": 2, "b": 1})

    def test_a_crash_after_the_deployment_does_not_roll_back(self) -> None:
        fleet = Fleet(desired=1).settle()
        for _ in range(5):
            fleet.end(fleet.active()[0], 1)
            fleet.start_healthy()
        self.assertEqual((fleet.primary().state, len(fleet.active())), (COMPLETED, 1))

    def test_stops_an_unhealthy_task_once_its_replacement_is_healthy(self) -> None:
        fleet = Fleet(desired=2).settle()
        victim = fleet.active()[0]
        fleet.health(False, victim)
        self.assertEqual((len(fleet.active()), fleet.task(victim).status), (3, RUNNING))
        fleet.start_healthy()
        gone = fleet.task(victim)
        self.assertEqual(gone.status, DEACTIVATING)
        self.assertEqual(gone.stopped_reason, "Task failed ELB health checks in (target-group tg)")

    def test_keeps_a_task_that_recovers_before_its_replacement_serves(self) -> None:
        fleet = Fleet(desired=2).settle()
        victim = fleet.active()[0]
        fleet.health(False, victim)
        fleet.health(True, victim)
        fleet.settle()
        self.assertEqual(len(fleet.active()), 2)
        self.assertEqual(fleet.task(victim).status, RUNNING)

    def test_waits_for_the_grace_period_after_a_task_runs(self) -> None:
        fleet = Fleet(desired=1, grace=60)
        slow = fleet.active()[0]
        fleet.run(slow)
        fleet.health(False, slow)
        fleet.step(59)
        self.assertEqual([task.id for task in fleet.active()], [slow.id])
        self.assertTrue(is_unsettled(fleet.service, fleet.now))
        fleet.step(1)
        self.assertEqual(len(fleet.active()), 2)

    def test_replaces_a_task_that_the_user_stops(self) -> None:
        fleet = Fleet().settle()
        victim = fleet.active()[0]
        fleet.service = reports.stopped_by_user(fleet.service, fleet.clock, victim.id, "a test")
        fleet.step()
        self.assertEqual(
            (fleet.task(victim).status, fleet.task(victim).stop_code, fleet.task(victim).stopped_reason),
            (DEACTIVATING, "UserInitiated", "a test"),
        )
        self.assertEqual(len(fleet.active()), 3)

    def test_ignores_reports_about_tasks_that_are_gone(self) -> None:
        fleet = Fleet(desired=1).settle()
        fleet.end(fleet.active()[0], 1)
        gone = fleet.stopped()[0]
        before = fleet.service
        fleet.end(gone, 0)
        fleet.run(gone)
        fleet.health(True, gone)
        self.assertEqual(fleet.service, before)


class Scaling(unittest.TestCase):
    def test_from_3_to_6_to_2_keeps_the_zones_even(self) -> None:
        fleet = Fleet().settle()
        fleet.scale(6)
        fleet.settle()
        self.assertEqual(Counter(task.subnet.zone for task in fleet.active()), {"a": 3, "b": 3})
        fleet.scale(2)
        self.assertEqual(Counter(task.subnet.zone for task in fleet.active()), {"a": 1, "b": 1})
        self.assertEqual(fleet.primary().state, COMPLETED)

    def test_stops_a_task_of_the_fullest_zone(self) -> None:
        fleet = Fleet(desired=2).settle()
        fleet.end(next(task for task in fleet.active() if task.subnet.zone == "a"), 1)
        fleet.settle()
        fleet.scale(3)
        fleet.settle()
        fleet.scale(2)
        self.assertEqual(Counter(task.subnet.zone for task in fleet.active()), {"a": 1, "b": 1})

    def test_stops_first_what_does_not_serve(self) -> None:
        fleet = Fleet(desired=2).settle()
        fleet.scale(3)
        fresh = [task for task in fleet.active() if task.status != RUNNING]
        fleet.scale(2)
        self.assertEqual(fleet.task(fresh[0]).status, STOPPING)
        self.assertEqual(fleet.serving(), 2)

    def test_a_deleted_service_stops_every_task(self) -> None:
        fleet = Fleet().settle()
        fleet.service = reports.delete(fleet.service)
        fleet.step()
        self.assertEqual({task.status for task in fleet.service.tasks}, {DEACTIVATING})

    def test_describes_a_stopped_task_for_an_hour(self) -> None:
        fleet = Fleet(desired=1).settle()
        fleet.end(fleet.active()[0], 1)
        fleet.start_healthy()
        fleet.step(3599)
        self.assertEqual(len(fleet.stopped()), 1)
        fleet.step(1)
        self.assertEqual(fleet.stopped(), [])
