/**
 * The stack that the suites of test/e2e/stack share. The first suite that needs it brings it up, and each later suite finds
 * it as the suite before left it. After a suite that failed, the next one gets a new lab with a new stack, so that a failure
 * says nothing about other suites. lab/test removes the lab at its end.
 */
import { Lab, succeed } from "../../lab/support/lab.ts";
import { LabStack } from "../../lab/support/stack.ts";
import { hostFootprint, type HostFootprint } from "./host-footprint.ts";

const lab = new Lab("test-stack");
/** Whether the lab is down, or is what a suite without failures left. */
let isTrusted = false;
/** Of the computer, before the lab came up. */
let footprintWithoutLab: HostFootprint;

/** The footprint of the lab, as of now. */
async function currentFootprint(): Promise<HostFootprint> {
  const image = (await succeed("lab/images/name", ["net"])).trim();
  return hostFootprint(image, lab.home);
}

/** The stack, for the tests of one suite. */
export class SharedStack {
  private opened: LabStack | undefined;

  readonly lab = lab;
  /** Names of all resources begin with it. */
  readonly prefix = "flask-on-aws-dev";

  /** @throws outside of tests and hooks of the suite */
  get stack(): LabStack {
    if (!this.opened) throw new Error("the shared stack is not up yet");
    return this.opened;
  }

  get outputs(): Record<string, string> {
    return this.stack.outputs;
  }

  /** As of the moment before the lab came up. */
  get footprintWithoutLab(): HostFootprint {
    return footprintWithoutLab;
  }

  readonly currentFootprint = currentFootprint;

  /** Removes the lab, with everything in it. */
  async startAnew(): Promise<void> {
    await lab.down();
    footprintWithoutLab = await currentFootprint();
  }

  /** Brings lab and stack up, unless they are. */
  async open(): Promise<void> {
    await lab.up();
    // lab/pulumi makes a stack that does not exist; one that was never up has no outputs.
    const { configuredCommit } = await lab.outputs();
    if (!configuredCommit) await lab.pulumi("up", "--yes", "--skip-preview");
    this.opened = await LabStack.open(lab);
  }

  async close(): Promise<void> {
    await this.opened?.close();
    this.opened = undefined;
  }
}

/** Gives the suite the shared stack, up and running. Call it in `describe`, after `this.timeout`. */
export function useSharedStack(): SharedStack {
  const shared = useSharedLab();
  before("the shared stack is up", () => shared.open());
  return shared;
}

/** Gives the suite the lab of the shared stack, in which the stack may be down. Call it in `describe`. */
export function useSharedLab(): SharedStack {
  const shared = new SharedStack();
  before("the lab is what a suite without failures left", async () => {
    if (!isTrusted) await shared.startAnew();
    isTrusted = false;
  });
  after("the stack is handed on", async function () {
    const states: (string | undefined)[] = [];
    this.test!.parent!.eachTest((test) => states.push(test.state));
    isTrusted = states.every((state) => state === "passed");
    await shared.close();
  });
  return shared;
}
