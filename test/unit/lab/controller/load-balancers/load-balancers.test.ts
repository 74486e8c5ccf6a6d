import { expect } from "chai";
import { once } from "node:events";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LoadBalancers } from "../../../../../lab/controller/load-balancers/load-balancers.ts";
import { groupOf, loadBalancer } from "./load-balancer.ts";

describe("The health of targets", () => {
  const { fetch } = globalThis;
  const balancer = { ...loadBalancer, targetGroups: [groupOf("10.0.1.30:5005", "10.0.1.31:5005")] };
  let home: string;
  let haproxy: Server;
  /** Status and last check of the two targets. */
  let targets: [string, string][];
  let commands: string[];
  let reports: unknown[];
  let apiStatus: number;
  let loadBalancers: LoadBalancers;

  beforeEach(async () => {
    [commands, reports, apiStatus] = [[], [], 200];
    home = await mkdtemp(join(tmpdir(), "lb-"));
    await mkdir(join(home, "load-balancers/lb-dev-app"), { recursive: true });
    haproxy = createServer((connection) =>
      connection.on("data", (data) => {
        const line = data.toString().trim();
        if (line !== "show stat") commands.push(line);
        const rows = targets.map(
          ([status, check], index) =>
            `tg-dev-app,10.0.1.3${index}:5005,${status},${check},99,2,500`,
        );
        const head = "# pxname,svname,status,check_status,lastchg,type,check_code";
        connection.end(line === "show stat" ? [head, ...rows].join("\n") : "\n");
      }),
    );
    await once(haproxy.listen(join(home, "load-balancers/lb-dev-app/admin.sock")), "listening");
    globalThis.fetch = (url, init) => {
      const body = JSON.parse(init!.body as string) as { targets: { healthy: boolean }[] };
      expect(url).to.match(/\/_lab\/target-health$/);
      expect(body).to.include({ targetGroup: balancer.targetGroups[0]!.id });
      reports.push(body.targets.map(({ healthy }) => healthy));
      return Promise.resolve(new Response("{}", { status: apiStatus }));
    };
    loadBalancers = new LoadBalancers({
      ...{ name: "unit", home, subnet: 0 },
      images: { machine: "", net: "", mysql: "" },
    });
  });
  afterEach(async () => {
    globalThis.fetch = fetch;
    haproxy.close();
    await rm(home, { recursive: true });
  });
  const report = () => loadBalancers.reportHealth(balancer);

  it("is reported when it changes, and not again while it stays", async () => {
    targets = [
      ["UP", "L7OK"],
      ["DOWN", "L7STS"],
    ];
    await report();
    await report();
    expect(reports).to.deep.equal([[true, false]]);
    targets[0] = ["DOWN", "L4CON"];
    await report();
    expect(reports.slice(1)).to.deep.equal([[false]]);
  });

  it("is reported again after the API has refused it", async () => {
    targets = [["UP", "L7OK"]];
    apiStatus = 500;
    expect(await report().catch((error: unknown) => error)).to.be.an("error");
    apiStatus = 200;
    await report();
    expect(reports).to.deep.equal([[true], [true]]);
  });

  it("lets HAProxy send requests to a new target after its first passed check", async () => {
    targets = [["DOWN 1/3", "L7OK"]];
    await report();
    expect(commands).to.deep.equal(["set server tg-dev-app/10.0.1.30:5005 health up"]);
    expect(reports).to.deep.equal([[true]]);
  });
});
