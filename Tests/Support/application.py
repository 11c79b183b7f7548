#!/usr/bin/env python3
"""An application that logs into system_logs and reads it, as FastAPI backends do, until SIGTERM
(or for ten minutes). Then it prints as JSON what it did and what went wrong.

    application.py SQLALCHEMY-URL INSERTING-THREADS READING-THREADS

Every insert is one transaction, and counts as done once its COMMIT was answered.
"""
import datetime
import json
import random
import signal
import sys
import threading
import time

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column


class Base(DeclarativeBase):
    pass


class SystemLog(Base):
    __tablename__ = "system_logs"
    id = mapped_column(sa.Integer, primary_key=True, index=True)
    level = mapped_column(sa.String, nullable=False, index=True)
    component = mapped_column(sa.String, nullable=False, index=True)
    action = mapped_column(sa.String, nullable=False, index=True)
    message = mapped_column(sa.Text, nullable=False)
    user_id = mapped_column(sa.Integer, index=True)
    request_id = mapped_column(sa.String, index=True)
    http_path = mapped_column(sa.String, index=True)
    response_time_ms = mapped_column(sa.Integer)
    error_type = mapped_column(sa.String)
    extra_metadata = mapped_column(sa.Text)
    created_at = mapped_column(
        sa.DateTime(timezone=True), server_default=sa.func.now(), index=True)
    __table_args__ = (
        sa.Index("idx_system_logs_level_created", "level", sa.desc("created_at")),
        sa.Index("idx_system_logs_component_created", "component", sa.desc("created_at")),
        sa.Index(
            "idx_system_logs_errors", "error_type", "created_at",
            postgresql_where=sa.text("error_type IS NOT NULL")),
    )


START_UP = [
    "CREATE INDEX IF NOT EXISTS idx_system_logs_level_created"
    " ON system_logs (level, created_at DESC)",
    "CREATE INDEX IF NOT EXISTS idx_system_logs_component_created"
    " ON system_logs (component, created_at DESC)",
    "CREATE INDEX IF NOT EXISTS idx_system_logs_errors"
    " ON system_logs (error_type, created_at) WHERE error_type IS NOT NULL",
]


def start_up(engine):
    """What the application does each time it starts."""
    Base.metadata.create_all(engine)
    with engine.begin() as connection:
        for statement in START_UP:
            connection.execute(sa.text(statement))


class Work:
    def __init__(self, engine):
        self.engine = engine
        self.ends = threading.Event()
        self.lock = threading.Lock()
        self.ids, self.errors, self.insert_seconds, self.read_seconds = [], [], [], []

    def repeat(self, step, seconds, number):
        chance = random.Random(number)
        while not self.ends.is_set():
            begin = time.perf_counter()
            try:
                step(chance)
            except Exception as error:  # whatever it is, somebody has to hear of it
                with self.lock:
                    self.errors.append(f"{type(error).__name__}: {error}"[:500])
            with self.lock:
                seconds.append(time.perf_counter() - begin)
            time.sleep(0.002)

    def insert(self, chance):
        failed = chance.random() < 0.1
        row = SystemLog(
            level="ERROR" if failed else "INFO", component=chance.choice(["api", "auth", "jobs"]),
            action=f"get_profiles_{chance.randrange(50)}", message="GET /profiles/ - 200",
            request_id=str(chance.getrandbits(64)), response_time_ms=chance.randrange(900),
            error_type="ValueError" if failed else None, extra_metadata='{"a": "b"}' * 20)
        with Session(self.engine) as session:
            session.add(row)
            session.commit()
            identity = row.id
        with self.lock:
            self.ids.append(identity)

    def read(self, chance):
        day = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)
        queries = [
            sa.select(SystemLog).order_by(SystemLog.created_at.desc()).offset(20).limit(20),
            sa.select(sa.func.count()).where(
                SystemLog.level == "ERROR", SystemLog.created_at >= day),
            sa.select(sa.func.max(SystemLog.response_time_ms)).where(
                SystemLog.component == "api", SystemLog.created_at >= day),
            sa.select(SystemLog).where(SystemLog.message.ilike("%profiles%")).limit(5),
        ]
        with Session(self.engine) as session:
            session.execute(chance.choice(queries)).all()


def percentile(seconds, share):
    ordered = sorted(seconds) or [0.0]
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def main():
    inserting, reading = map(int, sys.argv[2:4])
    engine = sa.create_engine(sys.argv[1], pool_size=inserting + reading, pool_pre_ping=False)
    start_up(engine)
    work = Work(engine)
    threads = [
        threading.Thread(target=work.repeat, args=(work.insert, work.insert_seconds, n))
        for n in range(inserting)
    ] + [
        threading.Thread(target=work.repeat, args=(work.read, work.read_seconds, n))
        for n in range(inserting, inserting + reading)
    ]
    for thread in threads:
        thread.start()
    # Whoever started us may have blocked it.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    signal.signal(signal.SIGTERM, lambda *_: work.ends.set())
    work.ends.wait(timeout=600)
    work.ends.set()
    for thread in threads:
        thread.join()
    # As when it is deployed again.
    start_up(engine)
    print(json.dumps({
        "ids": work.ids, "errors": work.errors, "reads": len(work.read_seconds),
        "insert_p99": percentile(work.insert_seconds, 0.99),
        "insert_max": max(work.insert_seconds, default=0),
        "read_max": max(work.read_seconds, default=0),
    }))


main()
