/** Faults of certificates: of the CA, of the way to it, and of what is stored. */
import { Route53 } from "@aws-sdk/client-route-53";
import { S3 } from "@aws-sdk/client-s3";
import { succeed } from "../../support/lab.ts";
import { tail, type LabStack, type SettingValues } from "../../support/stack.ts";
import { certificateOf, issued, onInternet, startLetsEncrypt } from "../../support/certificate.ts";
import { isServed, refused, serves, until, type Fault } from "./fault.ts";
import { terminated } from "./machine.ts";

const host = ({ outputs }: LabStack) => outputs.appServerPublicIp!;

/** Takes the certificates, and by default the account's key, from the machine and from their bucket, as on a new stack. */
export async function forgetCertificates(
  stack: LabStack,
  directory: "certificates" | "certificates/caddy/certificates" = "certificates",
): Promise<void> {
  await stack.onMachine(
    `docker rm --force flask-on-aws-proxy-1 && cd /opt/flask-on-aws && sudo rm -rf ${directory} certificates.saved`,
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

/** What cron does within an hour, now. */
const asksWithinTheHour = (stack: LabStack) =>
  stack.onMachine(
    "cd /opt/flask-on-aws && touch --date '1 hour ago' proxy/asked && bin/schedule.sh certificate",
  );

/** Waits for the certificate that the proxy orders by itself. */
const heals = (stack: LabStack) =>
  until("the page has a trusted certificate", 200, () => isServed(stack));

/** Whether the page has the domain's certificate. This computer does not resolve the domain: only the lab does. */
const isOfDomain = async (stack: LabStack, domain: string) => {
  const { subjectaltname } = await certificateOf(host(stack), { servername: domain });
  return subjectaltname === `DNS:${domain}`;
};

/** Has Let's Encrypt answer orders like this; its staging service accepts them. */
async function refuseOrders(
  stack: LabStack,
  status: number,
  type: string,
  header = "",
): Promise<void> {
  const body = JSON.stringify({ type: `urn:ietf:params:acme:error:${type}`, detail: "as a test" });
  const answer = `location = /order-plz {
    default_type application/problem+json;
    if ($host = acme-v02.api.letsencrypt.org) { ${header} return ${status} '${body}'; }
    proxy_set_header Host $host;
    proxy_pass https://127.0.0.1:14000;
  }`;
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
  {
    name: "ca-limits",
    allowsDowntime: true,
    async inject(stack) {
      await refuseOrders(stack, 429, "rateLimited", "add_header Retry-After 5 always;");
      try {
        await forgetCertificates(stack);
        await selfSigned(stack, /HTTP 429 .*rateLimited/);
      } finally {
        await acceptOrders(stack);
      }
      await heals(stack);
    },
  },
  {
    name: "ca-refuses",
    allowsDowntime: true,
    async inject(stack) {
      await refuseOrders(stack, 403, "caa");
      try {
        await forgetCertificates(stack);
        await selfSigned(stack, /HTTP 403 urn:ietf:params:acme:error:caa/);
        // The staging service has accepted it, and the proxy asks no more.
        await until("the proxy gives up", 120, async () =>
          (await stack.onMachine("docker logs flask-on-aws-proxy-1 2>&1")).includes("job failed"),
        );
      } finally {
        await acceptOrders(stack);
      }
      await asksWithinTheHour(stack);
      await heals(stack);
    },
  },
  {
    name: "ca-forgets-the-account",
    allowsDowntime: true,
    async inject(stack) {
      await startLetsEncrypt(stack);
      await forgetCertificates(stack, "certificates/caddy/certificates");
      await selfSigned(stack, /no certificate chains/);
      await asksWithinTheHour(stack);
      await heals(stack);
    },
  },
  {
    name: "another-ca",
    allowsDowntime: true,
    async inject(stack) {
      const acmeDirectory = "https://acme-staging-v02.api.letsencrypt.org/directory";
      const { serialNumber } = await certificateOf(host(stack));
      await stack.release({ acmeDirectory });
      if ((await certificateOf(host(stack))).serialNumber === serialNumber)
        throw new Error("the page has the certificate of the CA before");
      return async () => {
        await stack.release({ acmeDirectory: acmeDirectory.replace("-staging", "") });
        if ((await certificateOf(host(stack))).serialNumber !== serialNumber)
          throw new Error("the first CA was asked for another certificate");
      };
    },
  },
  {
    name: "port-443-taken",
    allowsDowntime: true,
    async inject(stack) {
      await stack.onMachine(
        "docker rm --force flask-on-aws-proxy-1 && { sudo setsid python3 -m http.server 443 >/dev/null 2>&1 </dev/null & }",
      );
      const { commit: appCommit } = await stack.newVersion();
      await refused(
        stack,
        { appCommit },
        /error: another program listens at port 80 or 443 of \S+, which the proxy needs: python3/,
        /remedy: stop it for good, for example: \S+ ssh/,
      );
      await stack.onMachine("sudo pkill -f 'http.server 443'");
    },
  },
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
      const note = `note: ${domain} must resolve to ${host(stack)} only; it resolves to ${other}`;
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
