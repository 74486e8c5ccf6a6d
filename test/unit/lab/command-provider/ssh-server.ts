import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import { connect, type AddressInfo } from "node:net";
import ssh2, { type Connection, type ServerChannel, type Session, type SFTPWrapper } from "ssh2";

const { Server, utils } = ssh2;

/** The key that the test servers accept, in OpenSSH's format. */
export const clientKey = utils.generateKeyPairSync("ed25519");
export const hostKeys = [
  utils.generateKeyPairSync("ed25519"),
  utils.generateKeyPairSync("ed25519"),
];

export interface Options {
  hostKey?: { private: string };
}

/**
 * An SSH server on loopback for user `admin` (key `clientKey`, or password `sesame`) that runs
 * commands as sshd does, forwards TCP and writes files over SFTP.
 */
export class SshServer {
  /** What happened: `login`, `exec COMMAND`, `signal NAME`, `close`. */
  readonly events: string[] = [];
  private readonly server: ssh2.Server;
  private readonly clients = new Set<Connection>();

  constructor({ hostKey = hostKeys[0]! }: Options = {}) {
    // After the client's input has ended, ssh2 reports a signal only here. sshd handles it in any case.
    const debug = (line: string) => {
      const name = /CHANNEL_REQUEST \(r:\d+, signal: (\w+)\)$/.exec(line)?.[1];
      if (name) this.events.push(`signal ${name}`);
    };
    const config = { hostKeys: [hostKey.private], debug };
    this.server = new Server(config, (client) => this.serve(client));
  }

  async listen(port = 0): Promise<this> {
    this.server.listen(port, "127.0.0.1");
    await once(this.server, "listening");
    return this;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get connection() {
    const { port } = this;
    const limits = { dialErrorLimit: 0, perDialTimeout: 5 };
    return { host: "127.0.0.1", port, user: "admin", privateKey: clientKey.private, ...limits };
  }

  async close(): Promise<void> {
    for (const client of this.clients) client.end();
    const closed = once(this.server, "close");
    this.server.close();
    await closed;
  }

  private serve(client: Connection): void {
    this.clients.add(client);
    // Missing in the types of 1.15.
    (client as unknown as { setNoDelay: (on: boolean) => void }).setNoDelay(true);
    client.on("error", () => undefined);
    client.on("close", () => {
      this.clients.delete(client);
      this.events.push("close");
    });
    client.on("authentication", (attempt) => {
      const known = utils.parseKey(clientKey.public) as ssh2.ParsedKey;
      const byKey = attempt.method === "publickey" && attempt.key.data.equals(known.getPublicSSH());
      const byPassword = attempt.method === "password" && attempt.password === "sesame";
      if (attempt.username === "admin" && (byKey || byPassword)) attempt.accept();
      else attempt.reject(["publickey", "password"]);
    });
    client.on("ready", () => this.events.push("login"));
    client.on("session", (accept) => this.session(accept()));
    client.on("tcpip", (accept, reject, { destIP, destPort }) => {
      const socket = connect(destPort, destIP);
      socket.once("connect", () => socket.pipe(accept()).pipe(socket));
      socket.once("error", () => reject());
    });
  }

  private session(session: Session): void {
    session.on("exec", (accept, _, { command }) => {
      this.events.push(`exec ${command}`);
      this.run(accept(), command);
    });
    session.on("sftp", (accept) => serveFiles(accept()));
  }

  private run(channel: ServerChannel, command: string): void {
    const child = spawn("/bin/sh", ["-c", command]);
    channel.once("close", () => child.kill());
    channel.pipe(child.stdin).on("error", () => undefined);
    child.stdout.on("data", (chunk: Buffer) => channel.write(chunk));
    child.stderr.on("data", (chunk: Buffer) => channel.stderr.write(chunk));
    child.on("close", (code, signal) => {
      if (signal) channel.exit(signal.slice(3));
      else channel.exit(code ?? 0);
      channel.end();
    });
  }
}

function serveFiles(sftp: SFTPWrapper): void {
  const { STATUS_CODE, flagsToString } = utils.sftp;
  const answer = (id: number, work: () => void) => {
    try {
      work();
    } catch (error) {
      const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
      sftp.status(id, missing ? STATUS_CODE.NO_SUCH_FILE : STATUS_CODE.FAILURE);
    }
  };
  const ok = (id: number) => sftp.status(id, STATUS_CODE.OK);
  const number = (handle: Buffer) => handle.readUInt32BE(0);
  sftp.on("STAT", (id, path) => answer(id, () => sftp.attrs(id, fs.statSync(path) as never)));
  sftp.on("LSTAT", (id, path) => answer(id, () => sftp.attrs(id, fs.lstatSync(path) as never)));
  sftp.on("MKDIR", (id, path) => answer(id, () => (fs.mkdirSync(path), ok(id))));
  sftp.on("OPEN", (id, path, flags) =>
    answer(id, () => {
      const handle = Buffer.alloc(4);
      handle.writeUInt32BE(fs.openSync(path, flagsToString(flags)!));
      sftp.handle(id, handle);
    }),
  );
  sftp.on("WRITE", (id, handle, offset, data) =>
    answer(id, () => (fs.writeSync(number(handle), data, 0, data.length, offset), ok(id))),
  );
  sftp.on("end", () => sftp.end());
  sftp.on("CLOSE", (id, handle) => answer(id, () => (fs.closeSync(number(handle)), ok(id))));
}
