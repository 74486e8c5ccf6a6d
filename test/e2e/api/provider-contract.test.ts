import { expect } from "chai";

import { policiesOf } from "../../../tools/policies.ts";
import { ofProvider, reasonsOf } from "../../support/permission-reasons.ts";
import { called, makeUser, type Principal, widened } from "../../support/principals.ts";
import { ProviderProcess } from "../../support/aws-provider.ts";
import { skip } from "../../support/skip.ts";
import { type ApiServer, startApi } from "../../../lab/support/api-server.ts";
import { accountState } from "./contract/account-state.ts";
import { alarms } from "./contract/alarms.ts";
import { balancers } from "./contract/balancers.ts";
import { ci } from "./contract/ci.ts";
import { containers } from "./contract/containers.ts";
import { data } from "./contract/data.ts";
import { comparable, lookups, prepare } from "./contract/lookups.ts";
import { machines } from "./contract/machines.ts";
import { network } from "./contract/network.ts";
import { records } from "./contract/records.ts";
import { replication } from "./contract/replication.ts";
import { LabProvider, token } from "./contract/lab-provider.ts";
import { address, type Inputs } from "./contract/subject.ts";
import { findProvider, type Planned, type Provider, Terraform } from "./contract/terraform.ts";

/** What the real provider and the lab's provider did in a round. */
interface Round {
  /** What was planned for each subject, by address. */
  readonly plans: { real: Map<string, Planned>; labProvider: Map<string, Planned> };
  /** The state of AWS afterwards. */
  readonly states: Record<"real" | "labProvider", Record<string, unknown>>;
  /** What each lookup returned, by token. */
  readonly found: Map<string, { real: Inputs; labProvider: Inputs }>;
}

/** What the real provider was allowed and refused, and what both did. */
interface Contract {
  readonly rounds: Round[];
  readonly calls: Awaited<ReturnType<typeof called>>;
}

const subjects = [
  ...network,
  ...machines,
  ...ci,
  ...data,
  ...replication,
  ...records,
  ...balancers,
  ...containers,
  ...alarms,
];
/** The last two are only planned: to make them would take two more minutes and test little more. */
const rounds = [
  { name: "creation", made: true },
  { name: "round 1", made: true },
  { name: "round 2", made: false },
  { name: "round 3", made: false },
];

/** For changes that the rounds make, and that the program makes to no resource that exists. */
const beyond = [
  "ec2:AssociateIamInstanceProfile",
  "ec2:DescribeIamInstanceProfileAssociations",
  "ec2:DescribeVolumesModifications",
  "ec2:ModifyInstanceMetadataOptions",
  "ec2:ModifyNetworkInterfaceAttribute",
  "ec2:ModifySecurityGroupRules",
  "ec2:ModifyVolume",
  "ec2:ReplaceRouteTableAssociation",
  "ecr:PutImageTagMutability",
  "ecs:UpdateCluster",
  "elasticloadbalancing:SetSecurityGroups",
  // An administrator makes the roles of CI.
  "iam:AttachRolePolicy",
  "iam:DetachRolePolicy",
  "iam:PutRolePermissionsBoundary",
  "iam:UpdateAssumeRolePolicy",
  "iam:UpdateRoleDescription",
];

/** Who the real provider calls as: somebody who may do what `up` may, and no other action, on everything. */
function makeRealUser(api: ApiServer): Promise<Principal> {
  const places = { project: "contract", stack: "dev", zone: "Z1", domain: "example.test" };
  const Statement = [{ Sid: "Beyond", Effect: "Allow", Action: beyond, Resource: "*" }] as const;
  const policies = widened(policiesOf("up", places));
  policies.set("beyond", { Version: "2012-10-17", Statement });
  return makeUser(api, "real", policies);
}

/** Runs all rounds with both providers, each with its own AWS account. */
async function compare(provider: Provider, real: ApiServer, other: ApiServer): Promise<Contract> {
  const user = await makeRealUser(real);
  const terraform = await Terraform.start(provider, real.endpoint, subjects, user);
  const labProcess = await ProviderProcess.start(other.endpoint);
  const labProvider = new LabProvider(labProcess, subjects);
  const results: Round[] = [];
  try {
    await labProcess.configure({
      region: "us-west-2",
      defaultTags: { tags: { project: "contract" } },
    });
    for (const [round, { made }] of rounds.entries()) {
      const plans = {
        real: await terraform.plan(round),
        labProvider: await labProvider.change(round, made),
      };
      if (made) await terraform.apply(round);
      const states = {
        real: await accountState(real.client, await terraform.ids()),
        labProvider: await accountState(other.client, labProvider.ids()),
      };
      const found = made ? await lookUp(terraform, labProvider) : noneFound;
      results.push({ plans, states, found });
    }
    return { rounds: results, calls: await called(real, user) };
  } finally {
    await labProcess.stop();
    await terraform.remove();
  }
}

const noneFound: Round["found"] = new Map();

async function lookUp(terraform: Terraform, labProvider: LabProvider): Promise<Round["found"]> {
  const found: Round["found"] = new Map();
  for (const lookup of lookups) {
    const result = await labProvider.lookUp(lookup);
    const { ofCaller = [] } = lookup;
    const names = Object.keys(result).filter((name) => !ofCaller.includes(name));
    const real = await terraform.lookUp(lookup, names);
    // An older provider lacks some attributes.
    const both = Object.entries(result).filter(([name]) => name in real);
    found.set(lookup.token, {
      real: comparable(real),
      labProvider: comparable(Object.fromEntries(both)),
    });
  }
  return found;
}

/** The rounds, or why there are none. */
async function begin(): Promise<Contract | string> {
  const provider = findProvider();
  if (typeof provider === "string") return provider;
  const apis = await Promise.all([startApi(), startApi()]);
  await Promise.all(apis.map(prepare));
  return compare(provider, ...apis).finally(() => Promise.all(apis.map((api) => api.stop())));
}

// Starts when mocha loads the file: it mostly waits, so that earlier tests run at the same time.
const begun = begin();
// The tests below report a failure. Until they run, it must not count as unhandled.
begun.catch(() => undefined);

describe("The lab's provider", function () {
  // The real provider polls slowly: it takes 3 min, or more when the computer is busy.
  this.timeout(900_000);

  let results: Round[] = [];
  let calls: Contract["calls"];

  before(async function () {
    const found = await begun;
    if (typeof found === "string") skip(this, found);
    ({ rounds: results, calls } = found);
  });

  it("needs no action that the policies of `up` lack, and the real one has used those that only it needs", () => {
    expect(calls.refused).to.deep.equal([]);
    const only = [...reasonsOf()].filter(([, reason]) => reason === ofProvider);
    const unused = only
      .map(([action]) => action)
      .filter((action) => !calls.allowed.includes(action));
    expect(unused).to.deep.equal([]);
  });

  for (const subject of subjects)
    it(`plans ${token(subject)} '${subject.name}' like the real provider`, () => {
      for (const { plans } of results)
        expect(plans.labProvider.get(address(subject))).to.deep.equal(
          plans.real.get(address(subject)),
        );
    });

  for (const [round, { name, made }] of rounds.entries())
    if (made)
      it(`leaves AWS in the same state as the real provider after ${name}`, () => {
        const { states } = results[round]!;
        expect(states.labProvider).to.have.all.keys(Object.keys(states.real));
        // One kind at a time: the difference of the whole is too large to show.
        for (const [kind, real] of Object.entries(states.real))
          expect(states.labProvider[kind], kind).to.deep.equal(real);
      });

  for (const { token } of lookups)
    it(`returns the same as the real provider from ${token}`, () => {
      for (const [round, { made }] of rounds.entries()) {
        if (!made) continue;
        const { real, labProvider } = results[round]!.found.get(token)!;
        expect(labProvider).to.deep.equal(real);
      }
    });
});
