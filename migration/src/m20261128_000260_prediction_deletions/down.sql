DROP TRIGGER trg_annual_deletions ON annual_predictions;
DROP TRIGGER trg_quarterly_deletions ON quarterly_predictions;
DROP FUNCTION annual_deletions_keep();
DROP FUNCTION quarterly_deletions_keep();
DROP TABLE prediction_deletions;
