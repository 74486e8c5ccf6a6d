#!/usr/bin/env bash
# preflight.sh [PROCESSES]: tries from this machine what a release is about to need, cheapest first, and names the cause of what
# does not work. PROCESSES is what describe-app.sh prints, for a release: without it the memory is not checked.
set -euo pipefail
. "$(dirname "$0")/common.sh"

need_space 512 "a release"
if [ $# -gt 0 ]; then
  "$bin/processes.sh" check '' "$1"
  "$bin/memory.sh" "$1"
fi

# Docker would remove the proxy, and could not start it again.
others=$(sudo ss --listening --tcp --processes --numeric --no-header '( sport = :80 or sport = :443 )' | grep -v docker-proxy) || true
[ -z "$others" ] ||
  fail "another program listens at port 80 or 443 of $(hostname), which the proxy needs: $(
    grep -o 'users:(("[^"]*' <<<"$others" | cut -d '"' -f 2 | sort -u | xargs
  )" "stop it for good, for example: $ops ssh$flags -- sudo systemctl disable --now nginx; then run $pulumi up$flags again"

getent hosts "$DB_HOST" >/dev/null ||
  fail "$DB_HOST has no address in the DNS of $(hostname)" \
    "check that the database exists: $pulumi refresh$flags; and that the VPC has DNS support"

# rules GROUP DIRECTION PEER: how many rules let TCP to the database's port through between the group and its peer.
rules() {
  aws ec2 describe-security-group-rules --filters "Name=group-id,Values=$1" --output text --query \
    "SecurityGroupRules[?IsEgress==\`$2\` && (ReferencedGroupInfo.GroupId=='$3' || CidrIpv4!=null)
      && (IpProtocol=='-1' || IpProtocol=='tcp' && FromPort<=\`$DB_PORT\` && ToPort>=\`$DB_PORT\`)] | length(@)"
}
# shellcheck disable=SC2016  # for the inner shell
if ! timeout 10 bash -c '</dev/tcp/$0/$1' "$DB_HOST" "$DB_PORT" 2>/dev/null; then
  evidence=
  if ! into=$(rules "$DATABASE_GROUP" false "$APP_GROUP" 2>&1) || ! out=$(rules "$APP_GROUP" true "$DATABASE_GROUP" 2>&1); then
    cause="the security groups $DATABASE_GROUP and $APP_GROUP cannot be read" evidence="$into ${out:-}"
  elif [ "$into" = 0 ]; then
    cause="the database's security group $DATABASE_GROUP lacks a rule that lets TCP $DB_PORT in from $APP_GROUP"
  elif [ "$out" = 0 ]; then
    cause="this machine's security group $APP_GROUP lacks a rule that lets TCP $DB_PORT out"
  else
    cause="the security groups let it through: the database is down, or a route or ACL was changed"
  fi
  fail "$DB_HOST:$DB_PORT does not answer within 10 s:
       $cause" "run $pulumi up --refresh$flags, which puts back what the program says" "$evidence"
fi

"$bin/grants.sh" >/dev/null

# S3 refuses requests that are signed more than 15 minutes off.
theirs=$(curl --silent --head --max-time 10 "https://s3.$REGION.amazonaws.com/" | sed -n 's/^[Dd]ate: \(.*\)\r$/\1/p') || true
[ -n "$theirs" ] || fail "s3.$REGION.amazonaws.com does not answer $(hostname)" \
  "see the VPC's S3 endpoint, the public route table and the egress rules of $APP_GROUP"
off=$(($(date +%s) - $(date --date "$theirs" +%s)))
[ "${off#-}" -lt 300 ] || fail "the clock of $(hostname) is $off s off" "see: timedatectl; systemctl status systemd-timesyncd"

# IAM takes some seconds to know a right that this very `up` has given back.
for try in {1..5}; do
  if message=$(date --utc +%FT%TZ | aws s3 cp --only-show-errors - "s3://$BUCKET/preflight/$(hostname)" 2>&1); then exit; fi
  if [ "$try" -lt 5 ]; then sleep 3; fi
done
fail "$(hostname) cannot write to the backup bucket $BUCKET: $message" \
  "see the policies of the role and of the bucket; $pulumi up --refresh$flags restores them"
