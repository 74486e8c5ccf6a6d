"""What ECS's scheduler does with deployments, as AWS documents it."""

import unittest
from collections import Counter

from ecs.model import COMPLETED, DEACTIVATING, FAILED, IN_PROGRESS, PROVISIONING, STOPPING
from ecs.scheduler import is_unsettled
from fleet import Fleet


class FirstDeployment(unittest.TestCase):
    def test_spreads_the_tasks_over_the_zones(self) -> None:
        fleet = Fleet(desired=5)
        zones = Counter(task.subnet.zone for task in fleet.active())
        self.assertEqual(zones, {"a": 3, "b": 2})
        self.assertEqual({task.status for task in fleet.active()}, {PROVISIONING})

    def test_completes_once_every_target_is_healthy(self) -> None:
        fleet = Fleet()
        fleet.run(*fleet.active())
        self.assertEqual(fleet.primary().state, IN_PROGRESS)
        fleet.health(True, *fleet.active()[:2])
        self.assertEqual((fleet.primary().state, fleet.service.is_steady), (IN_PROGRESS, False))
        fleet.health(True, *fleet.active()[2:])
        self.assertEqual((fleet.primary().state, fleet.service.is_steady), (COMPLETED, True))
        self.assertEqual(fleet.primary().reason, f"ECS deployment {fleet.primary().id} completed.")
        self.assertEqual(fleet.events()[-2:], [
            f"(deployment {fleet.primary().id}) deployment completed.", "has reached a steady state.",
        ])  # fmt: skip

    def test_completes_once_the_tasks_run_if_there_is_no_load_balancer(self) -> None:
        fleet = Fleet(target_group=None)
        fleet.run(*fleet.active())
        self.assertEqual(fleet.primary().state, COMPLETED)

    def test_tells_of_starts_and_registrations(self) -> None:
        fleet = Fleet(desired=1)
        fleet.run(*fleet.active())
        task = fleet.active()[0]
        self.assertEqual(fleet.events(), [
            f"has started 1 tasks: (task {task.id}).", "registered 1 targets in (target-group tg)",
        ])  # fmt: skip


class RollingUpdate(unittest.TestCase):
    def test_runs_twice_the_tasks_at_200_percent_and_never_fewer_that_serve(self) -> None:
        fleet = Fleet().settle()
        fleet.deploy("app:2")
        self.assertEqual((len(fleet.active("app:1")), len(fleet.active("app:2"))), (3, 3))
        for task in fleet.active("app:2"):
            fleet.run(task)
            fleet.health(True, task)
            self.assertEqual(fleet.serving(), 3)
        self.assertEqual(len(fleet.active("app:1")), 0)

    def test_goes_in_steps_at_50_and_100_percent(self) -> None:
        fleet = Fleet(desired=3, minimum_percent=50, maximum_percent=100).settle()
        fleet.deploy("app:2")
        # Rounded up: two go on serving.
        self.assertEqual((len(fleet.active("app:1")), len(fleet.active("app:2"))), (2, 1))
        fleet.run(*fleet.active("app:2"))
        self.assertEqual(len(fleet.active("app:2")), 1)
        fleet.health(True, *fleet.active("app:2"))
        self.assertEqual((len(fleet.active("app:1")), len(fleet.active("app:2"))), (1, 2))

    def test_rounds_the_maximum_down(self) -> None:
        fleet = Fleet(desired=3, maximum_percent=150).settle()
        fleet.deploy("app:2")
        self.assertEqual(len(fleet.active("app:2")), 1)

    def test_drains_a_target_for_the_delay_before_the_container_is_stopped(self) -> None:
        fleet = Fleet(desired=1).settle()
        old = fleet.active()[0]
        fleet.deploy("app:2")
        fleet.forget_events()
        fleet.start_healthy()
        self.assertEqual(fleet.task(old).status, DEACTIVATING)
        self.assertTrue(is_unsettled(fleet.service, fleet.now))
        fleet.step(19)
        self.assertEqual(fleet.task(old).status, DEACTIVATING)
        self.assertEqual(fleet.primary().state, IN_PROGRESS)
        fleet.step(1)
        self.assertEqual(fleet.task(old).status, STOPPING)
        fleet.stop_signalled()
        self.assertEqual(fleet.primary().state, COMPLETED)
        self.assertEqual(fleet.task(old).stop_code, "ServiceSchedulerInitiated")
        self.assertEqual(
            fleet.task(old).stopped_reason, f"Scaling activity initiated by (deployment {fleet.primary().id})"
        )
        self.assertEqual(fleet.events()[1:4], [
            "deregistered 1 targets in (target-group tg)",
            "has begun draining connections on 1 tasks.",
            f"has stopped 1 running tasks: (task {old.id}).",
        ])  # fmt: skip

    def test_keeps_the_older_deployment_until_its_last_task_is_stopped(self) -> None:
        fleet = Fleet(desired=1).settle()
        fleet.deploy("app:2")
        fleet.start_healthy()
        self.assertEqual([each.status for each in fleet.service.deployments], ["PRIMARY", "ACTIVE"])
        fleet.settle()
        self.assertEqual([each.task_definition for each in fleet.service.deployments], ["app:2"])

    def test_a_third_version_takes_the_place_of_a_second_that_is_not_done(self) -> None:
        fleet = Fleet().settle()
        fleet.deploy("app:2")
        fleet.deploy("app:3")
        self.assertEqual((len(fleet.active("app:1")), len(fleet.active("app:2"))), (3, 0))
        self.assertEqual(len(fleet.active("app:3")), 3)
        fleet.settle()
        self.assertEqual([each.task_definition for each in fleet.service.deployments], ["app:3"])


class CircuitBreaker(unittest.TestCase):
    def test_rolls_back_after_three_tasks_that_exit_before_they_are_healthy(self) -> None:
        fleet = Fleet(desired=2).settle()
        good = fleet.primary().id
        fleet.deploy("app:2")
        bad = fleet.primary().id
        fleet.forget_events()
        for _ in range(2):
            fleet.crash("app:2")
        self.assertEqual((fleet.primary().state, fleet.primary().failed_tasks), (IN_PROGRESS, 2))
        fleet.crash("app:2")
        self.assertEqual(fleet.primary().id, good)
        self.assertEqual(
            fleet.primary().reason, f"ECS deployment circuit breaker: rolling back to deploymentId {good}."
        )
        self.assertEqual(fleet.serving(), 2)
        self.assertIn(f"(deployment {bad}) deployment failed: tasks failed to start.", fleet.events())
        self.assertIn(f"rolling back to deployment {good}.", fleet.events())
        failed = next(each for each in fleet.service.deployments if each.id == bad)
        self.assertEqual((failed.status, failed.state), ("ACTIVE", FAILED))
        self.assertEqual(failed.reason, "ECS deployment circuit breaker: tasks failed to start.")
        fleet.stop_signalled()
        self.assertEqual((fleet.primary().task_definition, fleet.primary().state), ("app:1", COMPLETED))
        self.assertEqual(len(fleet.service.deployments), 1)

    def test_fails_a_first_deployment_that_has_nothing_to_go_back_to(self) -> None:
        fleet = Fleet(desired=1)
        for _ in range(3):
            fleet.end(fleet.active()[-1], None, "CannotPullContainerError: not found")
        self.assertEqual((fleet.primary().state, fleet.active()), (FAILED, []))
        self.assertIn("No rollback candidate was found", fleet.events()[-1])
        fleet.step(7200)
        self.assertEqual(fleet.active(), [])
        fleet.deploy("app:2")
        fleet.settle()
        self.assertEqual((fleet.primary().task_definition, fleet.primary().state), ("app:2", COMPLETED))

    def test_fails_without_rolling_back_if_told_so_and_keeps_what_serves(self) -> None:
        fleet = Fleet(desired=2, rolls_back=False).settle()
        fleet.deploy("app:2")
        for _ in range(3):
            fleet.crash("app:2")
        fleet.step()
        self.assertEqual((fleet.primary().task_definition, fleet.primary().state), ("app:2", FAILED))
        self.assertEqual(len(fleet.active("app:1")), 2)

    def test_needs_half_of_the_desired_count_between_3_and_200(self) -> None:
        thresholds = [Fleet(desired=count).service.threshold for count in (1, 6, 7, 25, 500)]
        self.assertEqual(thresholds, [3, 3, 4, 13, 200])

    def test_counts_from_0_again_once_a_task_is_healthy(self) -> None:
        fleet = Fleet(desired=2).settle()
        fleet.deploy("app:2")
        for _ in range(2):
            fleet.crash("app:2")
        fleet.run(fleet.active("app:2")[0])
        fleet.health(True, fleet.active("app:2")[0])
        self.assertEqual(fleet.primary().failed_tasks, 0)

    def test_does_not_count_a_task_that_was_healthy_before_it_exits(self) -> None:
        fleet = Fleet(desired=2)
        for _ in range(4):
            fleet.run(fleet.active()[0])
            fleet.health(True, fleet.active()[0])
            fleet.end(fleet.active()[0], 1)
        self.assertEqual((fleet.primary().state, fleet.primary().failed_tasks), (IN_PROGRESS, 0))

    def test_counts_tasks_whose_health_checks_fail(self) -> None:
        fleet = Fleet(desired=3).settle()
        fleet.deploy("app:2")
        fleet.run(*fleet.active("app:2"))
        fleet.health(False, *fleet.active("app:2"), reason="Health checks failed with these codes: [500]")
        fleet.step()
        self.assertEqual(fleet.primary().task_definition, "app:1")
        self.assertTrue(any(
            "due to (reason Health checks failed with these codes: [500])." in event for event in fleet.events()
        ))  # fmt: skip
        self.assertEqual(len(fleet.active("app:1")), 3)

    def test_starts_ever_less_often_without_a_breaker(self) -> None:
        fleet = Fleet(desired=1, breaks=False)
        for _ in range(4):
            fleet.end(fleet.active()[-1], None, "CannotPullContainerError: not found")
        self.assertEqual(fleet.active(), [])
        self.assertIn("is unable to consistently start tasks successfully.", fleet.events())
        fleet.step(29)
        self.assertEqual(fleet.active(), [])
        fleet.step(1)
        self.assertEqual(len(fleet.active()), 1)
