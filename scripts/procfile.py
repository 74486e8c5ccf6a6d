"""Reads a Procfile, and makes services of docker-compose of its processes.

procfile.py COLOUR COMPOSE_FILE: prints a compose file, in JSON, for the processes on standard input, lines `NAME COMMAND`: each
is like the service COLOUR of COMPOSE_FILE, with another command.
procfile.py containers: prints, in JSON, what containers of ECS have of their own that run the same processes.
"""

import json
import re
import shlex
import sys

LINE = re.compile(r"([A-Za-z0-9_-]+):\s*(\S.*)")
# Options of gunicorn that stand without a value.
FLAGS = set(
    "--reload --preload --preload-app --check-config --print-config --spew --capture-output --no-sendfile -R -D "
    "--enable-stdio-inheritance --reuse-port --initgroups --log-syslog --proxy-protocol --daemon".split()
)
# A line of one program, also after `&&`, becomes this program, which alone gets SIGTERM: the processes that Celery or Dramatiq
# start would end with their jobs. docker-init sends the signal of another line to all that it has started. The shell outlives
# them: the container ends when its first process does, and with it whatever is not done.
ONE_PROGRAM = re.compile(
    r"((?:[^|;&()`]*&&)*)\s*(?:exec\s+)?((?:[A-Za-z_]\w*=[^\s'\"]*\s+)*)((?![A-Za-z_]\w*=|!)[^|;&()`]+)"
)
SEVERAL = "trap 'exit 143' TERM; "
TO_ALL = {"TINI_KILL_PROCESS_GROUP": "1"}
# The longest time that ECS gives to a container on Fargate. A release waits as long for the last job of a worker.
SECONDS_TO_FINISH = 120


def read(text):
    """The commands by name, and the lines that cannot be read."""
    commands, refused = {}, []
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        found = LINE.fullmatch(line)
        if not found:
            refused.append(f"line {number}: {line}")
        elif found[1] in commands:
            refused.append(f"line {number}, the second one named {found[1]}: {line}")
        else:
            commands[found[1]] = found[2]
    return commands, refused


def module_of_words(words):
    """What the words of a command have a WSGI server serve; None if they start none."""
    servers = [at for at, word in enumerate(words) if word.rsplit("/", 1)[-1] in ("gunicorn", "waitress-serve")]
    rest = iter(words[servers[0] + 1 :] if servers else ())
    for word in rest:
        if not word.startswith("-"):
            return word if ":" in word else f"{word}:application"
        if "=" not in word and word not in FLAGS and (word.startswith("--") or len(word) == 2):
            next(rest, None)
    return None


def web_module(command):
    """What the line web has a WSGI server serve, or why it cannot be told: the other one is None."""
    try:
        module = module_of_words(shlex.split(command))
    except ValueError as problem:
        return None, f"cannot be read: {problem}"
    return module, None if module else "starts neither gunicorn nor waitress-serve"


def shell_words(line):
    """How a shell runs a line, and whether all that it starts gets SIGTERM."""
    one = ONE_PROGRAM.fullmatch(line)
    if not one:
        return ["sh", "-c", SEVERAL + line], True
    before, variables, program = one.groups()
    return ["sh", "-c", f"{before} exec {'env ' if variables else ''}{variables}{program}".strip()], False


def processes(lines):
    for line in filter(str.strip, lines):
        name, command = line.rstrip("\n").split(" ", 1)
        yield name, *shell_words(command)


def services(colour, compose_file, lines):
    for name, words, reaches_all in processes(lines):
        yield f"{colour}-{name}", {
            "extends": {"file": compose_file, "service": colour},
            # Instead of that of the image, if it has one.
            # docker-compose replaces variables.
            "entrypoint": [word.replace("$", "$$") for word in words],
            "init": True,
            **({"environment": TO_ALL} if reaches_all else {}),
            "stop_grace_period": f"{SECONDS_TO_FINISH}s",
            "labels": {"flask-on-aws.process": name, "flask-on-aws.colour": colour},
        }


def containers(lines):
    for name, words, reaches_all in processes(lines):
        yield {
            "name": name,
            "entryPoint": words[:-1],
            "command": words[-1:],
            "environment": [{"name": name, "value": value} for name, value in (TO_ALL if reaches_all else {}).items()],
        }


if __name__ == "__main__":
    if sys.argv[1] == "containers":
        json.dump(list(containers(sys.stdin)), sys.stdout)
    else:
        json.dump({"services": dict(services(*sys.argv[1:], sys.stdin))}, sys.stdout)
