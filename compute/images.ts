/** An operating system that the machines can run. */
export interface MachineImage {
  /** The value of the setting `machineImage`. */
  readonly name: string;
  /** Public SSM parameter that holds the newest image's id in every region. */
  readonly parameter: string;
  readonly architecture: "amd64" | "arm64";
  /** The user that cloud-init makes, with sudo and the admin's key. */
  readonly loginUser: string;
}

/**
 * The images by the name that the setting `machineImage` takes. The packages of
 * {@link userData} must exist there, with docker-compose 2.
 */
export const machineImages: Readonly<Record<string, MachineImage>> = {
  // https://wiki.debian.org/Cloud/AmazonEC2Image/Trixie
  "debian-13": {
    name: "debian-13",
    parameter: "/aws/service/debian/release/13/latest/amd64",
    architecture: "amd64",
    loginUser: "admin",
  },
};

/** The architecture of an EC2 instance type: AWS's own processors have a g after the generation. */
export function architectureOf(instanceType: string): MachineImage["architecture"] {
  return /^([a-z]+\d+g[a-z]*|a1)\./.test(instanceType) ? "arm64" : "amd64";
}
