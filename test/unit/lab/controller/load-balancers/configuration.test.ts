import { expect } from "chai";
import {
  configuration,
  withTargets,
} from "../../../../../lab/controller/load-balancers/configuration.ts";
import { group, loadBalancer } from "./load-balancer.ts";

describe("The configuration of a load balancer", () => {
  const certificates = new Map([[443, "-----BEGIN CERTIFICATE-----"]]);
  const text = configuration(loadBalancer, certificates);

  it("redirects HTTP to the same host and path, with the port in the URL as AWS does", () => {
    expect(text).to.include(`
frontend port-80
  bind :80
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Port 80
  http-request redirect code 301 location https://%[req.hdr(host),host_only]:443%[pathq]
`);
  });

  it("serves HTTPS with the listener's certificate from its target group", () => {
    expect(text).to.include(`
frontend port-443
  bind :443 ssl crt /run/lb/443.pem alpn h2,http/1.1 ssl-min-ver TLSv1.2
  http-request set-header X-Forwarded-Proto https
  http-request set-header X-Forwarded-Port 443
  default_backend tg-dev-app
`);
  });

  it("listens for HTTPS only once there is a certificate", () => {
    const early = configuration(loadBalancer, new Map());
    expect(early).to.include("frontend port-80").and.not.include("frontend port-443");
  });

  it("checks targets by the settings of their group", () => {
    expect(text).to.include(`http-check send meth GET uri '/login' ver HTTP/1.1`);
    expect(text).to.include("http-check expect status 200-299,302\n  timeout check 5s\n");
    expect(text).to.include("check inter 10s downinter 2s rise 3 fall 2");
  });

  it("keeps a path in one word, whatever is in it", () => {
    const healthCheck = { ...group.healthCheck, path: "/it's up? #1" };
    const odd = { ...loadBalancer, targetGroups: [{ ...group, healthCheck }] };
    expect(configuration(odd, certificates)).to.include(String.raw`uri '/it'\''s up? #1' ver`);
  });

  it("ends idle connections after the load balancer's idle timeout", () => {
    const quick = configuration({ ...loadBalancer, idleTimeout: 7 }, certificates);
    for (const setting of ["timeout client", "timeout server", "pool-purge-delay"])
      expect(quick).to.include(`${setting} 7s`);
  });

  it("names the targets that serve when it is read again, each in its group", () => {
    const other = { ...group, id: group.id.replace("dev-app", "other") };
    const two = configuration({ ...loadBalancer, targetGroups: [group, other] }, certificates);
    const full = withTargets(two, new Map([["tg-dev-app", ["10.0.1.30:5005"]]]));
    expect(full.split("\n\n").at(-2)).to.match(
      /^backend tg-dev-app\n[^]*\n {2}server 10.0.1.30:5005 10.0.1.30:5005$/,
    );
    expect(full.split("\n\n").at(-1))
      .to.match(/^backend tg-other\n/)
      .and.not.include("  server ");
  });
});
