import { type Subject, subject } from "./subject.ts";
import { zoneId } from "./zone.ts";

const record = { zoneId, type: "A", ttl: 60, records: ["192.0.2.1"] };

/** DNS records in Route 53. */
export const records: Subject[] = [
  subject(
    "route53/record",
    "aws_route53_record",
    "leaf",
    { ...record, name: "app.example.test", allowOverwrite: true },
    [
      { records: ["192.0.2.3", "192.0.2.2"], ttl: 300 },
      { records: ["192.0.2.2", "192.0.2.3"], allowOverwrite: undefined },
      { zoneId: "Z1", ttl: 60 },
    ],
  ),
  subject(
    "route53/record",
    "aws_route53_record",
    "whole-name",
    { ...record, name: "App2.Example.test." },
    [
      { name: "app2.example.test", records: ["192.0.2.1", "192.0.2.2"] },
      { type: "AAAA", records: ["2001:db8::1"] },
      { name: "app3.example.test" },
    ],
  ),
  // A replacement takes the real provider a minute.
  subject(
    "route53/record",
    "aws_route53_record",
    "short-name",
    { ...record, name: "app4" },
    [{ name: "app5", ttl: 30 }, { allowOverwrite: true }],
    { plannedOnly: true },
  ),
];
