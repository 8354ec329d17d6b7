UPDATE outcomes
   SET withdrawn_at = CURRENT_TIMESTAMP, withdrawn_by = $2, withdrawn_reason = $3
 WHERE id = ANY ($1) AND withdrawn_at IS NULL
