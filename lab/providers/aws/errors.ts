/** The answer of a call, or undefined when AWS says that what it is about does not exist. */
export async function ifFound<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    // InvalidVpcID.NotFound, NoSuchEntityException, Gateway.NotAttached, …
    if (error instanceof Error && /NotFound|NoSuch|NotAttached/.test(error.name)) return undefined;
    throw error;
  }
}

/** An error with AWS's code and message, and what was being done to which resource. */
export function explain(doing: string, resource: string, error: unknown): Error {
  const { name, message } = error as Error;
  return new Error(`${doing} ${resource}: ${name === "Error" ? "" : `${name}: `}${message}`);
}
