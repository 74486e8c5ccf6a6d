import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import { readFile } from "node:fs/promises";
import ts from "typescript";
import { outputsOf } from "../../examples/consumer/outputs.ts";
import { valueOf } from "./mocks.ts";
import { program } from "./program.ts";

const source = new URL("../../examples/consumer/outputs.ts", import.meta.url);

/** The members of the interface, and whether their docstrings contain "Secret.". */
async function declared(): Promise<{ name: string; secret: boolean }[]> {
  const file = ts.createSourceFile("", await readFile(source, "utf8"), ts.ScriptTarget.Latest);
  const outputs = file.statements.find(ts.isInterfaceDeclaration)!;
  return outputs.members.map((member) => ({
    name: (member.name as ts.Identifier).text,
    secret: member.getFullText(file).includes("Secret."),
  }));
}

describe("The teammate's program", () => {
  it("declares exactly the outputs of the main program, and marks the same ones as secret", async () => {
    const { outputs } = await program();
    const exported = Object.entries(outputs).map(([name, { secret }]) => ({ name, secret }));
    expect(await declared()).to.have.deep.members(exported);
    for (const [name, { value }] of Object.entries(outputs))
      expect(value, name).to.be.a(name === "sshAccess" ? "object" : "string");
  });

  describe("that reads a stack", () => {
    const stack = "organization/flask-on-aws/dev";
    const outputs = { appUrl: "http://198.18.0.64:5085", databasePassword: "correct horse" };
    before(() =>
      pulumi.runtime.setMocks({
        newResource: ({ type, inputs }) => {
          expect(type).to.equal("pulumi:pulumi:StackReference");
          expect(inputs.name).to.equal(stack);
          return { id: stack, state: { outputs, secretOutputNames: ["databasePassword"] } };
        },
        call: ({ token }) => {
          throw new Error(`not mocked: ${token}`);
        },
      }),
    );

    it("receives the outputs with secrets marked", async () => {
      const output = outputsOf(stack);
      expect(await valueOf(output("appUrl"))).to.deep.equal({
        value: outputs.appUrl,
        secret: false,
      });
      expect(await valueOf(output("databasePassword"))).to.deep.equal({
        value: outputs.databasePassword,
        secret: true,
      });
    });
  });
});
