/**
 * Temporary rules by which a computer may log in by SSH from its own address. They are outside of Pulumi's state: each
 * tells by its description who added it and until when it holds.
 */
import { overlaps, parseCidr } from "./cidr.ts";

/** A rule of a security group that lets an IPv4 network reach TCP port 22, and no other port. */
export interface SshRule {
  /** `sgr-…` */
  readonly id: string;
  /** IPv4 network, `203.0.113.7/32`. */
  readonly cidr: string;
  /** Empty if it has none. */
  readonly description: string;
}

/** The computer that runs this program. */
export interface Caller {
  /** IPv4 address, as AWS sees it. */
  readonly address: string;
  /** `user@host` */
  readonly who: string;
}

/** What to change, in this order. */
export interface Changes {
  readonly revoke: readonly SshRule[];
  readonly renew?: Pick<SshRule, "cidr" | "description">;
  readonly authorize?: Pick<SshRule, "cidr" | "description">;
}

const minutes = 60_000;
/** Milliseconds for which a rule holds. A day's work from one place needs one rule. */
const lifetime = 24 * 60 * minutes;
/** Less than this is renewed, so that a rule does not end in the middle of a long `up`. */
const renewedBelow = lifetime / 2;

const pattern = /^flask-on-aws: SSH of .+ until (\d{4}-\d\d-\d\dT\d\d:\d\dZ)$/;

/** The description of a rule that is added or renewed at `now`, milliseconds since the epoch. */
export function descriptionOf(who: string, now: number): string {
  // EC2 API reference, IpRange: 255 of these characters at most.
  const allowed = who.replaceAll(/[^\w .:/()#,@[\]+=;{}!$*-]/g, "-").slice(0, 200);
  const until = new Date(now + lifetime).toISOString().replace(/:\d\d\.\d+Z$/, "Z");
  return `flask-on-aws: SSH of ${allowed} until ${until}`;
}

/** When a rule ends, milliseconds since the epoch; undefined for a rule that is not one of these. */
export function endOf({ description }: Pick<SshRule, "description">): number | undefined {
  const [, until] = pattern.exec(description) ?? [];
  const end = until === undefined ? NaN : Date.parse(until);
  return Number.isNaN(end) ? undefined : end;
}

/** Whether an address is in one of the networks. */
export function within(address: string, networks: readonly string[]): boolean {
  const own = parseCidr(`${address}/32`)!;
  return networks.some((network) => overlaps(own, parseCidr(network)!));
}

/**
 * Decides which temporary rules to add, renew and remove.
 *
 * @param rules of the app server's group, temporary and other ones
 * @param networks what the setting adminCidrs names; Pulumi makes rules for these
 * @param allowed the setting allowOwnAddress; all temporary rules are removed without it
 * @param caller undefined if its address is unknown
 * @param now milliseconds since the epoch
 */
export function planChanges(
  rules: readonly SshRule[],
  {
    networks,
    allowed,
    caller,
    now,
  }: {
    readonly networks: readonly string[];
    readonly allowed: boolean;
    readonly caller: Caller | undefined;
    readonly now: number;
  },
): Changes {
  const needed = allowed && caller !== undefined && !within(caller.address, networks);
  const own = needed ? `${caller.address}/32` : undefined;
  const revoke = rules.filter((rule) => {
    const end = endOf(rule);
    if (end === undefined) return false;
    // AWS refuses two rules for one network: Pulumi could not make its own beside this one.
    if (!allowed || networks.includes(rule.cidr)) return true;
    return end <= now && rule.cidr !== own;
  });
  if (own === undefined) return { revoke };
  const wanted = { cidr: own, description: descriptionOf(caller!.who, now) };
  const existing = rules.find(({ cidr }) => cidr === own);
  if (!existing) return { revoke, authorize: wanted };
  const end = endOf(existing);
  return end !== undefined && end - now < renewedBelow ? { revoke, renew: wanted } : { revoke };
}

/** Networks whose addresses no computer has on the internet: IANA, special-purpose registry. */
const notPublic = [
  ...["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"],
  ...["172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/3"],
];

/** The address that a service answered; undefined unless the answer is one public IPv4 address and nothing else. */
export function parseAddress(answer: string): string | undefined {
  const address = answer.trim();
  return parseCidr(`${address}/32`) && !within(address, notPublic) ? address : undefined;
}
