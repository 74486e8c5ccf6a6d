# rows.awk -v counts=FILE: reads tables as mysqldump --skip-extended-insert prints them, each row in a line of its own, counts the
# rows, and joins those of a table to statements of about a megabyte, as mysqldump does without that option: MySQL loads them
# faster. FILE gets "rows TABLE NUMBER" for each table, and "whole" if the dump has its last line.
#
# A row has no line break in it, because mysqldump writes those of a value as \n.

function end_statement() {
  if (bytes) printf ";\n"
  bytes = 0
}

/^INSERT INTO `/ {
  if (insert == "" || substr($0, 1, length(insert)) != insert) {
    end_statement()
    split($0, part, "`")
    table = part[2]
    # The columns are named where some of them are generated.
    insert = match($0, /^INSERT INTO `([^`]|``)+` (\([^)]+\) )?VALUES /) ? substr($0, 1, RLENGTH) : ""
  }
  rows[table]++
  last = $0
  if (insert == "") {
    print
    next
  }
  row = substr($0, length(insert) + 1, length($0) - length(insert) - 1)
  if (bytes + length(row) > 1000000) end_statement()
  printf "%s%s", bytes ? "," : insert, row
  bytes += length(row)
  next
}

{
  end_statement()
  insert = ""
  print
}
/./ { last = $0 }
/^CREATE TABLE `/ {
  split($0, part, "`")
  rows[part[2]] += 0
}

END {
  end_statement()
  if (last ~ /^-- Dump completed/) print "whole" >counts
  for (table in rows) print "rows", table, rows[table] >counts
}
