/** What a new database begins with: snapshots and moments that RDS has, and those that cannot be restored. */
import { expect } from "chai";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { ignoredOrigin } from "../../database/origin.ts";
import { findOrigin } from "../../database/find-origin.ts";
import { program } from "./program.ts";
import { registrations } from "./mocks.ts";

const instance = "aws:rds/instance:Instance";

describe("The origin of a database", () => {
  /** What RDS answers, by action: XML of the result, or the code of an error. */
  let answers: Record<string, string>;
  let asked: URLSearchParams[];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const parameters = new URLSearchParams(body);
      asked.push(parameters);
      const action = parameters.get("Action")!;
      const answer = answers[action] ?? "";
      const failed = /^\w+$/.test(answer);
      const xml = failed
        ? `<ErrorResponse><Error><Type>Sender</Type><Code>${answer}</Code><Message>no</Message></Error></ErrorResponse>`
        : `<${action}Response><${action}Result>${answer}</${action}Result></${action}Response>`;
      response.writeHead(failed ? 400 : 200, { "content-type": "text/xml" }).end(xml);
    });
  });
  const set = ["AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] as const;
  const outer = set.map((name) => [name, process.env[name]] as const);

  before(async () => {
    await once(server.listen(0, "127.0.0.1"), "listening");
    process.env.AWS_ENDPOINT_URL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    process.env.AWS_ACCESS_KEY_ID = process.env.AWS_SECRET_ACCESS_KEY = "test";
  });
  after(() => {
    server.close();
    server.closeAllConnections();
    for (const [name, value] of outer)
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
  });
  beforeEach(() => ([asked, answers] = [[], { DescribeDBInstances: "" }]));

  const tags = (values: Record<string, string>) =>
    `<TagList>${Object.entries(values)
      .map(([key, value]) => `<Tag><Key>${key}</Key><Value>${value}</Value></Tag>`)
      .join("")}</TagList>`;
  const fields = (values: Record<string, string>) =>
    Object.entries(values)
      .map(([name, value]) => (name === "TagList" ? value : `<${name}>${value}</${name}>`))
      .join("");
  const facts = {
    Engine: "mysql",
    EngineVersion: "8.4.7",
    AllocatedStorage: "20",
    MasterUsername: "dbadmin",
    Encrypted: "true",
    TagList: tags({ schema: "appdb" }),
  };
  const snapshot = (values: Partial<typeof facts> & { Status?: string } = {}) => {
    const all = fields({ Status: "available", ...facts, ...values });
    answers.DescribeDBSnapshots = `<DBSnapshots><DBSnapshot>${all}</DBSnapshot></DBSnapshots>`;
  };
  const backup = (id: string, from: string, to: string) =>
    `<DBInstanceAutomatedBackup>${fields({ DbiResourceId: id, ...facts })}<RestoreWindow>` +
    `<EarliestTime>${from}</EarliestTime><LatestTime>${to}</LatestTime></RestoreWindow></DBInstanceAutomatedBackup>`;
  const backups = (...all: string[]) => {
    answers.DescribeDBInstanceAutomatedBackups = `<DBInstanceAutomatedBackups>${all.join("")}</DBInstanceAutomatedBackups>`;
  };

  const none = {
    databaseSnapshot: "",
    databaseRestoreTime: "",
    databaseRestoreFrom: "",
    databaseAllocatedStorage: 20,
    databaseName: "appdb",
  };
  /** Resolves to the origin, or to the message of the error. */
  const find = async (settings: Partial<typeof none>) => {
    const account = { region: "us-west-2" };
    const owner = { project: "flask-on-aws", stack: "dev" };
    const { result } = await registrations(() =>
      findOrigin({ ...none, ...settings }, account, owner).catch((error: Error) => error.message),
    );
    return result;
  };
  const refusal = async (settings: Partial<typeof none>) => {
    const found = await find(settings);
    expect(found).to.be.a("string");
    return found as string;
  };
  const first = { databaseSnapshot: "first" };
  const moment = { databaseRestoreTime: "2026-01-31T08:30:00Z", databaseRestoreFrom: "old" };

  it("is nothing without settings, and RDS is not asked", async () => {
    expect(await find({})).to.equal(undefined);
    expect(asked).to.deep.equal([]);
  });

  it("is a snapshot that RDS has", async () => {
    snapshot();
    expect(await find(first)).to.deep.equal({ snapshotIdentifier: "first" });
    const names = asked.map((parameters) => parameters.get("DBSnapshotIdentifier"));
    expect(names.filter(Boolean)).to.deep.equal(["first"]);
  });

  it("may have any schema if the snapshot's instance had no tag that tells it", async () => {
    snapshot({ TagList: "" });
    expect(await find(first)).to.deep.equal({ snapshotIdentifier: "first" });
  });

  const refusals: [
    Parameters<typeof snapshot>[0],
    setting: string,
    limit: string,
    remedy: string,
  ][] = [
    [{ Status: "creating" }, "databaseSnapshot", "has the status creating", "wait for it:"],
    [{ Engine: "postgres" }, "databaseSnapshot", "holds postgres 8.4.7", "name one of mysql 8.4"],
    [{ EngineVersion: "8.0.42" }, "databaseSnapshot", "holds mysql 8.0.42", 'see "Upgrading'],
    [{ MasterUsername: "root" }, "databaseSnapshot", "has the master user root", "name one of a"],
    [{ Encrypted: "false" }, "databaseSnapshot", "is not encrypted", "name an encrypted copy"],
    [
      { AllocatedStorage: "100" },
      "databaseAllocatedStorage",
      "must be at least 100 GiB",
      "pulumi config set databaseAllocatedStorage 100 --stack dev",
    ],
    [
      { TagList: tags({ schema: "shop" }) },
      "databaseName",
      "must be shop, the schema that databaseSnapshot holds",
      "pulumi config set databaseName shop --stack dev",
    ],
  ];
  for (const [values, setting, limit, remedy] of refusals)
    it(`is refused before anything is created: ${limit}`, async () => {
      snapshot(values);
      const message = await refusal(first);
      expect(message).to.match(new RegExp(`^The settings have problems:\n- .*:${setting} is `));
      expect(message).to.include(`\n    ${limit}`).and.to.include(`\n    remedy: ${remedy}`);
      for (const line of message.split("\n")) expect(line.length, line).to.be.at.most(100);
      const [, key, value] = /config set (\w+) (\w+)/.exec(message) ?? [];
      if (!key || !value) return;
      const remedied = { [key]: /^\d+$/.test(value) ? Number(value) : value };
      expect(await find({ ...first, ...remedied })).to.deep.equal({ snapshotIdentifier: "first" });
    });

  it("is refused with all problems at once", async () => {
    snapshot({ Status: "creating", AllocatedStorage: "100" });
    expect((await refusal(first)).match(/^- /gm)).to.have.length(2);
  });

  it("is refused if there is no such snapshot", async () => {
    answers.DescribeDBSnapshots = "DBSnapshotNotFound";
    const message = await find(first);
    expect(message).to.include('databaseSnapshot is "first"\n');
    expect(message).to.include("is no DB snapshot of this account in us-west-2\n");
    expect(message).to.include("use one of: aws rds describe-db-snapshots --region us-west-2");
  });

  it("is the instance that had the name at the moment, by its resource ID", async () => {
    backups(
      backup("db-SECOND", "2026-01-31T12:00:00Z", "2026-02-01T00:00:00Z"),
      backup("db-FIRST", "2026-01-30T00:00:00Z", "2026-01-31T10:00:00Z"),
    );
    expect(await find(moment)).to.deep.equal({
      restoreToPointInTime: {
        restoreTime: moment.databaseRestoreTime,
        sourceDbiResourceId: "db-FIRST",
      },
    });
    expect(asked.some((of) => of.get("DBInstanceIdentifier") === "old")).to.equal(true);
    await find({ ...moment, databaseRestoreFrom: "db-FIRST" });
    expect(asked.some((of) => of.get("DbiResourceId") === "db-FIRST")).to.equal(true);
  });

  for (const time of ["2026-01-30T07:00:00Z", "2099-01-01T00:00:00Z"])
    it(`is refused outside of the window: ${time}`, async () => {
      backups(backup("db-FIRST", "2026-01-30T08:00:00.5Z", "2026-01-31T10:00:00.5Z"));
      const message = await refusal({ ...moment, databaseRestoreTime: time });
      expect(message).to.include(`databaseRestoreTime is "${time}"\n`);
      expect(message).to.include("must be 2026-01-30T08:00:01Z to 2026-01-31T10:00:00Z");
      const [, use] = /remedy: use (\S+)/.exec(message)!;
      expect(await find({ ...moment, databaseRestoreTime: use! })).to.be.an("object");
    });

  it("is refused if the instance has left no automated backups", async () => {
    for (const answer of ["DBInstanceAutomatedBackupNotFound", ""]) {
      answers.DescribeDBInstanceAutomatedBackups = answer;
      const message = await find(moment);
      expect(message).to.include('databaseRestoreFrom is "old"\n');
      expect(message).to.include("has no automated backups in us-west-2 to restore from");
    }
  });

  it("is not refused for a stack that has its database: the snapshot may be gone since", async () => {
    answers.DescribeDBSnapshots = "DBSnapshotNotFound";
    const database = (values: Record<string, string>, status = "available") => {
      const all = fields({ DBInstanceStatus: status, TagList: tags(values) });
      answers.DescribeDBInstances = `<DBInstances><DBInstance>${all}</DBInstance></DBInstances>`;
    };
    database({ project: "flask-on-aws", stack: "dev" });
    expect(await find(first)).to.deep.equal({ snapshotIdentifier: "first" });
    database({ project: "flask-on-aws", stack: "prod" });
    expect(await find(first)).to.include("is no DB snapshot");
    database({ project: "flask-on-aws", stack: "dev" }, "deleting");
    expect(await find(first)).to.include("is no DB snapshot");
  });

  it("stops the program with a remedy if RDS refuses to tell", async () => {
    answers.DescribeDBSnapshots = "AccessDenied";
    const message = await find(first);
    expect(message).to.include("cannot be read: AccessDenied: no\n");
    expect(message).to.include("allow rds:DescribeDBInstances, rds:DescribeDBSnapshots and\n");
  });
});

describe("A database that exists", () => {
  const wanted = { snapshotIdentifier: "first" };
  const restoreTime = "2026-01-31T08:30:00Z";
  const moment = { restoreToPointInTime: { restoreTime, sourceDbiResourceId: "db-FIRST" } };
  const warning = async (...args: Parameters<typeof ignoredOrigin>) =>
    (await registrations(() => ignoredOrigin(...args))).result;

  it("keeps its rows when its origin is set, changed or removed", async () => {
    const { ignoreChanges } = (await program()).one(instance);
    expect(ignoreChanges).to.include.members([
      ...["snapshotIdentifier", "restoreToPointInTime", "tags.origin"],
    ]);
  });

  it("is named in a warning if it does not come from the origin", async () => {
    const text = await warning(wanted, {});
    expect(text).to.include("databaseSnapshot is first, but the database is older");
    expect(text).to.include("pulumi config rm databaseSnapshot --stack dev");
    for (const line of text!.split("\n")) expect(line.length, line).to.be.at.most(100);
    expect(await warning(wanted, { origin: "other" })).to.include("is first, but");
    expect(await warning(moment, undefined)).to.include(
      `databaseRestoreTime is ${restoreTime}, but`,
    );
  });

  it("causes no warning if it comes from the origin", async () => {
    expect(await warning(wanted, { origin: "first" })).to.equal(undefined);
    expect(await warning(moment, { origin: restoreTime })).to.equal(undefined);
    // AWS has 256 characters for a tag's value.
    const long = "arn:aws:rds:us-west-2:123456789012:snapshot:".padEnd(299, "a");
    const origin = long.slice(-256);
    expect(await warning({ snapshotIdentifier: long }, { origin })).to.equal(undefined);
  });
});
