import { expect } from "chai";
import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { Changes } from "../../../../lab/controller/changes.ts";
import { withFakeEngine } from "./fake-engine.ts";

describe("The controller's changes", () => {
  const images = { machine: "", net: "", mysql: "" };
  const lab = { name: "unit", home: "/h", subnet: 0, images };
  const never = 60_000;
  let changes: Changes;
  /** Whether there is a change within a second. */
  const another = () => Promise.race([changes.next(never).then(() => true), sleep(1000, false)]);

  beforeEach(async () => {
    changes = new Changes(lab, () => undefined);
    // The first pass needs no change.
    await changes.next(never);
  });
  afterEach(() => changes["notify"]());

  it("are one when they come together", async () => {
    const first = changes.next(never);
    changes["notify"]();
    await sleep(100);
    changes["notify"]();
    await first;
    expect(await another()).to.equal(false);
  });

  it("are not lost while a pass is under way", async () => {
    changes["notify"]();
    expect(await another()).to.equal(true);
  });

  it("include the start of the watch and each event of the lab's containers", async () => {
    let answer: ServerResponse | undefined;
    let url = "";
    await withFakeEngine(
      (request, response) => {
        url = decodeURIComponent(request.url!);
        response.flushHeaders();
        answer = response;
      },
      async () => {
        const watch = changes["watchContainers"]();
        expect(await another(), "start").to.equal(true);
        answer!.write('{"Action":"die"}\n');
        expect(await another(), "event").to.equal(true);
        answer!.end();
        await watch;
      },
    );
    expect(url)
      .to.match(/^\/events\?/)
      .and.to.include('"label":["flask-on-aws.lab=/h"]');
    expect(url).to.include('"event":["start","die","health_status"]');
  });

  it("are watched anew after the engine breaks off or ends", async () => {
    const endings = [
      (response: ServerResponse) => response.destroy(),
      (response: ServerResponse) => response.end(),
    ];
    const log: string[] = [];
    changes = new Changes(lab, (line) => log.push(line));
    await withFakeEngine(
      (_, response) => {
        response.flushHeaders();
        setTimeout(() => endings.shift()?.(response), 50);
      },
      () =>
        new Promise((resolve) => {
          const watch = () => {
            if (endings.length > 0) return changes["watchContainers"]();
            resolve();
            return new Promise<void>(() => undefined);
          };
          void changes["repeat"]("the containers", watch);
        }),
    );
    expect(log).to.have.length(1);
    expect(log[0]).to.match(/^cannot watch the containers: /);
  });
});
