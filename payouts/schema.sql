-- The books' schema, in numbered migrations that are never edited once released: a change is a
-- new migration at the end. MariaDB >= 10.5 or MySQL >= 8.0.16.
--
-- "-- migration N" begins one; "-- step" begins each of its statements. DDL is not transactional:
-- a migration that was interrupted goes on at its first unfinished step, and what that step had
-- made already ("already exists") is taken as made. docs/money.md tells what the books mean.

-- migration 1

-- step
CREATE TABLE setting (
  name VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  value VARCHAR(190) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin

-- step
CREATE TABLE books (
  id TINYINT UNSIGNED NOT NULL PRIMARY KEY,
  sealed_through BIGINT UNSIGNED NOT NULL,
  ledger_head BINARY(32) NOT NULL,
  CHECK (id = 1)
) ENGINE=InnoDB

-- step
INSERT IGNORE INTO books (id, sealed_through, ledger_head) VALUES (1, 0, REPEAT(CHAR(0), 32))

-- step
CREATE TABLE lease (
  name VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  epoch BIGINT UNSIGNED NOT NULL,
  holder VARCHAR(64) NOT NULL,
  until_ms BIGINT UNSIGNED NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin

-- step
INSERT IGNORE INTO lease (name, epoch, holder, until_ms) VALUES ('accountant', 0, '', 0), ('payouts', 0, '', 0)

-- step
CREATE TABLE account (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(100) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  script VARBINARY(64) NULL,
  payout_address VARCHAR(100) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  fee_bps SMALLINT UNSIGNED NULL,
  donation_bps SMALLINT UNSIGNED NOT NULL DEFAULT 0,
  salt BINARY(32) NOT NULL,
  created_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  UNIQUE KEY account_name (name),
  UNIQUE KEY account_script (script),
  CHECK (COALESCE(fee_bps, 0) + donation_bps <= 10000)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin

-- step
CREATE TABLE producer (
  name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  mark BIGINT UNSIGNED NOT NULL DEFAULT 0,
  watermark_ms BIGINT UNSIGNED NOT NULL DEFAULT 0,
  retired BOOL NOT NULL DEFAULT 0,
  gap BOOL NOT NULL DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin

-- step
CREATE TABLE producer_member (
  producer VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  handle BIGINT UNSIGNED NOT NULL,
  account_id BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (producer, handle)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin

-- step
CREATE TABLE producer_worker (
  producer VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  handle INT UNSIGNED NOT NULL,
  member BIGINT UNSIGNED NOT NULL,
  name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  PRIMARY KEY (producer, handle)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin

-- step
CREATE TABLE slot (
  slot_id BIGINT UNSIGNED NOT NULL PRIMARY KEY,
  shares BIGINT UNSIGNED NOT NULL,
  stale BIGINT UNSIGNED NOT NULL,
  work DECIMAL(38,0) NOT NULL,
  score DECIMAL(38,0) NOT NULL,
  cum_shares BIGINT UNSIGNED NOT NULL,
  cum_stale BIGINT UNSIGNED NOT NULL,
  cum_score DECIMAL(38,0) NOT NULL,
  root BINARY(32) NOT NULL,
  chain BINARY(32) NOT NULL,
  sealed_at_ms BIGINT UNSIGNED NOT NULL
) ENGINE=InnoDB

-- step
CREATE TABLE slot_leaves (
  slot_id BIGINT UNSIGNED NOT NULL,
  account_id BIGINT UNSIGNED NOT NULL,
  producer VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  first_seq BIGINT UNSIGNED NOT NULL,
  leaves MEDIUMBLOB NOT NULL,
  PRIMARY KEY (slot_id, account_id, producer, first_seq)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin

-- step
CREATE TABLE slot_root (
  slot_id BIGINT UNSIGNED NOT NULL,
  account_id BIGINT UNSIGNED NOT NULL,
  records INT UNSIGNED NOT NULL,
  score DECIMAL(38,0) NOT NULL,
  root BINARY(32) NOT NULL,
  PRIMARY KEY (slot_id, account_id)
) ENGINE=InnoDB

-- step
CREATE TABLE slot_account (
  slot_id BIGINT UNSIGNED NOT NULL,
  account_id BIGINT UNSIGNED NOT NULL,
  site_id BIGINT UNSIGNED NOT NULL DEFAULT 0,
  shares BIGINT UNSIGNED NOT NULL,
  stale BIGINT UNSIGNED NOT NULL,
  late BIGINT UNSIGNED NOT NULL,
  work DECIMAL(38,0) NOT NULL,
  stale_work DECIMAL(38,0) NOT NULL,
  score DECIMAL(38,0) NOT NULL,
  PRIMARY KEY (slot_id, account_id, site_id),
  KEY slot_account_account (account_id, slot_id)
) ENGINE=InnoDB

-- step
CREATE TABLE worker_sum (
  period BIGINT UNSIGNED NOT NULL,
  account_id BIGINT UNSIGNED NOT NULL,
  worker VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  shares BIGINT UNSIGNED NOT NULL,
  stale BIGINT UNSIGNED NOT NULL,
  work DECIMAL(38,0) NOT NULL,
  PRIMARY KEY (period, account_id, worker)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin

-- step
CREATE TABLE worker_day (
  day BIGINT UNSIGNED NOT NULL,
  account_id BIGINT UNSIGNED NOT NULL,
  worker VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  shares BIGINT UNSIGNED NOT NULL,
  stale BIGINT UNSIGNED NOT NULL,
  work DECIMAL(38,0) NOT NULL,
  PRIMARY KEY (day, account_id, worker)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin

-- step
CREATE TABLE account_total (
  account_id BIGINT UNSIGNED NOT NULL PRIMARY KEY,
  shares BIGINT UNSIGNED NOT NULL,
  stale BIGINT UNSIGNED NOT NULL,
  work DECIMAL(38,0) NOT NULL,
  last_slot BIGINT UNSIGNED NOT NULL
) ENGINE=InnoDB

-- step
CREATE TABLE block_found (
  hash BINARY(32) NOT NULL PRIMARY KEY,
  height INT UNSIGNED NOT NULL,
  found_slot BIGINT UNSIGNED NOT NULL,
  found_at_ms BIGINT UNSIGNED NOT NULL,
  finder VARCHAR(100) NOT NULL,
  worker VARCHAR(64) NOT NULL,
  header BINARY(80) NOT NULL,
  coinbase_tx MEDIUMBLOB NOT NULL,
  reward_sat BIGINT UNSIGNED NOT NULL CHECK (reward_sat <= 2100000000000000),
  fee_bps SMALLINT UNSIGNED NOT NULL CHECK (fee_bps <= 10000),
  state ENUM('submitted','immature','mature','orphaned','rejected') NOT NULL DEFAULT 'submitted',
  books ENUM('nothing','accrued','matured') NOT NULL DEFAULT 'nothing',
  epoch INT UNSIGNED NOT NULL DEFAULT 1,
  place ENUM('unknown','in_chain','beside') NOT NULL DEFAULT 'unknown',
  confirmations INT UNSIGNED NOT NULL DEFAULT 0,
  rival_confirmations INT UNSIGNED NOT NULL DEFAULT 0,
  window_first BIGINT UNSIGNED NULL,
  window_cut DECIMAL(38,0) NULL,
  window_score DECIMAL(38,0) NULL,
  KEY block_found_height (height),
  KEY block_found_state (state, height)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin

-- step
CREATE TABLE block_credit (
  block_hash BINARY(32) NOT NULL,
  epoch INT UNSIGNED NOT NULL,
  account_id BIGINT UNSIGNED NOT NULL,
  weight DECIMAL(38,0) NOT NULL,
  gross_sat BIGINT UNSIGNED NOT NULL,
  fee_sat BIGINT UNSIGNED NOT NULL,
  donation_sat BIGINT UNSIGNED NOT NULL,
  net_sat BIGINT UNSIGNED NOT NULL,
  fee_bps SMALLINT UNSIGNED NOT NULL,
  donation_bps SMALLINT UNSIGNED NOT NULL,
  PRIMARY KEY (block_hash, epoch, account_id),
  KEY block_credit_account (account_id),
  CHECK (gross_sat = fee_sat + donation_sat + net_sat)
) ENGINE=InnoDB

-- step
CREATE TABLE ledger_account (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  code VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  side ENUM('debit','credit') NOT NULL,
  member_id BIGINT UNSIGNED NULL,
  may_go_negative BOOL NOT NULL DEFAULT 0,
  UNIQUE KEY ledger_account_code (code),
  KEY ledger_account_member (member_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin

-- step
CREATE TABLE ledger_balance (
  account_id BIGINT UNSIGNED NOT NULL PRIMARY KEY,
  side ENUM('debit','credit') NOT NULL,
  may_go_negative BOOL NOT NULL DEFAULT 0,
  debits_sat BIGINT UNSIGNED NOT NULL DEFAULT 0,
  credits_sat BIGINT UNSIGNED NOT NULL DEFAULT 0,
  CHECK (may_go_negative = 1 OR (side = 'debit' AND debits_sat >= credits_sat)
         OR (side = 'credit' AND credits_sat >= debits_sat)),
  FOREIGN KEY (account_id) REFERENCES ledger_account (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin

-- step
CREATE TABLE ledger_event (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  idem_key VARCHAR(120) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  kind VARCHAR(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  ref VARCHAR(80) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  actor VARCHAR(64) NOT NULL,
  payload MEDIUMTEXT NOT NULL,
  at_ms BIGINT UNSIGNED NOT NULL,
  prev_hash BINARY(32) NOT NULL,
  hash BINARY(32) NOT NULL,
  UNIQUE KEY ledger_event_key (idem_key),
  UNIQUE KEY ledger_event_hash (hash)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin

-- step
CREATE TABLE ledger_transfer (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  event_id BIGINT UNSIGNED NOT NULL,
  line INT UNSIGNED NOT NULL,
  debit_id BIGINT UNSIGNED NOT NULL,
  credit_id BIGINT UNSIGNED NOT NULL,
  amount_sat BIGINT UNSIGNED NOT NULL,
  UNIQUE KEY ledger_transfer_line (event_id, line),
  KEY ledger_transfer_debit (debit_id, id),
  KEY ledger_transfer_credit (credit_id, id),
  CHECK (amount_sat > 0 AND amount_sat <= 2100000000000000),
  CHECK (debit_id <> credit_id),
  FOREIGN KEY (event_id) REFERENCES ledger_event (id),
  FOREIGN KEY (debit_id) REFERENCES ledger_account (id),
  FOREIGN KEY (credit_id) REFERENCES ledger_account (id)
) ENGINE=InnoDB

-- step
CREATE TRIGGER ledger_account_balance AFTER INSERT ON ledger_account FOR EACH ROW
  INSERT INTO ledger_balance (account_id, side, may_go_negative)
  VALUES (NEW.id, NEW.side, NEW.may_go_negative)

-- step
CREATE TRIGGER ledger_transfer_balance AFTER INSERT ON ledger_transfer FOR EACH ROW
BEGIN
  UPDATE ledger_balance SET debits_sat = debits_sat + NEW.amount_sat
    WHERE account_id = NEW.debit_id;
  IF ROW_COUNT() <> 1 THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no balance row for the debit';
  END IF;
  UPDATE ledger_balance SET credits_sat = credits_sat + NEW.amount_sat
    WHERE account_id = NEW.credit_id;
  IF ROW_COUNT() <> 1 THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no balance row for the credit';
  END IF;
END

-- step
CREATE TRIGGER ledger_transfer_no_update BEFORE UPDATE ON ledger_transfer FOR EACH ROW
  SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'ledger_transfer is append-only'

-- step
CREATE TRIGGER ledger_transfer_no_delete BEFORE DELETE ON ledger_transfer FOR EACH ROW
  SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'ledger_transfer is append-only'

-- step
CREATE TRIGGER ledger_event_no_update BEFORE UPDATE ON ledger_event FOR EACH ROW
  SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'ledger_event is append-only'

-- step
CREATE TRIGGER ledger_event_no_delete BEFORE DELETE ON ledger_event FOR EACH ROW
  SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'ledger_event is append-only'

-- migration 2

-- step
CREATE TABLE block_answer (
  block_hash BINARY(32) NOT NULL,
  node VARCHAR(64) NOT NULL,
  at_ms BIGINT UNSIGNED NOT NULL,
  outcome VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  reason VARCHAR(190) NOT NULL,
  took_ms BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (block_hash, node, at_ms)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin

-- migration 3

-- step
CREATE TABLE audit_event (
  id BIGINT UNSIGNED NOT NULL PRIMARY KEY,
  at_ms BIGINT UNSIGNED NOT NULL,
  kind VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  about BIGINT UNSIGNED NOT NULL,
  actor VARCHAR(64) NOT NULL,
  role VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  host VARCHAR(64) NOT NULL,
  method VARCHAR(64) NOT NULL,
  params MEDIUMTEXT NOT NULL,
  repeats BIGINT UNSIGNED NOT NULL,
  prev_hash BINARY(32) NOT NULL,
  hash BINARY(32) NOT NULL,
  UNIQUE KEY audit_event_hash (hash),
  KEY audit_event_actor (actor, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin

-- step
CREATE TABLE audit_head (
  id TINYINT UNSIGNED NOT NULL PRIMARY KEY,
  last_id BIGINT UNSIGNED NOT NULL,
  hash BINARY(32) NOT NULL,
  CHECK (id = 1)
) ENGINE=InnoDB

-- step
INSERT IGNORE INTO audit_head (id, last_id, hash) VALUES (1, 0, REPEAT(CHAR(0), 32))

-- step
CREATE TRIGGER audit_event_head AFTER INSERT ON audit_event FOR EACH ROW
BEGIN
  UPDATE audit_head SET last_id = NEW.id, hash = NEW.hash
    WHERE id = 1 AND last_id + 1 = NEW.id AND hash = NEW.prev_hash;
  IF ROW_COUNT() <> 1 THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'does not follow the last row of audit_event';
  END IF;
END

-- step
CREATE TRIGGER audit_event_no_update BEFORE UPDATE ON audit_event FOR EACH ROW
  SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'audit_event is append-only'

-- step
CREATE TRIGGER audit_event_no_delete BEFORE DELETE ON audit_event FOR EACH ROW
  SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'audit_event is append-only'

-- migration 4

-- step
CREATE TABLE account_setting (
  account_id BIGINT UNSIGNED NOT NULL PRIMARY KEY,
  minimum_sat BIGINT UNSIGNED NULL,
  hold_reason VARCHAR(190) NULL,
  held_by VARCHAR(64) NULL,
  held_at_ms BIGINT UNSIGNED NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin

-- step
CREATE TABLE address_change (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  account_id BIGINT UNSIGNED NOT NULL,
  state ENUM('asked','locked','active','replaced','cancelled') NOT NULL,
  proof ENUM('none','signature','approvals') NOT NULL,
  height INT UNSIGNED NOT NULL,
  message VARCHAR(4000) NOT NULL,
  signer VARCHAR(100) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  signature VARCHAR(256) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  asked_by VARCHAR(64) NOT NULL,
  asked_at_ms BIGINT UNSIGNED NOT NULL,
  locked_until_ms BIGINT UNSIGNED NULL,
  ended_by VARCHAR(64) NOT NULL DEFAULT '',
  ended_at_ms BIGINT UNSIGNED NULL,
  active_key BIGINT UNSIGNED AS (IF(state = 'active', account_id, NULL)) STORED,
  open_key BIGINT UNSIGNED AS (IF(state IN ('asked','locked'), account_id, NULL)) STORED,
  UNIQUE KEY address_change_active (active_key),
  UNIQUE KEY address_change_open (open_key),
  KEY address_change_account (account_id),
  KEY address_change_due (state, locked_until_ms),
  CHECK ((state = 'asked' AND locked_until_ms IS NULL AND proof = 'none') OR state = 'cancelled'
         OR (locked_until_ms IS NOT NULL AND proof <> 'none'))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin

-- step
CREATE TABLE account_address (
  change_id BIGINT UNSIGNED NOT NULL,
  line TINYINT UNSIGNED NOT NULL,
  address VARCHAR(100) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  script VARBINARY(64) NOT NULL,
  parts SMALLINT UNSIGNED NOT NULL CHECK (parts > 0 AND parts <= 10000),
  PRIMARY KEY (change_id, line),
  UNIQUE KEY account_address_script (change_id, script),
  FOREIGN KEY (change_id) REFERENCES address_change (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin

-- step
CREATE TABLE address_approval (
  change_id BIGINT UNSIGNED NOT NULL,
  approver VARCHAR(64) NOT NULL,
  at_ms BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (change_id, approver),
  FOREIGN KEY (change_id) REFERENCES address_change (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin

-- migration 5

-- step
CREATE TABLE payout_batch (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  request_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  state ENUM('draft','approved','built','signed','broadcast','confirmed','cancelling','cancelled') NOT NULL DEFAULT 'draft',
  signs ENUM('wallet','offline') NOT NULL,
  fee_payer ENUM('pool','recipients') NOT NULL,
  total_sat BIGINT UNSIGNED NOT NULL,
  fee_max_sat BIGINT UNSIGNED NOT NULL,
  items_digest BINARY(32) NOT NULL DEFAULT '',
  created_by VARCHAR(64) NOT NULL,
  created_at_ms BIGINT UNSIGNED NOT NULL,
  anchor_txid BINARY(32) NULL,
  anchor_vout INT UNSIGNED NULL,
  bump_rate INT UNSIGNED NOT NULL DEFAULT 0,
  closed BOOL NOT NULL DEFAULT 0,
  UNIQUE KEY payout_batch_request (request_id),
  UNIQUE KEY payout_batch_anchor (anchor_txid, anchor_vout),
  KEY payout_batch_state (state, closed)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin

-- step
CREATE TABLE payout_item (
  batch_id BIGINT UNSIGNED NOT NULL,
  line INT UNSIGNED NOT NULL,
  account_id BIGINT UNSIGNED NOT NULL,
  address VARCHAR(100) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  script VARBINARY(64) NOT NULL,
  amount_sat BIGINT UNSIGNED NOT NULL,
  fee_share_sat BIGINT UNSIGNED NOT NULL,
  recently_changed BOOL NOT NULL,
  PRIMARY KEY (batch_id, line),
  KEY payout_item_account (account_id, batch_id),
  CHECK (amount_sat > fee_share_sat AND amount_sat <= 2100000000000000),
  FOREIGN KEY (batch_id) REFERENCES payout_batch (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin

-- step
CREATE TABLE payout_approval (
  batch_id BIGINT UNSIGNED NOT NULL,
  admin VARCHAR(64) NOT NULL,
  items_digest BINARY(32) NOT NULL,
  at_ms BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (batch_id, admin),
  FOREIGN KEY (batch_id) REFERENCES payout_batch (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin

-- step
CREATE TABLE payout_tx (
  batch_id BIGINT UNSIGNED NOT NULL,
  attempt INT UNSIGNED NOT NULL,
  purpose ENUM('pay','bump','cancel') NOT NULL,
  txid BINARY(32) NOT NULL,
  psbt MEDIUMTEXT NOT NULL,
  raw MEDIUMBLOB NULL,
  fee_sat BIGINT UNSIGNED NOT NULL,
  made_at_ms BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (batch_id, attempt),
  FOREIGN KEY (batch_id) REFERENCES payout_batch (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin

-- step
CREATE TABLE control (
  name VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  value VARCHAR(64) NOT NULL,
  set_by VARCHAR(64) NOT NULL,
  at_ms BIGINT UNSIGNED NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin

-- step
CREATE TRIGGER payout_batch_fixed BEFORE UPDATE ON payout_batch FOR EACH ROW
BEGIN
  IF OLD.anchor_txid IS NOT NULL AND NOT (NEW.anchor_txid <=> OLD.anchor_txid AND NEW.anchor_vout <=> OLD.anchor_vout) THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'a payout keeps its anchor';
  END IF;
  IF OLD.items_digest <> REPEAT(CHAR(0), 32) AND (NEW.items_digest <> OLD.items_digest OR NEW.total_sat <> OLD.total_sat
      OR NEW.fee_max_sat <> OLD.fee_max_sat OR NEW.created_by <> OLD.created_by) THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'what is approved of a payout does not change';
  END IF;
  IF OLD.state IN ('confirmed', 'cancelled') AND NEW.state <> OLD.state THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'a payout that has ended does not begin again';
  END IF;
END

-- step
CREATE TRIGGER payout_tx_fixed BEFORE UPDATE ON payout_tx FOR EACH ROW
BEGIN
  IF OLD.raw IS NOT NULL OR NEW.psbt <> OLD.psbt OR NEW.purpose <> OLD.purpose OR NEW.fee_sat <> OLD.fee_sat THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'a transaction that is stored does not change';
  END IF;
END

-- migration 6

-- step
-- From a slot on. Rows are only added, and only for slots that are not here yet: the terms of a
-- slot can be looked up for ever. Of several rows of one slot the newest counts. account_id 0: all
-- that have no fee of their own; bps NULL: none of its own any more.
CREATE TABLE fee_schedule (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  account_id BIGINT UNSIGNED NOT NULL,
  from_slot BIGINT UNSIGNED NOT NULL,
  bps SMALLINT UNSIGNED NULL CHECK (bps <= 10000),
  set_by VARCHAR(64) NOT NULL,
  set_at_ms BIGINT UNSIGNED NOT NULL,
  KEY fee_schedule_slot (account_id, from_slot, id),
  CHECK (account_id > 0 OR bps IS NOT NULL)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin

-- step
CREATE TABLE donation_schedule (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  account_id BIGINT UNSIGNED NOT NULL CHECK (account_id > 0),
  from_slot BIGINT UNSIGNED NOT NULL,
  bps SMALLINT UNSIGNED NULL CHECK (bps <= 10000),
  set_by VARCHAR(64) NOT NULL,
  set_at_ms BIGINT UNSIGNED NOT NULL,
  KEY donation_schedule_slot (account_id, from_slot, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin

-- step
CREATE TABLE window_schedule (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  from_slot BIGINT UNSIGNED NOT NULL,
  size DECIMAL(38,0) NOT NULL CHECK (size > 0),
  set_by VARCHAR(64) NOT NULL,
  set_at_ms BIGINT UNSIGNED NOT NULL,
  KEY window_schedule_slot (from_slot, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin

-- step
-- account.fee_bps and account.donation_bps move here and are not read any more.
INSERT INTO fee_schedule (account_id, from_slot, bps, set_by, set_at_ms)
  SELECT id, 0, fee_bps, '', 0 FROM account WHERE fee_bps IS NOT NULL AND id NOT IN
    (SELECT account_id FROM fee_schedule)

-- step
INSERT INTO donation_schedule (account_id, from_slot, bps, set_by, set_at_ms)
  SELECT id, 0, donation_bps, '', 0 FROM account WHERE donation_bps > 0 AND id NOT IN
    (SELECT account_id FROM donation_schedule)

-- migration 7

-- step
CREATE TABLE site (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  account_id BIGINT UNSIGNED NOT NULL,
  name VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  UNIQUE KEY site_name (account_id, name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin

-- step
-- Workers whose names begin with prefix, from a slot on that is not here yet. Rows are only added.
CREATE TABLE site_rule (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  account_id BIGINT UNSIGNED NOT NULL,
  prefix VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  site_id BIGINT UNSIGNED NOT NULL,
  from_slot BIGINT UNSIGNED NOT NULL,
  set_by VARCHAR(64) NOT NULL,
  set_at_ms BIGINT UNSIGNED NOT NULL,
  KEY site_rule_account (account_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin

-- step
ALTER TABLE books ADD COLUMN site_version BIGINT UNSIGNED NOT NULL DEFAULT 0

-- migration 8

-- step
ALTER TABLE producer ADD COLUMN owner VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT ''

-- migration 9

-- step
CREATE TABLE share_gap (
  producer VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  after_seq BIGINT UNSIGNED NOT NULL,
  records BIGINT UNSIGNED NOT NULL CHECK (records > 0),
  accepted_by VARCHAR(64) NOT NULL,
  at_ms BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (producer, after_seq, at_ms)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin

-- step
CREATE TRIGGER share_gap_no_update BEFORE UPDATE ON share_gap FOR EACH ROW
  SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'share_gap is append-only'

-- step
CREATE TRIGGER share_gap_no_delete BEFORE DELETE ON share_gap FOR EACH ROW
  SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'share_gap is append-only'

-- migration 10

-- step
CREATE TRIGGER books_sealed_stay BEFORE UPDATE ON books FOR EACH ROW
BEGIN
  IF NEW.sealed_through < OLD.sealed_through THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'a sealed slot does not open again';
  END IF;
END

-- step
CREATE TRIGGER slot_account_sealed BEFORE UPDATE ON slot_account FOR EACH ROW
BEGIN
  IF LEAST(OLD.slot_id, NEW.slot_id) <= (SELECT sealed_through FROM books WHERE id = 1) THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'a sealed slot does not change';
  END IF;
END

-- step
CREATE TRIGGER block_found_fixed BEFORE UPDATE ON block_found FOR EACH ROW
BEGIN
  IF NEW.hash <> OLD.hash OR NEW.height <> OLD.height OR NEW.found_slot <> OLD.found_slot OR NEW.found_at_ms <> OLD.found_at_ms
      OR NEW.finder <> OLD.finder OR NEW.worker <> OLD.worker OR NEW.header <> OLD.header OR NEW.coinbase_tx <> OLD.coinbase_tx
      OR NEW.reward_sat <> OLD.reward_sat OR NEW.fee_bps <> OLD.fee_bps THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'what a found block pays does not change';
  END IF;
  IF NEW.epoch <> OLD.epoch AND NOT (OLD.books = 'accrued' AND NEW.books = 'nothing' AND NEW.epoch = OLD.epoch + 1) THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'a block is credited again only after its credit was reversed';
  END IF;
  IF (OLD.books = 'matured' AND NEW.books <> 'matured') OR (OLD.books = 'accrued' AND NEW.books = 'nothing' AND NEW.epoch = OLD.epoch) THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'a credit is reversed with its epoch, and never once it has matured';
  END IF;
END

-- migration 11

-- step
-- Coins that came into the wallet or left it without a block or payout: two people's word.
CREATE TABLE adjustment (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  direction ENUM('in','out') NOT NULL,
  whose VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  amount_sat BIGINT UNSIGNED NOT NULL,
  reason VARCHAR(190) NOT NULL,
  asked_by VARCHAR(64) NOT NULL,
  asked_at_ms BIGINT UNSIGNED NOT NULL,
  booked_by VARCHAR(64) NULL,
  booked_at_ms BIGINT UNSIGNED NULL,
  CHECK (amount_sat > 0 AND amount_sat <= 2100000000000000),
  CHECK (booked_by IS NULL OR booked_by <> asked_by)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin

-- step
CREATE TRIGGER adjustment_fixed BEFORE UPDATE ON adjustment FOR EACH ROW
BEGIN
  IF OLD.booked_by IS NOT NULL OR NEW.id <> OLD.id OR NEW.direction <> OLD.direction OR NEW.whose <> OLD.whose
      OR NEW.amount_sat <> OLD.amount_sat OR NEW.reason <> OLD.reason OR NEW.asked_by <> OLD.asked_by
      OR NEW.asked_at_ms <> OLD.asked_at_ms THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'what two people say of coins does not change';
  END IF;
END

-- migration 12

-- step
-- Who may read an account that is a name. Only the digest of a secret is kept. Rows are only added,
-- and revoked once.
CREATE TABLE account_token (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  account_id BIGINT UNSIGNED NOT NULL,
  label VARCHAR(64) NOT NULL,
  digest BINARY(32) NOT NULL,
  hashrate BOOL NOT NULL,
  earnings BOOL NOT NULL,
  made_by VARCHAR(64) NOT NULL,
  made_at_ms BIGINT UNSIGNED NOT NULL,
  expires_at_ms BIGINT UNSIGNED NULL,
  revoked_by VARCHAR(64) NULL,
  revoked_at_ms BIGINT UNSIGNED NULL,
  UNIQUE KEY account_token_digest (digest),
  KEY account_token_account (account_id, id),
  CHECK (hashrate = 1 OR earnings = 1),
  CHECK ((revoked_by IS NULL) = (revoked_at_ms IS NULL))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin

-- step
CREATE TRIGGER account_token_fixed BEFORE UPDATE ON account_token FOR EACH ROW
BEGIN
  IF OLD.revoked_at_ms IS NOT NULL OR NEW.id <> OLD.id OR NEW.account_id <> OLD.account_id OR NEW.digest <> OLD.digest
      OR NEW.hashrate <> OLD.hashrate OR NEW.earnings <> OLD.earnings OR NOT (NEW.expires_at_ms <=> OLD.expires_at_ms) THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'a token does not change but by being revoked, once';
  END IF;
END

-- step
ALTER TABLE account_setting ADD COLUMN is_public BOOL NOT NULL DEFAULT 0

-- step
ALTER TABLE books ADD COLUMN access_version BIGINT UNSIGNED NOT NULL DEFAULT 0

-- migration 13

-- step
-- How many blocks an account was expected to find, each share at the difficulty of its time.
ALTER TABLE account_total ADD COLUMN score DECIMAL(38,0) NOT NULL DEFAULT 0

-- step
UPDATE account_total t SET t.score = (SELECT COALESCE(SUM(s.score), 0) FROM slot_account s WHERE s.account_id = t.account_id)

-- migration 14

-- step
-- Of the record at mark: the next one must go on from it.
ALTER TABLE producer ADD COLUMN print BIGINT UNSIGNED NULL

-- migration 15

-- step
-- Payouts whose anchor was spent by something else: two people's word, and what has spent it.
CREATE TABLE payout_writeoff (
  batch_id BIGINT UNSIGNED NOT NULL,
  spent_by BINARY(32) NOT NULL,
  asked_by VARCHAR(64) NOT NULL,
  asked_at_ms BIGINT UNSIGNED NOT NULL,
  approved_by VARCHAR(64) NULL,
  approved_at_ms BIGINT UNSIGNED NULL,
  PRIMARY KEY (batch_id, spent_by),
  CHECK (approved_by IS NULL OR approved_by <> asked_by),
  CHECK ((approved_by IS NULL) = (approved_at_ms IS NULL)),
  FOREIGN KEY (batch_id) REFERENCES payout_batch (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin

-- step
CREATE TRIGGER payout_writeoff_fixed BEFORE UPDATE ON payout_writeoff FOR EACH ROW
BEGIN
  IF OLD.approved_by IS NOT NULL OR NEW.batch_id <> OLD.batch_id OR NEW.spent_by <> OLD.spent_by
      OR NEW.asked_by <> OLD.asked_by OR NEW.asked_at_ms <> OLD.asked_at_ms THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'what people say of a payout that is written off does not change';
  END IF;
END

-- step
-- By the database's own clock, beside locked_until_ms by the server's: a lock ends when both say so.
ALTER TABLE address_change ADD COLUMN lock_ends_ms BIGINT UNSIGNED NULL

-- step
UPDATE address_change SET lock_ends_ms = locked_until_ms WHERE state = 'locked'

-- migration 16

-- step
-- Scores of sealed slots by hour (slot_id DIV 60), for windows: summing each of their slots takes
-- sixty times as long. A copy: verifyledger compares it with the slots.
CREATE TABLE hour_score (
  hour BIGINT UNSIGNED NOT NULL,
  account_id BIGINT UNSIGNED NOT NULL,
  score DECIMAL(38,0) NOT NULL,
  PRIMARY KEY (hour, account_id)
) ENGINE=InnoDB

-- step
CREATE TRIGGER slot_hour_score AFTER INSERT ON slot FOR EACH ROW
  INSERT INTO hour_score (hour, account_id, score)
    SELECT NEW.slot_id DIV 60, s.account_id, SUM(s.score) FROM slot_account s
      WHERE s.slot_id = NEW.slot_id GROUP BY s.account_id
    ON DUPLICATE KEY UPDATE score = hour_score.score + VALUES(score)

-- step
INSERT INTO hour_score (hour, account_id, score)
  SELECT s.slot_id DIV 60, s.account_id, SUM(s.score) FROM slot_account s JOIN slot t ON t.slot_id = s.slot_id
    GROUP BY s.slot_id DIV 60, s.account_id
  ON DUPLICATE KEY UPDATE score = VALUES(score)

-- migration 17

-- step
-- Rows to lock before the first hold.
INSERT IGNORE INTO control (name, value, set_by, at_ms) VALUES ('payouts', '', '', 0), ('release', '', '', 0)

-- step
-- When a payment was last let go: what a day's cap counts. NULL: not yet.
ALTER TABLE payout_batch ADD COLUMN left_at_ms BIGINT UNSIGNED NULL

-- step
UPDATE payout_batch b JOIN payout_tx t ON t.batch_id = b.id AND t.attempt = 1 SET b.left_at_ms = t.made_at_ms
  WHERE b.left_at_ms IS NULL AND b.state IN ('broadcast', 'confirmed', 'cancelling')

-- step
-- What a living server says of its journals: since when one holds records that are not booked (0:
-- it holds none), and when it last said so, by the database's clock.
ALTER TABLE producer ADD COLUMN unbooked_ms BIGINT UNSIGNED NOT NULL DEFAULT 0

-- step
ALTER TABLE producer ADD COLUMN told_at_ms BIGINT UNSIGNED NOT NULL DEFAULT 0

-- step
-- Slot 0 is the seed's, once, before anything is sealed.
CREATE TRIGGER slot_account_open BEFORE INSERT ON slot_account FOR EACH ROW
BEGIN
  DECLARE sealed BIGINT UNSIGNED;
  SELECT sealed_through INTO sealed FROM books WHERE id = 1;
  IF NEW.slot_id <= sealed AND (sealed > 0 OR EXISTS (SELECT 1 FROM slot WHERE slot_id = 0)) THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'a sealed slot takes no new rows';
  END IF;
END

-- step
CREATE TRIGGER slot_open BEFORE INSERT ON slot FOR EACH ROW
BEGIN
  DECLARE sealed BIGINT UNSIGNED;
  SELECT sealed_through INTO sealed FROM books WHERE id = 1;
  IF NEW.slot_id <= sealed AND sealed > 0 THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'a sealed slot is not sealed again';
  END IF;
END

-- step
CREATE TRIGGER slot_root_open BEFORE INSERT ON slot_root FOR EACH ROW
BEGIN
  DECLARE sealed BIGINT UNSIGNED;
  SELECT sealed_through INTO sealed FROM books WHERE id = 1;
  IF NEW.slot_id <= sealed AND (sealed > 0 OR EXISTS (SELECT 1 FROM slot WHERE slot_id = 0)) THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'a sealed slot takes no new rows';
  END IF;
END

-- step
CREATE TRIGGER slot_leaves_kept BEFORE DELETE ON slot_leaves FOR EACH ROW
BEGIN
  IF NOT EXISTS (SELECT 1 FROM slot_root WHERE slot_id = OLD.slot_id AND account_id = OLD.account_id) THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'what an open slot was made of stays';
  END IF;
END

-- step
CREATE TRIGGER slot_account_grows BEFORE UPDATE ON slot_account FOR EACH ROW
BEGIN
  IF NEW.slot_id <> OLD.slot_id OR NEW.account_id <> OLD.account_id OR NEW.site_id <> OLD.site_id OR NEW.shares < OLD.shares
      OR NEW.stale < OLD.stale OR NEW.late < OLD.late OR NEW.work < OLD.work OR NEW.stale_work < OLD.stale_work
      OR NEW.score < OLD.score THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'what was counted stays counted';
  END IF;
END

-- step
CREATE TRIGGER producer_forward BEFORE UPDATE ON producer FOR EACH ROW
BEGIN
  IF NEW.name <> OLD.name OR NEW.mark < OLD.mark OR NEW.watermark_ms < OLD.watermark_ms THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'a producer does not go back';
  END IF;
END

-- step
CREATE TRIGGER books_forward BEFORE UPDATE ON books FOR EACH ROW
BEGIN
  IF NEW.ledger_head <> OLD.ledger_head
      AND NOT EXISTS (SELECT 1 FROM ledger_event WHERE hash = NEW.ledger_head AND prev_hash = OLD.ledger_head) THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the head of the ledger is its newest event';
  END IF;
  IF NEW.site_version < OLD.site_version OR NEW.access_version < OLD.access_version THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'a version does not go back';
  END IF;
END

-- step
CREATE TRIGGER ledger_event_follows BEFORE INSERT ON ledger_event FOR EACH ROW
BEGIN
  IF NEW.prev_hash <> (SELECT ledger_head FROM books WHERE id = 1) THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'an event follows the head of the ledger';
  END IF;
END

-- step
CREATE TRIGGER ledger_account_sane BEFORE INSERT ON ledger_account FOR EACH ROW
BEGIN
  IF NEW.may_go_negative <> 0
      OR NEW.side <> IF(NEW.code LIKE 'asset:%' OR NEW.code LIKE 'expense:%', 'debit', 'credit') THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'an account grows on the side that its code says, and is never overdrawn';
  END IF;
END

-- step
CREATE TRIGGER lease_forward BEFORE UPDATE ON lease FOR EACH ROW
BEGIN
  IF NEW.name <> OLD.name OR NEW.epoch < OLD.epoch THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the epoch of a lease does not go back';
  END IF;
END

-- step
CREATE TRIGGER address_change_fixed BEFORE UPDATE ON address_change FOR EACH ROW
BEGIN
  IF NEW.id <> OLD.id OR NEW.account_id <> OLD.account_id OR NEW.height <> OLD.height OR NEW.message <> OLD.message
      OR NEW.signer <> OLD.signer OR NEW.signature <> OLD.signature OR NEW.asked_by <> OLD.asked_by
      OR NEW.asked_at_ms <> OLD.asked_at_ms THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'what was asked for does not change';
  END IF;
  IF OLD.state <> 'asked' AND NOT (NEW.proof <=> OLD.proof AND NEW.locked_until_ms <=> OLD.locked_until_ms
      AND NEW.lock_ends_ms <=> OLD.lock_ends_ms) THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'a lock on an address is not shortened';
  END IF;
  IF NEW.state <> OLD.state AND NOT (OLD.state = 'asked' AND NEW.state IN ('locked', 'cancelled')
      OR OLD.state = 'locked' AND NEW.state IN ('active', 'cancelled') OR OLD.state = 'active' AND NEW.state = 'replaced') THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'a change of address goes one way';
  END IF;
END

-- step
CREATE TRIGGER payout_batch_road BEFORE UPDATE ON payout_batch FOR EACH ROW
BEGIN
  IF NEW.id <> OLD.id OR NEW.request_id <> OLD.request_id OR NEW.signs <> OLD.signs OR NEW.fee_payer <> OLD.fee_payer
      OR NEW.created_at_ms <> OLD.created_at_ms OR NEW.closed < OLD.closed
      OR COALESCE(NEW.left_at_ms, 0) < COALESCE(OLD.left_at_ms, 0) THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'how a payout was made does not change';
  END IF;
  IF FIELD(NEW.state, 'draft', 'approved', 'built', 'signed', 'broadcast', 'cancelling', 'confirmed', 'cancelled')
      < FIELD(OLD.state, 'draft', 'approved', 'built', 'signed', 'broadcast', 'cancelling', 'confirmed', 'cancelled')
      AND NOT (OLD.state = 'broadcast' AND NEW.state = 'signed') THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'a payout does not go back';
  END IF;
  IF NEW.state NOT IN ('draft', 'approved', 'cancelled') AND NEW.anchor_txid IS NULL THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'a payout on its way has an anchor';
  END IF;
  IF NEW.state <> OLD.state AND OLD.state = 'draft' AND NEW.state <> 'cancelled' AND (NEW.state <> 'approved'
      OR NOT EXISTS (SELECT 1 FROM payout_approval WHERE batch_id = NEW.id AND items_digest = NEW.items_digest
                     AND admin <> NEW.created_by)) THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'a payout is approved by somebody else than its creator';
  END IF;
END

-- migration 18

-- step
-- What accounts and their sites did, for charts: by ten minutes for a month, by hours for two years.
-- period is in ten minutes since 1970; account 0 is the whole pool. A copy of sealed minutes that is
-- rolled up and forgotten: money is never made of it.
CREATE TABLE account_work (
  account_id BIGINT UNSIGNED NOT NULL,
  period BIGINT UNSIGNED NOT NULL,
  site_id BIGINT UNSIGNED NOT NULL,
  shares BIGINT UNSIGNED NOT NULL,
  stale BIGINT UNSIGNED NOT NULL,
  work DECIMAL(38,0) NOT NULL,
  PRIMARY KEY (account_id, period, site_id),
  KEY account_work_period (period)
) ENGINE=InnoDB

-- step
-- How far minutes are copied: all before period, and of period the accounts up to account_id.
CREATE TABLE work_copied (
  id TINYINT UNSIGNED NOT NULL PRIMARY KEY,
  period BIGINT UNSIGNED NOT NULL,
  account_id BIGINT UNSIGNED NOT NULL,
  CHECK (id = 1)
) ENGINE=InnoDB

-- step
INSERT IGNORE INTO work_copied (id, period, account_id) VALUES (1, 0, 0)

-- step
-- All periods of one worker by one look.
ALTER TABLE worker_sum ADD KEY worker_sum_worker (account_id, worker)

-- migration 19

-- step
-- How deep the chain has a payout's transaction, as the wallet said last: for people; 0 while it has
-- none of them, and not counted on once the payout is closed.
ALTER TABLE payout_batch ADD COLUMN confirmations INT UNSIGNED NOT NULL DEFAULT 0

-- step
UPDATE payout_batch SET confirmations = 100 WHERE closed = 1 AND state = 'confirmed'

-- step
-- Of an account's score of an hour, each slot's times twice the depth of the slot's middle in the
-- running sum (2 * cum_score - score): with it an hour in a window needs none of its slots.
ALTER TABLE hour_score ADD COLUMN moment DECIMAL(65,0) NOT NULL DEFAULT 0

-- step
-- All hours of one account by one look.
ALTER TABLE hour_score ADD KEY hour_score_account (account_id, hour)

-- step
DROP TRIGGER IF EXISTS slot_hour_score

-- step
CREATE TRIGGER slot_hour_score AFTER INSERT ON slot FOR EACH ROW
  INSERT INTO hour_score (hour, account_id, score, moment)
    SELECT NEW.slot_id DIV 60, s.account_id, SUM(s.score), SUM(s.score) * (2 * NEW.cum_score - NEW.score)
      FROM slot_account s WHERE s.slot_id = NEW.slot_id GROUP BY s.account_id
    ON DUPLICATE KEY UPDATE score = hour_score.score + VALUES(score), moment = hour_score.moment + VALUES(moment)

-- step
INSERT INTO hour_score (hour, account_id, score, moment)
  SELECT s.slot_id DIV 60, s.account_id, SUM(s.score), SUM(s.score * (2 * t.cum_score - t.score))
    FROM slot_account s JOIN slot t ON t.slot_id = s.slot_id GROUP BY s.slot_id DIV 60, s.account_id
  ON DUPLICATE KEY UPDATE score = VALUES(score), moment = VALUES(moment)

-- migration 20

-- step
-- What a state is reached by, a row may not begin with: before, only UPDATE was held to it.
CREATE TRIGGER payout_batch_begins BEFORE INSERT ON payout_batch FOR EACH ROW
BEGIN
  IF NEW.state <> 'draft' OR NEW.items_digest <> REPEAT(CHAR(0), 32) OR NEW.anchor_txid IS NOT NULL
      OR NEW.anchor_vout IS NOT NULL OR NEW.bump_rate <> 0 OR NEW.left_at_ms IS NOT NULL OR NEW.closed <> 0 THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'a payout begins as a draft';
  END IF;
END

-- step
-- Once the anchor is chosen nobody compares items with their digest any more.
CREATE TRIGGER payout_item_open BEFORE INSERT ON payout_item FOR EACH ROW
BEGIN
  IF NOT EXISTS (SELECT 1 FROM payout_batch WHERE id = NEW.batch_id AND items_digest = REPEAT(CHAR(0), 32)) THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'a payout that has its digest takes no more items';
  END IF;
END

-- step
CREATE TRIGGER payout_writeoff_begins BEFORE INSERT ON payout_writeoff FOR EACH ROW
BEGIN
  IF NEW.approved_by IS NOT NULL THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'a write-off begins with one word';
  END IF;
END

-- step
CREATE TRIGGER adjustment_begins BEFORE INSERT ON adjustment FOR EACH ROW
BEGIN
  IF NEW.booked_by IS NOT NULL OR NEW.booked_at_ms IS NOT NULL THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'coins are booked on a second word';
  END IF;
END

-- step
-- The lock is the first server's accounts.address_lock_hours. By SYSDATE(), which a session cannot
-- set as it can NOW(); the minute is for a statement that waits between the two.
CREATE TRIGGER address_change_begins BEFORE INSERT ON address_change FOR EACH ROW
BEGIN
  IF NEW.state NOT IN ('asked', 'locked') OR NEW.ended_by <> '' OR NEW.ended_at_ms IS NOT NULL
      OR (NEW.state = 'locked' AND (NEW.proof <> 'signature' OR NEW.signature = '')) THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'a change of address begins as a wish, or locked by a signature';
  END IF;
  IF NEW.state = 'locked' AND COALESCE(NEW.lock_ends_ms, 0) < UNIX_TIMESTAMP(SYSDATE(3)) * 1000 - 60000 + 3600000
      * COALESCE((SELECT CAST(value AS UNSIGNED) FROM setting WHERE name = 'address_lock_hours'), 72) THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'a lock on an address has its whole time';
  END IF;
END

-- step
CREATE TRIGGER address_change_waits BEFORE UPDATE ON address_change FOR EACH ROW
BEGIN
  IF OLD.state = 'asked' AND NEW.state = 'locked' THEN
    IF NEW.proof <> 'approvals' OR (SELECT COUNT(*) FROM address_approval
        WHERE change_id = NEW.id AND approver <> NEW.asked_by) < 2 THEN
      SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'without a signature two others approve a change of address';
    END IF;
    IF COALESCE(NEW.lock_ends_ms, 0) < UNIX_TIMESTAMP(SYSDATE(3)) * 1000 - 60000 + 3600000
        * COALESCE((SELECT CAST(value AS UNSIGNED) FROM setting WHERE name = 'address_lock_hours'), 72) THEN
      SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'a lock on an address has its whole time';
    END IF;
  END IF;
  IF OLD.state = 'locked' AND NEW.state = 'active'
      AND (NEW.lock_ends_ms IS NULL OR NEW.lock_ends_ms > UNIX_TIMESTAMP(SYSDATE(3)) * 1000) THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'a change of address holds when its lock has ended';
  END IF;
END

-- step
CREATE TRIGGER account_address_open BEFORE INSERT ON account_address FOR EACH ROW
BEGIN
  IF NOT EXISTS (SELECT 1 FROM address_change WHERE id = NEW.change_id AND state IN ('asked', 'locked'))
      OR NEW.parts + (SELECT COALESCE(SUM(parts), 0) FROM account_address WHERE change_id = NEW.change_id) > 10000 THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'what was asked for does not change';
  END IF;
END

-- migration 21

-- step
-- A name of whoever asks: asked twice with it, there is one entry.
ALTER TABLE adjustment ADD COLUMN request_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  ADD UNIQUE KEY adjustment_request (request_id)

-- step
DROP TRIGGER IF EXISTS adjustment_fixed

-- step
CREATE TRIGGER adjustment_fixed BEFORE UPDATE ON adjustment FOR EACH ROW
BEGIN
  IF OLD.booked_by IS NOT NULL OR NEW.id <> OLD.id OR NEW.direction <> OLD.direction OR NEW.whose <> OLD.whose
      OR NEW.amount_sat <> OLD.amount_sat OR NEW.reason <> OLD.reason OR NEW.asked_by <> OLD.asked_by
      OR NEW.asked_at_ms <> OLD.asked_at_ms OR NOT (NEW.request_id <=> OLD.request_id) THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'what two people say of coins does not change';
  END IF;
END

-- migration 22

-- step
CREATE TRIGGER block_found_begins BEFORE INSERT ON block_found FOR EACH ROW
BEGIN
  IF NEW.state <> 'submitted' OR NEW.books <> 'nothing' OR NEW.epoch <> 1 OR NEW.place <> 'unknown' OR NEW.confirmations <> 0
      OR NEW.rival_confirmations <> 0 OR NEW.window_first IS NOT NULL OR NEW.window_cut IS NOT NULL
      OR NEW.window_score IS NOT NULL THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'a found block begins as submitted';
  END IF;
END

-- step
-- A block that returns after its reversal is credited as it was the first time.
CREATE TRIGGER block_found_road BEFORE UPDATE ON block_found FOR EACH ROW
BEGIN
  IF OLD.books = 'nothing' AND NEW.books = 'matured' THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'a block matures once it is credited';
  END IF;
  IF NEW.state = 'mature' AND NEW.books <> 'matured' THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'a block is mature once its credit is';
  END IF;
  IF (OLD.books <> 'nothing' OR OLD.epoch > 1) AND NOT (NEW.window_first <=> OLD.window_first AND NEW.window_cut <=> OLD.window_cut
      AND NEW.window_score <=> OLD.window_score) THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the window of a block is frozen with its credit';
  END IF;
END

-- step
ALTER TABLE block_found ADD KEY block_found_slot (found_slot)

-- step
-- Terms of a minute that is sealed, or in which or before which a block was found, may have been used
-- (lock_settled). Locked, so that it is read as it is: what a transaction sees otherwise may be hours old.
CREATE TRIGGER fee_schedule_ahead BEFORE INSERT ON fee_schedule FOR EACH ROW
BEGIN
  IF NEW.from_slot <= (SELECT sealed_through FROM books WHERE id = 1 LOCK IN SHARE MODE)
      OR EXISTS (SELECT 1 FROM block_found WHERE found_slot >= NEW.from_slot LOCK IN SHARE MODE) THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'terms change ahead of what is settled';
  END IF;
END

-- step
CREATE TRIGGER donation_schedule_ahead BEFORE INSERT ON donation_schedule FOR EACH ROW
BEGIN
  IF NEW.from_slot <= (SELECT sealed_through FROM books WHERE id = 1 LOCK IN SHARE MODE)
      OR EXISTS (SELECT 1 FROM block_found WHERE found_slot >= NEW.from_slot LOCK IN SHARE MODE) THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'terms change ahead of what is settled';
  END IF;
END

-- step
CREATE TRIGGER window_schedule_ahead BEFORE INSERT ON window_schedule FOR EACH ROW
BEGIN
  IF NEW.from_slot <= (SELECT sealed_through FROM books WHERE id = 1 LOCK IN SHARE MODE)
      OR EXISTS (SELECT 1 FROM block_found WHERE found_slot >= NEW.from_slot LOCK IN SHARE MODE) THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'terms change ahead of what is settled';
  END IF;
END

-- step
-- Before, these three looked at the books as they were when their transaction began to read: whoever
-- kept one open could add to slots that were sealed since.
DROP TRIGGER IF EXISTS slot_account_open

-- step
CREATE TRIGGER slot_account_open BEFORE INSERT ON slot_account FOR EACH ROW
BEGIN
  DECLARE sealed BIGINT UNSIGNED;
  SELECT sealed_through INTO sealed FROM books WHERE id = 1 LOCK IN SHARE MODE;
  IF NEW.slot_id <= sealed AND (sealed > 0 OR EXISTS (SELECT 1 FROM slot WHERE slot_id = 0)) THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'a sealed slot takes no new rows';
  END IF;
END

-- step
DROP TRIGGER IF EXISTS slot_open

-- step
CREATE TRIGGER slot_open BEFORE INSERT ON slot FOR EACH ROW
BEGIN
  DECLARE sealed BIGINT UNSIGNED;
  SELECT sealed_through INTO sealed FROM books WHERE id = 1 LOCK IN SHARE MODE;
  IF NEW.slot_id <= sealed AND sealed > 0 THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'a sealed slot is not sealed again';
  END IF;
END

-- step
DROP TRIGGER IF EXISTS slot_root_open

-- step
CREATE TRIGGER slot_root_open BEFORE INSERT ON slot_root FOR EACH ROW
BEGIN
  DECLARE sealed BIGINT UNSIGNED;
  SELECT sealed_through INTO sealed FROM books WHERE id = 1 LOCK IN SHARE MODE;
  IF NEW.slot_id <= sealed AND (sealed > 0 OR EXISTS (SELECT 1 FROM slot WHERE slot_id = 0)) THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'a sealed slot takes no new rows';
  END IF;
END

-- migration 23

-- step
-- What folds the coinbase to the root in the header, 32 bytes a node; NULL: found before it was kept.
ALTER TABLE block_found ADD COLUMN merkle_branch VARBINARY(1024) NULL

-- step
-- On regtest a slot's score times the running sum may need more than 65 digits, and a trigger that fails
-- seals nothing: the moment of such slots is left out (moment_of_slots; the bound is for 60 of them).
DROP TRIGGER IF EXISTS slot_hour_score

-- step
CREATE TRIGGER slot_hour_score AFTER INSERT ON slot FOR EACH ROW
  INSERT INTO hour_score (hour, account_id, score, moment)
    SELECT NEW.slot_id DIV 60, s.account_id, SUM(s.score),
        IF(NEW.score * 1e0 * NEW.cum_score < 5e62, SUM(s.score) * (2 * NEW.cum_score - NEW.score), 0)
      FROM slot_account s WHERE s.slot_id = NEW.slot_id GROUP BY s.account_id
    ON DUPLICATE KEY UPDATE score = hour_score.score + VALUES(score), moment = hour_score.moment + VALUES(moment)

-- migration 24

-- step
-- As slot_account_open since migration 22: whoever kept a transaction open could change slots that were
-- sealed since.
DROP TRIGGER IF EXISTS slot_account_sealed

-- step
CREATE TRIGGER slot_account_sealed BEFORE UPDATE ON slot_account FOR EACH ROW
BEGIN
  IF LEAST(OLD.slot_id, NEW.slot_id) <= (SELECT sealed_through FROM books WHERE id = 1 LOCK IN SHARE MODE) THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'a sealed slot does not change';
  END IF;
END

-- step
-- Likewise: items could be added to a payout that was approved since.
DROP TRIGGER IF EXISTS payout_item_open

-- step
CREATE TRIGGER payout_item_open BEFORE INSERT ON payout_item FOR EACH ROW
BEGIN
  IF NOT EXISTS (SELECT 1 FROM payout_batch WHERE id = NEW.batch_id AND items_digest = REPEAT(CHAR(0), 32) LOCK IN SHARE MODE) THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'a payout that has its digest takes no more items';
  END IF;
END

-- step
-- And addresses to a change that holds since.
DROP TRIGGER IF EXISTS account_address_open

-- step
CREATE TRIGGER account_address_open BEFORE INSERT ON account_address FOR EACH ROW
BEGIN
  IF NOT EXISTS (SELECT 1 FROM address_change WHERE id = NEW.change_id AND state IN ('asked', 'locked') LOCK IN SHARE MODE)
      OR NEW.parts + (SELECT COALESCE(SUM(parts), 0) FROM account_address WHERE change_id = NEW.change_id) > 10000 THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'what was asked for does not change';
  END IF;
END

-- migration 25

-- step
-- An account's place in the ledger is made with the account: a block that pays a hundred thousand who
-- were never paid before is credited as fast as any other. Of a dump the ledger may be there before.
CREATE TRIGGER account_in_ledger AFTER INSERT ON account FOR EACH ROW
  INSERT IGNORE INTO ledger_account (code, side, member_id)
    VALUES (CONCAT('m:', NEW.id, ':immature'), 'credit', NEW.id)

-- step
INSERT IGNORE INTO ledger_account (code, side, member_id)
  SELECT CONCAT('m:', a.id, ':immature'), 'credit', a.id FROM account a
  WHERE NOT EXISTS (SELECT 1 FROM ledger_account l WHERE l.code = CONCAT('m:', a.id, ':immature'))

-- step
-- Both sides in one statement: each costs a trigger some microseconds, and such a block has a transfer
-- for each of them.
DROP TRIGGER IF EXISTS ledger_transfer_balance

-- step
CREATE TRIGGER ledger_transfer_balance AFTER INSERT ON ledger_transfer FOR EACH ROW
BEGIN
  UPDATE ledger_balance SET debits_sat = debits_sat + IF(account_id = NEW.debit_id, NEW.amount_sat, 0),
      credits_sat = credits_sat + IF(account_id = NEW.credit_id, NEW.amount_sat, 0)
    WHERE account_id IN (NEW.debit_id, NEW.credit_id);
  IF ROW_COUNT() <> 2 THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no balance row for a side of the transfer';
  END IF;
END

-- migration 26

-- step
-- Balances are moved once an event, in one statement for all that it touches: a trigger of its own for
-- each transfer cost a block that pays a hundred thousand more than all the rest. A transfer that does
-- not belong to an event as it became the ledger's head moves nothing (and is found by verifyledger).
DROP TRIGGER IF EXISTS ledger_transfer_balance

-- step
CREATE TRIGGER ledger_head_balances AFTER UPDATE ON books FOR EACH ROW
BEGIN
  DECLARE event BIGINT UNSIGNED;
  IF NEW.ledger_head <> OLD.ledger_head THEN
    SELECT id INTO event FROM ledger_event WHERE hash = NEW.ledger_head;
    IF EXISTS (SELECT 1 FROM ledger_transfer t LEFT JOIN ledger_balance d ON d.account_id = t.debit_id
        LEFT JOIN ledger_balance c ON c.account_id = t.credit_id
        WHERE t.event_id = event AND (d.account_id IS NULL OR c.account_id IS NULL)) THEN
      SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no balance row for a side of a transfer';
    END IF;
    UPDATE ledger_balance b JOIN
      (SELECT account_id, SUM(debit_sat) debits_sat, SUM(credit_sat) credits_sat FROM
        (SELECT debit_id account_id, amount_sat debit_sat, 0 credit_sat FROM ledger_transfer WHERE event_id = event
          UNION ALL SELECT credit_id, 0, amount_sat FROM ledger_transfer WHERE event_id = event) sides
        GROUP BY account_id) m ON m.account_id = b.account_id
      SET b.debits_sat = b.debits_sat + m.debits_sat, b.credits_sat = b.credits_sat + m.credits_sat;
  END IF;
END
