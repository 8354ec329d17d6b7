DROP TABLE quarterly_predictions, annual_predictions;
