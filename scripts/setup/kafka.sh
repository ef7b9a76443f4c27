#!/usr/bin/env bash
# Kafka and Flink at the versions of deploy/kafka/pom.xml and deploy/versions.json, into the cache: Maven
# brings the jars, PyPI the distribution of Flink (its wheel is the same). Needs Java 17, Maven and Python.
set -euo pipefail
source "$(dirname "$0")/../env.sh"
for tool in java mvn python3; do have $tool || fail "$tool is not installed: Kafka and Flink need Java 17, Maven and Python with pip"; done
version() { sed -n "s/^ *\"$1\": \"\(.*\)\".*/\1/p" "$TONEARM_ROOT/deploy/versions.json"; }
home=$TONEARM_CACHE/backends
jars() { # profile, folder
  [ -e "$2/.whole" ] && return
  say "bringing the jars of $1"
  mvn -q -B -f "$TONEARM_ROOT/deploy/kafka/pom.xml" -P "$1" org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies -DoutputDirectory="$2"
  touch "$2/.whole"
}
jars kafka "$home/kafka-$(version kafka)"
flink=$home/flink-$(version flink)
jars flink "$flink/beside"
if [ ! -e "$flink/.whole" ]; then
  say "bringing Flink $(version flink) (330 MB)"
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  python3 -m pip download --quiet --no-deps --only-binary :all: "apache-flink-libraries==$(version flink)" -d "$work"
  python3 -m zipfile -e "$work"/apache_flink_libraries-*.whl "$work/out"
  mv "$work/out/pyflink/lib" "$work/out/pyflink/opt" "$flink/"
  touch "$flink/.whole"
fi
