/** Reads the main stack's outputs. It uses the npm packages of the repository; one elsewhere wants its own. */
import * as pulumi from "@pulumi/pulumi";
import { outputsOf } from "./outputs.ts";

const output = outputsOf(new pulumi.Config().require("stack"));

/** Answers with 200 while the app serves. */
export const healthCheckUrl = pulumi.interpolate`${output("appUrl")}/login`;
export const databaseHost = output("databaseEndpoint").apply((endpoint) => endpoint.split(":")[0]!);
