"""What Application Auto Scaling does about the number of tasks, as AWS documents it, with the lab's shorter minutes."""

import unittest
from dataclasses import replace

from ecs.scaling import MINUTE, History, Policy, measure, scaled, wanted

POLICY = Policy(least=2, most=6, target=60, out_cooldown=120, in_cooldown=300)


class Service:
    """Some tasks, whose CPU is measured each minute."""

    def __init__(self, desired: int = 2, policy: Policy = POLICY) -> None:
        self.desired, self.policy, self.history, self.now = desired, policy, History(), 1000.0
        self.is_deploying = False

    def minutes(self, count: int, percent: float) -> "Service":
        for _ in range(count):
            self.now += MINUTE
            self.history = measure(self.history, percent, self.now)
            after = wanted(self.policy, self.history, self.desired, self.is_deploying, self.now)
            self.history = scaled(self.history, self.desired, after, self.now)
            self.desired = after
        return self


class ScaleOut(unittest.TestCase):
    def test_begins_after_three_minutes_above_the_target(self) -> None:
        self.assertEqual(Service().minutes(2, 90).desired, 2)
        self.assertEqual(Service().minutes(3, 90).desired, 3)

    def test_adds_as_many_as_bring_the_average_to_the_target(self) -> None:
        self.assertEqual(Service(desired=3).minutes(3, 100).desired, 5)
        self.assertEqual(Service(desired=4).minutes(3, 61).desired, 5)

    def test_does_not_begin_at_the_target_or_after_a_shorter_peak(self) -> None:
        self.assertEqual(Service().minutes(10, 60).desired, 2)
        self.assertEqual(Service().minutes(2, 100).minutes(1, 60).minutes(2, 100).desired, 2)

    def test_ends_at_the_greatest_number(self) -> None:
        self.assertEqual(Service(desired=5).minutes(3, 100).desired, 6)
        self.assertEqual(Service(desired=6).minutes(9, 100).desired, 6)

    def test_waits_for_the_cooldown_of_the_last_one(self) -> None:
        service = Service().minutes(3, 70)
        self.assertEqual(service.desired, 3)
        self.assertEqual(service.minutes(1, 70).desired, 3)
        # Two minutes are over.
        self.assertEqual(service.minutes(1, 70).desired, 4)

    def test_goes_on_while_a_deployment_is_under_way(self) -> None:
        service = Service()
        service.is_deploying = True
        self.assertEqual(service.minutes(3, 90).desired, 3)

    def test_does_not_wait_for_the_cooldown_of_a_scale_in_and_ends_it(self) -> None:
        service = Service(desired=4).minutes(15, 10)
        self.assertEqual(service.desired, 3)
        self.assertEqual(service.minutes(3, 100).desired, 5)
        self.assertLess(service.history.scaled_in, 0)


class ScaleIn(unittest.TestCase):
    def test_begins_after_fifteen_minutes_below_ninety_percent_of_the_target(self) -> None:
        self.assertEqual(Service(desired=4).minutes(14, 10).desired, 4)
        self.assertEqual(Service(desired=4).minutes(15, 10).desired, 3)
        many = replace(POLICY, most=20)
        self.assertEqual(Service(desired=20, policy=many).minutes(15, 54).desired, 20)
        self.assertEqual(Service(desired=20, policy=many).minutes(15, 53).desired, 19)

    def test_is_put_off_by_a_single_busy_minute(self) -> None:
        self.assertEqual(Service(desired=4).minutes(14, 10).minutes(1, 60).minutes(14, 10).desired, 4)

    def test_takes_one_task_after_the_other_down_to_the_least_number(self) -> None:
        service = Service(desired=4).minutes(15, 10)
        self.assertEqual(service.minutes(4, 10).desired, 3)
        self.assertEqual(service.minutes(1, 10).desired, 2)
        self.assertEqual(service.minutes(60, 0).desired, 2)

    def test_takes_none_that_the_others_could_not_do_without(self) -> None:
        # With one task less the average would be above the target, and the next scale-out would follow.
        self.assertEqual(Service(desired=4).minutes(30, 50).desired, 4)
        self.assertEqual(Service(desired=4).minutes(15, 45).desired, 3)

    def test_waits_for_the_end_of_a_deployment(self) -> None:
        service = Service(desired=4)
        service.is_deploying = True
        self.assertEqual(service.minutes(30, 10).desired, 4)
        service.is_deploying = False
        self.assertEqual(service.minutes(1, 10).desired, 3)

    def test_may_be_switched_off(self) -> None:
        self.assertEqual(Service(desired=4, policy=replace(POLICY, scales_in=False)).minutes(30, 1).desired, 4)


class Limits(unittest.TestCase):
    """Of a number that somebody has set by hand: ECS developer guide, "Automatically scale your service"."""

    def test_a_number_below_the_least_one_is_raised_to_it_by_load_alone(self) -> None:
        self.assertEqual(Service(desired=1).minutes(30, 10).desired, 1)
        self.assertEqual(Service(desired=1).minutes(3, 61).desired, 2)

    def test_a_number_above_the_greatest_one_is_lowered_to_it_by_lack_of_load_alone(self) -> None:
        self.assertEqual(Service(desired=9).minutes(9, 100).desired, 9)
        self.assertEqual(Service(desired=9).minutes(15, 10).desired, 6)


class Measurements(unittest.TestCase):
    def test_of_before_a_gap_do_not_count(self) -> None:
        service = Service().minutes(2, 100)
        service.now += 5 * MINUTE
        self.assertEqual(service.minutes(2, 100).desired, 2)
        self.assertEqual(service.minutes(1, 100).desired, 4)
