import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { announce, type Zone } from "../../network/dns.ts";

/** Arguments of {@link Certificate}. */
export interface CertificateArgs {
  /** A change makes another certificate. */
  readonly domain: string;
  readonly zone: Zone;
}

/**
 * ACM's certificate of the domain, which costs nothing and is renewed as long as its record is there. The record is made
 * in the account's zone. Where there is none, `up` prints it, and waits until somebody has created it.
 */
export class Certificate extends pulumi.ComponentResource {
  /** Resolves when the certificate is issued. */
  readonly arn: pulumi.Output<string>;
  /** The line of a zone file to create elsewhere; empty if the program made the record. */
  readonly recordToCreate: pulumi.Output<string>;

  constructor(
    name: string,
    { domain, zone }: CertificateArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("flask-on-aws:compute:Certificate", name, {}, opts);
    const childOpts = { parent: this };
    const certificate = new aws.acm.Certificate(
      name,
      { domainName: domain, validationMethod: "DNS", tags: { Name: name } },
      childOpts,
    );
    // One name has one record.
    const proof = certificate.domainValidationOptions.apply(([option]) => option!);
    const records: pulumi.Resource[] = [];
    if ("why" in zone) {
      this.recordToCreate = pulumi.interpolate`${proof.resourceRecordName} 300 IN ${proof.resourceRecordType} ${proof.resourceRecordValue}`;
      announce(zone.why, this.recordToCreate);
    } else {
      this.recordToCreate = pulumi.output("");
      records.push(
        new aws.route53.Record(
          name,
          {
            zoneId: zone.id,
            name: proof.resourceRecordName,
            type: proof.resourceRecordType,
            ttl: 300,
            records: [proof.resourceRecordValue],
            // ACM asks for the same record for each certificate of a name.
            allowOverwrite: true,
          },
          childOpts,
        ),
      );
    }
    const validation = new aws.acm.CertificateValidation(
      name,
      { certificateArn: certificate.arn },
      { parent: this, dependsOn: records, customTimeouts: { create: "30m" } },
    );
    this.arn = validation.certificateArn;
    this.registerOutputs({ arn: this.arn });
  }
}
