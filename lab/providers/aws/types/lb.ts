/** Application Load Balancers and their listeners. */
import {
  type Action,
  ElasticLoadBalancingV2,
  type LoadBalancer,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import type { ListenerState } from "@pulumi/aws/lb/listener.js";
import type { LoadBalancerState } from "@pulumi/aws/lb/loadBalancer.js";

import type { Context } from "../context.ts";
import { ifFound } from "../errors.ts";
import { type Plain, replace, resource, tagList, type Tags, update } from "../resource.ts";
import { members, same, sameSet } from "../values.ts";

export const elb = (context: Context): ElasticLoadBalancingV2 =>
  context.client(ElasticLoadBalancingV2);

export async function retag(context: Context, arn: string, { set, remove }: Tags) {
  const ResourceArns = [arn];
  if (remove.length > 0) await elb(context).removeTags({ ResourceArns, TagKeys: remove });
  if (Object.keys(set).length > 0) await elb(context).addTags({ ResourceArns, Tags: tagList(set) });
}

export async function tagsOf(context: Context, arn: string) {
  const { TagDescriptions } = await elb(context).describeTags({ ResourceArns: [arn] });
  return TagDescriptions?.[0]?.Tags ?? [];
}

/** A request whose list of tags is absent instead of empty, as AWS wants it. */
export const withTags = (Tags: { Key: string; Value: string }[]) =>
  Tags.length > 0 ? { Tags } : {};

interface Attribute {
  readonly Key?: string | undefined;
  readonly Value?: string | undefined;
}
export const byKey = (attributes: readonly Attribute[] = []): Record<string, string | undefined> =>
  Object.fromEntries(attributes.map(({ Key = "", Value }) => [Key, Value] as const));

type Balancer = Plain<LoadBalancerState>;

const attributesOf = ({
  idleTimeout,
  enableDeletionProtection,
  dropInvalidHeaderFields,
}: Balancer) => [
  { Key: "idle_timeout.timeout_seconds", Value: String(idleTimeout ?? 60) },
  { Key: "deletion_protection.enabled", Value: String(enableDeletionProtection ?? false) },
  {
    Key: "routing.http.drop_invalid_header_fields.enabled",
    Value: String(dropInvalidHeaderFields ?? false),
  },
];

async function findBalancer(context: Context, arn: string): Promise<LoadBalancer | undefined> {
  const request = { LoadBalancerArns: [arn] };
  return (await ifFound(elb(context).describeLoadBalancers(request)))?.LoadBalancers?.[0];
}

/** The load balancer with its attributes, under the type's names. */
export async function describeBalancer(context: Context, found: LoadBalancer) {
  const { LoadBalancerArn } = found;
  const described = await elb(context).describeLoadBalancerAttributes({ LoadBalancerArn });
  const attributes = byKey(described.Attributes);
  return {
    Name: found.LoadBalancerName,
    Internal: found.Scheme === "internal",
    LoadBalancerType: found.Type,
    SecurityGroups: found.SecurityGroups,
    Subnets: found.AvailabilityZones?.map(({ SubnetId }) => SubnetId!),
    IdleTimeout: Number(attributes["idle_timeout.timeout_seconds"] ?? 60),
    EnableDeletionProtection: attributes["deletion_protection.enabled"] === "true",
    DropInvalidHeaderFields:
      attributes["routing.http.drop_invalid_header_fields.enabled"] === "true",
    Arn: LoadBalancerArn,
    ArnSuffix: LoadBalancerArn?.split(":loadbalancer/")[1],
    DnsName: found.DNSName,
    VpcId: found.VpcId,
    ZoneId: found.CanonicalHostedZoneId,
  };
}

const loadBalancer = resource<Balancer>({
  token: "aws:lb/loadBalancer:LoadBalancer",
  inputs: {
    name: replace({ computed: true }),
    internal: replace({ computed: true }),
    loadBalancerType: replace({ default: "application" }),
    securityGroups: update({ computed: true, same: sameSet }),
    subnets: update({ computed: true, same: sameSet }),
    idleTimeout: update({ default: 60 }),
    enableDeletionProtection: update({ default: false }),
    dropInvalidHeaderFields: update({ default: false }),
  },
  outputs: ["arn", "arnSuffix", "dnsName", "vpcId", "zoneId"],
  autoname: { property: "name", maxLength: 32, separator: "-" },
  retag,
  async create(context, { Name, SecurityGroups, Subnets, Tags }, { internal, loadBalancerType }) {
    const { LoadBalancers } = await elb(context).createLoadBalancer({
      ...{ Name, SecurityGroups, Subnets, ...withTags(Tags) },
      Scheme: internal ? "internal" : "internet-facing",
      Type: loadBalancerType as "application",
    });
    return LoadBalancers?.[0]?.LoadBalancerArn;
  },
  async complete(context, arn, inputs) {
    const probe = async () => (await findBalancer(context, arn))?.State?.Code;
    const thing = `load balancer ${arn}`;
    await context.waitFor({ thing, via: /provisioning/, to: "active", limit: 600 }, probe);
    const Attributes = attributesOf(inputs);
    await elb(context).modifyLoadBalancerAttributes({ LoadBalancerArn: arn, Attributes });
  },
  async find(context, arn) {
    const found = await findBalancer(context, arn);
    return (
      found && { ...(await describeBalancer(context, found)), Tags: await tagsOf(context, arn) }
    );
  },
  async update(context, { id, olds, news }) {
    const LoadBalancerArn = id;
    const { securityGroups, subnets } = news;
    if (!sameSet(olds.securityGroups, securityGroups))
      await elb(context).setSecurityGroups({ LoadBalancerArn, SecurityGroups: securityGroups });
    if (!sameSet(olds.subnets, subnets))
      await elb(context).setSubnets({ LoadBalancerArn, Subnets: subnets });
    if (!same(attributesOf(olds), attributesOf(news)))
      await elb(context).modifyLoadBalancerAttributes({
        ...{ LoadBalancerArn, Attributes: attributesOf(news) },
      });
  },
  delete: (context, arn) => elb(context).deleteLoadBalancer({ LoadBalancerArn: arn }),
});

type Listener = Plain<ListenerState>;
type DefaultAction = NonNullable<Listener["defaultActions"]>[number];

/** AWS's choice for what a redirect does not name. */

const unchanged = {
  ...{ host: "#{host}", path: "/#{path}", query: "#{query}" },
  ...{ port: "#{port}", protocol: "#{protocol}" },
};

const toAction = ({ type, targetGroupArn, redirect }: DefaultAction, index: number): Action => ({
  Type: type as "forward",
  Order: index + 1,
  TargetGroupArn: targetGroupArn,
  RedirectConfig: redirect && {
    Host: redirect.host ?? unchanged.host,
    Path: redirect.path ?? unchanged.path,
    Port: redirect.port ?? unchanged.port,
    Protocol: redirect.protocol ?? unchanged.protocol,
    Query: redirect.query ?? unchanged.query,
    StatusCode: redirect.statusCode as "HTTP_301",
  },
});

const sameActions = (have: unknown, want: unknown) => {
  const actions = (some: unknown) => members<DefaultAction>(some).map(toAction);
  return same(actions(have), actions(want));
};

const listenerRequest = ({ port, protocol, sslPolicy, certificateArn, ...rest }: Listener) => ({
  Port: port,
  Protocol: protocol as "HTTPS" | undefined,
  SslPolicy: sslPolicy,
  Certificates: certificateArn ? [{ CertificateArn: certificateArn }] : undefined,
  DefaultActions: rest.defaultActions?.map(toAction),
});

const listener = resource<Listener>({
  token: "aws:lb/listener:Listener",
  inputs: {
    loadBalancerArn: replace(),
    port: update(),
    protocol: update({ computed: true }),
    sslPolicy: update({ computed: true }),
    certificateArn: update(),
    defaultActions: update({ same: sameActions }),
  },
  outputs: ["arn"],
  retag,
  async create(context, { LoadBalancerArn, Tags }, inputs) {
    const { Listeners } = await elb(context).createListener({
      ...{ LoadBalancerArn, ...listenerRequest(inputs), ...withTags(Tags) },
      DefaultActions: (inputs.defaultActions ?? []).map(toAction),
    });
    return Listeners?.[0]?.ListenerArn;
  },
  async find(context, arn) {
    const { Listeners } = await elb(context).describeListeners({ ListenerArns: [arn] });
    const found = Listeners?.[0];
    return (
      found && {
        ...found,
        // moto gives every listener a policy; AWS only those with TLS.
        SslPolicy: found.Protocol === "HTTPS" ? found.SslPolicy : undefined,
        CertificateArn: found.Certificates?.[0]?.CertificateArn,
        DefaultActions: found.DefaultActions?.map(({ Type, TargetGroupArn, RedirectConfig }) => ({
          ...{ Type, TargetGroupArn, Redirect: RedirectConfig },
        })),
        Arn: arn,
        Tags: await tagsOf(context, arn),
      }
    );
  },
  update: (context, { id, news }) =>
    elb(context).modifyListener({ ListenerArn: id, ...listenerRequest(news) }),
  delete: (context, arn) => elb(context).deleteListener({ ListenerArn: arn }),
});

export const types = [loadBalancer, listener];
