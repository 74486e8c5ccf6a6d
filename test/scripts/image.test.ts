import { expect } from "chai";
import { Machine } from "./machine.ts";

const app = {
  ".env": "DEBUG=True\n",
  "apps/.env": "DEBUG=True\n",
  "apps/config.py": "",
  Dockerfile: "FROM python:3.9\n",
  "docker-compose.yml": "services: {}\n",
  "requirements.txt": "flask\n",
  "run.py": "app = 1\n",
};

describe("Fetching and building", () => {
  let machine: Machine;
  beforeEach(() => {
    machine = new Machine();
  });
  afterEach(() => machine.remove());

  const fetch = (address: string, commit: string) => machine.run("fetch.sh", [address, commit]);

  it("fetches a commit, and fetches it once", () => {
    const { address, commit } = machine.repository(app);
    expect(fetch(address, commit)).to.deep.equal({ status: 0, stdout: "", stderr: "" });
    expect(fetch("file:///gone", commit).status, "it is there already").to.equal(0);
  });

  it("names a repository that cannot be read", () => {
    const { status, stderr } = fetch(`file://${machine.home}/none`, "0".repeat(40));
    expect(status).to.equal(1);
    expect(stderr).to.match(/^error: the repository file:\S+\/none cannot be read from /m);
    expect(stderr).to.match(/^remedy: check the setting appRepository/m);
  });

  it("names a commit that the repository does not have, and works when it is corrected", () => {
    const { address, commit } = machine.repository(app);
    const { status, stderr } = fetch(address, "0".repeat(40));
    expect(status).to.equal(1);
    expect(stderr).to.include(`error: ${address} has no commit 0000000000`);
    expect(stderr).to.match(/^remedy: set appCommit/m);
    expect(fetch(address, commit).status).to.equal(0);
  });

  it("says what a commit lacks that is not the app", () => {
    const { address, commit } = machine.repository({ "README.md": "", LICENSE: "" });
    const { status, stderr } = fetch(address, commit);
    expect(status).to.equal(1);
    expect(stderr).to.include("has no Dockerfile docker-compose.yml requirements.txt run.py");
    expect(stderr).to.include("at its top are: LICENSE README.md");
    expect(stderr).to.match(/^remedy: set appRepository and appCommit/m);
  });

  for (const file of ["Dockerfile", "docker-compose.yml", "requirements.txt", "run.py"] as const) {
    it(`says that ${file} is missing`, () => {
      const others = Object.entries(app).filter(([name]) => name !== file);
      const { address, commit } = machine.repository(Object.fromEntries(others));
      const { status, stderr } = fetch(address, commit);
      expect(status).to.equal(1);
      expect(stderr).to.include(`has no ${file};`);
    });
  }

  it("builds from the commit, without its .env files, by the project's own Dockerfile", () => {
    const { address, commit } = machine.repository(app);
    fetch(address, commit);
    machine.fake(
      "docker",
      `[ "$1" = image ] && exit 1; log "$@"; tar -tf - >'${machine.home}/context'`,
    );
    const outcome = machine.run("build.sh", [commit, "app:1", "python:3.11"]);
    expect(outcome.status, outcome.stderr).to.equal(0);
    const context = machine.read("context").split("\n");
    expect(context).to.include.members([
      "Dockerfile.release",
      "requirements.txt",
      "apps/config.py",
    ]);
    expect(context.filter((path) => path.endsWith(".env"))).to.deep.equal([]);
    expect(machine.log.trim()).to.equal(
      `build --tag app:1 --file Dockerfile.release --build-arg BASE_IMAGE=python:3.11 --label org.opencontainers.image.revision=${commit} -`,
    );
  });

  it("does not build an image that is there", () => {
    machine.fake("docker", `log "$@"`);
    const outcome = machine.run("build.sh", ["c0ffee", "app:1", "python:3.11"]);
    expect(outcome).to.deep.include({ status: 0, stdout: "app:1 is there already\n" });
    expect(machine.log).to.equal("image inspect app:1\n");
  });

  it("says what to look at when the build fails", () => {
    const { address, commit } = machine.repository(app);
    fetch(address, commit);
    machine.fake(
      "docker",
      `[ "$1" = image ] && exit 1; cat >/dev/null; echo "no such package" >&2; exit 1`,
    );
    const { status, stderr } = machine.run("build.sh", [commit, "app:1", "python:3.11"]);
    expect(status).to.equal(1);
    expect(stderr).to.include(`error: the image of commit ${commit} was not built`);
    expect(stderr).to.include("the setting baseImage (python:3.11)");
  });
});
