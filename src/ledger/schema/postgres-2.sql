-- Links that sign somebody in once: by the hash of what stands in the mail. The address goes with the link.
CREATE TABLE links (
    hash TEXT PRIMARY KEY,
    address TEXT NOT NULL,
    browser TEXT NOT NULL,
    next TEXT NOT NULL,
    wish TEXT NOT NULL,
    until BIGINT NOT NULL,
    misses BIGINT NOT NULL
);
CREATE INDEX links_by_end ON links (until);

-- Who is signed in: by the hash of what stands in the cookie.
CREATE TABLE sessions (
    hash TEXT PRIMARY KEY,
    member TEXT NOT NULL,
    until BIGINT NOT NULL
);
CREATE INDEX sessions_of_a_member ON sessions (member);
CREATE INDEX sessions_by_end ON sessions (until);

-- The private keys of tokens, each used from `since` on until the next one is.
CREATE TABLE signing_keys (
    kid TEXT PRIMARY KEY,
    pem TEXT NOT NULL,
    since BIGINT NOT NULL
);
