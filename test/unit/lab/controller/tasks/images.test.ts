import { expect } from "chai";
import {
  CannotPull,
  localName,
  pathInEcr,
  removeTaskImage,
} from "../../../../../lab/controller/tasks/images.ts";
import { withFakeEngine } from "../fake-engine.ts";

describe("The image of a task", () => {
  const registry = "123456789012.dkr.ecr.us-west-2.amazonaws.com";
  const digest = `sha256:${"0f".repeat(32)}`;

  it("is named by its repository with tag, digest or both, or else by the tag latest", () => {
    const paths = {
      "dev-app:1": "dev-app:1",
      [`team/dev-app@${digest}`]: `team/dev-app@${digest}`,
      [`dev-app:1@${digest}`]: `dev-app:1@${digest}`,
      "dev-app": "dev-app:latest",
    };
    for (const [image, path] of Object.entries(paths))
      expect(pathInEcr(`${registry}/${image}`)).to.equal(path);
  });

  it("is refused with ECS's error if it is not in ECR", () => {
    for (const image of ["nginx:latest", `evil.example/${registry}/app:1`, `${registry}/App:1`])
      expect(() => pathInEcr(image), image)
        .to.throw(CannotPull)
        .with.property("message")
        .that.match(/^CannotPullContainerError: pull image manifest .* failed to resolve ref /);
  });

  it("has a name here that lab/down finds, and one for each image", () => {
    const names = [`${registry}/a:1`, `${registry}/a:2`].map((image) =>
      localName({ name: "lab" }, image),
    );
    for (const name of names) expect(name).to.match(/^flask-on-aws-tasks\/lab:[0-9a-f]{12}$/);
    expect(names[0]).to.not.equal(names[1]);
  });

  it("is removed with its container, unless another container uses it or it is the lab's own", async () => {
    const requests: string[] = [];
    let status = 200;
    await withFakeEngine(
      ({ method, url }, response) => {
        requests.push(`${method} ${url}`);
        response.writeHead(status).end(status === 200 ? "[]" : '{"message":"in use"}');
      },
      async () => {
        for (status of [200, 404, 409]) await removeTaskImage("flask-on-aws-tasks/lab:0f");
        await removeTaskImage("flask-on-aws-lab/net:0f");
        status = 500;
        const refusal: unknown = await removeTaskImage("flask-on-aws-tasks/lab:0f").catch(
          (error: unknown) => error,
        );
        expect(refusal).to.have.property("message").that.includes("in use");
      },
    );
    expect(requests).to.deep.equal(Array(4).fill("DELETE /images/flask-on-aws-tasks/lab:0f"));
  });
});
