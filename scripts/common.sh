# shellcheck shell=bash
# Sourced by the other scripts: where things are on the machine, and how a step fails.

root=${FLASK_ON_AWS_ROOT:-/opt/flask-on-aws}
# shellcheck disable=SC2034  # each script uses some of these
{
  bin=$root/bin
  source=$root/source.git     # every fetched commit of the app
  settings=$root/app.env      # the app's settings, with its database password
  client=$root/mysql.cnf      # the same database user, for mysql and mysqldump
  authority=$root/rds-ca.pem  # what RDS's certificates are checked against
  migrations=$root/migrations # revision files of an app that ships none
  nginx=$root/nginx           # nginx's configuration directory
  release=$root/release.env   # what runs: the variables of compose.yml
  # Docker's template for the commit that an image or a container was made of.
  revision_label='{{ index .Config.Labels "org.opencontainers.image.revision" }}'
  compose=(docker-compose --project-name flask-on-aws --env-file "$release" --file "$bin/compose.yml")
}

# fail WHAT REMEDY: the last words of a step.
fail() {
  printf 'error: %s\nremedy: %s\n' "$1" "$2" >&2
  exit 1
}

# mysql as the app's user, on the app's schema; tab-separated rows without a header.
query() {
  mysql --defaults-extra-file="$client" --batch --skip-column-names --execute "$1"
}
