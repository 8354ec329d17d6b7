-- Validation reports. A row is requested, completed once by its job, which has the same id, and
-- signed off once by another user; nothing else of it ever changes.
CREATE TABLE validation_reports (
  id               UUID         PRIMARY KEY DEFAULT gen_random_uuid(),
  kind             VARCHAR(20)  NOT NULL CHECK (kind IN ('annual', 'quarterly')),
  request          JSONB        NOT NULL,               -- what the same report can be made from again
  status           VARCHAR(20)  NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'processing', 'completed', 'failed', 'cancelled')),
  error            JSONB,                               -- the fault {pointer, code, detail} that ended it
  verdict          VARCHAR(20)  CHECK (verdict IN ('undetermined', 'unobtrusive', 'attention', 'breach')),
  sample_sha256    VARCHAR(64)  CHECK (sample_sha256 ~ '^[0-9a-f]{64}$'),
  sample_rows      BIGINT       CHECK (sample_rows >= 0),
  report_sha256    VARCHAR(64)  CHECK (report_sha256 ~ '^[0-9a-f]{64}$'),
  code_version     VARCHAR(40),
  finished_at      TIMESTAMPTZ,
  assessment       SMALLINT     CHECK (assessment BETWEEN 1 AND 4),
  comment          VARCHAR(2000),
  signed_off_by    UUID,
  signed_off_at    TIMESTAMPTZ,
  organization_id  UUID,
  access_level     VARCHAR(20)  NOT NULL CHECK (access_level IN ('personal', 'organization', 'system')),
  created_by       UUID         NOT NULL,
  row_version      BIGINT       NOT NULL DEFAULT 1,
  created_at       TIMESTAMPTZ  NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at       TIMESTAMPTZ  NOT NULL DEFAULT CURRENT_TIMESTAMP,
  owner_key        UUID         NOT NULL GENERATED ALWAYS AS (
    CASE access_level WHEN 'organization' THEN organization_id WHEN 'personal' THEN created_by
         ELSE '00000000-0000-0000-0000-000000000000'::uuid END) STORED,
  CONSTRAINT validation_reports_scope CHECK ((access_level = 'organization') = (organization_id IS NOT NULL)),
  CONSTRAINT validation_reports_result CHECK (
    num_nonnulls(verdict, sample_sha256, sample_rows, report_sha256, code_version, finished_at)
      = CASE status WHEN 'completed' THEN 6 ELSE 0 END),
  CONSTRAINT validation_reports_signed CHECK (num_nonnulls(assessment, comment, signed_off_by, signed_off_at) IN (0, 4)),
  CONSTRAINT validation_reports_signed_when_completed CHECK (signed_off_by IS NULL OR status = 'completed'),
  -- whoever made it, and whatever their role
  CONSTRAINT validation_reports_four_eyes CHECK (signed_off_by <> created_by),
  CONSTRAINT fk_validation_reports_organization FOREIGN KEY (organization_id) REFERENCES organizations (id) ON DELETE CASCADE,
  CONSTRAINT fk_validation_reports_created_by FOREIGN KEY (created_by) REFERENCES users (id),
  CONSTRAINT fk_validation_reports_signed_off_by FOREIGN KEY (signed_off_by) REFERENCES users (id)
);
CREATE INDEX idx_validation_reports_owner_created ON validation_reports (owner_key, created_at DESC, id DESC);
CREATE INDEX idx_validation_reports_created_at ON validation_reports (created_at DESC, id DESC) WHERE access_level = 'organization';
CREATE INDEX idx_validation_reports_created_by ON validation_reports (created_by, created_at DESC, id DESC);
CREATE INDEX idx_validation_reports_organization_id ON validation_reports (organization_id);
CREATE INDEX idx_validation_reports_signed_off_by ON validation_reports (signed_off_by) WHERE signed_off_by IS NOT NULL;

-- The report, and the sample from which it was computed: gzip, in parts that can be read
-- separately. They are written with the result, in its transaction, and never changed.
CREATE TABLE validation_files (
  report_id UUID        NOT NULL,
  name      VARCHAR(20) NOT NULL CHECK (name IN ('sample.csv', 'report.json', 'report.md')),
  part      INTEGER     NOT NULL CHECK (part >= 0),
  content   BYTEA       NOT NULL,
  CONSTRAINT validation_files_pkey PRIMARY KEY (report_id, name, part),
  CONSTRAINT fk_validation_files_report FOREIGN KEY (report_id) REFERENCES validation_reports (id) ON DELETE CASCADE
);
ALTER TABLE validation_files ALTER COLUMN content SET STORAGE EXTERNAL;

CREATE FUNCTION validation_reports_before_update() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  same validation_reports := OLD;
BEGIN
  same.owner_key := NEW.owner_key;  -- generated after this trigger
  IF OLD.status = 'completed' THEN
    IF OLD.signed_off_by IS NULL THEN
      same.assessment := NEW.assessment;
      same.comment := NEW.comment;
      same.signed_off_by := NEW.signed_off_by;
      same.signed_off_at := NEW.signed_off_at;
    END IF;
  ELSE
    same.status := NEW.status;
    same.error := NEW.error;
    same.verdict := NEW.verdict;
    same.sample_sha256 := NEW.sample_sha256;
    same.sample_rows := NEW.sample_rows;
    same.report_sha256 := NEW.report_sha256;
    same.code_version := NEW.code_version;
    same.finished_at := NEW.finished_at;
  END IF;
  IF NEW IS DISTINCT FROM same THEN
    RAISE EXCEPTION 'a report is completed once and signed off once, and nothing else of it changes'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'validation_reports_immutable', TABLE = 'validation_reports';
  END IF;
  NEW.updated_at := clock_timestamp();
  NEW.row_version := OLD.row_version + 1;
  RETURN NEW;
END $$;
CREATE TRIGGER trg_validation_reports_touch BEFORE UPDATE ON validation_reports FOR EACH ROW EXECUTE FUNCTION validation_reports_before_update();

-- A report has the state of its job, whatever changes that: the worker, the queue, or its creator.
CREATE FUNCTION validation_reports_follow_jobs() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  UPDATE validation_reports SET status = NEW.status, error = NEW.error
   WHERE id = NEW.id AND status <> 'completed' AND NEW.status <> 'completed';
  RETURN NULL;
END $$;
CREATE TRIGGER trg_bulk_jobs_validation_reports AFTER UPDATE OF status ON bulk_upload_jobs
  FOR EACH ROW WHEN (NEW.status IS DISTINCT FROM OLD.status) EXECUTE FUNCTION validation_reports_follow_jobs();

ALTER TABLE validation_reports ENABLE ROW LEVEL SECURITY;
CREATE POLICY validation_reports_read ON validation_reports FOR SELECT TO accunode_server USING (
  owner_key = ANY ((SELECT actor_owner_keys())::uuid[])
  OR (access_level <> 'personal' AND (SELECT actor_is_super()))
  OR id = (SELECT actor_break_glass()));
CREATE POLICY validation_reports_insert ON validation_reports FOR INSERT TO accunode_server WITH CHECK (CASE access_level
  WHEN 'personal' THEN created_by = (SELECT actor_id())
  WHEN 'organization' THEN organization_id = ANY ((SELECT actor_admin_keys())::uuid[]) OR (SELECT actor_is_super())
  ELSE (SELECT actor_is_super()) END);
-- Its creator completes it, through the worker; another user signs off a completed report.
CREATE POLICY validation_reports_update ON validation_reports FOR UPDATE TO accunode_server USING (
  (created_by = (SELECT actor_id())) = (status <> 'completed')
  AND CASE access_level
    WHEN 'personal' THEN created_by = (SELECT actor_id())
    WHEN 'organization' THEN organization_id = ANY ((SELECT actor_admin_keys())::uuid[]) OR (SELECT actor_is_super())
    ELSE (SELECT actor_is_super()) END)
  WITH CHECK (CASE access_level
    WHEN 'personal' THEN created_by = (SELECT actor_id())
    WHEN 'organization' THEN organization_id = ANY ((SELECT actor_admin_keys())::uuid[]) OR (SELECT actor_is_super())
    ELSE (SELECT actor_is_super()) END);
-- Only when an account is deleted with all its personal rows.
CREATE POLICY validation_reports_delete ON validation_reports FOR DELETE TO accunode_server USING (
  access_level = 'personal' AND created_by = (SELECT actor_id()));

ALTER TABLE validation_files ENABLE ROW LEVEL SECURITY;
CREATE POLICY validation_files_read ON validation_files FOR SELECT TO accunode_server
  USING (EXISTS (SELECT FROM validation_reports r WHERE r.id = report_id));
CREATE POLICY validation_files_insert ON validation_files FOR INSERT TO accunode_server
  WITH CHECK (EXISTS (SELECT FROM validation_reports r
    WHERE r.id = report_id AND r.status <> 'completed' AND r.created_by = (SELECT actor_id())));

GRANT SELECT, INSERT, DELETE ON validation_reports TO accunode_server;
GRANT UPDATE (status, error, verdict, sample_sha256, sample_rows, report_sha256, code_version, finished_at,
  assessment, comment, signed_off_by, signed_off_at) ON validation_reports TO accunode_server;
GRANT SELECT, INSERT ON validation_files TO accunode_server;
