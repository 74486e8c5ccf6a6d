/** Who runs this process. */
import { hostname, userInfo } from "node:os";

/** `user@host`, for records of who did what. */
export function operator(): string {
  return `${userName()}@${hostname()}`;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run as a user id without an entry in /etc/passwd.
    return process.env.USER ?? `${process.getuid?.() ?? "somebody"}`;
  }
}
