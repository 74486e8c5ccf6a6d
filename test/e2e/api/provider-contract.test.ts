import { expect } from "chai";

import { ProviderProcess } from "../../support/aws-provider.ts";
import { type ApiServer, startApi } from "../../../lab/support/api-server.ts";
import { accountState } from "./contract/account-state.ts";
import { data } from "./contract/data.ts";
import { comparable, lookups, prepare } from "./contract/lookups.ts";
import { machines } from "./contract/machines.ts";
import { network } from "./contract/network.ts";
import { LabProvider, token } from "./contract/lab-provider.ts";
import { address, type Inputs } from "./contract/subject.ts";
import { findProvider, type Planned, type Provider, Terraform } from "./contract/terraform.ts";

/** What the real provider and the lab's provider did in a round. */
interface Round {
  /** What was planned for each subject, by address. */
  readonly plans: { real: Map<string, Planned>; labProvider: Map<string, Planned> };
  /** What there was at AWS afterwards. */
  readonly states: { real: object; labProvider: object };
  /** What each lookup returned, by token. */
  readonly found: Map<string, { real: Inputs; labProvider: Inputs }>;
}

const subjects = [...network, ...machines, ...data];
/** The last two are planned only: making them would add two minutes and little else. */
const rounds = [
  { name: "creation", made: true },
  { name: "round 1", made: true },
  { name: "round 2", made: false },
  { name: "round 3", made: false },
];

/** Takes both through all rounds, each with an AWS account of its own. */
async function compare(provider: Provider, real: ApiServer, other: ApiServer): Promise<Round[]> {
  const terraform = await Terraform.start(provider, real.endpoint, subjects);
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
    return results;
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
    const real = await terraform.lookUp(lookup, Object.keys(result));
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
async function begin(): Promise<Round[] | string> {
  const provider = findProvider();
  if (typeof provider === "string") return provider;
  const apis = await Promise.all([startApi(), startApi()]);
  await Promise.all(apis.map(prepare));
  return compare(provider, ...apis).finally(() => Promise.all(apis.map((api) => api.stop())));
}

// Begun when mocha reads the file: it waits more than it works, so the tests before these run meanwhile.
const begun = begin();
// A failure is told by the tests below, which come to it late.
begun.catch(() => undefined);

describe("the lab's provider does what the real provider does", function () {
  // The real provider waits long between two looks: it takes 3 min, more when the machine is busy.
  this.timeout(900_000);

  let results: Round[] = [];

  before(async function () {
    const found = await begun;
    if (typeof found === "string") {
      console.log(`    skipped: ${found}`);
      return this.skip();
    }
    results = found;
  });

  for (const subject of subjects)
    it(`plans ${token(subject)} '${subject.name}' alike`, () => {
      for (const { plans } of results)
        expect(plans.labProvider.get(address(subject))).to.deep.equal(
          plans.real.get(address(subject)),
        );
    });

  for (const [round, { name, made }] of rounds.entries())
    if (made)
      it(`leaves the same at AWS after ${name}`, () => {
        const { states } = results[round]!;
        expect(states.labProvider).to.have.all.keys(Object.keys(states.real));
        // One by one: a difference in the whole is too large to be shown.
        for (const [kind, real] of Object.entries(states.real))
          expect(states.labProvider, kind).to.have.deep.property(kind, real);
      });

  for (const { token } of lookups)
    it(`returns the same by ${token}`, () => {
      for (const [round, { made }] of rounds.entries()) {
        if (!made) continue;
        const { real, labProvider } = results[round]!.found.get(token)!;
        expect(labProvider).to.deep.equal(real);
      }
    });
});
