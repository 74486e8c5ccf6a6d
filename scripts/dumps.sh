# shellcheck shell=bash
# Sourced after common.sh by the scripts of backups: what a dump and its manifest look like, and how large a schema is.
# shellcheck disable=SC2154  # common.sh sets root and scratch, and a script that asks for its lines sets manifest

# prepare-database.sh writes it. The app's user may not read the functions and procedures of others.
reader=$root/backup.cnf
# What begins here, in dump.sql.gz, has no rows.
# shellcheck disable=SC2034  # the scripts use it
objects_begin="-- flask-on-aws: views, triggers, functions, procedures and events"

# dumped OPTION…: prints what mysqldump makes of one moment.
dumped() {
  # MariaDB's client begins with a line that MySQL's does not know.
  mysqldump --defaults-extra-file="$reader" --single-transaction --no-tablespaces --default-character-set=utf8mb4 "$@" |
    sed '1{/enable the sandbox mode/d}'
}

# stated NAME: a line of $manifest, without its name; nothing if it has none.
stated() { sed -n "s/^$1 //p" <<<"$manifest"; }

# schema_size SCHEMA: what its tables take, in bytes. MySQL keeps older statistics for a day, unless it is told not to.
schema_size() {
  anywhere "SET SESSION information_schema_stats_expiry = 0;
    SELECT COALESCE(SUM(DATA_LENGTH + INDEX_LENGTH), 0) FROM TABLES WHERE TABLE_SCHEMA = '$1'"
}

# The revision of a backup that is loaded.
scratch_revision() {
  if tables "$scratch" | grep -x alembic_version >/dev/null; then query "SELECT version_num FROM $scratch.alembic_version"; fi
}
