"""What the files of a commit tell of a Flask app. None of them is run.

usage: GIT_DIR=… describe-app.py COMMIT [MODULE [DOCKERFILE]]
  MODULE      the setting appModule, if there is one
  DOCKERFILE  the setting appDockerfile, if there is one

Prints a line for each finding, with a tab between its kind and its text:
  module      what gunicorn can serve, as run:app
  found       where that stands
  looked      what was looked at in vain
  health      path of the page that the health check asks for
  migrations  alembic, flask-migrate, generated or none
  process     name and command of a line of the Procfile, but of web and release
  release     command of the line release
  refused     a line of the Procfile that cannot be read
"""

import ast
import re
import sys

import procfile
from app_image import Files, command_words, last_stage, package_names

# Files at the top that start an app by the habits of Flask and of hosting services.
ENTRIES = ("run.py", "wsgi.py", "app.py", "main.py", "application.py")
FACTORIES = ("create_app", "make_app")
# Their objects are named app, too, and gunicorn cannot serve them.
OTHERS = {"Celery", "FastAPI", "Quart", "Sanic", "Starlette", "Typer"}
MODULE = re.compile(r'[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\((("[\w./-]*")(, ?"[\w./-]*")*)?\))?')


def say(kind, text):
    print(kind, text, sep="\t")


class Commit(Files):
    def __init__(self, name):
        super().__init__(name)
        self.trees = {}

    def file_of(self, module):
        """The file of a module at the top of the repository."""
        base = module.replace(".", "/")
        return next((path for path in (f"{base}/__init__.py", f"{base}.py") if path in self.files), None)

    def tree(self, path):
        if path not in self.trees:
            try:
                self.trees[path] = ast.parse(self.text(path))
            except (SyntaxError, ValueError) as problem:
                self.trees[path] = ast.Module([], [])
                say("looked", f"{path}: no Python: {problem}")
        return self.trees[path]


def statements(body):
    """The statements that an import runs."""
    for node in body:
        yield node
        if isinstance(node, ast.If) and "__main__" not in ast.dump(node.test):
            yield from statements(node.body + node.orelse)
        elif isinstance(node, ast.With):
            yield from statements(node.body)
        elif isinstance(node, ast.Try):
            handlers = [line for handler in node.handlers for line in handler.body]
            yield from statements(node.body + handlers + node.orelse + node.finalbody)


def called(node):
    """The name of the class or function that an expression calls."""
    function = node.func if isinstance(node, ast.Call) else None
    return getattr(function, "id", None) or getattr(function, "attr", None)


def needs_arguments(function):
    given = len(function.args.posonlyargs + function.args.args) - len(function.args.defaults)
    return given > 0 or None in function.args.kw_defaults


def factory(commit, path, name, seen=()):
    """Whether a file has a factory of this name that works without arguments; None if it has none."""
    for node in statements(commit.tree(path).body):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == name:
            return not needs_arguments(node)
        if isinstance(node, ast.ImportFrom) and any((each.asname or each.name) == name for each in node.names):
            there = commit.file_of(absolute(path, node))
            found = there and there not in seen and factory(commit, there, name, (*seen, path))
            return True if found is None or not there else found
    return None


def absolute(path, node):
    """The module from which a file imports."""
    if node.level == 0:
        return node.module or ""
    package = path.split("/")[: -node.level]
    return ".".join([*package, *filter(None, [node.module])])


def names(commit, path):
    """What a file offers to gunicorn: objects named app or application, else other Flask objects, else factories."""
    usual, others = set(), set()
    for node in statements(commit.tree(path).body):
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if not isinstance(target, ast.Name) or called(node.value) in OTHERS:
                    continue
                if target.id in ("app", "application"):
                    usual.add(target.id)
                elif called(node.value) == "Flask":
                    others.add(target.id)
        elif isinstance(node, ast.ImportFrom):
            package = absolute(path, node)
            for each in node.names:
                # Else it is a module.
                if (each.asname or each.name) in ("app", "application") and not commit.file_of(f"{package}.{each.name}"):
                    usual.add(each.asname or each.name)
    if usual:
        return [min(usual)]
    if others:
        return sorted(others)
    for name in FACTORIES:
        works = factory(commit, path, name)
        if works:
            return [f"{name}()"]
        if works is False:
            say("looked", f"{path}: {name} needs arguments")
    return []


def module_of(path):
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def imports(commit, path):
    """Names of the modules that a file imports, and what it imports from them."""
    found = set()
    for node in ast.walk(commit.tree(path)):
        if isinstance(node, ast.Import):
            found.update(each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = absolute(path, node)
            found.update({package}, (f"{package}.{each.name}" for each in node.names))
    return found


def from_files(commit):
    entries = [path for path in ENTRIES if path in commit.files]
    packages = sorted(
        path for path in commit.files if re.fullmatch(r"(?!tests?/|migrations/|docs/)\w+/__init__\.py", path)
    )
    offers = {path: offered for path in entries + packages if (offered := names(commit, path))}
    for path in entries:
        if path not in offers:
            say("looked", f"{path}: no app")
    # What another one imports is a part of the app, and not where it begins.
    parts = {
        path
        for path in offers
        for other in offers
        if other != path and any(f"{name}.".startswith(f"{module_of(path)}.") for name in imports(commit, other))
    }
    for path in offers if parts == set(offers) else [path for path in offers if path not in parts]:
        for name in offers[path]:
            yield f"{module_of(path)}:{name}", path
    if not entries and not packages:
        say("looked", f"the top: none of {', '.join(ENTRIES)}, and no package")


def from_procfile(commit):
    command = procfile.read(commit.text("Procfile"))[0].get("web")
    if command:
        module, problem = procfile.web_module(command)
        if module:
            yield module, "the line web of Procfile"
        else:
            say("looked", f"Procfile: its line web {problem}")


def from_flaskenv(commit):
    for line in commit.text(".flaskenv").splitlines():
        assigned = re.fullmatch(r"""\s*(?:export\s+)?FLASK_APP\s*=\s*(["']?)(.*?)\1\s*""", line)
        if not assigned:
            continue
        yield from from_flask_app(commit, assigned[2], "FLASK_APP in .flaskenv")


def from_flask_app(commit, text, where):
    name, _, attribute = text.partition(":")
    module = name.removeprefix("./").removesuffix(".py").replace("/", ".")
    path = commit.file_of(module)
    if attribute and path and factory(commit, path, attribute) is not None:
        attribute += "()"
    if attribute:
        yield f"{module}:{attribute}", where
    elif path:
        yield from ((f"{module}:{each}", where) for each in names(commit, path))
    else:
        yield f"{module}:app", where


def from_dockerfile(commit, dockerfile):
    """What the command of an image serves, else what its FLASK_APP names."""
    stage = last_stage(commit, dockerfile)
    last = dict(stage)
    module = procfile.module_of_words(command_words(last.get("ENTRYPOINT", "")) + command_words(last.get("CMD", "")))
    if module:
        yield module, f"the command of {dockerfile}"
        return
    for name, arguments in stage:
        assigned = re.search(r"""(?<!\S)FLASK_APP[= ]\s*(["']?)([^"'\s]+)\1""", arguments) if name == "ENV" else None
        if assigned:
            yield from from_flask_app(commit, assigned[2], f"FLASK_APP in {dockerfile}")
            return


def find_module(commit, setting, dockerfile):
    if setting:
        found = [(setting, "the setting appModule")]
    else:
        ways = [way(commit) for way in (from_procfile, from_flaskenv, from_files)]
        if dockerfile:
            ways.insert(0, from_dockerfile(commit, dockerfile))
        found = next(filter(None, map(list, ways)), [])
    for module, where in found:
        module = module.replace("'", '"')
        name = module.partition(":")[0]
        if not MODULE.fullmatch(module):
            say("looked", f"{where}: {module} is not of the form MODULE:NAME")
        # A package may also come from the requirements.
        elif "." not in name and not commit.file_of(name):
            say("looked", f"{where}, {module}: the commit has neither {name}.py nor {name}/__init__.py")
        else:
            say("module", module)
            say("found", where)


def find_migrations(commit):
    if "alembic.ini" in commit.files:
        return "alembic"
    if "migrations/env.py" in commit.files:
        return "flask-migrate"
    # Dockerfile.release adds flask-migrate by the same rule.
    return "generated" if package_names(commit) & {"flask-sqlalchemy", "flask-migrate"} else "none"


def find_processes(commit):
    commands, refused = procfile.read(commit.text("Procfile"))
    for name, command in commands.items():
        if name == "release":
            say("release", command)
        elif name != "web":
            say("process", f"{name} {command}")
    for line in refused:
        say("refused", line)


def main(name, setting="", dockerfile=""):
    commit = Commit(name)
    find_module(commit, setting, dockerfile)
    # The layout of flask-datta-able and its relatives.
    say("health", "/login" if commit.files >= {"run.py", "apps/config.py"} else "/")
    say("migrations", find_migrations(commit))
    find_processes(commit)


if __name__ == "__main__":
    main(*sys.argv[1:])
