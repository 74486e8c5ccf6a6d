"""CloudWatch's alarms, which moto keeps and never evaluates.

`evaluation` says when an alarm changes its state, `watcher` does so over moto's alarms and metrics and tells their topics,
`metrics` takes what AWS's services report of themselves. `patches.topics` has the mailbox in which the mails arrive.
"""
