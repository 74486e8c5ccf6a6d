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

/** As {@link certificateOf}, from a server that may be ordering it. */
async function awaitCertificate(host: string, ca: string): Promise<PeerCertificate> {
  for (const deadline = Date.now() + 60_000; ; await sleep(500)) {
    try {
      return await certificateOf(host, ca);
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}

describe("Let's Encrypt in the lab", function () {
  this.timeout(3 * 60_000);
  const shared = useSharedStack();
  const address = () => shared.outputs.appServerPublicIp!;

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
    const ordered = await awaitCertificate(address(), ca).catch((error: Error) => error);
    const log = await shared.stack.onMachine(
      "docker logs --tail 20 acme-client 2>&1; docker rm --force acme-client",
    );
    if (ordered instanceof Error) throw new Error(`${ordered.message}\n${log}`);
    const { subjectaltname, valid_from: from, valid_to: to } = ordered;
    expect(subjectaltname).to.equal(`IP Address:${address()}`);
    expect((Date.parse(to) - Date.parse(from)) / 3_600_000).to.be.closeTo(160, 0.1);
  });
});
