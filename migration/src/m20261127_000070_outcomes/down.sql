DROP TABLE outcome_coverage, outcomes;
DROP FUNCTION outcomes_before_update(), check_outcome_organization_consistency();
