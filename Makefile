# pgretain. `make demo` and `make test` do all the set-up by themselves.

SWIFT ?= swift
# ROWS=N for the demo and the benchmark, ROUNDS=N for the benchmark.
demo: ROWS ?= 500000
bench: ROWS ?= 2000000
ROUNDS ?= 3

.PHONY: help deps build install deb demo bench bench-scale bench-adopt bench-foreground bench-share test test-faults test-first-half test-second-half test-as-member test-all test-deps test-deb test-engines torture fuzz sanitize format check-format clean

help:
	@echo 'make demo          a whole night on a throw-away cluster (ROWS=500000)'
	@echo 'make bench         figures beside psql, gzip, pigz, pg_dump (ROWS=2000000)'
	@echo 'make bench-scale   its memory and speed by rows and cores'
	@echo 'make bench-adopt   what an application feels while its table is adopted'
	@echo 'make bench-foreground  and while nights pass (ROUNDS=3)'
	@echo 'make test          every test, on a throw-away cluster, twice: as superuser and as member'
	@echo 'make test-all      the same, and the integration tests on PostgreSQL 16 and 18'
	@echo 'make torture       a night that is killed, cut and failed, and its server too (FAULTS=150 SEED=...)'
	@echo 'make fuzz          bytes made up for each parser (SECONDS_EACH=60, RUNS=N at most)'
	@echo 'make sanitize      the tests without a server, under address and thread sanitizer'
	@echo 'make build         the program: .build/release/pgretain'
	@echo 'make install       to $$(PREFIX)/bin (PREFIX=/usr/local)'
	@echo 'make deb           the Debian package: .build/pgretain_*.deb'
	@echo 'make test-deb      install, upgrade, remove and purge it in a clean root (as root, two minutes)'
	@echo 'make test-engines  Apache Spark and pandas read archives (fetches 500 MB)'
	@echo 'make format        format the sources'
	@echo 'make check-format  fail where they are not'
	@echo 'make clean         remove what was built'

# Installs the Debian packages that are missing, and says nothing when none is.
deps:
	@Tests/Support/install-packages.sh libpq-dev zlib1g-dev libdeflate-dev libssl-dev \
	    libxxhash-dev libcurl4-openssl-dev libexpat1-dev pkg-config postgresql

# With the Swift runtime inside: what is built runs where no Swift is.
RELEASE = $(SWIFT) build -c release --static-swift-stdlib --product

build: deps
	$(RELEASE) pgretain

PREFIX ?= /usr/local
install: build
	install -D -m 0755 .build/release/pgretain $(DESTDIR)$(PREFIX)/bin/pgretain

deb: build
	@Tests/Support/install-packages.sh dpkg-dev binutils python3
	@packaging/build-deb.sh .build/release/pgretain .build

demo: build
	$(RELEASE) sample-logs
	ROWS=$(ROWS) Tests/Support/demo.sh

# Figures beside what one would use instead, on a throw-away cluster.
bench: build
	@Tests/Support/install-packages.sh python3 pigz
	$(RELEASE) sample-logs
	Benchmarks/bench.py --program .build/release/pgretain --sample .build/release/sample-logs \
	    --rows $(ROWS) --rounds $(ROUNDS) $(BENCH_FLAGS)

# What an application feels while its table is adopted.
bench-adopt: build test-deps
	$(RELEASE) sample-logs
	Benchmarks/adopt.py --program .build/release/pgretain --sample .build/release/sample-logs --rows $(ROWS)
bench-adopt: ROWS ?= 2000000

# And while nights pass.
bench-foreground: build
	@Tests/Support/install-packages.sh python3
	$(SWIFT) build -c release --product sample-logs
	Benchmarks/foreground.py --program .build/release/pgretain --sample .build/release/sample-logs \
	    --rounds $(ROUNDS) $(BENCH_FLAGS)

# One, two and four processes on one backlog.
bench-share: build
	@Tests/Support/install-packages.sh python3
	$(RELEASE) sample-logs
	Benchmarks/share.py --program .build/release/pgretain --sample .build/release/sample-logs \
	    --rounds $(ROUNDS) $(BENCH_FLAGS)

# Only pgretain: its peak memory with few and with many rows, and its speed on one and two cores.
bench-scale: build
	@Tests/Support/install-packages.sh python3
	$(RELEASE) sample-logs
	for rows in 200000 2000000 10000000; do Benchmarks/bench.py --alone --rounds 1 --rows $$rows \
	    --program .build/release/pgretain --sample .build/release/sample-logs; done
	for cores in 1 2; do Benchmarks/bench.py --alone --cores $$cores --rounds $(ROUNDS) \
	    --program .build/release/pgretain --sample .build/release/sample-logs; done

test-deps: deps
	@Tests/Support/install-packages.sh python3 python3-venv jq postgresql-15-partman pgbouncer
	@Tests/Support/python-packages.sh duckdb sqlalchemy psycopg2=psycopg2-binary \
	    'moto=moto[s3]' flask flask_cors=flask-cors
	@Tests/Support/fetch-programs.sh prometheus usr/bin/promtool=prometheus \
	    usr/bin/prometheus-node-exporter=prometheus-node-exporter
	@Tests/Support/fetch-programs.sh cron usr/sbin/cron=cron \
	    usr/lib/$$(uname -m)-linux-gnu/faketime/libfaketime.so.1=libfaketime

# What breaks on purpose, everywhere it can: a third of the time.
FAULT_TESTS := IntegrationTests.(FailPoints|Sharing|TakingOver|FaultyIO|SuddenEnds|TwoRuns|MisbehavingServers|SecondStores|AdoptionsThatEndAnywhere|Splits|(Slices|Rules)/UnderFire)

# Three at once, each on a cluster of its own: they wait for servers more than they compute. A process
# runs as many tests at a time as there are cores, so the longest part is two.
FIRST_HALF := IntegrationTests.[A-L]
test: test-deps
	$(SWIFT) build --build-tests --explicit-target-dependency-import-check error
	@$(MAKE) --no-print-directory --jobs=3 --output-sync=target \
	    test-faults test-first-half test-second-half test-as-member

test-first-half:
	SWIFT=$(SWIFT) Tests/Support/swift-test.sh --filter '$(FIRST_HALF)' --skip '$(FAULT_TESTS)'

test-second-half:
	SWIFT=$(SWIFT) Tests/Support/swift-test.sh --skip '$(FIRST_HALF)' --skip '$(FAULT_TESTS)'

test-faults:
	SWIFT=$(SWIFT) Tests/Support/swift-test.sh --filter '$(FAULT_TESTS)'

# What a server does when it misbehaves, who writes meanwhile, what rows hold, what is in a store,
# where a night is killed and how it is paced have nothing to do with whom the server lets in: once
# is enough.
test-as-member:
	PGRETAIN_TEST_AS=member PGRETAIN_FAULTS=5 SWIFT=$(SWIFT) Tests/Support/swift-test.sh \
	    --filter IntegrationTests \
	    --skip 'IntegrationTests.(MisbehavingServers|SuddenEnds|FaultyIO|SecondStores|Erasures|RandomRows|TypeZoo|CheckAnswers)' \
	    --skip 'IntegrationTests.(Slices|Rules)/UnderFire' \
	    --skip 'IntegrationTests.(AdoptionsThatEndAnywhere|AdoptionsBesideTheTraffic|RestoreCrashes|Periods)' \
	    --skip 'IntegrationTests.(LateRows|TwoRuns|Jobs|ManyPartitions|PaceOfTheNight|Interruptions|Terminals)' \
	    --skip 'IntegrationTests.(Brakes|Deadlines|EpochKeys|FailPoints|ForeignSets|LastLooks|LedgersAsEvidence|OlderGenerations|Partman|TakingOver|IdentifierKeys|ChangedPolicies|Waiters|SeveralDatabases|PressureOnTheServer|Redactions|RestoreResuming|Throttling|Versions)' \
	    --skip 'IntegrationTests.(BadInput|BadStores|Buckets|Encodings|CatalogTables|HostileNames|FileRestores)' \
	    --skip 'IntegrationTests.(Searches|SearchFilters|GoldenArchives|OtherEngines|Documentation|Readme|CronDaemon|Notified)'

# The same on the servers of other versions: 16 and 18.
test-all: test
	SWIFT=$(SWIFT) Tests/Support/test-other-servers.sh

# In a root that debootstrap makes. Not a part of `make test`: it takes two minutes, and the network.
test-deb: deb
	@Tests/Support/install-packages.sh debootstrap lintian
	Tests/Support/test-deb.sh "$$(ls -t .build/pgretain_*.deb | head -n 1)"

# What is too large for every change: half a gigabyte of PyPI, and Java.
test-engines: build
	@Tests/Support/install-packages.sh python3 python3-venv openjdk-17-jre-headless
	$(RELEASE) sample-logs
	@PYTHON_PLACE=.build/engines Tests/Support/python-packages.sh pyspark 'pandas=pandas<3'
	Tests/Support/test-engines.sh

# The same laws, tried on more cases; tens of minutes. FAULTS=0 tries all there are.
FAULTS ?= 150
SEED ?= $(shell date +%s)
torture: test-deps
	$(SWIFT) build --build-tests
	@echo 'PGRETAIN_FAULTS=$(FAULTS) PGRETAIN_FAULTS_SEED=$(SEED)'
	PGRETAIN_FAULTS=$(FAULTS) PGRETAIN_FAULTS_SEED=$(SEED) PGRETAIN_S3_FAULTS=10000 SWIFT=$(SWIFT) \
	    Tests/Support/swift-test.sh --filter '$(FAULT_TESTS)|IntegrationTests.Buckets'

# Bytes that libFuzzer makes up, for each parser. TARGETS="decode manifest" chooses.
fuzz: deps
	SWIFT=$(SWIFT) SECONDS_EACH=$(SECONDS_EACH) RUNS=$(RUNS) Tests/Support/fuzz.sh
SECONDS_EACH ?= 60
RUNS ?= -1

# The tests that need no server, under the address sanitizer and then the thread sanitizer.
sanitize: deps
	for sanitizer in address thread; do $(SWIFT) test --sanitize=$$sanitizer \
	    --scratch-path .build/sanitizing-$$sanitizer --skip 'IntegrationTests|ObjectStorageTests' || exit 1; done

format:
	$(SWIFT) format --in-place --recursive Package.swift Sources Tests

check-format:
	$(SWIFT) format lint --strict --recursive Package.swift Sources Tests

clean:
	$(SWIFT) package clean
