/** A test that executes a remedy in the state that prints it: its file and part of its title. */
export const by = (file: string, title: string) => ({ test: `${file} › ${title}` });

/** The reason why no test executes a remedy. */
export const inspect = (reason: string) => ({ inspect: reason });

export type Proof = { readonly test: string } | { readonly inspect: string };

/** By file and by the beginning of the remedy's text. The longest matching beginning counts. */
export type Table = Readonly<Record<string, Readonly<Record<string, Proof>>>>;

/** Reasons that several rows have. */
export const why = {
  look: inspect("it says where to look for a cause that only a person can judge"),
  computer: inspect("it installs software on the user's computer"),
  developer: inspect("what to correct in the app is its developer's decision"),
} as const;
