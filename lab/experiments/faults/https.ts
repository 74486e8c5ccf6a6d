/** Faults of certificates: of the CA, of the way to it, and of what is stored. */
import { Route53 } from "@aws-sdk/client-route-53";
import { S3 } from "@aws-sdk/client-s3";
import { succeed } from "../../support/lab.ts";
import { tail, type LabStack, type SettingValues } from "../../support/stack.ts";
import { certificateOf, issued, onInternet, startLetsEncrypt } from "../../support/certificate.ts";
import { serves, until, type Fault } from "./fault.ts";
import { terminated } from "./machine.ts";

const host = ({ outputs }: LabStack) => outputs.appServerPublicIp!;

/** Takes all certificates from the machine and from their bucket, as on a new stack. */
export async function forgetCertificates(stack: LabStack): Promise<void> {
  await stack.onMachine(
    "docker rm --force flask-on-aws-proxy-1 && cd /opt/flask-on-aws && sudo rm -rf certificates certificates.saved",
  );
  const s3 = stack.client(S3);
  await s3.deleteObject({ Bucket: await bucket(s3), Key: "certificates.tar.gz" });
}

async function bucket(s3: S3): Promise<string> {
  const { Buckets = [] } = await s3.listBuckets();
  return Buckets.find(({ Name }) => /-https-/.test(Name!))!.Name!;
}

/** Runs `up`, which must succeed, serve a self-signed certificate and say why. Resolves to what it printed. */
async function selfSigned(
  stack: LabStack,
  why: RegExp,
  settings: SettingValues = {},
): Promise<string> {
  const { commit: appCommit } = await stack.newVersion();
  const result = await stack.up({ ...settings, appCommit });
  const text = result.stdout + result.stderr;
  const note = /note: browsers warn of https:\/\/\S+: its certificate is self-signed\. (.*)/.exec(
    text,
  );
  if (result.status !== 0 || !note || !why.test(note[1]!))
    throw new Error(`up ended with ${result.status} without a note of ${why}:\n${tail(result)}`);
  const { subjectaltname } = await certificateOf(host(stack));
  if (subjectaltname !== "DNS:self-signed.invalid")
    throw new Error(`the page has the certificate of ${subjectaltname}`);
  return text;
}

const isServed = (stack: LabStack) =>
  serves(stack).then(
    () => true,
    () => false,
  );

/** Waits for the certificate that the proxy orders by itself. */
const heals = (stack: LabStack) =>
  until("the page has a trusted certificate", 200, () => isServed(stack));

/** Whether the page has the domain's certificate. This computer does not resolve the domain: only the lab does. */
const isOfDomain = async (stack: LabStack, domain: string) => {
  const { subjectaltname } = await certificateOf(host(stack), { servername: domain });
  return subjectaltname === `DNS:${domain}`;
};

/** Has Let's Encrypt answer orders like this. */
async function refuseOrders(
  stack: LabStack,
  status: number,
  type: string,
  header = "",
): Promise<void> {
  const body = JSON.stringify({ type: `urn:ietf:params:acme:error:${type}`, detail: "as a test" });
  const answer = `location = /order-plz { default_type application/problem+json; ${header} return ${status} '${body}'; }`;
  await onInternet(stack, `cat >/run/acme-trouble.conf <<'END'\n${answer}\nEND\n${reload}`);
}
const reload = "nginx -c /lab/net/nginx.conf -s reload";
const acceptOrders = (stack: LabStack) =>
  onInternet(stack, `rm -f /run/acme-trouble.conf && ${reload}`);

export const httpsFaults: Fault[] = [
  {
    name: "ca-unreachable",
    allowsDowntime: true,
    async inject(stack) {
      await onInternet(stack, "pkill -x pebble");
      await forgetCertificates(stack);
      // The front of the lab's internet answers in its place.
      await selfSigned(stack, /HTTP 502|connection refused/);
      await startLetsEncrypt(stack);
      await heals(stack);
    },
  },
  ...(
    [
      ["ca-refuses", 403, "caa", "", /HTTP 403 urn:ietf:params:acme:error:caa/],
      [
        "ca-limits",
        429,
        "rateLimited",
        "add_header Retry-After 5 always;",
        /HTTP 429 .*rateLimited/,
      ],
    ] as const
  ).map(([name, ...[status, type, header, why]]): Fault => ({
    name,
    allowsDowntime: true,
    async inject(stack) {
      await refuseOrders(stack, status, type, header);
      try {
        await forgetCertificates(stack);
        await selfSigned(stack, why);
      } finally {
        await acceptOrders(stack);
      }
      await heals(stack);
    },
  })),
  {
    name: "ca-slow-and-forgetful",
    allowsDowntime: true,
    async inject(stack) {
      // Of the accounts nothing is left, half of the nonces are refused, and a validation takes up to 20 s.
      await startLetsEncrypt(stack, "PEBBLE_WFE_NONCEREJECT=50", "PEBBLE_VA_SLEEPTIME=20");
      await forgetCertificates(stack);
      await stack.release();
      await startLetsEncrypt(stack);
      await forgetCertificates(stack);
    },
  },
  {
    name: "port-80-closed",
    allowsDowntime: true,
    async inject(stack) {
      const ec2 = stack.ec2();
      const Filters = [{ Name: "tag:Name", Values: ["flask-on-aws-dev-app"] }];
      const [group] = (await ec2.describeSecurityGroups({ Filters })).SecurityGroups!;
      await ec2.revokeSecurityGroupIngress({
        GroupId: group!.GroupId,
        ...{ IpProtocol: "tcp", FromPort: 80, ToPort: 80, CidrIp: "0.0.0.0/0" },
      });
      await forgetCertificates(stack);
      await selfSigned(stack, /urn:ietf:params:acme:error:connection/);
      await stack.lab.pulumi("up", "--refresh", "--yes", "--skip-preview");
      await heals(stack);
    },
  },
  {
    name: "domain-leads-elsewhere",
    allowsDowntime: true,
    async inject(stack) {
      const domain = "app.elsewhere.test";
      const set = (address: string) =>
        succeed("lab/dns-record", [domain, address], { env: { LAB_NAME: stack.lab.name } });
      const other = host(stack).replace(/\d+$/, "2");
      await set(other);
      const said = await selfSigned(stack, /acme:error:unauthorized/, { domain });
      const note = `note: ${domain} resolves to ${other}, not to ${host(stack)} alone`;
      if (!said.includes(note)) throw new Error(`up did not say: ${note}\n${said}`);
      await set(host(stack));
      await until("the domain has a certificate", 200, () => isOfDomain(stack, domain));
      return () => stack.release({ domain: "" });
    },
  },
  {
    name: "domain-changed",
    allowsDowntime: true,
    async inject(stack) {
      const route53 = stack.client(Route53);
      // Another row, or another run of this one, may have made a zone: two of one name would be one too many.
      const Name = `z${Date.now()}.test`;
      await route53.createHostedZone({ Name, CallerReference: Name });
      for (const domain of [`a.${Name}`, `b.${Name}`]) {
        const result = await stack.up({ domain });
        if (result.status !== 0 || !(await isOfDomain(stack, domain)))
          throw new Error(`${domain} has no certificate after up:\n${tail(result)}`);
      }
      return () => stack.release({ domain: "" });
    },
  },
  {
    name: "stored-certificate-damaged",
    allowsDowntime: true,
    async inject(stack) {
      const s3 = stack.client(S3);
      await s3.putObject({ Bucket: await bucket(s3), Key: "certificates.tar.gz", Body: "damaged" });
      await terminated(stack);
      const before = await issued(stack);
      return async () => {
        const { stdout } = await stack.release({}, "--refresh");
        if (!/note: the certificates in s3:\S+ are damaged/.test(stdout))
          throw new Error(`up did not say that they are damaged:\n${stdout}`);
        if ((await issued(stack)) !== before + 1) throw new Error("no certificate was issued");
      };
    },
  },
  {
    name: "proxy-killed",
    allowsDowntime: true,
    async inject(stack) {
      const [{ serialNumber }, before] = [await certificateOf(host(stack)), await issued(stack)];
      await stack.onMachine("sudo pkill -KILL -x caddy");
      await until("the page is served again", 10, () => isServed(stack));
      const again = await certificateOf(host(stack));
      if (again.serialNumber !== serialNumber || (await issued(stack)) !== before)
        throw new Error("the proxy has ordered another certificate");
      return () => serves(stack);
    },
  },
];
