/**
 * A fake network for ./ops, loaded by NODE_OPTIONS: no packet leaves the computer. The fixture's app server is the only
 * host. The variable NETWORK is the JSON text of its answers by port: an HTTP status, "refused" or "silent". A load balancer
 * at app.example answers as the port `balancer` says; `record` is the address that this name has.
 */
import dns from "node:dns/promises";
import { createServer } from "node:http";
import { syncBuiltinESMExports } from "node:module";
import { Socket } from "node:net";
import process from "node:process";
import { clearTimeout, setTimeout } from "node:timers";

const usual = { 22: 200, 80: 200, 443: 200, 3306: "refused", 5085: 200, balancer: 200 };
const answers = { ...usual, ...JSON.parse(process.env.NETWORK ?? "{}") };
const connect = Socket.prototype.connect;
const balancer = "app.example";

dns.lookup = async (name) => {
  if (name !== balancer)
    throw Object.assign(new Error(`no address: ${name}`), { code: "ENOTFOUND" });
  return [{ address: answers.record ?? "203.0.113.9", family: 4 }];
};
syncBuiltinESMExports();

Socket.prototype.connect = function (...args) {
  // node:net passes a list whose first element is the options.
  const [options] = args.flat();
  if (![balancer, "198.51.100.7"].includes(options.host)) {
    const code =
      options.host === "self-signed.example" ? "DEPTH_ZERO_SELF_SIGNED_CERT" : "ENOTFOUND";
    throw Object.assign(new Error(`there is no host ${options.host}`), { code });
  }
  const answer = answers[options.host === balancer ? "balancer" : options.port];
  if (answer === "silent") {
    // The timer keeps the process alive, as a connecting socket does.
    const connecting = setTimeout(() => undefined, 60_000);
    return this.once("close", () => clearTimeout(connecting));
  }
  options.host = "127.0.0.1";
  // A port on which nothing listens.
  options.port = 1;
  if (answer === "refused") return connect.apply(this, args);
  const server = createServer((request, response) => {
    response.writeHead(request.url === "/" ? answer : 404).end();
  });
  server.listen(0, "127.0.0.1", () => {
    options.port = server.address().port;
    connect.apply(this, args);
  });
  server.unref();
  return this;
};
