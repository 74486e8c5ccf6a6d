/** What the dnsmasq of the lab's internet answers beside AWS's names: two files, which it reads at its start and on SIGHUP. */
import { mkdir, writeFile } from "node:fs/promises";
import type { PublicDns } from "./control-api.ts";
import { exec, type Container, type Lab } from "./docker.ts";

const directory = (lab: Lab) => `${lab.home}/share/dns`;

/** The texts of the files: of names in a zone that are no hosts, dnsmasq says that they do not exist. */
export function dnsFiles({ zones, records }: PublicDns): Record<"hosts" | "zones", string> {
  return {
    hosts: records.map(({ name, address }) => `${address} ${name}\n`).join(""),
    zones: zones.map((zone) => `server=/${zone}/\n`).join(""),
  };
}

/** Makes the files where they are missing: dnsmasq does not start without them. */
export async function prepareDns(lab: Lab): Promise<void> {
  await mkdir(directory(lab), { recursive: true });
  for (const name of ["hosts", "zones"])
    await writeFile(`${directory(lab)}/${name}`, "", { flag: "a" });
}

/** What was applied last, and to which start of the internet. */
let applied = "";

/** Has the name servers answer so, unless they do. */
export async function configureDns(lab: Lab, internet: Container, dns: PublicDns): Promise<void> {
  const wanted = JSON.stringify([internet.startedAt, dns]);
  if (applied === wanted) return;
  for (const [name, text] of Object.entries(dnsFiles(dns)))
    await writeFile(`${directory(lab)}/${name}`, text);
  await exec(internet.name, ["pkill", "-HUP", "dnsmasq"]);
  applied = wanted;
}
