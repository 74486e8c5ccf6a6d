/** A test that does what a remedy says, in the state in which it is printed: its file and words of its title. */
export const by = (file: string, title: string) => ({ test: `${file} › ${title}` });

/** Why no test does what a remedy says. */
export const inspect = (reason: string) => ({ inspect: reason });

export type Proof = { readonly test: string } | { readonly inspect: string };

/** By file, by the beginning of the remedy's text. The longest beginning that fits counts. */
export type Table = Readonly<Record<string, Readonly<Record<string, Proof>>>>;

/** Reasons that several rows have. */
export const why = {
  look: inspect("it says where to look for a cause that only a person can judge"),
  computer: inspect("it installs software on the user's computer"),
  developer: inspect("what to correct in the app is its developer's decision"),
} as const;
