/** The certificate that a stack's page has, and the lab's Let's Encrypt that issues it. */
import { appendFile, readFile } from "node:fs/promises";
import { connect, type PeerCertificate } from "node:tls";
import { succeed } from "./lab.ts";
import type { LabStack } from "./stack.ts";

/** The certificate of port 443, whoever has issued it. Rejects if there is none, and with `ca` if that is not the issuer. */
export function certificateOf(
  host: string,
  { ca, servername }: { readonly ca?: string; readonly servername?: string } = {},
): Promise<PeerCertificate> {
  return new Promise((resolve, reject) => {
    const options = {
      ...(ca ? { ca } : { rejectUnauthorized: false }),
      ...(servername && { servername }),
    };
    const socket = connect({ host, port: 443, timeout: 5000, ...options }, () => {
      resolve(socket.getPeerCertificate());
      socket.end();
    });
    socket.on("error", reject);
    socket.on("timeout", () => socket.destroy(new Error(`${host} does not answer`)));
  });
}

/** Runs a command line in the container that plays the internet. */
export function onInternet({ lab }: LabStack, command: string): Promise<string> {
  return succeed("docker", ["exec", `${lab.name}-internet`, "bash", "-c", command]);
}

/** Starts Let's Encrypt again, which forgets all accounts. `trouble` are variables of Pebble; this process trusts its root. */
export async function startLetsEncrypt(stack: LabStack, ...trouble: string[]): Promise<void> {
  await onInternet(stack, `/lab/net/lets-encrypt.sh ${trouble.join(" ")}`);
  const root = await onInternet(stack, "/lab/net/await-internet.sh");
  await appendFile(`${stack.lab.home}/ca.pem`, root);
  await stack.lab.trust();
}

/** How many certificates Let's Encrypt has issued since the lab came up. */
export async function issued(stack: LabStack): Promise<number> {
  const log = await onInternet(stack, "cat /var/log/pebble.log");
  return log.split("Issued certificate serial").length - 1;
}

/** The roots of the lab's Let's Encrypt. */
export function roots({ lab }: LabStack): Promise<string> {
  return readFile(`${lab.home}/ca.pem`, "utf8");
}
