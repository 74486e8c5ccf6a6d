#!/usr/bin/env bash
# alarm-topics.sh: prints whether the mail address of the alarms is confirmed, a line for each topic, with tabs between its
# region, confirmed, pending, missing or unknown, and its ARN. Nothing without alarms.
set -euo pipefail
. "$(dirname "$0")/common.sh"

for topic in ${ALARM_TOPICS:-}; do
  IFS=: read -r _ _ _ region _ <<<"$topic"
  # SNS names a subscription that waits for its confirmation by a word, and forgets it after some days.
  if ! found=$(timeout 15 aws sns list-subscriptions-by-topic --region "$region" --topic-arn "$topic" --output text \
    --query "Subscriptions[?Endpoint=='$ALARM_EMAIL'].SubscriptionArn" 2>/dev/null); then
    state=unknown
  else
    case $found in
    arn:*) state=confirmed ;;
    PendingConfirmation) state=pending ;;
    *) state=missing ;;
    esac
  fi
  printf '%s\t%s\t%s\n' "$region" "$state" "$topic"
done
