"""When an alarm changes its state: the tables of CloudWatch's user guide, and what they leave open."""

import unittest

from alarms.evaluation import ALARM, BREACHING, IGNORE, INSUFFICIENT_DATA, MISSING, NOT_BREACHING, OK, Rule, evaluate

SILENCES = (MISSING, IGNORE, BREACHING, NOT_BREACHING)


def points(text: str) -> list[float | None]:
    """As the tables have them, the oldest first: 0 does not breach, X does, - is missing."""
    return [{"0": 0.0, "X": 1.0, "-": None}[each] for each in text.split()]


def states(text: str, datapoints: int, state: str = "before") -> list[str]:
    """For each treatment of missing data, with the three last periods counting."""
    rules = [Rule("GreaterThanThreshold", 0, 3, datapoints, silence) for silence in SILENCES]
    return [evaluate(rule, points(text), state)[0] for rule in rules]


class Tables(unittest.TestCase):
    def test_three_of_three(self) -> None:
        kept = "before"
        for text, expected in {
            "0 - X - X": [OK, OK, OK, OK],
            "0 - - - -": [OK, OK, OK, OK],
            "- - - - -": [INSUFFICIENT_DATA, kept, ALARM, OK],
            "0 X X - X": [ALARM, ALARM, ALARM, ALARM],
            "- - X - -": [ALARM, kept, ALARM, OK],
        }.items():
            self.assertEqual(states(text, 3), expected, text)

    def test_two_of_three(self) -> None:
        kept = "before"
        for text, expected in {
            "0 - X - X": [ALARM, ALARM, ALARM, ALARM],
            "0 0 X 0 X": [ALARM, ALARM, ALARM, ALARM],
            "0 - X - -": [OK, OK, ALARM, OK],
            "- - - - 0": [OK, OK, ALARM, OK],
            "- - - X -": [ALARM, kept, ALARM, OK],
        }.items():
            self.assertEqual(states(text, 2), expected, text)


class Evaluation(unittest.TestCase):
    def test_one_breaching_point_that_is_too_new_changes_nothing(self) -> None:
        self.assertEqual(states("- - - - X", 3, OK), [OK, OK, ALARM, OK])

    def test_only_the_last_periods_count(self) -> None:
        self.assertEqual(states("X X 0 0 0", 1), [OK] * 4)
        self.assertEqual(states("X X X 0 0", 1), [ALARM] * 4)
        self.assertEqual(states("0 0 X X X", 3), [ALARM] * 4)

    def test_older_points_stand_in_for_missing_ones(self) -> None:
        self.assertEqual(states("0 0 0 - -", 3), [OK] * 4)
        self.assertEqual(states("X X X - -", 3), [ALARM] * 4)

    def test_looks_at_as_many_points_as_the_examples(self) -> None:
        self.assertEqual(Rule("GreaterThanThreshold", 0, 3, 3, MISSING).range, 5)

    def test_comparisons(self) -> None:
        for comparison, breaching in {
            "GreaterThanThreshold": [6.0],
            "GreaterThanOrEqualToThreshold": [5.0, 6.0],
            "LessThanThreshold": [4.0],
            "LessThanOrEqualToThreshold": [4.0, 5.0],
        }.items():
            rule = Rule(comparison, 5, 1, 1, MISSING)
            found = [value for value in (4.0, 5.0, 6.0) if evaluate(rule, [None, None, value], OK)[0] == ALARM]
            self.assertEqual(found, breaching, comparison)

    def test_the_reason_names_values_and_threshold(self) -> None:
        rule = Rule("LessThanThreshold", 1, 2, 2, BREACHING)
        self.assertEqual(
            evaluate(rule, points("0 X 0 0"), OK)[1],
            "Threshold Crossed: 2 out of the last 2 datapoints [0, 0] were less than the threshold (1).",
        )
        self.assertEqual(
            evaluate(rule, points("- - - 0"), OK)[1],
            "1 datapoints [0] and 1 missing datapoints were treated as [breaching]; the threshold is 1.",
        )


if __name__ == "__main__":
    unittest.main()
