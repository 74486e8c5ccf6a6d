/** IPv4 arithmetic on dotted strings; the API has validated every address and CIDR before. */

export function toNumber(address: string): number {
  return address.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
}

export function toAddress(number: number): string {
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join(".");
}

/** First address and number of addresses of a CIDR. */
export function range(cidr: string): { first: number; size: number; prefix: number } {
  const [address, prefix] = cidr.split("/") as [string, string];
  const size = 2 ** (32 - Number(prefix));
  const number = toNumber(address);
  return { first: number - (number % size), size, prefix: Number(prefix) };
}

/** The address `offset` places into the CIDR. */
export function nth(cidr: string, offset: number): string {
  return toAddress(range(cidr).first + offset);
}
