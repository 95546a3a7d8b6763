-- The database that version 0.1.0 (commit d58d9f8, schema version 6) left behind when it was killed: tasks in every
-- state, reported over HTTP or run in the server, with log lines, histories, progress histories, a launch, a subtask
-- and a removed task. Dumped table by table; not to be edited.
PRAGMA application_id = 1953721203;
PRAGMA user_version = 6;
CREATE TABLE meta (name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE clients (
    client TEXT PRIMARY KEY,
    last_seq INTEGER NOT NULL,
    forgotten_seq INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
CREATE TABLE tasks (
    place INTEGER PRIMARY KEY,
    client TEXT NOT NULL,
    id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    ended_at REAL,
    removed INTEGER NOT NULL DEFAULT 0
  ) STRICT;
CREATE INDEX tasks_removed ON tasks (place) WHERE removed = 1;
CREATE TABLE records (place INTEGER PRIMARY KEY, record TEXT NOT NULL) STRICT;
CREATE TABLE launches (place INTEGER PRIMARY KEY, launch TEXT NOT NULL) STRICT;
CREATE TABLE removals (
    client TEXT NOT NULL,
    seq INTEGER NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (client, seq)
  ) STRICT, WITHOUT ROWID;
CREATE TABLE log_lines (
    place INTEGER NOT NULL,
    number INTEGER NOT NULL,
    at REAL NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (place, number)
  ) STRICT, WITHOUT ROWID;
CREATE TABLE history (
    place INTEGER NOT NULL,
    version INTEGER NOT NULL,
    at REAL NOT NULL,
    state TEXT NOT NULL,
    status TEXT NOT NULL,
    progress REAL,
    is_state INTEGER NOT NULL,
    PRIMARY KEY (place, version)
  ) STRICT, WITHOUT ROWID;
CREATE TABLE deliveries (
    id TEXT PRIMARY KEY,
    receiver TEXT NOT NULL,
    event TEXT NOT NULL,
    client TEXT NOT NULL,
    task_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    at REAL NOT NULL,
    size INTEGER NOT NULL,
    text TEXT NOT NULL
  ) STRICT;
CREATE TABLE runs (
    place INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at REAL NOT NULL,
    started_at REAL,
    updated_at REAL NOT NULL,
    finished_at REAL,
    progress REAL,
    parent_id TEXT,
    retry_of TEXT
  ) STRICT;
CREATE TABLE series (place INTEGER PRIMARY KEY, points TEXT NOT NULL) STRICT;
INSERT INTO meta (name, value) VALUES ('epoch', '59a570189a3a');
INSERT INTO meta (name, value) VALUES ('reserved_seq', 16777216);
INSERT INTO clients (client, last_seq, forgotten_seq) VALUES ('fixture', 26, 0);
INSERT INTO clients (client, last_seq, forgotten_seq) VALUES ('other', 42, 0);
INSERT INTO tasks (place, client, id, seq, ended_at, removed) VALUES (1, 'fixture', 'waiting', 1, NULL, 0);
INSERT INTO tasks (place, client, id, seq, ended_at, removed) VALUES (2, 'fixture', 'starting', 3, NULL, 0);
INSERT INTO tasks (place, client, id, seq, ended_at, removed) VALUES (3, 'fixture', 'processing', 8, NULL, 0);
INSERT INTO tasks (place, client, id, seq, ended_at, removed) VALUES (4, 'fixture', 'finished', 13, 1795971824.977, 0);
INSERT INTO tasks (place, client, id, seq, ended_at, removed) VALUES (5, 'fixture', 'failed', 16, 1795971824.98, 0);
INSERT INTO tasks (place, client, id, seq, ended_at, removed) VALUES (6, 'fixture', 'cancelled', 20, 1795971824.982, 0);
INSERT INTO tasks (place, client, id, seq, ended_at, removed) VALUES (7, 'fixture', 'parent', 26, NULL, 0);
INSERT INTO tasks (place, client, id, seq, ended_at, removed) VALUES (8, 'fixture', 'child', 25, NULL, 0);
INSERT INTO tasks (place, client, id, seq, ended_at, removed) VALUES (9, 'other', 'launched', 35, 1795971825.602, 0);
INSERT INTO tasks (place, client, id, seq, ended_at, removed) VALUES (10, 'other', 'gone', 38, 1795971826.189, 1);
INSERT INTO tasks (place, client, id, seq, ended_at, removed) VALUES (11, 'other', 'local', 42, NULL, 0);
INSERT INTO records (place, record) VALUES (1, '{"id":"waiting","name":"nightly import","state":"NOT_STARTED","status":"Not started","progress":null,"current":null,"total":null,"unit":null,"active":false,"created_at":1795971824.139,"started_at":null,"updated_at":1795971824.139,"finished_at":null,"eta":null,"eta_low":null,"eta_high":null,"rate":null,"eta_reason":null,"stale":false,"stale_after":null,"result":null,"error":null,"metadata":{"table":"users","deep":{"list":[1,null,"ä"]}},"tags":["night"],"parent_id":null,"weight":1,"attempt":1,"retry_of":null,"retryable":false,"cancel_requested":false,"log_count":0,"reporter":"http","report_seq":null,"version":1}');
INSERT INTO records (place, record) VALUES (2, '{"id":"starting","name":"nightly import","state":"STARTING","status":"Starting","progress":null,"current":null,"total":null,"unit":null,"active":true,"created_at":1795971824.171,"started_at":1795971824.171,"updated_at":1795971824.171,"finished_at":null,"eta":null,"eta_low":null,"eta_high":null,"rate":null,"eta_reason":"unknown_progress","stale":false,"stale_after":null,"result":null,"error":null,"metadata":{},"tags":[],"parent_id":null,"weight":1,"attempt":1,"retry_of":null,"retryable":false,"cancel_requested":false,"log_count":0,"reporter":"http","report_seq":null,"version":2}');
INSERT INTO records (place, record) VALUES (3, '{"id":"processing","name":"nightly import","state":"PROCESSING","status":"35.5 percent","progress":35.5,"current":null,"total":null,"unit":null,"active":true,"created_at":1795971824.183,"started_at":1795971824.185,"updated_at":1795971824.668,"finished_at":null,"eta":null,"eta_low":null,"eta_high":null,"rate":95.36,"eta_reason":"too_early","stale":false,"stale_after":3600,"result":null,"error":null,"metadata":{},"tags":[],"parent_id":null,"weight":1,"attempt":1,"retry_of":null,"retryable":false,"cancel_requested":false,"log_count":3,"reporter":"http","report_seq":null,"version":5}');
INSERT INTO records (place, record) VALUES (4, '{"id":"finished","name":"nightly import","state":"FINISHED","status":"60 percent","progress":100,"current":null,"total":null,"unit":null,"active":false,"created_at":1795971824.67,"started_at":1795971824.67,"updated_at":1795971824.977,"finished_at":1795971824.977,"eta":null,"eta_low":null,"eta_high":null,"rate":328.9,"eta_reason":null,"stale":false,"stale_after":null,"result":{"rows":12,"names":["x","ÿ"]},"error":null,"metadata":{},"tags":["a","b"],"parent_id":null,"weight":1,"attempt":1,"retry_of":null,"retryable":false,"cancel_requested":false,"log_count":2,"reporter":"http","report_seq":null,"version":5}');
INSERT INTO records (place, record) VALUES (5, '{"id":"failed","name":"export 💾 ''quoted''","state":"ERROR","status":"Error: no such file","progress":null,"current":null,"total":null,"unit":null,"active":false,"created_at":1795971824.979,"started_at":1795971824.979,"updated_at":1795971824.98,"finished_at":1795971824.98,"eta":null,"eta_low":null,"eta_high":null,"rate":null,"eta_reason":null,"stale":false,"stale_after":null,"result":null,"error":{"message":"no such file","type":"NotFound"},"metadata":{},"tags":[],"parent_id":null,"weight":1,"attempt":1,"retry_of":null,"retryable":false,"cancel_requested":false,"log_count":0,"reporter":"http","report_seq":null,"version":3}');
INSERT INTO records (place, record) VALUES (6, '{"id":"cancelled","name":"export","state":"CANCELLED","status":"Cancelled","progress":null,"current":null,"total":null,"unit":null,"active":false,"created_at":1795971824.981,"started_at":1795971824.981,"updated_at":1795971824.982,"finished_at":1795971824.982,"eta":null,"eta_low":null,"eta_high":null,"rate":null,"eta_reason":null,"stale":false,"stale_after":null,"result":null,"error":null,"metadata":{},"tags":[],"parent_id":null,"weight":1,"attempt":1,"retry_of":null,"retryable":false,"cancel_requested":true,"log_count":0,"reporter":"http","report_seq":null,"version":4}');
INSERT INTO records (place, record) VALUES (7, '{"id":"parent","name":"pipeline","state":"PROCESSING","status":"Processing","progress":50,"current":null,"total":null,"unit":null,"active":true,"created_at":1795971824.982,"started_at":1795971824.982,"updated_at":1795971824.983,"finished_at":null,"eta":null,"eta_low":null,"eta_high":null,"rate":null,"eta_reason":"too_early","stale":false,"stale_after":null,"result":null,"error":null,"metadata":{},"tags":[],"parent_id":null,"weight":1,"attempt":1,"retry_of":null,"retryable":false,"cancel_requested":false,"log_count":0,"reporter":"http","report_seq":null,"version":3}');
INSERT INTO records (place, record) VALUES (8, '{"id":"child","name":"step","state":"PROCESSING","status":"Processing","progress":50,"current":null,"total":null,"unit":null,"active":true,"created_at":1795971824.983,"started_at":1795971824.983,"updated_at":1795971824.983,"finished_at":null,"eta":null,"eta_low":null,"eta_high":null,"rate":null,"eta_reason":"too_early","stale":false,"stale_after":null,"result":null,"error":null,"metadata":{},"tags":[],"parent_id":"parent","weight":2,"attempt":1,"retry_of":null,"retryable":false,"cancel_requested":false,"log_count":0,"reporter":"http","report_seq":null,"version":3}');
INSERT INTO records (place, record) VALUES (9, '{"id":"launched","name":"copy","state":"FINISHED","status":"File 4","progress":100,"current":4,"total":4,"unit":"files","active":false,"created_at":1795971824.984,"started_at":1795971824.984,"updated_at":1795971825.601,"finished_at":1795971825.601,"eta":null,"eta_low":null,"eta_high":null,"rate":8.114,"eta_reason":null,"stale":false,"stale_after":null,"result":{"copied":["a.txt",{"b":[null]}]},"error":null,"metadata":{},"tags":["copy"],"parent_id":null,"weight":1,"attempt":1,"retry_of":null,"retryable":true,"cancel_requested":false,"log_count":1,"reporter":null,"report_seq":null,"version":9}');
INSERT INTO records (place, record) VALUES (10, '{"id":"gone","name":"gone","state":"FINISHED","status":"Finished","progress":100,"current":null,"total":null,"unit":null,"active":false,"created_at":1795971826.186,"started_at":1795971826.186,"updated_at":1795971826.189,"finished_at":1795971826.189,"eta":null,"eta_low":null,"eta_high":null,"rate":null,"eta_reason":null,"stale":false,"stale_after":null,"result":1,"error":null,"metadata":{},"tags":[],"parent_id":null,"weight":1,"attempt":1,"retry_of":null,"retryable":false,"cancel_requested":false,"log_count":0,"reporter":"http","report_seq":null,"version":3}');
INSERT INTO records (place, record) VALUES (11, '{"id":"local","name":"local","state":"PROCESSING","status":"Running","progress":20,"current":null,"total":null,"unit":null,"active":true,"created_at":1795971826.191,"started_at":1795971826.191,"updated_at":1795971826.191,"finished_at":null,"eta":null,"eta_low":null,"eta_high":null,"rate":null,"eta_reason":"too_early","stale":false,"stale_after":null,"result":null,"error":null,"metadata":{},"tags":[],"parent_id":null,"weight":1,"attempt":1,"retry_of":null,"retryable":false,"cancel_requested":false,"log_count":0,"reporter":null,"report_seq":null,"version":3}');
INSERT INTO launches (place, launch) VALUES (9, '{"name":"copy","args":["a.txt",{"b":[null]}]}');
INSERT INTO removals (client, seq, id) VALUES ('other', 39, 'gone');
INSERT INTO log_lines (place, number, at, text) VALUES (3, 0, 1795971824.668, 'first line');
INSERT INTO log_lines (place, number, at, text) VALUES (3, 1, 1795971824.668, 'second line');
INSERT INTO log_lines (place, number, at, text) VALUES (3, 2, 1795971824.668, 'ünïcode 🚀');
INSERT INTO log_lines (place, number, at, text) VALUES (4, 0, 1795971824.975, 'a');
INSERT INTO log_lines (place, number, at, text) VALUES (4, 1, 1795971824.975, 'b');
INSERT INTO log_lines (place, number, at, text) VALUES (9, 0, 1795971824.985, 'Copying 2 files');
INSERT INTO history (place, version, at, state, status, progress, is_state) VALUES (1, 1, 1795971824.139, 'NOT_STARTED', 'Not started', NULL, 1);
INSERT INTO history (place, version, at, state, status, progress, is_state) VALUES (2, 1, 1795971824.171, 'NOT_STARTED', 'Not started', NULL, 1);
INSERT INTO history (place, version, at, state, status, progress, is_state) VALUES (2, 2, 1795971824.171, 'STARTING', 'Starting', NULL, 1);
INSERT INTO history (place, version, at, state, status, progress, is_state) VALUES (3, 1, 1795971824.183, 'NOT_STARTED', 'Not started', NULL, 1);
INSERT INTO history (place, version, at, state, status, progress, is_state) VALUES (3, 2, 1795971824.185, 'PROCESSING', '5 percent', 5, 1);
INSERT INTO history (place, version, at, state, status, progress, is_state) VALUES (3, 3, 1795971824.346, 'PROCESSING', '10 percent', 10, 0);
INSERT INTO history (place, version, at, state, status, progress, is_state) VALUES (3, 4, 1795971824.506, 'PROCESSING', '35.5 percent', 35.5, 0);
INSERT INTO history (place, version, at, state, status, progress, is_state) VALUES (4, 1, 1795971824.67, 'NOT_STARTED', 'Not started', NULL, 1);
INSERT INTO history (place, version, at, state, status, progress, is_state) VALUES (4, 2, 1795971824.67, 'PROCESSING', '10 percent', 10, 1);
INSERT INTO history (place, version, at, state, status, progress, is_state) VALUES (4, 3, 1795971824.822, 'PROCESSING', '60 percent', 60, 0);
INSERT INTO history (place, version, at, state, status, progress, is_state) VALUES (4, 5, 1795971824.977, 'FINISHED', '60 percent', 100, 1);
INSERT INTO history (place, version, at, state, status, progress, is_state) VALUES (5, 1, 1795971824.979, 'NOT_STARTED', 'Not started', NULL, 1);
INSERT INTO history (place, version, at, state, status, progress, is_state) VALUES (5, 2, 1795971824.979, 'STARTING', 'Starting', NULL, 1);
INSERT INTO history (place, version, at, state, status, progress, is_state) VALUES (5, 3, 1795971824.98, 'ERROR', 'Error: no such file', NULL, 1);
INSERT INTO history (place, version, at, state, status, progress, is_state) VALUES (6, 1, 1795971824.981, 'NOT_STARTED', 'Not started', NULL, 1);
INSERT INTO history (place, version, at, state, status, progress, is_state) VALUES (6, 2, 1795971824.981, 'STARTING', 'Starting', NULL, 1);
INSERT INTO history (place, version, at, state, status, progress, is_state) VALUES (6, 4, 1795971824.982, 'CANCELLED', 'Cancelled', NULL, 1);
INSERT INTO history (place, version, at, state, status, progress, is_state) VALUES (7, 1, 1795971824.982, 'NOT_STARTED', 'Not started', NULL, 1);
INSERT INTO history (place, version, at, state, status, progress, is_state) VALUES (7, 2, 1795971824.982, 'STARTING', 'Starting', NULL, 1);
INSERT INTO history (place, version, at, state, status, progress, is_state) VALUES (7, 3, 1795971824.983, 'PROCESSING', 'Processing', 50, 1);
INSERT INTO history (place, version, at, state, status, progress, is_state) VALUES (8, 1, 1795971824.983, 'NOT_STARTED', 'Not started', NULL, 1);
INSERT INTO history (place, version, at, state, status, progress, is_state) VALUES (8, 2, 1795971824.983, 'STARTING', 'Starting', NULL, 1);
INSERT INTO history (place, version, at, state, status, progress, is_state) VALUES (8, 3, 1795971824.983, 'PROCESSING', 'Processing', 50, 1);
INSERT INTO history (place, version, at, state, status, progress, is_state) VALUES (9, 1, 1795971824.984, 'NOT_STARTED', 'Not started', NULL, 1);
INSERT INTO history (place, version, at, state, status, progress, is_state) VALUES (9, 2, 1795971824.984, 'STARTING', 'Starting', NULL, 1);
INSERT INTO history (place, version, at, state, status, progress, is_state) VALUES (9, 3, 1795971824.985, 'PROCESSING', 'File 0', 0, 1);
INSERT INTO history (place, version, at, state, status, progress, is_state) VALUES (9, 5, 1795971825.108, 'PROCESSING', 'File 1', 25, 0);
INSERT INTO history (place, version, at, state, status, progress, is_state) VALUES (9, 6, 1795971825.232, 'PROCESSING', 'File 2', 50, 0);
INSERT INTO history (place, version, at, state, status, progress, is_state) VALUES (9, 7, 1795971825.355, 'PROCESSING', 'File 3', 75, 0);
INSERT INTO history (place, version, at, state, status, progress, is_state) VALUES (9, 8, 1795971825.478, 'PROCESSING', 'File 4', 100, 0);
INSERT INTO history (place, version, at, state, status, progress, is_state) VALUES (9, 9, 1795971825.601, 'FINISHED', 'File 4', 100, 1);
INSERT INTO history (place, version, at, state, status, progress, is_state) VALUES (10, 1, 1795971826.186, 'NOT_STARTED', 'Not started', NULL, 1);
INSERT INTO history (place, version, at, state, status, progress, is_state) VALUES (10, 2, 1795971826.186, 'STARTING', 'Starting', NULL, 1);
INSERT INTO history (place, version, at, state, status, progress, is_state) VALUES (10, 3, 1795971826.189, 'FINISHED', 'Finished', 100, 1);
INSERT INTO history (place, version, at, state, status, progress, is_state) VALUES (11, 1, 1795971826.191, 'NOT_STARTED', 'Not started', NULL, 1);
INSERT INTO history (place, version, at, state, status, progress, is_state) VALUES (11, 2, 1795971826.191, 'STARTING', 'Starting', NULL, 1);
INSERT INTO history (place, version, at, state, status, progress, is_state) VALUES (11, 3, 1795971826.191, 'PROCESSING', 'Running', 20, 1);
INSERT INTO runs (place, name, state, created_at, started_at, updated_at, finished_at, progress, parent_id, retry_of) VALUES (4, 'nightly import', 'FINISHED', 1795971824.67, 1795971824.67, 1795971824.977, 1795971824.977, 100, NULL, NULL);
INSERT INTO runs (place, name, state, created_at, started_at, updated_at, finished_at, progress, parent_id, retry_of) VALUES (5, 'export 💾 ''quoted''', 'ERROR', 1795971824.979, 1795971824.979, 1795971824.98, 1795971824.98, NULL, NULL, NULL);
INSERT INTO runs (place, name, state, created_at, started_at, updated_at, finished_at, progress, parent_id, retry_of) VALUES (6, 'export', 'CANCELLED', 1795971824.981, 1795971824.981, 1795971824.982, 1795971824.982, NULL, NULL, NULL);
INSERT INTO runs (place, name, state, created_at, started_at, updated_at, finished_at, progress, parent_id, retry_of) VALUES (9, 'copy', 'FINISHED', 1795971824.984, 1795971824.984, 1795971825.601, 1795971825.601, 100, NULL, NULL);
INSERT INTO runs (place, name, state, created_at, started_at, updated_at, finished_at, progress, parent_id, retry_of) VALUES (10, 'gone', 'FINISHED', 1795971826.186, 1795971826.186, 1795971826.189, 1795971826.189, 100, NULL, NULL);
INSERT INTO series (place, points) VALUES (4, '[[1795971824.67,10],[1795971824.822,60],[1795971824.975,60],[1795971824.977,100]]');
INSERT INTO series (place, points) VALUES (9, '[[1795971824.985,0],[1795971825.108,25],[1795971825.232,50],[1795971825.355,75],[1795971825.478,100],[1795971825.601,100]]');
