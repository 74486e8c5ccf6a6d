import { ACM } from "@aws-sdk/client-acm";
import { ECR } from "@aws-sdk/client-ecr";
import { Route53 } from "@aws-sdk/client-route-53";
import { expect } from "chai";
import { X509Certificate } from "node:crypto";
import { type ApiServer, startApi } from "../../../lab/support/api-server.ts";
import { controlApi } from "../../support/control-api.ts";
import { makeNetwork, type Network } from "../../support/fargate.ts";

interface Interface {
  readonly subnetId: string;
  readonly address: string;
  readonly mac: string;
  readonly publicIp: string | null;
}
interface Balancer {
  readonly interfaces: Interface[];
  readonly [name: string]: unknown;
}

describe("The control API", function () {
  this.timeout(60_000);
  let api: ApiServer;
  let network: Network;
  let acm: ACM;
  let route53: Route53;
  let zone: string;
  before(async () => {
    api = await startApi({ LAB_CONTROLLER: "1", LAB_SUBNET: "7" });
    network = await makeNetwork(api);
    acm = new ACM(api.client);
    route53 = new Route53(api.client);
    const { HostedZone } = await route53.createHostedZone({
      ...{ Name: "example.test", CallerReference: "1" },
    });
    zone = HostedZone!.Id!;
  });
  after(() => api?.stop());

  const get = async (path: string) => (await controlApi(api, path)).body;
  const balancers = async () => (await get("load-balancers")).loadBalancers as Balancer[];
  const state = async () => {
    const { LoadBalancers } = await network.elb.describeLoadBalancers();
    return LoadBalancers![0]!.State!.Code;
  };
  const record = (ResourceRecordSet: object) =>
    route53.changeResourceRecordSets({
      HostedZoneId: zone,
      ChangeBatch: {
        Changes: [{ Action: "UPSERT", ResourceRecordSet: ResourceRecordSet as never }],
      },
    });
  const dns = async () => {
    const records = (await get("dns")).records as { name: string; address: string }[];
    return (wanted: string) =>
      records.filter(({ name }) => name === wanted).map(({ address }) => address);
  };
  const request = async (DomainName: string, more: object = {}) => {
    const asked = { DomainName, ValidationMethod: "DNS" as const, ...more };
    return (await acm.requestCertificate(asked)).CertificateArn!;
  };
  const describeCertificate = async (CertificateArn: string) =>
    (await acm.describeCertificate({ CertificateArn })).Certificate!;
  const validate = async (arn: string) => {
    const { DomainValidationOptions } = await describeCertificate(arn);
    const { Name, Type, Value } = DomainValidationOptions![0]!.ResourceRecord!;
    await record({ Name, Type, TTL: 60, ResourceRecords: [{ Value }] });
  };
  const certificate = (arn: string) => controlApi(api, `certificate?arn=${arn}`);

  it("describes a load balancer with an interface and a public address in each of its subnets", async () => {
    const [balancer] = await balancers();
    const { interfaces, ...rest } = balancer!;
    expect(rest).to.deep.equal({
      id: network.balancer.LoadBalancerArn,
      ...{ vpcId: network.vpc, dnsName: network.balancer.DNSName, groupIds: [network.group] },
      idleTimeout: 60,
      listeners: [
        {
          ...{ port: 80, protocol: "HTTP", certificateArn: null, redirect: null },
          targetGroup: network.targetGroup,
        },
      ],
      targetGroups: [
        {
          ...{ id: network.targetGroup, port: 5000, targets: [] },
          healthCheck: {
            ...{ path: "/health", matcher: "200", interval: 30, timeout: 5 },
            ...{ healthy: 5, unhealthy: 2 },
          },
        },
      ],
    });
    expect(interfaces.map(({ subnetId }) => subnetId)).to.deep.equal(network.publicSubnets);
    expect(interfaces.map(({ address }) => address)).to.deep.equal(["10.0.0.4", "10.0.1.4"]);
    expect(interfaces.map(({ publicIp }) => publicIp)).to.deep.equal([
      ...["198.18.7.64", "198.18.7.65"],
    ]);
    const described = await network.make.interfaces(network.vpc);
    expect(described.map(({ Association }) => Association?.PublicIp)).to.include("198.18.7.65");
    expect(described[0]!.Description).to.match(/^ELB app\/app\/[0-9a-f]{16}$/);
  });

  it("makes a load balancer active when the controller reports it, and not before", async () => {
    expect(await state()).to.equal("provisioning");
    const before = (await get("revision")).revision as number;
    const report = { id: network.balancer.LoadBalancerArn, status: "active" };
    expect((await controlApi(api, "load-balancer", report)).status).to.equal(200);
    expect(await state()).to.equal("active");
    expect((await get("revision")).revision).to.be.above(before);
    const other = { id: "arn:other", status: "active" };
    expect((await controlApi(api, "load-balancer", other)).status).to.equal(409);
  });

  it("follows changes of a load balancer's groups, subnets, attributes and listeners", async () => {
    const LoadBalancerArn = network.balancer.LoadBalancerArn!;
    const [kept] = (await balancers())[0]!.interfaces;
    const third = await network.make.subnet(network.vpc, "10.0.20.0/24", "c");
    const group = await network.make.group(network.vpc, "other");
    const Subnets = [network.publicSubnets[0]!, third];
    await network.elb.setSubnets({ LoadBalancerArn, Subnets });
    await network.elb.setSecurityGroups({ LoadBalancerArn, SecurityGroups: [group] });
    await network.elb.modifyLoadBalancerAttributes({
      ...{ LoadBalancerArn, Attributes: [{ Key: "idle_timeout.timeout_seconds", Value: "90" }] },
    });
    const redirect = { Port: "443", Protocol: "HTTPS", StatusCode: "HTTP_301" as const };
    await network.elb.modifyListener({
      ListenerArn: network.listener,
      DefaultActions: [{ Type: "redirect", RedirectConfig: redirect }],
    });
    const [balancer] = await balancers();
    expect(balancer!.interfaces.map(({ subnetId }) => subnetId)).to.deep.equal(Subnets);
    expect(balancer!.interfaces[0]).to.deep.equal(kept);
    expect(balancer).to.deep.include({ groupIds: [group], idleTimeout: 90, targetGroups: [] });
    expect((balancer!.listeners as object[])[0]).to.deep.include({
      redirect: { port: 443, protocol: "HTTPS", status: 301 },
      targetGroup: null,
    });
    const described = await network.make.interfaces(network.vpc);
    expect(described.map(({ Groups }) => Groups!.map(({ GroupId }) => GroupId))).to.deep.equal([
      ...[[group], [group]],
    ]);
  });

  it("answers a load balancer's name, aliases and CNAMEs with all its addresses", async () => {
    const { DNSName, CanonicalHostedZoneId } = network.balancer;
    const addresses = (await balancers())[0]!.interfaces.map(({ publicIp }) => publicIp);
    await record({
      ...{ Name: "app.example.test", Type: "A" },
      AliasTarget: {
        DNSName: `dualstack.${DNSName!.toUpperCase()}.`,
        ...{ HostedZoneId: CanonicalHostedZoneId, EvaluateTargetHealth: false },
      },
    });
    await record({
      ...{ Name: "www.example.test", Type: "CNAME", TTL: 60 },
      ResourceRecords: [{ Value: DNSName }],
    });
    await controlApi(api, "dns-record", { name: "app.elsewhere.example", target: `${DNSName!}.` });
    const addressesOf = await dns();
    for (const name of [DNSName!, "app.example.test", "www.example.test", "app.elsewhere.example"])
      expect(addressesOf(name), name).to.have.members(addresses);
    expect((await get("dns")).zones).to.deep.equal([
      ...["app.elsewhere.example", "example.test", "us-west-2.elb.amazonaws.com"],
    ]);
    await controlApi(api, "dns-record", { name: "app.elsewhere.example", target: "" });
    expect((await dns())("app.elsewhere.example")).to.deep.equal([]);
  });

  it("gives a certificate of the lab's authority once its record is in the zone", async () => {
    const arn = await request("app.example.test");
    expect((await describeCertificate(arn)).Status).to.equal("PENDING_VALIDATION");
    expect((await certificate(arn)).status).to.equal(404);
    await validate(arn);
    const { Status, DomainValidationOptions } = await describeCertificate(arn);
    expect(Status).to.equal("ISSUED");
    expect(DomainValidationOptions![0]).to.include({ ValidationStatus: "SUCCESS" });
    const { body } = await certificate(arn);
    const root = (await get("acm-ca")).certificate as string;
    const issued = new X509Certificate(body.certificate as string);
    expect(issued.verify(new X509Certificate(root).publicKey)).to.equal(true);
    expect(issued.checkHost("app.example.test")).to.equal("app.example.test");
    expect(body.chain).to.equal(root);
    expect(body.privateKey).to.match(/^-----BEGIN PRIVATE KEY-----\n/);
  });

  it("wants the same record again for the same name, and one for each other name", async () => {
    const recordOf = async (arn: string, n = 0) =>
      (await describeCertificate(arn)).DomainValidationOptions![n]!.ResourceRecord!;
    const again = await request("app.example.test");
    expect((await describeCertificate(again)).Status).to.equal("ISSUED");
    const both = await request("a.example.test", { SubjectAlternativeNames: ["b.example.test"] });
    expect(await recordOf(both)).to.not.deep.equal(await recordOf(both, 1));
    await validate(both);
    expect((await describeCertificate(both)).Status).to.equal("PENDING_VALIDATION");
    const { Name, Value } = await recordOf(both, 1);
    await controlApi(api, "dns-record", { name: Name, target: Value });
    expect((await describeCertificate(both)).Status).to.equal("ISSUED");
  });

  it("gives an imported certificate with the chain that came with it, and keeps one in use", async () => {
    const from = await request("app.example.test");
    const { body } = await certificate(from);
    const bytes = (name: string) => Buffer.from(body[name] as string);
    const { CertificateArn } = await acm.importCertificate({
      ...{ Certificate: bytes("certificate"), PrivateKey: bytes("privateKey") },
      CertificateChain: bytes("chain"),
    });
    expect((await certificate(CertificateArn!)).body).to.deep.equal(body);
    await network.elb.createListener({
      ...{ LoadBalancerArn: network.balancer.LoadBalancerArn, Port: 443, Protocol: "HTTPS" },
      Certificates: [{ CertificateArn }],
      DefaultActions: [{ Type: "forward", TargetGroupArn: network.targetGroup }],
    });
    expect((await describeCertificate(CertificateArn!)).InUseBy).to.deep.equal([
      network.balancer.LoadBalancerArn,
    ]);
    const refused = acm.deleteCertificate({ CertificateArn }).catch((error: Error) => error.name);
    expect(await refused).to.equal("ResourceInUseException");
    const [, secure] = (await balancers())[0]!.listeners as object[];
    expect(secure).to.deep.include({ protocol: "HTTPS", certificateArn: CertificateArn });
  });

  it("accepts ECR's logins and no others", async () => {
    const { authorizationData } = await new ECR(api.client).getAuthorizationToken();
    const { authorizationToken, expiresAt } = authorizationData![0]!;
    const login = Buffer.from(authorizationToken!, "base64").toString();
    const [user, password] = login.split(":");
    const status = async (some: object) => (await controlApi(api, "ecr-login", some)).status;
    expect(await status({ user, password })).to.equal(200);
    expect(await status({ user, password: `${password!}x` })).to.equal(404);
    expect(await status({ user: "root", password })).to.equal(404);
    expect(expiresAt!.getTime() - Date.now()).to.be.within(11.9 * 3600_000, 12 * 3600_000);
  });

  it("describes the images that the registry has got, and keeps tags that are immutable", async () => {
    const ecr = new ECR(api.client);
    const repositoryName = "app";
    await ecr.createRepository({ repositoryName, imageTagMutability: "IMMUTABLE" });
    const push = async (digest: string, tag: string) =>
      (await controlApi(api, "ecr-image", { repository: "app", digest, tag, size: 7 })).status;
    const [one, two] = [`sha256:${"1".repeat(64)}`, `sha256:${"2".repeat(64)}`];
    expect(await push(one, "a")).to.equal(200);
    expect(await push(one, "a")).to.equal(200);
    expect(await push(two, "a")).to.equal(409);
    expect(await push(two, "b")).to.equal(200);
    expect(await push(two, "c")).to.equal(200);
    const describe = async (imageTag: string) =>
      (await ecr.describeImages({ repositoryName, imageIds: [{ imageTag }] })).imageDetails![0]!;
    expect((await describe("a")).imageDigest).to.equal(one);
    expect(await describe("c")).to.deep.include({ imageDigest: two, imageTags: ["b", "c"] });
    await ecr.putImageTagMutability({ repositoryName, imageTagMutability: "MUTABLE" });
    expect(await push(two, "a")).to.equal(200);
    expect((await describe("a")).imageDigest).to.equal(two);
    const elsewhere = { repository: "other", digest: one, tag: "a" };
    expect((await controlApi(api, "ecr-image", elsewhere)).status).to.equal(404);
  });

  it("forgets a load balancer that is deleted, with its interfaces and addresses", async () => {
    await network.elb.deleteLoadBalancer({ LoadBalancerArn: network.balancer.LoadBalancerArn });
    expect(await balancers()).to.deep.equal([]);
    expect(await network.make.interfaces(network.vpc)).to.deep.equal([]);
    expect((await dns())("app.example.test")).to.deep.equal([]);
    await network.elb.deleteTargetGroup({ TargetGroupArn: network.targetGroup });
  });
});
