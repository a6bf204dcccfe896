-- Whether it was shown that what a customer buys is bought for that member: by a reference signed by us, by the member's own
-- consent, or because there was nothing yet that it could have changed. An address that was typed shows nothing.
ALTER TABLE customers ADD COLUMN proved BIGINT NOT NULL DEFAULT 0;

-- A link is found by its address however that was typed. Those that are on their way are asked for again.
DELETE FROM links;
ALTER TABLE links ADD COLUMN address_key TEXT NOT NULL DEFAULT '';

-- What references at checkouts are signed with.
CREATE TABLE checkout_secret (
    one BIGINT PRIMARY KEY,
    secret TEXT NOT NULL
);
