#!/usr/bin/env bash
# report-metrics.sh: tells CloudWatch how the nightly backup, the weekly restore test and the certificate are: 0 for good, 1
# for a problem. Does nothing without alarms. It never fails, and ends within a minute: neither a release nor a cron job may
# depend on CloudWatch. If it reports nothing, that is what the alarms go off for.
set -euo pipefail
. "$(dirname "$0")/common.sh"
if [ -z "${ALARM_NAMESPACE:-}" ]; then exit 0; fi

# problem JOB SUCCESS HOURS: 1 if the job of cron has failed since its last success, or has had none for more hours. SUCCESS
# is a file of the time of the last one. On a machine that has had none, the time counts since cron has the job.
problem() {
  local since
  since=$(stat --format %Y "$2" 2>/dev/null || stat --format %Y "$scheduled_since" 2>/dev/null || echo "$EPOCHSECONDS")
  if [ -e "$root/failed-$1" ] || ((EPOCHSECONDS - since > $3 * 3600)); then echo 1; else echo 0; fi
}
# A backup may take two hours, and a restore test a day: it waits for releases.
metrics=(
  "MetricName=BackupProblem,Value=$(problem backup "$nightly_backup" 26)"
  "MetricName=RestoreTestProblem,Value=$(problem restore-test "$root/last-restore-test" $((8 * 24)))"
)
if [[ $APP_URL == https:* ]]; then
  IFS=$'\t' read -r state _ <<<"$(timeout 20 "$bin/certificate.sh" 2>/dev/null)" || true
  if [ "$state" = issued ]; then value=0; else value=1; fi
  metrics+=("MetricName=CertificateProblem,Value=$value")
fi
quietly timeout 30 aws cloudwatch put-metric-data --namespace "$ALARM_NAMESPACE" --metric-data "${metrics[@]}" ||
  echo "note: CloudWatch has not got the report of $(hostname): ${evidence##*$'\n'}"
