/** Reads the remedies that the product prints from its sources. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import ts from "typescript";

/** A remedy, with `${…}` for values that are known only at run time. */
export interface Remedy {
  readonly file: string;
  readonly text: string;
}

/** Every remedy of the scripts on the app server, of ./ops and of the program, but not of the lab and the tools. */
export function remedies(): Remedy[] {
  const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"]);
  return files
    .toString()
    .split("\n")
    .filter((file) => /^(scripts\/.*\.sh|ops|.*\.ts)$/.test(file))
    .filter((file) => !/^(lab|test|tools|examples)\//.test(file))
    .concat("tools/node-version.sh")
    .flatMap((file) => {
      const source = readFileSync(file, "utf8");
      const texts = file.endsWith(".ts") ? ofTypeScript(file, source) : ofShell(file, source);
      return texts.map((text) => ({ file, text }));
    });
}

/** The second argument of each call of fail, the values that are assigned to the variable `remedy`, and `echo "remedy: …"`. */
export function ofShell(file: string, source: string): string[] {
  const code = source.replaceAll(/^\s*#.*$/gm, (comment) => " ".repeat(comment.length));
  const found: string[] = [];
  for (const { index, 0: call } of code.matchAll(/(?<![-\w])fail\b(?!\()[ ]*/g)) {
    const problem = word(file, code, index + call.length);
    const remedy = word(
      file,
      code,
      problem.end + /^(\s|\\\n)*/.exec(code.slice(problem.end))![0].length,
    );
    if (remedy.text !== "$remedy") found.push(remedy.text);
  }
  for (const { index, 0: assigned } of code.matchAll(/\bremedy\+?=/g))
    found.push(word(file, code, index + assigned.length).text);
  for (const { index, 0: echo } of code.matchAll(/\becho (?="remedy: )/g))
    found.push(word(file, code, index + echo.length).text.replace("remedy: ", ""));
  return found.map((text) =>
    text
      .replaceAll("$bin/", "scripts/")
      .replaceAll("$ops ", "./ops ")
      .replaceAll("$pulumi ", "pulumi ")
      .replaceAll(/\$\{\w+:\+/g, "")
      .replaceAll(/\$\{?\w+[^}\s]*\}|\$\w+/g, "${…}")
      .trim(),
  );
}

/** A word in double quotes, with `${…}` for each command substitution, which may contain quotes, too. */
function word(file: string, code: string, from: number): { text: string; end: number } {
  if (code[from] !== '"') throw new Error(`${file}: no text in double quotes: ${line(code, from)}`);
  let text = "";
  for (let at = from + 1; at < code.length; at += 1) {
    if (code[at] === '"') return { text, end: at + 1 };
    if (code.startsWith("$(", at)) {
      at = endOfSubstitution(file, code, at + 2);
      text += "${…}";
    } else if (code[at] === "\\") text += code[(at += 1)];
    else text += code[at];
  }
  throw new Error(`${file}: a text does not end: ${line(code, from)}`);
}

function endOfSubstitution(file: string, code: string, from: number): number {
  for (let at = from, open = 1; at < code.length; at += 1) {
    if (code[at] === '"') at = word(file, code, at).end - 1;
    else if (code[at] === "'") at = code.indexOf("'", at + 1);
    else if (code[at] === "(") open += 1;
    else if (code[at] === ")" && (open -= 1) === 0) return at;
  }
  throw new Error(`${file}: a substitution does not end: ${line(code, from)}`);
}

const line = (code: string, at: number) => code.slice(at, at + 60).split("\n")[0]!;

/** The index of the remedy among the arguments, by function or class. */
const argumentOf: Readonly<Record<string, number>> = {
  ...{ Failure: 1, refused: 3, refuse: 2, problem: 1 },
  ...{ text: 2, wholeNumber: 3, choice: 1, containerImage: 0 },
};

/**
 * Finds remedies in the arguments of the functions above, the values of variables and members named `remedy`, the text after
 * "remedy: ", and the calls of fail in bash texts.
 */
export function ofTypeScript(file: string, source: string): string[] {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const add = (node: ts.Node | undefined) => {
    if (!node || ts.isIdentifier(node) || ts.isPropertyAccessExpression(node)) return;
    const text = textOf(node).trim();
    if (/\w/.test(text.replaceAll("${…}", ""))) found.push(text);
  };
  const visit = (node: ts.Node): void => {
    if (ts.isNewExpression(node) || ts.isCallExpression(node)) {
      const at = argumentOf[node.expression.getText()];
      const argument = at === undefined ? undefined : node.arguments?.[at];
      // An argument that is a variable of another name: its value is the remedy.
      if (argument && ts.isIdentifier(argument) && argument.text !== "remedy")
        add(valueOf(tree, argument.text));
      else add(argument);
    } else if (
      ts.isVariableDeclaration(node) ||
      ts.isPropertyAssignment(node) ||
      ts.isParameter(node)
    ) {
      const { initializer } = node;
      if (node.name.getText() === "remedy")
        add(
          initializer && ts.isIdentifier(initializer)
            ? valueOf(tree, initializer.text)
            : initializer,
        );
    } else if (ts.isBinaryExpression(node) && node.left.getText() === "remedy") add(node.right);
    if (isText(node) && !isText(node.parent)) {
      const text = textOf(node);
      const [, after] = /remedy: ([^"]*)/.exec(text) ?? [];
      if (after && !after.startsWith("${…}")) found.push(after.trim());
      for (const [, quoted] of text.matchAll(/\bfail "[^"]*" (.*)/g)) found.push(quoted!);
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return [...new Set(found)];
}

const isText = (node: ts.Node) =>
  ts.isStringLiteral(node) ||
  ts.isNoSubstitutionTemplateLiteral(node) ||
  ts.isTemplateExpression(node) ||
  (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken);

function valueOf(tree: ts.SourceFile, name: string): ts.Node {
  let value: ts.Node | undefined;
  const visit = (node: ts.Node): void => {
    if (ts.isVariableDeclaration(node) && node.name.getText() === name) value ??= node.initializer;
    ts.forEachChild(node, visit);
  };
  visit(tree);
  if (!value) throw new Error(`${tree.fileName}: where does the remedy '${name}' come from?`);
  return value;
}

/** Variables that hold the name of a program. */
const programs: Readonly<Record<string, string>> = {
  ...{ ops: "./ops", pulumi: "pulumi", pulumiCommand: "pulumi" },
};
/** Methods and functions that build a command line from their arguments. */
const commands: Readonly<Record<string, string>> = {
  ...{ "machine.ops": "./ops", "this.ops": "./ops", "machine.pulumi": "pulumi" },
  ...{ "this.pulumi": "pulumi", configCommand: "pulumi config" },
  removeCommand: "pulumi config rm --path",
  ...{ setCommand: "pulumi config set --path", typed: "", quote: "", replace: "" },
};

/** The text of an expression, as far as the source shows it. */
function textOf(node: ts.Node): string {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return node.text;
  if (ts.isTemplateExpression(node))
    return (
      node.head.text +
      node.templateSpans.map((span) => textOf(span.expression) + span.literal.text).join("")
    );
  if (ts.isBinaryExpression(node)) return textOf(node.left) + textOf(node.right);
  if (ts.isIdentifier(node)) return programs[node.text] ?? "${…}";
  if (ts.isCallExpression(node)) {
    const program = commands[node.expression.getText()];
    if (program !== undefined) return [program, ...node.arguments.map(textOf)].join(" ").trim();
  }
  return "${…}";
}
