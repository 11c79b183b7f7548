CREATE TABLE golden (
    id bigint GENERATED ALWAYS AS IDENTITY, at timestamptz NOT NULL, kind text NOT NULL DEFAULT 'plain',
    small smallint, amount numeric(30, 10), share double precision, ok boolean, day date, clock time,
    civil timestamp, lasted interval, words text, fixed character(5), code varchar(20), raw bytea,
    doc json, docs jsonb, ident uuid, address inet, numbers integer[], labels text[], flags boolean[],
    span tstzrange, spot point, upper text GENERATED ALWAYS AS (upper(words)) STORED,
    CHECK (amount IS NULL OR amount <> 0), PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
CREATE INDEX golden_kind ON golden (kind, at DESC);
CREATE TABLE golden_2025_01 PARTITION OF golden FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');
CREATE TABLE golden_2025_02 PARTITION OF golden FOR VALUES FROM ('2025-02-01') TO ('2025-03-01');
CREATE TABLE golden_2025_09 PARTITION OF golden FOR VALUES FROM ('2025-09-01') TO ('2025-10-01');
INSERT INTO golden (at) VALUES ('2025-01-01 00:00:00'), ('2025-01-31 23:59:59.999999'), ('2025-02-01'), ('2025-09-01');
INSERT INTO golden (at, kind, small, amount, share, ok, day, clock, civil, lasted, words, fixed, code, raw, doc,
    docs, ident, address, numbers, labels, flags, span, spot)
SELECT timestamptz '2025-01-15 12:00' + n * interval '31 days 1.000001 seconds', 'full', -32768 + n,
    (ARRAY['-12345678901234567890.0123456789', 'NaN', '1'])[1 + n % 3]::numeric,
    (ARRAY['NaN', '-Infinity', '5e-324'])[1 + n % 3]::float8, n % 2 = 0,
    (ARRAY['infinity', '0044-03-15 BC', '99999-12-31'])[1 + n % 3]::date, '23:59:59.999999',
    (ARRAY['-infinity', '0001-01-01 BC', '2025-01-01 00:00:00.5'])[1 + n % 3]::timestamp,
    '1 year 2 mons -3 days 04:05:06.789', E'tab\t newline\n return\r quote" back\\slash \u2028 \U0001F600 e\u0301 \x01 \x7f',
    'ab', '', '\x00ff5c22', E'{"a" : 1,\n "a":2}', '{"b": [1, {"c": null}], "\u00fc": "\\u0041"}',
    'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '2001:db8::/64', ARRAY[1, NULL, 3], ARRAY['x', NULL, 'NULL', 'a"b\c', ''],
    ARRAY[true, NULL], tstzrange('2025-01-01', NULL, '[)'), point(1e-10, -0.5)
FROM generate_series(0, 1) AS n;
