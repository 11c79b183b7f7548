#!/usr/bin/env python3
"""An Apache Spark job: the archives of many tables as Parquet, counted against their manifests.

    for table in system_logs llm_logs; do
        pgretain archives export-ddl --engine spark --table $table
    done >tables.sql
    pgretain archives list --json >archives.json
    spark-submit --master spark://host:7077 to_parquet.py tables.sql archives.json s3a://lake/logs

Each table becomes a directory of the target, in the partitions (year=, month=, ...) that its archives
have. A line that does not fit the table's columns ends the job; and so does an archive of which Spark has
read another number of rows than its manifest claims. A target that is there already is never written to.
"""

import argparse
import json
import sys

from pyspark.sql import SparkSession


def statements(path):
    """Those of a file that `export-ddl` has written: each ends with a line's last semicolon."""
    with open(path, encoding="utf-8") as script:
        text = "".join(line for line in script if not line.startswith("--"))
        return [text.strip() for text in text.split(";\n") if text.strip()]


def made_table(statement):
    """The table that a statement makes, as it quotes it; None where it makes none."""
    words = statement.split(None, 3)
    return words[2] if words[:2] == ["CREATE", "TABLE"] else None


def claimed_rows(path):
    """What manifests claim: rows by table, and by the values in the archive's path."""
    claimed = {}
    with open(path, encoding="utf-8") as listing:
        for archive in json.load(listing)["archives"]:
            if "superseded" in archive:
                continue
            steps = tuple(step.split("=")[1] for step in archive["slice"]["path"].split("/"))
            claimed.setdefault(archive["slice"]["table"]["name"], {})[steps] = archive["rows"]
    return claimed


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("ddl", help="what export-ddl --engine spark printed, of all the tables")
    options.add_argument("archives", help="what archives list --json printed")
    options.add_argument("target", help="a directory, or a URL that Spark can write to")
    options = options.parse_args()

    spark = (
        SparkSession.builder.appName("pgretain archives to Parquet")
        # Times without a zone are written as though they were UTC.
        .config("spark.sql.session.timeZone", "UTC")
        # 01 stays 01, as it is in the paths.
        .config("spark.sql.sources.partitionColumnTypeInference.enabled", "false")
        .getOrCreate()
    )
    claimed = claimed_rows(options.archives)
    tables = []
    for statement in statements(options.ddl):
        spark.sql(statement)
        if made_table(statement):
            tables.append(made_table(statement))
    differing = 0
    for quoted in tables:
        name = quoted.strip("`")
        target = f"{options.target.rstrip('/')}/{name}"
        steps = [
            column.name for column in spark.catalog.listColumns(quoted) if column.isPartition
        ]
        rows = spark.read.option("mode", "FAILFAST").table(quoted)
        rows.write.mode("errorifexists").partitionBy(*steps).parquet(target)
        # Counted in what was written, not in what was read.
        counted = {
            tuple(row[:-1]): row[-1]
            for row in spark.read.parquet(target).groupBy(*steps).count().collect()
        }
        for archive in sorted(claimed[name].keys() | counted.keys()):
            claim, count = claimed[name].get(archive, 0), counted.get(archive, 0)
            if claim != count:
                differing += 1
                print(f"{name} {'-'.join(archive)}: {count} rows, its manifest claims {claim}")
        print(f"{name}: {sum(counted.values())} rows of {len(counted)} archives")
    spark.stop()
    sys.exit(1 if differing else 0)


if __name__ == "__main__":
    main()
