"""Leaves a row for each release. With an argument it is a scheduled command, and the argument is the row's job."""

import sys

from jobs import app, note

with app.app_context():
    note(sys.argv[1] if len(sys.argv) > 1 else "release")
