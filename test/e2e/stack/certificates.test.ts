/** The lab's Let's Encrypt: a client of ACME on the app server gets a certificate for the bare address. */
import { expect } from "chai";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { connect, type PeerCertificate } from "node:tls";
import { useSharedStack } from "../../support/shared-stack.ts";

/** The certificate that a client gets which trusts `ca` alone. Rejects if it does not trust the server. */
function certificateOf(host: string, ca: string): Promise<PeerCertificate> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: 443, ca, timeout: 5000 }, () => {
      resolve(socket.getPeerCertificate());
      socket.end();
    });
    socket.on("error", reject);
    socket.on("timeout", () => socket.destroy(new Error(`${host} does not answer`)));
  });
}

describe("Let's Encrypt in the lab", function () {
  this.timeout(3 * 60_000);
  const shared = useSharedStack();
  const address = () => shared.outputs.appServerPublicIp!;

  after(() => shared.stack.onMachine("docker rm --force acme-client"));

  it("issues a certificate for an IP address, for 160 hours, by the challenge on port 80", async () => {
    const caddyfile = `{
	default_sni ${address()}
}
https://${address()} {
	tls {
		issuer acme {
			profile shortlived
		}
	}
	respond "trusted"
}`;
    await shared.stack.onMachine(`mkdir -p acme-client && cat >acme-client/Caddyfile <<'END'
${caddyfile}
END
docker run --detach --name acme-client --publish 80:80 --publish 443:443 --volume "$PWD/acme-client:/etc/caddy:ro" \\
  --volume /etc/ssl/certs:/etc/ssl/certs:ro caddy:2.11`);
    const ca = await readFile(`${shared.lab.home}/ca.pem`, "utf8");
    let certificate: PeerCertificate | undefined;
    let problem: unknown;
    for (const deadline = Date.now() + 60_000; !certificate; await sleep(500)) {
      certificate = await certificateOf(address(), ca).catch((error: unknown) => {
        problem = error;
        return undefined;
      });
      if (Date.now() > deadline)
        throw new Error(
          `no certificate: ${String(problem)}\n` +
            (await shared.stack.onMachine("docker logs --tail 20 acme-client 2>&1")),
        );
    }
    expect(certificate.subjectaltname).to.equal(`IP Address:${address()}`);
    const [from, to] = [certificate.valid_from, certificate.valid_to].map((at) => Date.parse(at));
    expect((to! - from!) / 3_600_000).to.be.closeTo(160, 0.1);
  });
});
