#!/usr/bin/env bash
# acceptance.sh [CHECK…]: checks this machine and what it reaches, for `./ops verify`; all checks by default. Prints a line
# for each: its name, ok, FAILED or skipped, what it has found and the remedy, with tabs between them. A check that fails
# does not stop the others. It leaves one backup.
set -euo pipefail
. "$(dirname "$0")/common.sh"
checks=(app certificate database grants backup restore-test cron rules versions clock memory disk out-of-memory)
if [ -n "${TASKS_CLUSTER:-}" ]; then checks=("${checks[0]}" tasks "${checks[@]:1}"); fi
if [ -n "${ALARM_TOPICS:-}" ]; then checks+=(alarms); fi
if [ -n "${LOG_GROUP:-}" ]; then checks+=(logs); fi

# Each check prints what it has found in its last line, or calls fail.
# skip REASON: ends a check that is not possible here.
skip() {
  echo "$1"
  exit 3
}

check_app() {
  local image stopped
  image=$(serving '{{.Config.Image}}')
  [ -n "$image" ] || fail "no release of the app serves" "release one: $pulumi up$flags"
  "$bin/verify.sh" "$image"
  stopped=$(docker ps --all --filter label=flask-on-aws.process --format '{{.Label "flask-on-aws.process"}} is {{.State}}' |
    grep -v ' is running$') || true
  [ -z "$stopped" ] ||
    fail "of what the app has beside web: ${stopped//$'\n'/, }" "see $ops logs$flags; then release a corrected commit: $(release_command HASH)"
  as_served "$image"
  echo "$image serves: $APP_URL$health_path answers $health_status$(
    if [ "$database_check" = true ]; then echo ", and its data is in $SCHEMA at $DB_HOST"; fi
  )"
}

check_certificate() {
  local state end issuer refusal
  [[ $APP_URL == https:* ]] || skip "the setting https is false"
  state=$("$bin/certificate.sh")
  IFS=$'\t' read -r state end issuer refusal <<<"$state"
  [ "$state" = issued ] ||
    fail "the certificate of $APP_URL is $state and ends at $end. ${refusal:-No refusal by the CA is logged.}" \
      "see docs/https.md for causes and remedies; the proxy asks again by itself"
  echo "$issuer has issued the certificate of $APP_URL, until $end"
}

check_database() {
  local cipher
  if ! cipher=$(query "SHOW STATUS LIKE 'Ssl_cipher'"); then
    # It names the cause.
    "$bin/preflight.sh"
    fail "$DB_HOST:$DB_PORT refused one connection and accepted the next ones" "check once more: $ops verify$flags"
  fi
  cipher=${cipher#*$'\t'}
  [ -n "$cipher" ] || fail "the connection to $DB_HOST:$DB_PORT is not encrypted" \
    "raise databasePasswordRotation by one: the next user is made anew, and requires TLS"
  echo "$DB_HOST:$DB_PORT answers the app's user, with TLS ($cipher)"
}

check_tasks() { "$bin/check-tasks.sh"; }

check_grants() { "$bin/grants.sh"; }

# The checks are done within two minutes: they do not wait for a release.
locked() { LEASE_LIMIT=30 "$bin/deploy-lock.sh" "$@"; }

check_backup() { locked backup.sh verify; }

check_restore_test() {
  [ -n "$backup" ] || skip "no backup was made that could be tested"
  locked restore-test.sh "$backup"
}

check_cron() {
  local job line installed jobs=(backup restore-test certificate)
  if grep -qsvx off "$root/patch-schedule"; then jobs+=(patch); fi
  while read -r job _; do jobs+=("app $job"); done < <(cat "$scheduled_commands" 2>/dev/null)
  for job in "${jobs[@]}"; do
    [ ! -e "$root/failed-${job/ /-}" ] ||
      fail "the cron job $job fails since $(cat "$root/failed-${job/ /-}")" \
        "run the job, and correct what it names: $ops ssh$flags -- $bin/schedule.sh $job"
  done
  installed=$(crontab -l 2>/dev/null) || true
  for line in "${jobs[@]/#/schedule.sh }" ship-logs.sh; do
    grep -q "^[^#].*/$line >>" <<<"$installed" ||
      fail "the crontab of $(id -un) lacks the job ${line#schedule.sh }" "install the cron jobs: $ops ssh$flags -- $bin/schedule.sh"
  done
  pgrep -x cron >/dev/null || fail "the cron daemon does not run" "start it: $ops ssh$flags -- sudo service cron start"
  echo "the cron daemon runs, and no job has failed"
}

# has_ended DESCRIPTION: whether it is that of a temporary rule, as network/own-address.ts makes it, whose time is over.
has_ended() {
  local end
  [[ $1 =~ ^flask-on-aws:\ SSH\ of\ .+\ until\ (20[0-9TZ:-]+)$ ]] || return
  end=$(date --date "${BASH_REMATCH[1]}" +%s 2>/dev/null) || return
  ((end <= EPOCHSECONDS))
}

# Only what is open to everybody or to the database is known here, and temporary rules: other addresses are the
# operator's to choose, as adminCidrs.
check_rules() {
  local rules group id protocol from to peer description wrong='' commands='' open
  # shellcheck disable=SC2016  # JMESPath's quotes
  rules=$(aws ec2 describe-security-group-rules --filters "Name=group-id,Values=$APP_GROUP,$DATABASE_GROUP" --output text \
    --query 'SecurityGroupRules[?IsEgress==`false`].[GroupId,SecurityGroupRuleId,IpProtocol,FromPort,ToPort,CidrIpv4||CidrIpv6||PrefixListId||ReferencedGroupInfo.GroupId,Description]' 2>&1) ||
    fail "the security groups $APP_GROUP and $DATABASE_GROUP cannot be read: ${rules##*$'\n'}" \
      "run $pulumi up --refresh$flags, which restores the policy of the machine's role"
  while read -r group id protocol from to peer description; do
    case "$group $protocol $from-$to $peer" in
    "$DATABASE_GROUP tcp $DB_PORT-$DB_PORT $APP_GROUP" | "$DATABASE_GROUP tcp $DB_PORT-$DB_PORT ${TASKS_GROUP:-none}") continue ;;
    "$APP_GROUP tcp "80-80\ */0 | "$APP_GROUP tcp "443-443\ */0) continue ;;
    "$APP_GROUP tcp "5085-5085\ */0) if [ "${PORT_5085:-true}" = true ]; then continue; fi ;;
    "$DATABASE_GROUP "* | "$APP_GROUP "*/0) ;;
    *) if ! has_ended "$description"; then continue; fi ;;
    esac
    if [ "$protocol" = -1 ]; then from="every port"; elif [ "$from" = "$to" ]; then from="$protocol $from"; else from="$protocol $from to $to"; fi
    wrong+="${wrong:+; }$id of $group lets $peer in on $from"
    if has_ended "$description"; then wrong+=", though only until ${description##* until }"; fi
    commands+="${commands:+ && }aws ec2 revoke-security-group-ingress --region $REGION --group-id $group --security-group-rule-ids $id"
  done <<<"$rules"
  [ -z "$wrong" ] || fail "security group rules that must not be there: $wrong" "remove them: $commands"
  open="80 and 443" who="this machine reaches"
  if [ -n "${TASKS_GROUP:-}" ]; then who="this machine and the tasks reach"; fi
  if [ "${PORT_5085:-true}" = true ]; then open="80, 443 and 5085"; fi
  echo "everybody reaches ports $open only, and only $who the database"
}

check_versions() {
  local aws=unknown
  if read -r aws _ < <(aws --version 2>/dev/null); then aws=${aws#*/}; fi
  printf '%s, Docker %s, docker-compose %s, MySQL %s, AWS CLI %s\n' "$(
    # shellcheck source=/dev/null
    . /etc/os-release 2>/dev/null && echo "$PRETTY_NAME"
  )" "$(docker version --format '{{.Server.Version}}' 2>/dev/null || echo unknown)" \
    "$(docker-compose version --short 2>/dev/null || echo unknown)" "$(query "SELECT VERSION()" 2>/dev/null || echo unknown)" "$aws"
}

# A clock that is synchronised is right within milliseconds. The Date header has whole seconds, and the answer takes up to
# one or two. S3 itself refuses requests only at 15 minutes; a clock that is 5 s off is synchronised by nobody.
check_clock() {
  local limit=5 before theirs after off=0
  before=$(date +%s)
  theirs=$(curl --silent --head --max-time 10 "https://s3.$REGION.amazonaws.com/" | sed -n 's/^[Dd]ate: \(.*\)\r$/\1/p') || true
  after=$(date +%s)
  [ -n "$theirs" ] || fail "s3.$REGION.amazonaws.com does not answer $(hostname)" \
    "see the VPC's S3 endpoint, the public route table and the egress rules of $APP_GROUP"
  theirs=$(date --date "$theirs" +%s)
  if [ "$theirs" -lt "$before" ]; then off=$((before - theirs)); fi
  if [ "$theirs" -gt "$after" ]; then off=$((after - theirs)); fi
  [ "${off#-}" -le "$limit" ] || fail "the clock of $(hostname) is $off s off S3's; the limit is $limit s" \
    "have it synchronised: $ops ssh$flags -- sudo timedatectl set-ntp true; then see: $ops ssh$flags -- timedatectl"
  echo "$off s off S3's, of $limit s"
}

check_memory() {
  local need=64 available swap
  read -r available swap < <(LC_ALL=C free --mebi | awk '/^Mem:/ { free = $7 } /^Swap:/ { swap = $4 } END { print free + 0, swap + 0 }')
  [ "$available" -ge "$need" ] || [ "$swap" -ge "$need" ] ||
    fail "$(hostname) has $available MiB of memory available and $swap MiB of swap free; it needs $need MiB of either" \
      "see what takes it: $ops ssh$flags -- ps -eo rss,args --sort=-rss; or set a larger instanceType"
  echo "$available MiB available, $swap MiB of swap free"
}

check_disk() {
  need_space 1024 "the next release"
  echo "$(($(df --output=avail --block-size=1M "$root" | tail -n 1))) MiB free"
}

check_out_of_memory() {
  local log killed
  log=$(journalctl --dmesg --boot --quiet --no-pager --output=cat 2>&1) || skip "the kernel's log is not readable: ${log##*$'\n'}"
  [ -n "$log" ] || skip "the kernel's log is not readable: it is empty"
  killed=$(grep -o 'Killed process [0-9]* ([^)]*)' <<<"$log" | sed 's/.*(\(.*\))/\1/' | sort | uniq -c | awk '{ print $2 " (" $1 " times)" }') || true
  [ -z "$killed" ] || fail "since the boot the kernel has killed for lack of memory: ${killed//$'\n'/, }" \
    "set a larger instanceType, or find the cause: $ops ssh$flags -- journalctl --dmesg --boot --grep=oom"
  echo "the kernel has killed nothing for lack of memory since the boot"
}

check_alarms() {
  local region state topic
  while IFS=$'\t' read -r region state topic; do
    case $state in
    confirmed) ;;
    pending)
      fail "$ALARM_EMAIL has not confirmed to get the alarms of $region, so nobody gets them" \
        "follow the link in the mail of AWS Notifications; for another mail: aws sns subscribe --region $region --topic-arn $topic --protocol email --notification-endpoint $ALARM_EMAIL"
      ;;
    missing)
      fail "$ALARM_EMAIL does not get the alarms of $region: it was not confirmed in time, or somebody has unsubscribed it" \
        "subscribe it again: $pulumi up --refresh$flags; then follow the link in the mail of AWS Notifications"
      ;;
    *)
      fail "SNS does not tell who gets the alarms of $region" \
        "check the policy of the machine's role: $pulumi up --refresh$flags"
      ;;
    esac
  done < <("$bin/alarm-topics.sh")
  echo "$ALARM_EMAIL gets the alarms"
}

check_logs() {
  "$bin/ship-logs.sh" now >/dev/null
  [ ! -e "$root/failed-logs" ] ||
    fail "CloudWatch has not got the logs since $(cat "$root/failed-logs"): $(cat "$root/unsent-logs/reason")" \
      "make the log group and the role's policy again: $pulumi up --refresh$flags.
        Up to 64 MB of lines wait on the machine until then"
  echo "CloudWatch gets the logs, in $LOG_GROUP"
}

# row CHECK: makes a check and prints its line.
row() {
  local said status result=ok found advice=''
  # Where the status of the check is asked for in one of bash's conditions, a command in it that fails does not end it.
  set +e
  said=$(
    set -e
    "check_${1//-/_}" 2>&1
  )
  status=$?
  set -e
  found=${said##*$'\n'}
  if [ "$status" = 3 ]; then
    result=skipped
  elif [ "$status" != 0 ]; then
    result=FAILED
    [[ $'\n'$said == *$'\nerror: '* ]] || said=$(fail "the check ended with status $status: $found" \
      "see where it ends: $ops ssh$flags -- bash -x $bin/acceptance.sh $1" 2>&1) || true
    found=$(part error <<<"$said") advice=$(part remedy <<<"$said")
  elif [ "$1" = backup ]; then
    backup=$found
  fi
  printf '%s\t%s\t%s\t%s\n' "$1" "$result" "${found//$'\t'/ }" "${advice//$'\t'/ }"
}
# part error|remedy: that part of what fail has said, in one line.
part() {
  awk -v part="$1: " '
    /^  \| / { next }
    /^(error|remedy): / { if (++seen[$1] > 1) exit; here = index($0, part) == 1; if (here) sub(part, "") }
    here { gsub(/^ +| +$/, ""); text = text (text == "" ? "" : " ") $0 }
    END { print text }'
}

backup=''
if [ $# = 0 ]; then set -- "${checks[@]}"; fi
for check; do row "$check"; done
