//! Text columns that contain the name of a value of the domain.

use std::{fmt::Display, str::FromStr};

use accunode_domain::fault::UnknownName;
use sea_orm::{
    ActiveValue, ColIdx, IntoActiveValue, QueryResult, TryGetError, TryGetable, Value,
    sea_query::{ArrayType, ColumnType, Nullable, ValueType, ValueTypeErr},
};

/// The value of a text column that contains a name of `T`.
///
/// A name that `T` does not have is kept as an error and does not fail the statement, so that
/// the conversion of the row can report the table, the column and the row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named<T>(Result<T, UnknownName>);

impl<T> Named<T> {
    /// Returns the value.
    ///
    /// # Errors
    /// If the column contains a name that `T` does not have.
    pub(crate) fn value(self) -> Result<T, UnknownName> {
        self.0
    }
}

impl<T> From<T> for Named<T> {
    fn from(value: T) -> Self {
        Self(Ok(value))
    }
}

impl<T: Display> From<Named<T>> for Value {
    fn from(named: Named<T>) -> Self {
        match named.0 {
            Ok(value) => value.to_string(),
            Err(unknown) => unknown.value,
        }
        .into()
    }
}

impl<T: FromStr<Err = UnknownName>> TryGetable for Named<T> {
    fn try_get_by<I: ColIdx>(row: &QueryResult, column: I) -> Result<Self, TryGetError> {
        let text = String::try_get_by(row, column)?;
        Ok(Self(text.parse()))
    }
}

impl<T: FromStr<Err = UnknownName>> ValueType for Named<T> {
    fn try_from(value: Value) -> Result<Self, ValueTypeErr> {
        let text = <String as ValueType>::try_from(value)?;
        Ok(Self(text.parse()))
    }

    fn type_name() -> String {
        String::type_name()
    }

    fn array_type() -> ArrayType {
        String::array_type()
    }

    fn column_type() -> ColumnType {
        String::column_type()
    }
}

impl<T> Nullable for Named<T> {
    fn null() -> Value {
        String::null()
    }
}

impl<T> IntoActiveValue<Self> for Named<T>
where
    Value: From<Self>,
{
    fn into_active_value(self) -> ActiveValue<Self> {
        ActiveValue::Set(self)
    }
}
