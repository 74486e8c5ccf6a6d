#!/usr/bin/env bash
# describe-app.sh COMMIT [MODULE DOCKERFILE]: prints what a release must know of the app in a fetched commit, as variables of a
# shell: what the settings say, else what the files of the commit tell. MODULE and DOCKERFILE are the settings appModule and
# appDockerfile, where stack.env may not have them yet.
#
# module           what gunicorn serves, as run:app; may be empty for an app with a Dockerfile of its own
# health_path      page that must answer with health_status
# has_database     whether the app keeps its data in the database: true or false
# database_check   whether the page must prove that: true or false
# migrations_by    alembic, flask-migrate, generated or none
# dockerfile       the app's own, which makes its image; empty for Dockerfile.release
# port             where the app listens in its container
# processes        lines `NAME COMMAND`, of the Procfile: what runs beside
# release_line     command of the Procfile's line release; may be empty
# module_found     where the module was found, in words
set -euo pipefail
. "$(dirname "$0")/common.sh"
commit=$1 setting=${2-${APP_MODULE:-}} dockerfile=${3-${APP_DOCKERFILE:-}}

read_commit describe-app.py "$commit" "$setting" "$dockerfile"
refused=$(finding refused)
if [ -n "$refused" ]; then
  remedy="write each line as NAME: COMMAND, with a name of its own of letters, digits, - and _;
        then: $(release_command HASH)"
  fail "commit $commit has a Procfile that cannot be read:
         ${refused//$'\n'/$'\n         '}" "$remedy"
fi

module=$(finding module)
# The command of an own image knows the app by itself.
if [ -n "$dockerfile" ] && [[ $module == *$'\n'* ]]; then module=''; fi
if [ -z "$module$dockerfile" ]; then
  remedy="name the app: $pulumi config set appModule MODULE:NAME$flags;
        MODULE:NAME is as gunicorn takes it, for example 'wsgi:app' or 'app:create_app()'"
  fail "commit $commit has no Flask app that gunicorn can serve. What was looked at:
$(finding looked | sed 's/^/         /')" "$remedy"
fi
if [[ $module == *$'\n'* ]]; then
  remedy="choose one: $pulumi config set appModule '${module%%$'\n'*}'$flags"
  fail "commit $commit has more than one Flask app: ${module//$'\n'/, }" "$remedy"
fi

has_database=${APP_DATABASE:-true}
migrations_by=${APP_MIGRATIONS:-detected}
if [ "$migrations_by" = detected ]; then migrations_by=$(finding migrations); fi
database_check=${APP_DATABASE_CHECK:-true}
if [ "$has_database" = false ]; then migrations_by=none database_check=false; fi
health_path=${APP_HEALTH_PATH:-$(finding health)}
port=5005
if [ -n "$dockerfile" ]; then port=${APP_PORT:-5005}; fi
printf '%s=%q\n' module "$module" module_found "$(finding found | head -n 1)" health_path "$health_path" \
  health_status "${APP_HEALTH_STATUS:-200}" has_database "$has_database" database_check "$database_check" migrations_by "$migrations_by" \
  dockerfile "$dockerfile" port "$port" \
  processes "$(finding process)" release_line "$(finding release)"
