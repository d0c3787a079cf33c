"""The tables, as a list of migrations: entry n brings a file from version n to n+1. Never edit one that was released."""

from __future__ import annotations

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE journal (
        seq INTEGER PRIMARY KEY,
        at TEXT NOT NULL,
        kind TEXT NOT NULL,
        role TEXT NOT NULL CHECK (role IN ('note', 'intent', 'outcome')),
        about INTEGER REFERENCES journal (seq),
        state TEXT NOT NULL DEFAULT '',
        ref TEXT NOT NULL DEFAULT '',
        account TEXT NOT NULL DEFAULT '',
        payload TEXT NOT NULL,
        previous TEXT NOT NULL,
        digest TEXT NOT NULL
    );
    CREATE INDEX journal_ref ON journal (ref, seq);
    CREATE INDEX journal_about ON journal (about) WHERE about IS NOT NULL;
    CREATE INDEX journal_intents ON journal (seq) WHERE role = 'intent';
    CREATE TRIGGER journal_is_never_changed BEFORE UPDATE ON journal
        BEGIN SELECT RAISE (ABORT, 'the journal is append-only'); END;
    CREATE TRIGGER journal_is_never_shortened BEFORE DELETE ON journal
        BEGIN SELECT RAISE (ABORT, 'the journal is append-only'); END;
    CREATE TRIGGER journal_only_grows_at_its_end BEFORE INSERT ON journal
        WHEN NEW.seq IS NOT (SELECT COALESCE(MAX(seq), 0) + 1 FROM journal)
          OR NEW.previous IS NOT COALESCE((SELECT digest FROM journal ORDER BY seq DESC LIMIT 1), '')
        BEGIN SELECT RAISE (ABORT, 'the journal is append-only'); END;

    CREATE TABLE decisions (key TEXT PRIMARY KEY, decision TEXT NOT NULL, at TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE steps (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        seq INTEGER NOT NULL,
        changes TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('made', 'undone', 'dropped'))
    );
    CREATE INDEX steps_state ON steps (state, id);

    CREATE TABLE inventories (
        hub TEXT NOT NULL, owner TEXT NOT NULL, at TEXT NOT NULL, data BLOB NOT NULL, PRIMARY KEY (hub, owner)
    );
    CREATE TABLE backups (
        key TEXT PRIMARY KEY, state TEXT NOT NULL, destination TEXT, proven INTEGER NOT NULL, total INTEGER NOT NULL,
        source_revision TEXT NOT NULL, proven_at TEXT, level TEXT NOT NULL, proof_id TEXT NOT NULL, why TEXT NOT NULL
    ) WITHOUT ROWID;

    CREATE TABLE manifests (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        key TEXT NOT NULL, owner TEXT NOT NULL, revision TEXT NOT NULL,
        listed_at TEXT, bytes INTEGER NOT NULL, data BLOB NOT NULL, UNIQUE (key, revision)
    );
    CREATE INDEX manifests_owner ON manifests (owner, key);

    CREATE TABLE jobs (
        id TEXT PRIMARY KEY,
        number INTEGER NOT NULL UNIQUE,
        source TEXT NOT NULL,
        spec TEXT NOT NULL,
        phase TEXT NOT NULL,
        fields TEXT NOT NULL,
        created_at TEXT NOT NULL,
        beat_at TEXT,
        cancel_requested INTEGER NOT NULL DEFAULT 0,
        log_size INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID;
    CREATE INDEX jobs_source ON jobs (source, number);
    CREATE TABLE chunks (
        job TEXT NOT NULL, number INTEGER NOT NULL, data TEXT NOT NULL, PRIMARY KEY (job, number)
    ) WITHOUT ROWID;
    CREATE TABLE log_lines (
        job TEXT NOT NULL, seq INTEGER NOT NULL, at TEXT NOT NULL, worker TEXT NOT NULL, chunk INTEGER NOT NULL,
        text TEXT NOT NULL, PRIMARY KEY (job, seq)
    ) WITHOUT ROWID;
    CREATE INDEX log_lines_chunk ON log_lines (job, chunk, seq);

    CREATE TABLE known_hashes (git_oid TEXT PRIMARY KEY, sha256 TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE uploads (
        place TEXT NOT NULL, sha256 TEXT NOT NULL, size INTEGER NOT NULL, at TEXT NOT NULL,
        PRIMARY KEY (place, sha256, size)
    ) WITHOUT ROWID;
    CREATE TABLE read_backs (
        place TEXT NOT NULL, revision TEXT NOT NULL, path BLOB NOT NULL, sha256 TEXT NOT NULL, size INTEGER NOT NULL,
        PRIMARY KEY (place, revision, path)
    ) WITHOUT ROWID;

    CREATE TABLE proofs (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        source TEXT NOT NULL, source_revision TEXT NOT NULL,
        destination TEXT NOT NULL, destination_revision TEXT NOT NULL,
        level TEXT NOT NULL, at TEXT NOT NULL, holds INTEGER NOT NULL, proven INTEGER NOT NULL, total INTEGER NOT NULL,
        counts TEXT NOT NULL, doubt TEXT NOT NULL, job_id TEXT NOT NULL, data BLOB NOT NULL
    );
    CREATE INDEX proofs_source ON proofs (source, at);

    CREATE TABLE view_state (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    """,
    "ALTER TABLE read_backs ADD COLUMN at TEXT NOT NULL DEFAULT '';",
    """
    CREATE TABLE tombstones (
        id TEXT PRIMARY KEY,
        key TEXT NOT NULL, at TEXT NOT NULL, refs TEXT NOT NULL, proof TEXT NOT NULL,
        folder TEXT NOT NULL, digest TEXT NOT NULL, contents INTEGER NOT NULL, bytes INTEGER NOT NULL,
        used INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID;
    CREATE INDEX tombstones_key ON tombstones (key, at);
    """,
    "ALTER TABLE jobs ADD COLUMN remote TEXT NOT NULL DEFAULT '';",
    """
    ALTER TABLE proofs ADD COLUMN ref TEXT NOT NULL DEFAULT '';
    ALTER TABLE proofs ADD COLUMN destination_ref TEXT NOT NULL DEFAULT '';
    ALTER TABLE proofs ADD COLUMN places TEXT NOT NULL DEFAULT '';
    """,
    "ALTER TABLE proofs ADD COLUMN oldest TEXT NOT NULL DEFAULT '';",
)
