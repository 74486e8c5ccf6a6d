import { expect } from "chai";

import { Plugin } from "../../support/aws-provider.ts";
import { type ApiServer, startApi } from "../../../lab/support/api-server.ts";
import { accountState } from "./contract/account-state.ts";
import { data } from "./contract/data.ts";
import { comparable, lookups, prepare } from "./contract/lookups.ts";
import { machines } from "./contract/machines.ts";
import { network } from "./contract/network.ts";
import { StandIn, token } from "./contract/stand-in.ts";
import { address, type Inputs } from "./contract/subject.ts";
import { findProvider, type Planned, type Provider, Terraform } from "./contract/terraform.ts";

/** What the real provider and the stand-in did in a round. */
interface Round {
  /** What was planned for each subject, by address. */
  readonly plans: { real: Map<string, Planned>; standIn: Map<string, Planned> };
  /** What there was at AWS afterwards. */
  readonly states: { real: object; standIn: object };
  /** What each lookup returned, by token. */
  readonly found: Map<string, { real: Inputs; standIn: Inputs }>;
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
  const plugin = await Plugin.start(other.endpoint);
  const standIn = new StandIn(plugin, subjects);
  const results: Round[] = [];
  try {
    await plugin.configure({ region: "us-west-2", defaultTags: { tags: { project: "contract" } } });
    for (const [round, { made }] of rounds.entries()) {
      const plans = {
        real: await terraform.plan(round),
        standIn: await standIn.change(round, made),
      };
      if (made) await terraform.apply(round);
      const states = {
        real: await accountState(real.client, await terraform.ids()),
        standIn: await accountState(other.client, standIn.ids()),
      };
      const found = made ? await lookUp(terraform, standIn) : noneFound;
      results.push({ plans, states, found });
    }
    return results;
  } finally {
    await plugin.stop();
    await terraform.remove();
  }
}

const noneFound: Round["found"] = new Map();

async function lookUp(terraform: Terraform, standIn: StandIn): Promise<Round["found"]> {
  const found: Round["found"] = new Map();
  for (const lookup of lookups) {
    const result = await standIn.lookUp(lookup);
    const real = await terraform.lookUp(lookup, Object.keys(result));
    // An older provider lacks some attributes.
    const both = Object.entries(result).filter(([name]) => name in real);
    found.set(lookup.token, {
      real: comparable(real),
      standIn: comparable(Object.fromEntries(both)),
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

describe("the stand-in does what the real provider does", function () {
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
        expect(plans.standIn.get(address(subject))).to.deep.equal(plans.real.get(address(subject)));
    });

  for (const [round, { name, made }] of rounds.entries())
    if (made)
      it(`leaves the same at AWS after ${name}`, () => {
        const { states } = results[round]!;
        expect(states.standIn).to.have.all.keys(Object.keys(states.real));
        // One by one: a difference in the whole is too large to be shown.
        for (const [kind, real] of Object.entries(states.real))
          expect(states.standIn, kind).to.have.deep.property(kind, real);
      });

  for (const { token } of lookups)
    it(`returns the same by ${token}`, () => {
      for (const [round, { made }] of rounds.entries()) {
        if (!made) continue;
        const { real, standIn } = results[round]!.found.get(token)!;
        expect(standIn).to.deep.equal(real);
      }
    });
});
