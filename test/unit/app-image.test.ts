import { expect } from "chai";
import { createHash } from "node:crypto";
import { appImage, readScripts } from "../../deployer/scripts.ts";

const commit = "5f0ffe77e5ea794edfffbb18a196a01f9918b075";
const app = { commit, baseImage: "python:3.11-slim-bookworm", packages: [], dockerfile: "" };
const digestOf = (value: unknown) =>
  createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 12);

describe("The name of the app's image", () => {
  it("is that of earlier versions where the new settings have their defaults", () => {
    const ingredients = readScripts().filter(({ name }) => name === "Dockerfile.release");
    const made = digestOf([commit, app.baseImage, ingredients]);
    expect(appImage(app)).to.equal(`flask-on-aws-app:5f0ffe77e5ea-${made}`);
  });

  it("is another one for each commit, base image, list of packages and Dockerfile", () => {
    const own = { ...app, dockerfile: "Dockerfile" };
    const names = [
      app,
      { ...app, commit: commit.replace("5", "6") },
      { ...app, baseImage: "python:3.12-slim" },
      { ...app, packages: ["git"] },
      { ...app, packages: ["git", "gcc"] },
      own,
      { ...own, dockerfile: "docker/Dockerfile" },
    ].map(appImage);
    expect(new Set(names).size).to.equal(names.length);
    expect(appImage({ ...own, baseImage: "python:3.12-slim" }), "no base image").to.equal(
      appImage(own),
    );
  });
});
