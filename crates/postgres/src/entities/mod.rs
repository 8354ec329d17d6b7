//! SeaORM entities, of the tables that are written row by row. What is read hot, or
//! written by the thousand, is raw SQL in `repositories/` and `bulk/`.

pub(crate) mod companies;
pub(crate) mod users;
