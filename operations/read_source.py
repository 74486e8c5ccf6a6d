"""What the Python files of a commit tell of an app's variables, pages and files. None of them is run. For init.ts.

usage: GIT_DIR=… read_source.py COMMIT

Prints a line for each finding, with tabs:
  variable  NAME  FILE:LINE    read from the environment, without a default
  page      PATH               of a route that takes GET, has no parameter and needs no login
  upload    FILE:LINE          where the app receives a file
  import    NAME               of a package, as a list of packages has it
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


def module_of(path):
    return re.sub(r"(/__init__)?\.py$", "", path).replace("/", ".")


class Names:
    """What the names of a file stand for: `bp` of `from shop.pages import bp` is `shop.pages.bp`."""

    def __init__(self, trees):
        self.imported = {}
        for path, tree in trees.items():
            module = module_of(path)
            names = self.imported[module] = {}
            for node in ast.walk(tree):
                if isinstance(node, ast.Import):
                    names.update({each.asname: each.name for each in node.names if each.asname})
                elif isinstance(node, ast.ImportFrom):
                    package = module.split(".")
                    package = package[: len(package) - node.level + path.endswith("/__init__.py")] if node.level else []
                    origin = ".".join([*package, *filter(None, [node.module])])
                    names.update({each.asname or each.name: f"{origin}.{each.name}" for each in node.names})

    def of(self, module, expression):
        name = dotted(expression)
        # A name may be imported from a file that imports it.
        for _ in range(5):
            first, _, rest = name.partition(".")
            imported = self.imported.get(module, {}).get(first)
            if imported is None:
                break
            name = f"{imported}.{rest}" if rest else imported
            module, _, name = name.rpartition(".")
        return f"{module}.{name}"


def prefixes(names, module, tree):
    """What blueprints put before their pages, by what Names calls them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            prefix = text(keyword(node.value, "url_prefix"))
            if prefix:
                yield from ((names.of(module, target), prefix) for target in node.targets)
        if isinstance(node, ast.Call) and dotted(node.func).endswith(".register_blueprint") and node.args:
            prefix = text(keyword(node, "url_prefix"))
            if prefix:
                yield names.of(module, node.args[0]), prefix


def needs_login(decorators):
    found = (each.func if isinstance(each, ast.Call) else each for each in decorators)
    return any(re.search(r"(login|auth|admin|authed|jwt)(s_only|_required|_only)?$", dotted(each)) for each in found)


def pages(names, module, tree, before):
    private = {
        id(each)
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and needs_login(node.decorator_list)
        for each in node.decorator_list
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or not node.args:
            continue
        path, methods = text(node.args[0]), keyword(node, "methods")
        if node.func.attr not in ("route", "get", "add_url_rule") or not path or not path.startswith("/") or "<" in path:
            continue
        if id(node) in private:
            continue
        if methods is None or any(text(each) == "GET" for each in getattr(methods, "elts", [])):
            prefix = before.get(names.of(module, node.func.value), "")
            yield prefix.rstrip("/") + path if prefix else path


def uploads(tree):
    found = (node for node in ast.walk(tree) if isinstance(node, ast.Attribute))
    return (node.lineno for node in found if dotted(node) == "request.files")


def packages(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module


def of_procfile(commit):
    """The variables that its processes need. The deployer sets PORT for web, which it starts itself."""
    for number, line in enumerate(commit.text("Procfile").splitlines(), 1):
        if not re.match(r"\s*(#|web\s*:)", line):
            yield from ((found[1] or found[2], number) for found in re.finditer(r"\$(?:(\w+)|\{(\w+)\})", line))


def main(name):
    commit = Files(name)
    trees = {}
    for path in sorted(commit.files):
        if path.endswith(".py") and not ELSEWHERE.fullmatch(path):
            try:
                trees[path] = ast.parse(commit.text(path))
            except (SyntaxError, ValueError):
                continue  # describe-app.py says so, where it matters
    names = Names(trees)
    before = dict(found for path, tree in trees.items() for found in prefixes(names, module_of(path), tree))
    for path, tree in trees.items():
        for found, line in variables(tree):
            print("variable", found, f"{path}:{line}", sep="\t")
        for line in uploads(tree):
            print("upload", f"{path}:{line}", sep="\t")
    for found, line in of_procfile(commit):
        print("variable", found, f"Procfile:{line}", sep="\t")
    found_pages = (page for path, tree in trees.items() for page in pages(names, module_of(path), tree, before))
    for page in dict.fromkeys(found_pages):
        print("page", page, sep="\t")
    for name in sorted({found.partition(".")[0] for tree in trees.values() for found in packages(tree)}):
        print("import", name.lower().replace("_", "-"), sep="\t")


if __name__ == "__main__":
    main(*sys.argv[1:])
