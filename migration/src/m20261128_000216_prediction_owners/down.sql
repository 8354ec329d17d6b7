DROP TRIGGER trg_annual_owners ON annual_predictions;
DROP TRIGGER trg_quarterly_owners ON quarterly_predictions;
DROP FUNCTION annual_owners_keep();
DROP FUNCTION quarterly_owners_keep();
DROP TABLE annual_prediction_owners;
DROP TABLE quarterly_prediction_owners;
