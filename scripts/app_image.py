"""What the files of a commit tell of its app's image: packages, Python, Dockerfiles. None of them is run.

usage: GIT_DIR=… app_image.py COMMIT [DOCKERFILE [PYTHON]]
  DOCKERFILE  the setting appDockerfile, if there is one
  PYTHON      version of the base image's Python, as 3.11

Prints a line for each finding, with a tab between its kind and its text:
  packages    file that lists them: requirements.txt, uv.lock or pyproject.toml; or the DOCKERFILE
  unused      another list of packages
  name        of a package that the app asks for, normalized
  export      command that makes requirements.txt of a lock that is not supported
  line        a line of requirements.txt, where the file cannot be used as it is, or does not exist
  refused     why the packages cannot be installed
  python      which versions the app runs on, and which file says so
  misfit      the same, where PYTHON is none of them
  base        base image that has one of them
  dockerfile  a Dockerfile
  port        on which the image of DOCKERFILE listens
  warning     what in DOCKERFILE does harm
"""

import codecs
import json
import posixpath
import re
import shlex
import subprocess
import sys

EXPORTS = {"poetry.lock": "poetry export -o requirements.txt", "Pipfile.lock": "pipenv requirements >requirements.txt"}
# Of the images that Docker Hub has, in the order in which they are recommended.
PYTHONS = ((3, 12), (3, 11), (3, 13), (3, 10), (3, 14), (3, 9))
INCLUDE = re.compile(r"\s*(?:-r|--requirement|(-c|--constraint))(?:\s*=\s*|\s+|(?<=-[rc]))([^\s:]+)\s*(?:#.*)?")


def git(*words):
    printed = subprocess.run(("git", *words), stdout=subprocess.PIPE, check=True).stdout
    # Windows PowerShell redirects into UTF-16, which pip reads, too.
    utf16 = printed.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return printed.decode("utf-16" if utf16 else "utf-8-sig", "replace")


class Files:
    """The files of a commit."""

    def __init__(self, name):
        self.name = name
        self.files = set(git("ls-tree", "-r", "--name-only", "-z", name).split("\0"))

    def text(self, path):
        return git("cat-file", "blob", f"{self.name}:{path}") if path in self.files else ""


def project(commit):
    """The table project of pyproject.toml. Before 3.11 Python has no reader of TOML."""
    found = re.search(r"^\[project\][^\n]*\n(.*?)(?=^\[|\Z)", commit.text("pyproject.toml"), re.M | re.S)
    return found[1] if found else ""


def project_dependencies(commit):
    """Those of pyproject.toml, as lines of a requirements.txt; None if it lists none."""
    array = re.search(
        r"""^dependencies\s*=\s*\[((?:[^\]"'#]|"(?:[^"\\]|\\.)*"|'[^']*'|#[^\n]*)*)\]""", project(commit), re.M
    )
    if not array:
        return None
    texts = re.finditer(r"""#[^\n]*|"((?:[^"\\]|\\.)*)"|'([^']*)'""", array[1])
    return [re.sub(r"\\(.)", r"\1", text[1] or text[2]) for text in texts if text[1] or text[2]]


def list_of_packages(commit):
    """The file that says what to install."""
    for path in ("requirements.txt", "uv.lock"):
        if path in commit.files:
            return path
    if any(lock in commit.files for lock in EXPORTS) or project_dependencies(commit) is None:
        return None
    return "pyproject.toml"


def flattened(commit, path, problems, seen=()):
    """The lines of a requirements file, with those of the files that it includes."""
    for line in commit.text(path).splitlines():
        include = INCLUDE.fullmatch(line)
        if not include:
            yield line
            continue
        there = posixpath.normpath(posixpath.join(posixpath.dirname(path), include[2]))
        if include[1]:
            problems.append(f"{path} has constraints: {line.strip()}")
        elif there not in commit.files:
            problems.append(f"{path} includes {there}, which the commit does not have")
        elif there not in (*seen, path):
            yield from flattened(commit, there, problems, (*seen, path))


def requirements(commit, problems):
    """What the app asks for, as lines of a requirements.txt."""
    if "requirements.txt" in commit.files:
        return list(flattened(commit, "requirements.txt", problems))
    return project_dependencies(commit) or []


def command_words(command):
    """The words of an ENTRYPOINT or CMD, also of one that a shell runs."""
    try:
        words = [str(word) for word in json.loads(command)] if command.startswith("[") else shlex.split(command)
        return shlex.split(words[2]) if re.fullmatch(r"(/bin/)?(ba)?sh -l?c .*", " ".join(words), re.S) else words
    except ValueError:
        return []


def package_names(commit):
    """Names of the packages that the app asks for, normalized."""
    lines = requirements(commit, [])
    return {re.split(r"[\s\[<>=!~;@#(]", line.strip())[0].lower().replace("_", "-").replace(".", "-") for line in lines}


def find_packages(commit):
    found = list_of_packages(commit)
    if found is None:
        yield from (("export", command) for lock, command in EXPORTS.items() if lock in commit.files)
        return
    yield "packages", found
    others = {"requirements.txt", "uv.lock", *EXPORTS} - {found}
    yield from (("unused", path) for path in sorted(others & commit.files))
    if found == "uv.lock" and "pyproject.toml" not in commit.files:
        yield "refused", "uv.lock stands without pyproject.toml"
    problems = []
    lines = requirements(commit, problems)
    yield from (("refused", problem) for problem in problems)
    if found == "pyproject.toml" or found == "requirements.txt" and lines != commit.text(found).splitlines():
        yield from (("line", line) for line in lines)


def versions(commit):
    """The versions of Python that the app runs on, as pyproject.toml has them, by the file that says so."""
    version = re.match(r"(?:\s*#.*\n|\s+)*(?:cpython[-@])?(\d+(?:\.\d+)*)\s", commit.text(".python-version") + "\n")
    if version:
        yield f"=={version[1]}", ".python-version", version[1]
    version = re.fullmatch(r"python-(\d+(?:\.\d+)*)\D*", commit.text("runtime.txt").strip())
    if version:
        yield f"=={version[1]}", "runtime.txt", version[1]
    required = re.search(r"""^requires-python\s*=\s*(["'])(.*?)\1""", project(commit), re.M)
    if required:
        yield required[2], "requires-python in pyproject.toml", required[2]


def fits(minor, specifiers):
    """Whether a version of two numbers is one of these. Its third number counts nowhere: images have the newest."""
    for specifier in specifiers.split(","):
        parts = re.fullmatch(r"\s*(~=|={2,3}|!=|[<>]=?)\s*(\d+(?:\.\d+)*)(\.\*)?\s*", specifier)
        if not parts:
            continue
        operator, wildcard = parts[1], parts[3]
        number = tuple(map(int, parts[2].split(".")))
        bound = (*number, 0)[:2]
        is_this = minor[: len(number)] == number[:2]
        is_within = {
            ">=": minor >= bound,
            ">": minor >= bound,
            "<=": minor <= bound,
            "<": minor < bound or is_this and any(number[2:]),
            "!=": not (is_this and wildcard and len(number) < 3),
            "~=": is_this if len(number) > 2 else minor >= bound and minor[0] == bound[0],
        }
        if not is_within.get(operator, is_this):
            return False
    return True


def find_python(commit, version):
    wanted = list(versions(commit))
    minor = tuple(map(int, version.split(".")[:2])) if version else None
    for specifiers, where, text in wanted:
        yield "python", f"{text}, by {where}"
        if minor and not fits(minor, specifiers):
            yield "misfit", f"{text}, by {where}"
    if wanted:
        fitting = (each for each in PYTHONS if all(fits(each, specifiers) for specifiers, _, _ in wanted))
        yield from (("base", "python:{}.{}-slim-bookworm".format(*each)) for each in list(fitting)[:1])


def instructions(text):
    """The instructions of a Dockerfile, and their arguments."""
    text = re.sub(r"^[ \t]*#[^\n]*\n", "", text + "\n", flags=re.M)
    for line in re.sub(r"\\[ \t]*\n", " ", text).splitlines():
        name, _, arguments = line.strip().partition(" ")
        yield name.upper(), arguments.strip()


def last_stage(commit, dockerfile):
    """The instructions that make the image itself."""
    stage = []
    for name, arguments in instructions(commit.text(dockerfile)):
        if name == "FROM":
            stage = []
        stage.append((name, arguments))
    return stage


def find_dockerfile(commit, dockerfile):
    migration = re.compile(r"\bflask\b[^&|;]*\bdb\s+(init|migrate|upgrade)\b|\balembic\b[^&|;]*\bupgrade\b")
    for name, arguments in instructions(commit.text(dockerfile)):
        found = name == "RUN" and migration.search(arguments)
        if found:
            yield "warning", f"{dockerfile} migrates while it builds, where it has no database: {found[0]}"
    for name, arguments in last_stage(commit, dockerfile):
        if name == "EXPOSE":
            yield from (("port", port) for port in re.findall(r"(?<!\S)(\d+)(?:/tcp)?(?!\S)", arguments))


def find_dockerfiles(commit):
    names = re.compile(r"(.*/)?((Dockerfile|Containerfile)(\.(?!dockerignore)[^/]+)?|[^/]+\.[Dd]ockerfile)")
    yield from (("dockerfile", path) for path in sorted(filter(names.fullmatch, commit.files)))


def main(name, dockerfile="", version=""):
    commit = Files(name)
    findings = list(find_dockerfiles(commit))
    if dockerfile and dockerfile not in commit.files:
        findings.append(("refused", f"it has no {dockerfile}"))
    elif dockerfile:
        findings += [("packages", dockerfile), *find_dockerfile(commit, dockerfile)]
    else:
        findings += [*find_packages(commit), *find_python(commit, version)]
    findings += [("name", each) for each in sorted(package_names(commit)) if each[:1].isalnum()]
    for kind, text in findings:
        print(kind, text, sep="\t")


if __name__ == "__main__":
    main(*sys.argv[1:])
