"""Writes the configuration of the lab's stack: that of Pulumi.dev.yaml, with the lab's own values over it.

usage: stack_config.py FROM KEY=VALUE…    VALUE is JSON; the result, YAML, goes to standard output.
Secrets of FROM are left out: they belong to another stack's key.
"""

import json
import sys

import yaml

source, *own = sys.argv[1:]
with open(source, encoding="utf-8") as file:
    config = yaml.safe_load(file).get("config", {})
config = {key: value for key, value in config.items() if not (isinstance(value, dict) and "secure" in value)}
for pair in own:
    key, value = pair.split("=", 1)
    config[key] = json.loads(value)
yaml.safe_dump({"config": config}, sys.stdout)
