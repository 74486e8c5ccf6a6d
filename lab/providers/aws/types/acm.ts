import { ACM, type CertificateDetail } from "@aws-sdk/client-acm";
import type { CertificateState } from "@pulumi/aws/acm/certificate.js";
import type { CertificateValidationState } from "@pulumi/aws/acm/certificateValidation.js";

import type { Context } from "../context.ts";
import { type Plain, replace, resource, tagList } from "../resource.ts";
import { isEmpty, members, type Properties, sameSet } from "../values.ts";

const acm = (context: Context): ACM => context.client(ACM);

const describe = async (context: Context, arn: string): Promise<CertificateDetail | undefined> =>
  (await acm(context).describeCertificate({ CertificateArn: arn })).Certificate;

/** AWS has the domain's own name among the alternative names. */
const sameNames = (have: unknown, want: unknown, { domainName }: Properties) =>
  isEmpty(want) || sameSet(have, [...new Set([domainName, ...members(want)])]);

const certificate = resource<Plain<CertificateState>>({
  token: "aws:acm/certificate:Certificate",
  inputs: {
    domainName: replace({ computed: true }),
    subjectAlternativeNames: replace({ computed: true, same: sameNames }),
    validationMethod: replace({ computed: true }),
  },
  outputs: ["arn", "domainValidationOptions", "notAfter", "notBefore", "status", "type"],
  async retag(context, CertificateArn, { set, remove }) {
    const Tags = remove.map((Key) => ({ Key }));
    if (remove.length > 0) await acm(context).removeTagsFromCertificate({ CertificateArn, Tags });
    if (Object.keys(set).length > 0)
      await acm(context).addTagsToCertificate({ CertificateArn, Tags: tagList(set) });
  },
  async create(context, { DomainName, SubjectAlternativeNames, ValidationMethod, Tags }) {
    const { CertificateArn } = await acm(context).requestCertificate({
      ...{ DomainName, SubjectAlternativeNames, ValidationMethod: ValidationMethod as "DNS" },
      ...(Tags.length > 0 ? { Tags } : {}),
    });
    return CertificateArn;
  },
  async complete(context, arn) {
    const probe = async () => {
      const { DomainValidationOptions: options = [] } = (await describe(context, arn)) ?? {};
      const all = options.length > 0 && options.every(({ ResourceRecord }) => ResourceRecord);
      return all ? "given its records" : "without records";
    };
    const thing = `certificate ${arn}`;
    const to = "given its records";
    await context.waitFor({ thing, via: /without records/, to, limit: 300 }, probe);
  },
  async find(context, arn, { validationMethod }) {
    const found = await describe(context, arn);
    const { Tags } = await acm(context).listTagsForCertificate({ CertificateArn: arn });
    return (
      found && {
        ...found,
        Arn: arn,
        ValidationMethod: found.DomainValidationOptions?.[0]?.ValidationMethod ?? validationMethod,
        DomainValidationOptions: found.DomainValidationOptions?.map((option) => ({
          DomainName: option.DomainName,
          ResourceRecordName: option.ResourceRecord?.Name,
          ResourceRecordType: option.ResourceRecord?.Type,
          ResourceRecordValue: option.ResourceRecord?.Value,
        })),
        NotAfter: found.NotAfter?.toISOString(),
        NotBefore: found.NotBefore?.toISOString(),
        Tags,
      }
    );
  },
  delete: (context, arn) => acm(context).deleteCertificate({ CertificateArn: arn }),
});

/** @throws in the words of the real provider if a record of the certificate is not among the names */
function checkRecords(found: CertificateDetail | undefined, names: readonly string[]) {
  const plain = (name = "") => name.replace(/\.$/, "");
  const given = names.map(plain);
  for (const { DomainName, ResourceRecord } of found?.DomainValidationOptions ?? [])
    if (!given.includes(plain(ResourceRecord?.Name)))
      throw new Error(
        `missing ${DomainName} DNS validation record: ${plain(ResourceRecord?.Name)}`,
      );
}

const certificateValidation = resource<Plain<CertificateValidationState>>({
  token: "aws:acm/certificateValidation:CertificateValidation",
  inputs: {
    certificateArn: replace(),
    validationRecordFqdns: replace({ same: sameSet }),
  },
  async create(context, _, { certificateArn: arn = "", validationRecordFqdns }) {
    if (validationRecordFqdns) checkRecords(await describe(context, arn), validationRecordFqdns);
    const probe = async () => (await describe(context, arn))?.Status;
    const thing = `certificate ${arn}`;
    await context.waitFor({ thing, via: /PENDING_VALIDATION/, to: "ISSUED", limit: 4500 }, probe);
    return (await describe(context, arn))?.IssuedAt?.toISOString();
  },
  async find(context, _, { certificateArn = "", validationRecordFqdns }) {
    const found = await describe(context, certificateArn);
    if (found?.Status !== "ISSUED") return undefined;
    return { CertificateArn: certificateArn, ValidationRecordFqdns: validationRecordFqdns };
  },
  delete: () => Promise.resolve(),
});

export const types = [certificate, certificateValidation];
