/** The setting `domain`: the app's name in the DNS, or "" for the app server's address. */
import { isIP } from "node:net";
import { domainToASCII } from "node:url";
import { z } from "zod";
import { refuse } from "./fields.ts";

/** RFC 1123; the last label has a letter, or it would be part of an address. */
const name =
  /^(?=.*[a-z][a-z0-9-]*$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
/** RFC 1035, without the dot at the end. */
const longest = 253;
/** Names in private networks (RFC 6762, RFC 8375, ICANN's .internal): no public CA issues certificates for them. */
const privateName = /\.(local|internal|localhost|home\.arpa)$/;
const example = "use app.example.com";

/** The DNS does not tell capitals from small letters: the value is in small ones. */
export const domain = z.string().transform((value, context) => {
  const wanted = value.toLowerCase();
  if (privateName.test(wanted))
    return refuse(context, "must be a public name, for which a CA issues certificates", example);
  if (wanted === "" || (name.test(wanted) && wanted.length <= longest)) return wanted;
  const host = hostOf(wanted);
  if (isIP(host))
    return refuse(context, 'must be a name; "" is for the app server\'s address', 'use ""');
  if (wanted.includes("*"))
    return refuse(context, "must be a single name, not a wildcard", example);
  if (wanted.length > longest)
    return refuse(context, `has ${wanted.length} characters: a name has up to ${longest}`, example);
  if (name.test(host) && host === domainToASCII(wanted))
    return refuse(context, "must be in the ASCII form that the DNS knows", `use ${host}`);
  if (name.test(host))
    return refuse(
      context,
      "must be the name alone, without scheme, port, path and dot at the end",
      `use ${host}`,
    );
  if (/^[a-z0-9-]+$/.test(wanted))
    return refuse(context, "must have two labels or more, for example a.example", example);
  const labels = "must be labels of up to 63 letters, digits and inner hyphens, with dots between";
  return refuse(context, labels, example);
});

/** The host of what may be an address of a page, as a browser reads it; "" if there is none. */
function hostOf(value: string): string {
  if (isIP(value)) return value;
  const url = value.includes("://") ? value : `https://${value}`;
  if (!URL.canParse(url)) return "";
  return new URL(url).hostname.replace(/^\[(.*)\]$/, "$1").replace(/\.$/, "");
}
