import { expect } from "chai";
import { cellText, networkDot } from "../../tools/network-dot.ts";
import { network, networkWithTasks, reached } from "./example-network.ts";

/** The text of this subgraph, up to its closing line. */
const cluster = (dot: string, id: string) =>
  dot.slice(dot.indexOf(`cluster_${id}`)).split(/\n {4}\}/)[0]!;
const seenEdges = (dot: string) => dot.split("\n").filter((line) => / -> .*label=/.test(line));

describe("The picture of a stack's network", () => {
  it("puts each instance, NAT gateway and database with its state into its subnet", () => {
    const dot = networkDot(network);
    expect(cluster(dot, "subnet-1")).to.include(
      'label="public-us-west-2a\\r10.0.0.0/24\\r0.0.0.0/0 → gateway\\r"',
    );
    expect(cluster(dot, "subnet-1")).to.include(
      'label="app-machine\\n10.0.0.4\\npublic 1.2.3.5\\nt3.micro, running\\nsecurity group app\\n"',
    );
    expect(cluster(dot, "subnet-1")).to.include("NAT gateway\\n1.2.3.4\\npending");
    expect(cluster(dot, "subnet-2")).to.include('data\\"base\\nport 3306\\navailable');
    expect(cluster(dot, "subnet-2")).to.not.include("app-machine");
  });

  it("draws only resources that do not run with a dashed line", () => {
    const broken = networkDot(network)
      .split("\n")
      .filter((line) => line.includes("dashed"));
    expect(broken.map((line) => line.trim().split(" ")[0])).to.deep.equal(['"nat-1"', '"i-test"']);
  });

  it("lists the rules of each security group that has any", () => {
    const dot = networkDot(network);
    expect(dot).to.include(
      'label="Security group app\\lin: tcp 80 from 0.0.0.0/0\\lout: all to 0.0.0.0/0\\l"',
    );
    expect(dot).to.not.include("Security group default");
  });

  it("draws an arrow for each pair that can connect, in its direction, and no other arrow", () => {
    expect(seenEdges(networkDot(network))).to.deep.equal([]);
    const edges = seenEdges(networkDot(network, reached)).map((line) =>
      line.replace(/ color=.*/, "").trim(),
    );
    expect(edges).to.deep.equal([
      '"internet" -> "i-app" [dir=forward label="  80 443"',
      '"i-app" -> "db" [dir=forward label="  3306"',
      '"internet" -> "i-app" [dir=back label="  every port, ping"',
      '"i-app" -> "i-test" [dir=back label="  80"',
    ]);
  });

  it("shows the load balancer and each task in its subnet, and what leads where", () => {
    const dot = networkDot(networkWithTasks);
    expect(dot).to.include(
      'label="load balancer\\ntasks-0a1b\\nHTTP 80, HTTPS 443\\nin public-us-west-2a\\nactive\\nsecurity group balancer\\n"',
    );
    expect(cluster(dot, "subnet-1")).to.not.include("load balancer");
    expect(cluster(dot, "subnet-2")).to.include(
      'label="task 7\\n10.0.1.7\\nrunning, healthy\\nsecurity group tasks\\n"',
    );
    expect(cluster(dot, "subnet-2")).to.match(/task 8\\n.*running, initial.*dashed/);
    const edges = seenEdges(dot).map((line) => line.trim().replace(/ (font)?color="[^"]*"/g, ""));
    expect(edges).to.deep.equal([
      '"internet" -> "arn:lb" [label="  HTTP 80, HTTPS 443"]',
      '"arn:lb" -> "arn:task/7" [label="  5005"]',
      '"arn:lb" -> "arn:task/8" [label="  5005" style=dashed]',
    ]);
  });

  it("draws a load balancer that is not there yet, and a task without an address, with a dashed line", () => {
    const [balancer] = networkWithTasks.balancers;
    const dot = networkDot({
      ...networkWithTasks,
      balancers: [{ ...balancer!, state: "provisioning", targets: [] }],
      tasks: [{ ...networkWithTasks.tasks[0]!, state: "PROVISIONING", address: undefined }],
    });
    expect(dot).to.match(/"arn:lb" \[label="load balancer.*dashed/);
    expect(dot).to.match(/"arn:task\/7" \[label="task 7\\nprovisioning, no target.*dashed/);
    expect(seenEdges(dot))
      .to.have.length(1)
      .and.match(/dashed/);
  });

  it("leaves out resources that do not exist", () => {
    const empty = { ...network, internetGateway: undefined, machines: [], databases: [], nats: [] };
    expect(seenEdges(networkDot(empty, reached))).to.deep.equal([]);
    expect(networkDot(empty)).to.not.include("internet gateway");
  });

  it("shows ports as ranges", () => {
    expect(cellText("none")).to.equal("none");
    expect(cellText("all ping")).to.equal("every port, ping");
    expect(cellText("1 2 3 5 80 81 ping")).to.equal("1-3 5 80-81, ping");
  });

  it("has a contrast of at least 4.5 between every text and every background", () => {
    const all = (pattern: RegExp) => [
      ...new Set(
        [...networkDot(networkWithTasks, reached).matchAll(pattern)].map(([, color]) => color!),
      ),
    ];
    const grounds = [...all(/(?:fillcolor|bgcolor)="(#\w{6})"/g), "#ffffff"];
    const texts = all(/fontcolor="(#\w{6})"/g);
    expect(grounds).to.have.length(4);
    expect(texts).to.have.length(5);
    for (const ground of grounds)
      for (const text of texts)
        expect(contrast(text, ground), `${text} on ${ground}`).to.be.at.least(4.5);
  });
});

/** https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio */
function contrast(one: string, other: string): number {
  const luminance = (color: string) => {
    const [red, green, blue] = [1, 3, 5].map((at) => {
      const part = parseInt(color.slice(at, at + 2), 16) / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    }) as [number, number, number];
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [darker, lighter] = [luminance(one), luminance(other)].toSorted((a, b) => a - b);
  return (lighter! + 0.05) / (darker! + 0.05);
}
