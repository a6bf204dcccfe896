-- What happened, as it came: added to, never changed.
CREATE TABLE events (
    sequence BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    member TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    body TEXT COLLATE "C" NOT NULL,
    received BIGINT NOT NULL,
    UNIQUE (source, id)
);
CREATE INDEX events_of_a_member ON events (member, sequence);
CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '% are never changed', TG_TABLE_NAME; END $$;
CREATE TRIGGER events_are_not_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON events
FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();

-- What a provider sent, word for word: it may name people, so it lies apart and goes when they ask.
CREATE TABLE payloads (
    sequence BIGINT PRIMARY KEY REFERENCES events (sequence),
    payload BYTEA NOT NULL
);
CREATE TRIGGER payloads_are_not_changed BEFORE UPDATE ON payloads
FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();

-- Whoever is named by an event. `holder` is what they are called now; `told` is the instant up to which notifications
-- were made, -1 where none were yet; `number` is the last notification's; `due` is when time alone changes something.
CREATE TABLE members (
    member TEXT COLLATE "C" PRIMARY KEY,
    holder TEXT COLLATE "C" NOT NULL,
    told BIGINT NOT NULL,
    number BIGINT NOT NULL,
    due BIGINT NOT NULL
);
CREATE INDEX members_by_holder ON members (holder, member);
CREATE INDEX members_due ON members (due);

-- By which rules `due` was worked out: a hash of them.
CREATE TABLE ledger_rules (
    one BIGINT PRIMARY KEY,
    rules TEXT COLLATE "C" NOT NULL
);

-- Personal data: nothing else names people.
CREATE TABLE people (
    member TEXT COLLATE "C" PRIMARY KEY,
    address TEXT COLLATE "C" NOT NULL,
    address_key TEXT COLLATE "C" NOT NULL UNIQUE
);

-- Who is meant by a provider's customer: found by a hash, so that the name itself can be forgotten.
CREATE TABLE customers (
    source TEXT COLLATE "C" NOT NULL,
    customer_key TEXT COLLATE "C" NOT NULL,
    customer TEXT COLLATE "C" NOT NULL,
    member TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (source, customer_key)
);
CREATE INDEX customers_of_a_member ON customers (member);

-- Whose a grant is, by the name that its source gave it: what comes later of it goes the same way.
CREATE TABLE grants (
    source TEXT COLLATE "C" NOT NULL,
    reference TEXT COLLATE "C" NOT NULL,
    member TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (source, reference)
);

-- What a payment paid: a refund names the payment alone.
CREATE TABLE payments (
    source TEXT COLLATE "C" NOT NULL,
    payment TEXT COLLATE "C" NOT NULL,
    reference TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (source, payment, reference)
);

-- What a provider sent and nobody here could read yet, such as the price of something that nobody sells. It may name
-- people, and goes when they ask.
CREATE TABLE unread (
    source TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    why TEXT COLLATE "C" NOT NULL,
    customer_key TEXT COLLATE "C" NOT NULL,
    address_key TEXT COLLATE "C" NOT NULL,
    payload BYTEA NOT NULL,
    PRIMARY KEY (source, id)
);

-- Purchases that came by an address alone, under a name of their own until the member accepts them.
CREATE TABLE waiting (
    member TEXT COLLATE "C" PRIMARY KEY,
    holder TEXT COLLATE "C" NOT NULL,
    since BIGINT NOT NULL
);
CREATE INDEX waiting_for_a_member ON waiting (holder);

-- What is still to be told, and what was: in order for each member. `state` is waiting, delivered or dead.
CREATE TABLE outbox (
    member TEXT COLLATE "C" NOT NULL,
    number BIGINT NOT NULL,
    id TEXT COLLATE "C" NOT NULL UNIQUE,
    at BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    body TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    attempts BIGINT NOT NULL,
    next_attempt BIGINT NOT NULL,
    delivered BIGINT NOT NULL,
    PRIMARY KEY (member, number)
);
CREATE INDEX outbox_to_deliver ON outbox (state, next_attempt, member, number);
