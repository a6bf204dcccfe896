-- What happened, as it came: added to, never changed.
CREATE TABLE events (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    source TEXT NOT NULL,
    id TEXT NOT NULL,
    at BIGINT NOT NULL,
    member TEXT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    received BIGINT NOT NULL,
    UNIQUE (source, id)
);
CREATE INDEX events_of_a_member ON events (member, sequence);
CREATE TRIGGER events_are_not_changed BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
CREATE TRIGGER events_are_not_deleted BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;

-- What a provider sent, word for word: it may name people, so it lies apart and goes when they ask.
CREATE TABLE payloads (
    sequence BIGINT PRIMARY KEY REFERENCES events (sequence),
    payload BLOB NOT NULL
);
CREATE TRIGGER payloads_are_not_changed BEFORE UPDATE ON payloads
BEGIN SELECT RAISE(ABORT, 'what a provider sent is never changed'); END;

-- Whoever is named by an event. `holder` is what they are called now; `told` is the instant up to which notifications
-- were made, -1 where none were yet; `number` is the last notification's; `due` is when time alone changes something.
CREATE TABLE members (
    member TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    told BIGINT NOT NULL,
    number BIGINT NOT NULL,
    due BIGINT NOT NULL
);
CREATE INDEX members_by_holder ON members (holder, member);
CREATE INDEX members_due ON members (due);

-- By which rules `due` was worked out: a hash of them.
CREATE TABLE ledger_rules (
    one BIGINT PRIMARY KEY,
    rules TEXT NOT NULL
);

-- Personal data: nothing else names people.
CREATE TABLE people (
    member TEXT PRIMARY KEY,
    address TEXT NOT NULL,
    address_key TEXT NOT NULL UNIQUE
);

-- Who is meant by a provider's customer: found by a hash, so that the name itself can be forgotten.
CREATE TABLE customers (
    source TEXT NOT NULL,
    customer_key TEXT NOT NULL,
    customer TEXT NOT NULL,
    member TEXT NOT NULL,
    PRIMARY KEY (source, customer_key)
);
CREATE INDEX customers_of_a_member ON customers (member);

-- Whose a grant is, by the name that its source gave it: what comes later of it goes the same way.
CREATE TABLE grants (
    source TEXT NOT NULL,
    reference TEXT NOT NULL,
    member TEXT NOT NULL,
    PRIMARY KEY (source, reference)
);

-- What a payment paid: a refund names the payment alone.
CREATE TABLE payments (
    source TEXT NOT NULL,
    payment TEXT NOT NULL,
    reference TEXT NOT NULL,
    PRIMARY KEY (source, payment, reference)
);

-- What a provider sent and nobody here could read yet, such as the price of something that nobody sells. It may name
-- people, and goes when they ask.
CREATE TABLE unread (
    source TEXT NOT NULL,
    id TEXT NOT NULL,
    at BIGINT NOT NULL,
    why TEXT NOT NULL,
    customer_key TEXT NOT NULL,
    address_key TEXT NOT NULL,
    payload BLOB NOT NULL,
    PRIMARY KEY (source, id)
);

-- Purchases that came by an address alone, under a name of their own until the member accepts them.
CREATE TABLE waiting (
    member TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    since BIGINT NOT NULL
);
CREATE INDEX waiting_for_a_member ON waiting (holder);

-- What is still to be told, and what was: in order for each member. `state` is waiting, delivered or dead.
CREATE TABLE outbox (
    member TEXT NOT NULL,
    number BIGINT NOT NULL,
    id TEXT NOT NULL UNIQUE,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    next_attempt BIGINT NOT NULL,
    delivered BIGINT NOT NULL,
    PRIMARY KEY (member, number)
);
CREATE INDEX outbox_to_deliver ON outbox (state, next_attempt, member, number);
