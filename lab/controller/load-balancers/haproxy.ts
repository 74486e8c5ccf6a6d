/** Commands to a running HAProxy, over its sockets. */
import { once } from "node:events";
import { connect } from "node:net";
import { relative } from "node:path";
import { text } from "node:stream/consumers";

/** Milliseconds; a reload reads the configuration before it answers. */
const patience = 10_000;

/** Sends one line, and resolves to the answer. Rejects if nothing listens. */
export async function command(socket: string, line: string): Promise<string> {
  // A socket's path has 107 characters at most, counted as it is given.
  const connection = connect({ path: relative(process.cwd(), socket) });
  connection.setTimeout(patience, () =>
    connection.destroy(new Error(`HAProxy does not answer to: ${line}`)),
  );
  await once(connection, "connect");
  connection.write(`${line}\n`);
  return (await text(connection)).trim();
}

/** Runs a command that changes something. Rejects with HAProxy's words if it refuses. */
export async function change(socket: string, line: string): Promise<void> {
  const answer = await command(socket, line);
  const accepted = line.startsWith("add server") ? "New server registered." : "";
  // Requests that are under way, which a later command may find ended.
  const busy = line.startsWith("del server") && answer.includes("connections attached");
  if (answer === accepted || busy || answer === "Server deleted.") return;
  throw new Error(`HAProxy answers "${answer}" to: ${line}`);
}

/** Has HAProxy read its configuration again. Connections stay. Rejects with its words if the configuration is wrong. */
export async function reload(masterSocket: string): Promise<void> {
  const answer = await command(masterSocket, "reload");
  if (!answer.startsWith("Success=1")) throw new Error(`HAProxy does not reload: ${answer}`);
}
