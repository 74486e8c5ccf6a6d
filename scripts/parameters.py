"""The app's variables as sets of parameters in SSM: PREFIX/NUMBER/NAME. A set never changes: other variables make a new one.

parameters.py plan PREFIX FILE: from standard input, the sets that are there, as `aws ssm get-parameters-by-path` prints them,
    and the variables of FILE, an app.env. Prints the number of the set that has them, the names of the variables, one line,
    and for a new set a line of JSON for each `aws ssm put-parameter`.
parameters.py below PREFIX NUMBER: of names on standard input, those of sets with lower numbers
"""

import json
import sys

import app_settings


def split(prefix, name):
    """The number of a parameter's set and the variable's name; None for others."""
    if not name.startswith(prefix + "/"):
        return None
    number, separator, variable = name[len(prefix) + 1 :].partition("/")
    return (int(number), variable) if number.isdigit() and separator else None


def sets(prefix, parameters):
    found = {}
    for parameter in parameters:
        place = split(prefix, parameter["Name"])
        if place:
            found.setdefault(place[0], {})[place[1]] = parameter["Value"]
    return found


def plan(prefix, parameters, variables):
    """The number of the set, and what is to be written. A set that a killed run left in part is not used: it differs."""
    found = sets(prefix, parameters)
    newest = max(found, default=0)
    if found.get(newest) == variables:
        return newest, []
    number = newest + 1
    written = [
        {"Name": f"{prefix}/{number}/{name}", "Value": value, "Type": "SecureString", "Overwrite": False}
        for name, value in sorted(variables.items())
    ]
    return number, written


def below(prefix, names, limit):
    return [name for name in names if (split(prefix, name) or (limit,))[0] < limit]


def main(action, prefix, last):
    if action == "below":
        print("\n".join(below(prefix, sys.stdin.read().split(), int(last))))
        return
    written, _ = app_settings.read(last)
    variables = {name.decode(): app_settings.decode(value).decode() for name, value in written.items()}
    number, parameters = plan(prefix, json.load(sys.stdin)["Parameters"], variables)
    print(number)
    print(" ".join(sorted(variables)))
    for parameter in parameters:
        print(json.dumps(parameter))


if __name__ == "__main__":
    main(*sys.argv[1:])
