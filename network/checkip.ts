/** Asks AWS for the address of this computer. */
import { Failure } from "../operations/failure.ts";
import { parseAddress } from "./own-address.ts";

/** Milliseconds. An answer takes well under one second; a computer that is busy with an `up` may be slow to read it. */
const patience = 10_000;
/** Errors of connect(2) on a computer without a way to IPv4 addresses. */
const withoutIpv4 = ["ENETUNREACH", "EHOSTUNREACH", "EADDRNOTAVAIL"];

/** The service: CHECKIP_URL, or AWS's. It has no IPv6 address. */
export const checkipUrl = (): string => process.env.CHECKIP_URL || "https://checkip.amazonaws.com";

/**
 * The IPv4 address of this computer, as the service sees it.
 *
 * @param allow the command that lets an address in by hand, for the remedy
 * @param stop aborted if the answer is not wanted any more
 * @throws {Failure} if the service does not answer, or not by one public IPv4 address
 */
export async function findAddress(allow: string, stop?: AbortSignal): Promise<string> {
  const url = checkipUrl();
  const answer = await ask(url, stop).catch((error: Error) => {
    throw unanswered(url, error, allow);
  });
  const address = answer.ok ? parseAddress(answer.text) : undefined;
  if (address !== undefined) return address;
  const said = answer.ok ? JSON.stringify(answer.text.trim().slice(0, 60)) : answer.status;
  throw new Failure(
    `the address of this computer is unknown: ${url} answers ${said}, not one public IPv4 address`,
    `log in to this network if it asks for that, then try again; or let an address in by hand:\n        ${allow}`,
  );
}

async function ask(url: string, stop?: AbortSignal) {
  // An idle connection would keep the process from its end for some seconds.
  const headers = { connection: "close" };
  const late = AbortSignal.timeout(patience);
  const signal = stop ? AbortSignal.any([late, stop]) : late;
  const response = await fetch(url, { headers, signal });
  return { ok: response.ok, status: response.status, text: await response.text() };
}

/** What it means that there is no answer. */
export function unanswered(url: string, error: Error, allow: string): Failure {
  const cause = error.cause as (NodeJS.ErrnoException & { errors?: Error[] }) | undefined;
  // Node tries each address of a name, and gathers the errors.
  const reason = (cause?.errors ?? [cause ?? error])
    .map(({ message }) => message)
    .filter(Boolean)
    .join("; ");
  if (withoutIpv4.includes(cause?.code ?? ""))
    return new Failure(
      `this computer has no way to IPv4 addresses (${reason}), and the app server has no other`,
      `use a network with IPv4, where this answers: curl -4 ${url}`,
    );
  return new Failure(
    `the address of this computer is unknown: ${url} does not answer: ${reason}`,
    `try again; or let an address in by hand:\n        ${allow}`,
  );
}
