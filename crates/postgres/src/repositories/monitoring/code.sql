CASE WHEN p.{x} IS NULL THEN -1
     WHEN p.{x} <= {min} THEN CASE WHEN '{x}:clamped_low' = ANY (p.flags) THEN -3 ELSE -2 END
     WHEN p.{x} >= {max} THEN
       CASE WHEN p.flags && ARRAY['{x}:clamped_high', '{x}:non_positive_denominator'] THEN -5 ELSE -4 END
     ELSE width_bucket(p.{x}, e.e{at}) END AS c{at},
