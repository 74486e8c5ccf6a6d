"""What the Python files of a commit tell of an app's variables and pages. None of them is run. For init.ts.

usage: GIT_DIR=… read_source.py COMMIT

Prints a line for each finding, with tabs:
  variable  NAME  FILE:LINE    read from the environment, without a default
  page      PATH               of a route that takes GET and has no parameter
"""

import ast
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../scripts"))

from app_image import Files  # noqa: E402

ELSEWHERE = re.compile(r"(.*/)?(tests?|migrations|docs|node_modules|venv|\.venv)/.*|(.*/)?(test_[^/]*|conftest|setup)\.py")


def text(node):
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def dotted(node):
    """The names of an expression, as `os.environ.get`."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return getattr(node, "id", "")


def variable(node):
    """The variable that an expression reads from the environment and that has no default."""
    if isinstance(node, ast.Subscript) and dotted(node.value).endswith("environ") and isinstance(node.ctx, ast.Load):
        return text(node.slice)
    if isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords:
        if re.search(r"(^|\.)(environ\.get|getenv)$", dotted(node.func)):
            return text(node.args[0])
    return None


def variables(tree):
    with_default = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
            with_default.update(map(id, node.values[:-1]))
        name = variable(node)
        if name and id(node) not in with_default:
            yield name, node.lineno


def keyword(call, name):
    return next((each.value for each in call.keywords if each.arg == name), None)


def prefixes(tree):
    """What blueprints put before their pages, by the name of their variable."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            prefix = text(keyword(node.value, "url_prefix"))
            if prefix:
                yield from ((dotted(target).rsplit(".", 1)[-1], prefix) for target in node.targets)
        if isinstance(node, ast.Call) and dotted(node.func).endswith(".register_blueprint") and node.args:
            prefix = text(keyword(node, "url_prefix"))
            if prefix:
                yield dotted(node.args[0]).rsplit(".", 1)[-1], prefix


def pages(tree, before):
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or not node.args:
            continue
        path, methods = text(node.args[0]), keyword(node, "methods")
        if node.func.attr not in ("route", "get", "add_url_rule") or not path or not path.startswith("/") or "<" in path:
            continue
        if methods is None or any(text(each) == "GET" for each in getattr(methods, "elts", [])):
            prefix = before.get(dotted(node.func.value).rsplit(".", 1)[-1], "")
            yield prefix.rstrip("/") + path if prefix else path


def main(name):
    commit = Files(name)
    trees = {}
    for path in sorted(commit.files):
        if path.endswith(".py") and not ELSEWHERE.fullmatch(path):
            try:
                trees[path] = ast.parse(commit.text(path))
            except (SyntaxError, ValueError):
                continue  # describe-app.py says so, where it matters
    before = dict(found for tree in trees.values() for found in prefixes(tree))
    for path, tree in trees.items():
        for found, line in variables(tree):
            print("variable", found, f"{path}:{line}", sep="\t")
    for page in dict.fromkeys(page for tree in trees.values() for page in pages(tree, before)):
        print("page", page, sep="\t")


if __name__ == "__main__":
    main(*sys.argv[1:])
