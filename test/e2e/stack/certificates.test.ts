/** The page by HTTPS: the certificate, the redirects, and what the app sees of its clients. */
import { expect } from "chai";
import { Browser } from "../../../lab/support/browser.ts";
import { certificateOf, roots } from "../../../lab/support/certificate.ts";
import { useSharedStack } from "../../support/shared-stack.ts";

describe("HTTPS on a stack", function () {
  this.timeout(3 * 60_000);
  const shared = useSharedStack();
  const address = () => shared.outputs.appServerPublicIp!;

  it("has a certificate of Let's Encrypt for the app server's address, for 160 hours", async () => {
    const ca = await roots(shared.stack);
    const {
      subjectaltname,
      valid_from: from,
      valid_to: to,
    } = await certificateOf(address(), { ca });
    expect(subjectaltname).to.equal(`IP Address:${address()}`);
    expect((Date.parse(to) - Date.parse(from)) / 3_600_000).to.be.closeTo(160, 0.1);
  });

  it("is where ports 80 and 5085 redirect to, with the path and for the same method", async () => {
    for (const port of [80, 5085]) {
      const method = "POST";
      const url = `http://${address()}:${port}/login?next=/`;
      const { status, headers } = await fetch(url, { method, redirect: "manual" });
      expect(status, url).to.equal(308);
      expect(headers.get("location")).to.equal(`https://${address()}/login?next=/`);
    }
  });

  it("makes cookies Secure, and those of a session HttpOnly", async () => {
    const cookies = (await fetch(shared.stack.page)).headers.getSetCookie();
    expect(cookies).to.have.lengthOf(1);
    expect(cookies[0]).to.match(/^session=.*; HttpOnly.*; Secure$/);
  });

  it("shows the app the client's address and scheme", async () => {
    const client = address().replace(/\d+$/, "1");
    const forged = { "x-forwarded-for": "192.0.2.1", "x-forwarded-proto": "http" };
    const answer = await fetch(`${shared.outputs.appUrl}/client`, { headers: forged });
    expect(await answer.text()).to.equal(`${client} by https`);
  });

  it("has its certificate in the bucket from which a new machine gets it", async () => {
    const saved = await shared.stack.onMachine("cat /opt/flask-on-aws/certificates.saved");
    expect(saved).to.match(/ s3:\/\/flask-on-aws-dev-https-\w+\/certificates\.tar\.gz\n$/);
    const copy = saved.trim().split(" ").at(-1)!;
    const names = await shared.stack.onMachine(`aws s3 cp --only-show-errors ${copy} - | tar -tz`);
    expect(names).to.include(`/${address()}/${address()}.key\n`).and.not.include("/pki/");
  });

  it("serves the app by HTTP while the setting https is false, and orders no new certificate after", async () => {
    const ca = await roots(shared.stack);
    const before = await certificateOf(address(), { ca });
    await shared.stack.release({ https: "false" });
    expect(shared.outputs.appUrl).to.equal(`http://${address()}`);
    for (const port of [80, 5085]) {
      const { status } = await new Browser(`http://${address()}:${port}`).request("/login");
      expect(status).to.equal(200);
    }
    await shared.stack.release({ https: "true" });
    const { serialNumber } = await certificateOf(address(), { ca });
    expect(serialNumber).to.equal(before.serialNumber);
  });
});
