/** How much memory instances and databases have. */
import type { EC2 } from "@aws-sdk/client-ec2";

/** MiB by instance type; asked once for each type. */
const knownMemory = new Map<string, number>();

export async function memorySizes(ec2: EC2, types: string[]): Promise<Map<string, number>> {
  const unknown = [...new Set(types)].filter((type) => !knownMemory.has(type));
  if (unknown.length > 0) {
    const found = await ec2.describeInstanceTypes({ InstanceTypes: unknown as never[] });
    for (const type of found.InstanceTypes ?? []) {
      knownMemory.set(type.InstanceType!, type.MemoryInfo!.SizeInMiB!);
    }
  }
  return knownMemory;
}

/** A database class has the memory of the instance type that it is named after. */
export function ec2Type(databaseClass: string): string {
  return databaseClass.replace(/^db\./, "");
}
