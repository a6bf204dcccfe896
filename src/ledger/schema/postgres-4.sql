-- Where notifications are sent to, by the name of each place. `address` is a hash of its URL, `kinds` what it wants to be
-- told, empty for everything. `seen` is when a program last knew it, `gone` when it said that it wants nothing more, `rests`
-- until when it is left alone after `failures` in a row.
CREATE TABLE endpoints (
    endpoint TEXT COLLATE "C" PRIMARY KEY,
    address TEXT COLLATE "C" NOT NULL,
    kinds TEXT COLLATE "C" NOT NULL,
    since BIGINT NOT NULL,
    seen BIGINT NOT NULL,
    gone BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    rests BIGINT NOT NULL
);

-- What became of a notification at a place. `state` is waiting, delivered or dead; `ended` is when it became that. An attempt
-- that nobody noted the end of, for the program died, is no failure.
CREATE TABLE deliveries (
    endpoint TEXT COLLATE "C" NOT NULL,
    member TEXT COLLATE "C" NOT NULL,
    number BIGINT NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    attempts BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    next_attempt BIGINT NOT NULL,
    ended BIGINT NOT NULL,
    why TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (endpoint, member, number)
);
CREATE INDEX deliveries_due ON deliveries (endpoint, state, next_attempt, member, number);
CREATE INDEX deliveries_of_a_notification ON deliveries (member, number);

-- The outbox says what is told; each place has its own state of it.
DROP INDEX outbox_to_deliver;
ALTER TABLE outbox DROP COLUMN state;
ALTER TABLE outbox DROP COLUMN attempts;
ALTER TABLE outbox DROP COLUMN next_attempt;
ALTER TABLE outbox DROP COLUMN delivered;
CREATE INDEX outbox_by_instant ON outbox (at, member, number);

-- `opened` is the instant up to which was told what opened, -1 where it never was; `opens` is when something may open next.
ALTER TABLE members ADD COLUMN opened BIGINT NOT NULL DEFAULT -1;
ALTER TABLE members ADD COLUMN opens BIGINT NOT NULL DEFAULT 0;
CREATE INDEX members_opening ON members (opens);

-- By which manifest `opens` was worked out: a hash of its instants, and its version. What opened before `since` was told, or
-- is no news; up to `looked` everything was.
CREATE TABLE ledger_openings (
    one BIGINT PRIMARY KEY,
    timetable TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    since BIGINT NOT NULL,
    looked BIGINT NOT NULL
);

-- What nobody could read is read again, less and less often.
ALTER TABLE unread ADD COLUMN attempts BIGINT NOT NULL DEFAULT 0;
ALTER TABLE unread ADD COLUMN next_try BIGINT NOT NULL DEFAULT 0;
CREATE INDEX unread_due ON unread (next_try, source, id);
