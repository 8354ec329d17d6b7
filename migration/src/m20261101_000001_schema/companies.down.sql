DROP TABLE companies;

-- Where an administrator installed it beforehand it is not ours to drop.
DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm' AND pg_get_userbyid(extowner) = current_user) THEN
    DROP EXTENSION pg_trgm;
  END IF;
END $$;
