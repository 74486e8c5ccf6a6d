/**
 * The times that have to fit together so that no request is lost, in seconds.
 *
 * A task that ends: ECS takes it out of the target group, and the load balancer sends it no new requests. Requests under
 * way have `deregistrationDelay` to end. Only then does ECS send SIGTERM, and SIGKILL `stopTimeout` later.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/load-balancer-connection-draining.html
 */

/** A request may take this long: gunicorn's default, and the limit that the proxy of the app server has. */
const longestRequest = 30;

/** With AWS's default of 300, each release takes five minutes longer. No request takes that long. */
export const deregistrationDelay = longestRequest;

/** After SIGTERM gunicorn waits for requests this long. There are none any more, unless the delay was too short for them. */
export const gracefulTimeout = longestRequest;

/** SIGKILL comes after gunicorn has given up by itself. Fargate allows 120. */
export const stopTimeout = gracefulTimeout + 5;

/** The load balancer closes a connection that was idle for this long: AWS's default. */
export const idleTimeout = 60;

/**
 * gunicorn keeps idle connections for longer than the load balancer does. Else it may close one on which the load balancer
 * is just sending a request, which the client sees as status 502.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html#http-502-issues
 */
export const keepAlive = idleTimeout + 15;

/**
 * How the load balancer checks a task: it serves after two answers, and is replaced after three failures. The defaults
 * of 30 seconds and five answers would make each release two minutes longer.
 */
export const healthCheck = {
  interval: 10,
  timeout: 5,
  healthyThreshold: 2,
  unhealthyThreshold: 3,
} as const;

/**
 * ECS ignores failed checks for this long after a start. An app has 90 s to start on the app server, and a task may have
 * less CPU.
 */
export const healthCheckGracePeriod = 120;

/** A worker has this long to finish its job after SIGTERM, as on the app server: the longest time that Fargate allows. */
export const workerStopTimeout = 120;
