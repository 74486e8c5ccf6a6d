import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { OwnHostKey, type OwnHostKeyArgs } from "../deployer/host-key.ts";
import type { Subnets } from "../network/network.ts";
import type { SshAccess } from "../network/ssh-access.ts";
import { sshKey } from "../secrets.ts";
import type { Settings } from "../settings/settings.ts";
import { AppServer, type AppServerArgs } from "./app-server.ts";
import { Machine } from "./machine.ts";

/** Arguments of {@link createMachines}. */
export interface MachinesArgs extends Pick<
  AppServerArgs,
  "bucketArns" | "databaseArn" | "siteObjectArns"
> {
  readonly settings: Pick<
    Settings,
    "machineImage" | "instanceType" | "cpuCredits" | "sshPublicKey"
  >;
  readonly subnets: Readonly<Record<"public" | "private", Pick<Subnets, "first" | "routes">>>;
  readonly groups: Readonly<Record<"app" | "test", pulumi.Output<string>>>;
  /** Who may reach the app server by SSH. */
  readonly access: pulumi.Output<SshAccess>;
  readonly provider: aws.Provider;
}

/**
 * The app server and the test server, the key pair that logs in to both, and their host keys. They have no component
 * of their own around them, because a new parent would replace them in stacks that exist.
 */
export function createMachines(name: string, args: MachinesArgs) {
  const { settings, subnets, groups, provider } = args;
  const opts = { providers: [provider] };
  const adminKey = sshKey(`${name}-admin-key`);
  const keyPair = new aws.ec2.KeyPair(
    name,
    { publicKey: adminKey.publicKey, tags: { Name: name } },
    { provider },
  );
  const machineArgs = {
    image: settings.machineImage,
    instanceType: settings.instanceType,
    cpuCredits: settings.cpuCredits,
    keyName: keyPair.keyName,
    authorizedKeys: settings.sshPublicKey ? [settings.sshPublicKey] : [],
  };
  const appServer = new AppServer(
    `${name}-app`,
    {
      ...machineArgs,
      subnetId: subnets.public.first,
      routes: subnets.public.routes,
      securityGroupId: groups.app,
      bucketArns: args.bucketArns,
      databaseArn: args.databaseArn,
      siteObjectArns: args.siteObjectArns,
    },
    opts,
  );
  const testServer = new Machine(
    `${name}-test`,
    {
      ...machineArgs,
      subnetId: subnets.private.first,
      routes: subnets.private.routes,
      securityGroupId: groups.test,
    },
    opts,
  );
  const login = {
    user: settings.machineImage.loginUser,
    privateKey: adminKey.privateKey,
    access: args.access,
  };
  return { appServer, testServer, ...login, ...createHostKeys(name, login, appServer, testServer) };
}

/** The host keys that the machines make themselves, the test server's through the app server. */
function createHostKeys(
  name: string,
  login: Pick<OwnHostKeyArgs, "privateKey" | "access"> & { readonly user: string },
  appServer: AppServer,
  testServer: Machine,
) {
  const appHostKey = new OwnHostKey(
    `${name}-app-own-host-key`,
    {
      ...login,
      server: "app",
      instanceId: appServer.instanceId,
      address: appServer.publicIp,
      firstContactKey: appServer.firstContactKey,
    },
    { parent: appServer },
  );
  const testHostKey = new OwnHostKey(
    `${name}-test-own-host-key`,
    {
      ...login,
      server: "test",
      instanceId: testServer.instanceId,
      address: testServer.privateIp,
      firstContactKey: testServer.firstContactKey,
      jump: { address: appServer.publicIp, user: login.user, hostKey: appHostKey.publicKey },
    },
    { parent: testServer },
  );
  return { appHostKey, testHostKey };
}
