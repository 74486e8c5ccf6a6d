import { expect } from "chai";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { cutOverMachine } from "../support/cut-over-machine.ts";

describe("The proxy in a cut-over", () => {
  const { machine, switchTo, state, at, deployed } = cutOverMachine();

  it("validates a new configuration before it gives it to the running proxy", () => {
    deployed("app:1");
    machine().write("root/proxy/Caddyfile", "old");
    deployed("app:2");
    expect(at(/run .* caddy validate/)).to.be.lessThan(at(/up .* proxy/));
    expect(at("exec -T proxy caddy reload")).to.be.greaterThan(at(/up .* proxy/));
    deployed("app:3");
    expect(machine().log, "an unchanged configuration").to.not.include("validate");
    expect(machine().read("root/proxy/Caddyfile")).to.include("{file./etc/caddy/active}");
  });

  /** The configuration for a stack with these variables. */
  const configuration = (variables: Record<string, string>) => {
    machine().stack(variables);
    expect(machine().run("cut-over.sh", ["app:1"]).status).to.equal(0);
    return machine().read("root/proxy/Caddyfile");
  };

  it("orders the address's certificate in Let's Encrypt's profile, and a domain's with HSTS", () => {
    const address = configuration({ APP_URL: "https://203.0.113.7" });
    expect(address).to.include("\nhttps://203.0.113.7:8443 {");
    expect(address).to.include("redir https://203.0.113.7{uri} 308");
    expect(address).to.include("profile shortlived").and.not.include("Strict-Transport");
    const domain = configuration({ APP_URL: "https://app.example" });
    expect(domain).to.include("Strict-Transport").and.not.include("profile shortlived");
    for (const text of [address, domain]) {
      expect(text).to.not.match(/@[A-Z_]+@/, "what is filled in");
      expect(text).to.include("\tacme_ca https://acme-v02.api.letsencrypt.org/directory\n");
      expect(text).to.not.match(/^\temail|acme_ca_root/m);
    }
  });

  it("orders certificates of another CA by the settings", () => {
    const text = configuration({
      APP_URL: "https://203.0.113.7",
      ACME_DIRECTORY: "https://ca.example/acme/directory",
      ACME_EMAIL: "me@example.com",
      ACME_CA_CERTIFICATE: "PEM\nof the CA",
    });
    expect(text).to.include("\tacme_ca https://ca.example/acme/directory\n");
    expect(text).to.include("\temail me@example.com\n").and.include("acme_ca_root");
    expect(text).to.not.include("profile shortlived");
    const [, file] = /acme_ca_root \/etc\/caddy\/(\S+)/.exec(text)!;
    expect(machine().read(`root/proxy/${file}`)).to.equal("PEM\nof the CA\n");
  });

  it("starts the proxy again for another CA: a reload would keep the certificate of the one before", () => {
    configuration({});
    machine().write("log", "");
    configuration({ UPLOAD_LIMIT: "20" });
    expect(machine().log)
      .to.match(/caddy reload/)
      .and.not.match(/restart proxy/);
    machine().write("log", "");
    configuration({ UPLOAD_LIMIT: "20", ACME_DIRECTORY: "https://ca.example/directory" });
    expect(machine().log)
      .to.match(/restart proxy/)
      .and.not.match(/caddy reload/);
  });

  it("keeps its configuration in a rollback", () => {
    const before = configuration({});
    machine().stack({ UPLOAD_LIMIT: "20" });
    expect(machine().run("cut-over.sh", ["app:0", "rollback"]).status).to.equal(0);
    expect(machine().read("root/proxy/Caddyfile")).to.equal(before);
  });

  it("serves the app on ports 80 and 5085 without HTTPS", () => {
    const text = configuration({ APP_URL: "http://203.0.113.7" });
    expect(text).to.match(/^http:\/\/, http:\/\/:5085 \{\n\timport app\n\}/m);
    expect(text).to.not.include("https://203.0.113.7");
  });

  it("gives the running proxy its previous configuration again when the page is not served", () => {
    configuration({ APP_URL: "http://203.0.113.7" });
    machine().fake("curl", "printf 502");
    machine().stack({ APP_URL: "https://203.0.113.7" });
    expect(machine().run("cut-over.sh", ["app:2"]).status).to.equal(1);
    expect(machine().read("root/proxy/Caddyfile")).to.not.include("https://203.0.113.7");
    expect(machine().log.match(/caddy reload/g)).to.have.length(2);
    expect(state()).to.deep.equal({ up: ["blue"], serves: "blue\n" });
  });

  describe("on a machine of an earlier version, which has nginx", () => {
    beforeEach(() => {
      deployed("app:1");
      rmSync(join(machine().root, "proxy"), { recursive: true });
      machine().write("root/release.env", "NGINX_IMAGE=nginx\nBLUE_IMAGE=app:1\n");
      machine().write("root/nginx/app.conf", "    set $app blue:5005;\n");
    });

    it("replaces nginx once the new version is proven and the proxy takes its configuration", () => {
      deployed("app:2");
      expect(at("gate green")).to.be.lessThan(at(/run .* caddy validate/));
      expect(at(/run .* caddy validate/)).to.be.lessThan(
        at("docker rm --force flask-on-aws-nginx-1"),
      );
      expect(at("docker rm")).to.be.lessThan(at(/up .* proxy/));
      expect(machine().exists("root/nginx")).to.equal(false);
      expect(state()).to.deep.equal({ up: ["green"], serves: "green\n" });
    });

    it("keeps nginx when the proxy's image does not exist, or it is not removed", () => {
      machine().write("broken", "validate\n");
      expect(switchTo("app:2").stderr).to.match(/^error: the proxy refuses its configuration\./);
      expect(machine().log).to.not.include("docker rm");
      machine().write("broken", "nginx\n");
      expect(switchTo("app:2").stderr).to.match(/^error: nginx, the proxy of before, cannot be/);
      expect(machine().exists("root/nginx/app.conf")).to.equal(true);
      expect(state().up).to.deep.equal(["blue"]);
    });

    it("changes nothing before the settings of the new scripts are written", () => {
      machine().write("log", "");
      machine().stack({ ADDRESS: "" });
      const { status, stderr } = machine().run("cut-over.sh", ["app:2"]);
      expect(status).to.equal(1);
      expect(stderr).to.match(/^error: the last pulumi up .*\nremedy: run it again: pulumi up/);
      expect(machine().log).to.equal("");
    });
  });

  it("keeps the proxy's image of the last release for a rollback, and the new one if there is none", () => {
    deployed("app:1");
    expect(switchTo("app:2", "caddy:9", "rollback").status).to.equal(0);
    expect(machine().read("root/release.env")).to.include("PROXY_IMAGE=caddy:2\n");
    machine().write("root/release.env", "NGINX_IMAGE=nginx\nGREEN_IMAGE=app:2\n");
    expect(switchTo("app:3", "caddy:9", "rollback").status).to.equal(0);
    expect(machine().read("root/release.env")).to.include("PROXY_IMAGE=caddy:9\n");
  });

  it("does not change the proxy when the new image does not fit", () => {
    deployed("app:1");
    const before = machine().read("root/release.env");
    machine().write("broken", "validate httpd:2\n");
    const { status, stderr } = switchTo("app:2", "httpd:2");
    expect(status).to.equal(1);
    expect(stderr).to.match(/^error: the proxy refuses its configuration\.\n/);
    expect(stderr).to.include("\n  | last words of proxy\n  | no validate httpd:2\n");
    expect(stderr).to.match(/^remedy: correct the setting proxyImage \(httpd:2\)/m);
    expect(state()).to.deep.equal({ up: ["blue"], serves: "blue\n" });
    expect(machine().read("up/proxy")).to.equal("caddy:2\n");
    expect(machine().read("root/release.env")).to.equal(before);
  });

  it("restores the previous proxy when the new one does not serve", () => {
    deployed("app:1");
    machine().fake("curl", "printf 502");
    expect(switchTo("app:2", "caddy:3").status).to.equal(1);
    expect(machine().read("up/proxy")).to.equal("caddy:2\n");
  });

  it("keeps the configuration when the next one is refused, and not that of an earlier release", () => {
    deployed("app:1");
    machine().write("root/proxy/Caddyfile.before", "of an earlier release");
    const configuration = machine().read("root/proxy/Caddyfile");
    machine().write("broken", "validate\n");
    expect(switchTo("app:2", "caddy:3").status).to.equal(1);
    expect(machine().read("root/proxy/Caddyfile")).to.equal(configuration);
  });

  it("does not change the proxy when the app fails", () => {
    deployed("app:1");
    machine().write("broken", "up green\n");
    switchTo("app:2", "httpd:2");
    expect(machine().log).to.not.match(/^up .* proxy$/m);
    expect(machine().read("root/release.env")).to.include("PROXY_IMAGE=caddy:2\n");
  });
});
