/**
 * AWS's list prices in USD: where and when. They are for an hour; for storage, for a GB and month; for what CloudWatch and
 * Route 53 watch, for a month. AWS's pages fill in their figures by script and were not read themselves. To confirm one,
 * look it up on
 * https://aws.amazon.com/ec2/pricing/on-demand/ (instance types: Linux, shared tenancy),
 * https://aws.amazon.com/rds/mysql/pricing/ (db. and RDS: one zone, gp2 and gp3 alike),
 * https://aws.amazon.com/fargate/pricing/, https://aws.amazon.com/elasticloadbalancing/pricing/,
 * https://aws.amazon.com/ecr/pricing/, https://aws.amazon.com/ebs/pricing/, https://aws.amazon.com/s3/pricing/ or
 * https://aws.amazon.com/vpc/pricing/ (the rest). Those of tasks on ECS were gathered on 2026-11-27.
 */
export const origin = { region: "us-west-2", date: "2026-11-22" };

/**
 * From a reading of AWS's Price List API for the region, published with the date 2026-09-19. The NAT
 * gateway is from an itemised estimate for the region, and agrees with the example on AWS's page.
 * Fargate and the load balancer are from such an estimate, too, by the region's usage types, in
 * https://github.com/DefangLabs/defang, src/cmd/cli/command/estimate_test.go: 730 hours of a vCPU
 * are 29.55, 1460 hours of a GB 6.49, and 730 hours of a load balancer 16.43.
 */
export const confirmed: Readonly<Record<string, number>> = {
  "t3.medium": 0.0416,
  "t3.large": 0.0832,
  "t4g.medium": 0.0336,
  "EBS gp3": 0.08,
  "NAT gateway": 0.045,
  "public IPv4 address": 0.005,
  "Fargate vCPU": 0.04048,
  "Fargate GB": 0.004445,
  "load balancer": 0.0225,
  // Route 53's own page, as read on 2026-09-20: 0.50 for an endpoint at AWS, of which 50 are free, and 1 for HTTPS.
  "health check": 1.5,
};

/**
 * As quoted for us-east-1, whose confirmed prices are the same; not found for the region itself.
 * Fargate on Arm: https://www.vantage.sh/blog/fargate-pricing. ECR: https://cloudburn.io/blog/amazon-ecr-pricing.
 * The LCU's price is the one that most quotes have for the load balancer's hour above; no page names the region.
 */
export const unconfirmed: Readonly<Record<string, number>> = {
  "t2.micro": 0.0116,
  "t3.micro": 0.0104,
  "t3.small": 0.0208,
  "t4g.micro": 0.0084,
  "t4g.small": 0.0168,
  "db.t3.micro": 0.017,
  "db.t3.small": 0.034,
  "db.t3.medium": 0.068,
  "db.t4g.micro": 0.016,
  "db.t4g.small": 0.032,
  "db.t4g.medium": 0.065,
  "RDS storage": 0.115,
  "Fargate vCPU, Arm": 0.03238,
  "Fargate GB, Arm": 0.00356,
  LCU: 0.008,
  "ECR storage": 0.1,
  // What arrives, and a month of what is kept; an account has 5 GB a month free.
  "CloudWatch Logs GB": 0.5,
  "CloudWatch Logs storage": 0.03,
  // Of these, 10 of an account are free each.
  "CloudWatch alarm": 0.1,
  "CloudWatch metric": 0.3,
  // S3 in another region of the USA; a region elsewhere costs up to twice as much. A GB of transfer from us-east-1 to
  // us-west-2: AWS re:Post, "Cost effective methods for accessing S3 buckets cross-region".
  "S3 Standard": 0.023,
  "S3 Glacier Instant Retrieval": 0.004,
  "transfer to another region": 0.02,
};
