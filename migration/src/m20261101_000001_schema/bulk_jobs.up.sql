-- Bulk uploads: one row per file, and one per row of the file that did not simply become a
-- prediction. Other rows are found by the predictions' (bulk_job_id, bulk_row).

CREATE TABLE bulk_upload_jobs (
  id                  UUID         PRIMARY KEY DEFAULT gen_random_uuid(),
  filename            VARCHAR(255) NOT NULL,                     -- its key in the file store
  original_filename   VARCHAR(255) NOT NULL,
  file_size           BIGINT       NOT NULL CHECK (file_size >= 0),
  file_hash           VARCHAR(64)  CHECK (file_hash ~ '^[0-9a-f]{64}$'),
  status              VARCHAR(20)  NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'processing', 'completed', 'failed', 'cancelled')),
  job_type            VARCHAR(20)  NOT NULL CHECK (job_type IN ('annual', 'quarterly')),
  options             JSONB        NOT NULL DEFAULT '{}',        -- ratio_unit, on_conflict, dry_run, confirm_units, force
  -- owner, job_type, SHA-256 and options in one hash; NULL where a repeat is welcome
  dedup_key           VARCHAR(64),
  file_columns        TEXT[]       NOT NULL DEFAULT '{}',        -- known once it was opened; heads the corrected rows
  -- progress
  total_rows          INTEGER      CHECK (total_rows >= 0),      -- NULL until known
  processed_rows      INTEGER      NOT NULL DEFAULT 0,
  success_count       INTEGER      NOT NULL DEFAULT 0,
  updated_count       INTEGER      NOT NULL DEFAULT 0,
  skipped_count       INTEGER      NOT NULL DEFAULT 0,
  error_count         INTEGER      NOT NULL DEFAULT 0,
  warnings            JSONB        NOT NULL DEFAULT '[]',
  checkpoint          JSONB        NOT NULL DEFAULT '{}',        -- where the next chunk starts
  started_at          TIMESTAMPTZ,
  completed_at        TIMESTAMPTZ,
  cancel_requested_at TIMESTAMPTZ,
  error               JSONB,                                     -- the fault {pointer, code, detail} that ended it
  error_message       TEXT,                                      -- its detail
  processing_logs     JSONB        NOT NULL DEFAULT '[]',
  -- the lease: a chunk commits only while the row still carries its worker's token
  lease_token         UUID,
  lease_expires_at    TIMESTAMPTZ,
  attempts            INTEGER      NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  access_level        VARCHAR(20)  NOT NULL CHECK (access_level IN ('personal', 'organization', 'system')),
  organization_id     UUID,
  created_by          UUID         NOT NULL,
  row_version         BIGINT       NOT NULL DEFAULT 1,
  created_at          TIMESTAMPTZ  NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at          TIMESTAMPTZ  NOT NULL DEFAULT CURRENT_TIMESTAMP,
  owner_key           UUID         NOT NULL GENERATED ALWAYS AS (
    CASE access_level WHEN 'organization' THEN organization_id WHEN 'personal' THEN created_by
         ELSE '00000000-0000-0000-0000-000000000000'::uuid END) STORED,
  CONSTRAINT bulk_jobs_scope CHECK ((access_level = 'organization') = (organization_id IS NOT NULL)),
  CONSTRAINT bulk_jobs_counts CHECK (
    success_count >= 0 AND updated_count >= 0 AND skipped_count >= 0 AND error_count >= 0
    AND processed_rows = success_count + updated_count + skipped_count + error_count
    AND (total_rows IS NULL OR processed_rows <= total_rows)),
  CONSTRAINT bulk_jobs_times CHECK (
    (status <> 'processing' OR started_at IS NOT NULL) AND (status <> 'completed' OR completed_at IS NOT NULL)),
  CONSTRAINT bulk_jobs_lease CHECK (
    (status = 'processing') = (lease_token IS NOT NULL) AND (lease_token IS NULL) = (lease_expires_at IS NULL)),
  CONSTRAINT bulk_jobs_id_owner UNIQUE (id, owner_key),
  CONSTRAINT fk_bulk_jobs_organization FOREIGN KEY (organization_id) REFERENCES organizations (id) ON DELETE CASCADE,
  CONSTRAINT fk_bulk_jobs_created_by FOREIGN KEY (created_by) REFERENCES users (id)
);
CREATE INDEX idx_bulk_jobs_created_at ON bulk_upload_jobs (owner_key, created_at DESC, id DESC);
CREATE INDEX idx_bulk_jobs_created_by ON bulk_upload_jobs (created_by, created_at DESC, id DESC);
CREATE INDEX idx_bulk_jobs_organization_id ON bulk_upload_jobs (organization_id);
CREATE UNIQUE INDEX idx_bulk_jobs_file_hash ON bulk_upload_jobs (owner_key, dedup_key) WHERE dedup_key IS NOT NULL;
CREATE INDEX idx_bulk_jobs_status ON bulk_upload_jobs (owner_key, created_at, id) WHERE status IN ('pending', 'processing');  -- what a claim reads
CREATE INDEX idx_bulk_jobs_owner_started ON bulk_upload_jobs (owner_key, started_at);  -- when this owner was last served
CREATE INDEX idx_bulk_jobs_processing ON bulk_upload_jobs (lease_expires_at) WHERE status = 'processing';  -- expired leases

CREATE TABLE bulk_upload_rows (
  job_id         UUID        NOT NULL,
  row_number     INTEGER     NOT NULL CHECK (row_number > 0),
  status         VARCHAR(10) NOT NULL CHECK (status IN ('ok', 'error', 'skipped', 'updated')),
  code           VARCHAR(60),                 -- why: out_of_range, duplicate, not_writable …
  problem        JSONB,
  source         TEXT,                        -- the line as it came, for the corrected upload
  prediction_id  UUID,                        -- the one already there, or the one updated
  old_values     JSONB,                       -- what an update replaced
  -- of a dry run's ok line, which makes no prediction that a later line could meet
  company_period VARCHAR(40),
  raw_ratios     JSONB,
  owner_key      UUID        NOT NULL,        -- its job's, so that the policy needs no join
  CONSTRAINT bulk_upload_rows_pkey PRIMARY KEY (job_id, row_number),
  CONSTRAINT bulk_upload_rows_outcome CHECK (
    CASE status WHEN 'updated' THEN prediction_id IS NOT NULL
                WHEN 'ok' THEN company_period IS NOT NULL AND raw_ratios IS NOT NULL AND old_values IS NULL
                ELSE code IS NOT NULL AND old_values IS NULL END),
  CONSTRAINT fk_bulk_upload_rows_job FOREIGN KEY (job_id, owner_key) REFERENCES bulk_upload_jobs (id, owner_key) ON DELETE CASCADE
);
CREATE INDEX idx_bulk_upload_rows_company_period ON bulk_upload_rows (job_id, company_period) WHERE company_period IS NOT NULL;
