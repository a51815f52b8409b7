#!/usr/bin/env bats
# csv-diff against a second, plain one (tests/oracle), in every way there is to look at the bytes.
# ORACLE_CASES=N tries more of them, ORACLE_SEED=N others.

load helpers

@test "thousands of made-up pairs of exports give the same bytes and statuses as a plain csv-diff does" {
  run -0 test-csv-diff "${ORACLE_SEED:-1}" "${ORACLE_CASES:-3000}" "$BATS_TEST_TMPDIR"
  # Enough of them must have got through, else nothing was compared.
  [[ $output =~ ([0-9]+)\ cases,\ ([0-9]+)\ of\ them\ refused,\ 0\ different ]]
  [ $((BASH_REMATCH[2] * 3)) -lt $((BASH_REMATCH[1] * 2)) ]
}

@test "files that are large enough for threads give the same records as their rows one by one" {
  awk 'BEGIN { print "email,n,q"; for (i = 0; i < 60000; i++) printf "m%d@x,%d,\"a, \"\"%d\"\"\"\n", i, i % 7, i }' >older.csv
  awk 'BEGIN { print "q,email,n"; for (i = 60010; i > 0; i--) printf "\"a, \"\"%d\"\"\",M%d@x,%d\r\n", i, i, i % 500 ? i % 7 : 9 }' >newer.csv
  csv-diff older.csv newer.csv >out
  jq -r 'select(.change) | [.change, .key, .was.n] | @tsv' out >records
  awk 'BEGIN { for (i = 60010; i > 0; i--)
      if (i >= 60000) printf "new\tm%d@x\t\n", i
      else if (i % 500 == 0) printf "updated\tm%d@x\t%d\n", i, i % 7
    printf "lapsed\tm0@x\t\n" }' >expected
  diff expected records
  [ "$(tail -n 1 out)" = '{"summary":{"older":60000,"newer":60010,"unchanged":59880,"new":11,"updated":119,"lapsed":1,"skipped":0}}' ]
}
