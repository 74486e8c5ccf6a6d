import { S3Control, type S3ControlClientConfig } from "@aws-sdk/client-s3-control";

/** Client of S3 Control, which keeps the settings of a whole account. `endpoint` may be an IP address. */
export class AccountClient extends S3Control {
  constructor(options: S3ControlClientConfig & { readonly endpoint: string }) {
    super({
      ...options,
      // Else the client puts the account's id before the host's name, which an IP address cannot have.
      disableHostPrefix: true,
      endpointProvider: () => ({ url: new URL(options.endpoint) }),
    });
  }
}
