DROP TRIGGER trg_annual_revisions ON annual_predictions;
DROP TRIGGER trg_quarterly_revisions ON quarterly_predictions;
DROP FUNCTION annual_revisions_keep(), quarterly_revisions_keep(), actor_job();
DROP TABLE annual_prediction_revisions, quarterly_prediction_revisions;
