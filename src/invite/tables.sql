CREATE TABLE muster.invite_version (version integer PRIMARY KEY);
INSERT INTO muster.invite_version VALUES (1);

-- A person who was invited: one row per address, even if the row in the users' table goes. accepted and
-- withdrawn are final until the invite is sent again.
CREATE TABLE muster.invites (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    entity text NOT NULL,
    record_id bigint NOT NULL,
    address text COLLATE "C" NOT NULL,
    account text,
    language text,
    created timestamptz NOT NULL DEFAULT now(),
    role text NOT NULL DEFAULT session_user,
    accepted timestamptz,
    withdrawn timestamptz,
    UNIQUE (entity, address)
);
CREATE INDEX ON muster.invites (entity, record_id);

-- Mails. A pending one was never handed over; a sending one is being handed over, or was when the program died;
-- an unknown one was handed over without an answer. The provider is asked about the last two before anything is
-- sent again. tried is when the mail was handed over the last time.
CREATE TABLE muster.outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    invite bigint NOT NULL REFERENCES muster.invites ON DELETE CASCADE,
    run uuid NOT NULL,
    state text NOT NULL DEFAULT 'pending'
        CHECK (state IN ('pending', 'sending', 'sent', 'failed', 'unknown', 'cancelled')),
    channel text,
    tag text,
    attempts integer NOT NULL DEFAULT 0,
    code integer,
    message_id text,
    created timestamptz NOT NULL DEFAULT now(),
    tried timestamptz,
    settled timestamptz
);
-- An invite has at most one unfinished mail.
CREATE UNIQUE INDEX ON muster.outbox (invite) WHERE state IN ('pending', 'sending', 'unknown');
CREATE INDEX ON muster.outbox (invite, id);
CREATE INDEX ON muster.outbox (run, id) WHERE state IN ('pending', 'sending', 'unknown');

-- SHA-256 of the secrets in links. A mail that was sent several times has one for each attempt, and all of them
-- work: which attempt arrived is not known. One that was replaced by a newer mail does not work any more.
CREATE TABLE muster.invite_tokens (
    hash bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
    invite bigint NOT NULL REFERENCES muster.invites ON DELETE CASCADE,
    mail bigint NOT NULL REFERENCES muster.outbox ON DELETE CASCADE,
    expires timestamptz NOT NULL,
    replaced timestamptz
);
CREATE INDEX ON muster.invite_tokens (invite);

-- Addresses that never get an invitation.
CREATE TABLE muster.suppressed (
    address text COLLATE "C" PRIMARY KEY,
    reason text NOT NULL,
    since timestamptz NOT NULL DEFAULT now()
);

-- The state of each invite.
CREATE VIEW muster.invite_states AS
SELECT i.id, i.entity, i.record_id, i.address, i.account, i.language, m.mail, m.channel, m.code, m.sent,
       CASE WHEN i.accepted IS NOT NULL THEN 'accepted'
            WHEN i.withdrawn IS NOT NULL THEN 'withdrawn'
            WHEN m.state IS NULL OR m.state = 'cancelled' THEN 'cancelled'
            WHEN m.state <> 'sent' THEN m.state
            WHEN t.expires IS NULL OR t.expires < now() THEN 'expired'
            ELSE 'sent' END AS state,
       t.expires, i.created, i.accepted, i.withdrawn
FROM muster.invites i
LEFT JOIN LATERAL (
    SELECT o.id AS mail, o.state, o.channel, o.code, CASE WHEN o.state = 'sent' THEN o.settled END AS sent
    FROM muster.outbox o WHERE o.invite = i.id ORDER BY o.id DESC LIMIT 1) m ON true
LEFT JOIN LATERAL (
    SELECT max(k.expires) AS expires FROM muster.invite_tokens k
    WHERE k.invite = i.id AND k.replaced IS NULL) t ON true;
