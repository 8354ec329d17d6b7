DROP TABLE companies;

-- If an administrator installed it before, it must not be dropped.
DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm' AND pg_get_userbyid(extowner) = current_user) THEN
    DROP EXTENSION pg_trgm;
  END IF;
END $$;
