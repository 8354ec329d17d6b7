//! The query parameters that select a page of a list: its order, its start and its length.

use std::marker::PhantomData;

use accunode_domain::{
    fault::Fault,
    id::JobId,
    page::{Cursor, Limit, Sort},
};
use serde::de::DeserializeOwned;
use utoipa::openapi::{RefOr, Schema, path};

use super::cursor::{MAX_CURSOR, decode, invalid_cursor, is_sound};
use crate::http::query::{self, CURSOR, Parameter, Params, Query};

/// The start of a page, and its number of rows.
#[derive(Clone, Debug)]
pub(crate) struct Start<C = Cursor> {
    pub(crate) limit: Limit,
    pub(crate) after: Option<C>,
}

/// The orders of a list; the first is the default.
pub(crate) trait Orders: 'static {
    const ORDERS: &'static [Sort];
}

/// The requested order of a list, of those that it has.
#[derive(Debug)]
struct Order<O>(Sort, PhantomData<O>);

impl<O: Orders> Parameter for Order<O> {
    fn schema() -> RefOr<Schema> {
        let names = O::ORDERS.iter().map(|sort| sort.as_str());
        query::text().enum_values(Some(names)).into()
    }

    fn read(pointer: &str, text: &str) -> Result<Self, Fault> {
        let found = O::ORDERS.iter().find(|sort| sort.as_str() == text);
        let names = || {
            O::ORDERS
                .iter()
                .map(|sort| sort.as_str())
                .collect::<Vec<_>>()
        };
        found
            .map(|sort| Self(*sort, PhantomData))
            .ok_or_else(|| query::unknown(pointer, text, &names()))
    }
}

/// A cursor as it was issued, not yet decoded.
#[derive(Debug)]
struct Opaque(String);

impl Parameter for Opaque {
    const EMPTY_IS_NONE: bool = true;

    fn schema() -> RefOr<Schema> {
        query::text()
            .max_length(Some(MAX_CURSOR))
            .pattern(Some("^[A-Za-z0-9_-]*$"))
            .into()
    }

    fn read(_: &str, text: &str) -> Result<Self, Fault> {
        Ok(Self(text.to_owned()))
    }
}

const ABOUT_LIMIT: &str = "The number of rows of a page";
const ABOUT_CURSOR: &str = "`next_cursor` of the page before";

/// The parameters of a list by key: `limit`, `cursor`, and `sort` if it has several orders.
#[derive(Debug)]
pub(crate) struct Paging<O> {
    sort: Sort,
    start: Start,
    of: PhantomData<O>,
}

impl<O> Clone for Paging<O> {
    fn clone(&self) -> Self {
        Self {
            sort: self.sort,
            start: self.start.clone(),
            of: PhantomData,
        }
    }
}

impl<O> Paging<O> {
    /// Returns the start of the requested page.
    pub(crate) fn start(&self) -> Start {
        self.start.clone()
    }

    /// Returns the requested order.
    pub(crate) const fn sort(&self) -> Sort {
        self.sort
    }
}

impl<O: Orders> Query for Paging<O> {
    fn parameters() -> Vec<path::Parameter> {
        let mut all = limit_and_cursor();
        if let [first, _, ..] = O::ORDERS {
            let about = "The order: `created_at` is newest first, `pd` riskiest first, \
                         `name` and `symbol` A to Z, `updated_at` oldest change first, with a \
                         `next_cursor` on every page that has rows";
            let default = Some(first.as_str().into());
            all.insert(0, query::document::<Order<O>>("sort", about, default));
        }
        all
    }

    fn take(params: &mut Params) -> Self {
        let default = O::ORDERS.first().copied().unwrap_or_default();
        let sort = match O::ORDERS {
            [_, _, ..] => params.read::<Order<O>>("sort").map(|order| order.0),
            _ => None,
        };
        let sort = sort.unwrap_or(default);
        let Start { limit, after } = take_start::<Cursor>(params);
        let after = after.filter(|cursor| {
            let is_right = cursor.sort == sort && is_sound(cursor);
            if !is_right {
                params.note(invalid_cursor());
            }
            is_right
        });
        Self {
            sort,
            start: Start { limit, after },
            of: PhantomData,
        }
    }
}

/// The parameters of a list whose cursors have another form.
#[derive(Clone, Debug)]
pub(crate) struct OwnPaging<C>(pub(crate) Start<C>);

impl<C: DeserializeOwned> Query for OwnPaging<C> {
    fn parameters() -> Vec<path::Parameter> {
        limit_and_cursor()
    }

    fn take(params: &mut Params) -> Self {
        Self(take_start(params))
    }
}

fn limit_and_cursor() -> Vec<path::Parameter> {
    let default = Limit::default().get().into();
    vec![
        query::document::<Limit>("limit", ABOUT_LIMIT, Some(default)),
        query::document::<Opaque>(CURSOR, ABOUT_CURSOR, None),
    ]
}

fn take_start<C: DeserializeOwned>(params: &mut Params) -> Start<C> {
    Start {
        limit: params.read("limit").unwrap_or_default(),
        after: params
            .read::<Opaque>(CURSOR)
            .and_then(|Opaque(text)| decode(&text).map_err(|fault| params.note(fault)).ok()),
    }
}

macro_rules! paging_params {
    ($($name:ident<$of:ident: $bound:ident>),+) => {$(
        impl<$of: $bound> utoipa::IntoParams for $name<$of> {
            fn into_params(_: impl Fn() -> Option<path::ParameterIn>) -> Vec<path::Parameter> {
                Self::parameters()
            }
        }
    )+};
}

paging_params!(Paging<O: Orders>, OwnPaging<C: DeserializeOwned>);

/// Newest first, and no other order.
#[derive(Debug)]
pub(crate) struct NewestFirst;

impl Orders for NewestFirst {
    const ORDERS: &'static [Sort] = &[Sort::CreatedAt];
}

/// A to Z by name, and no other order.
#[derive(Debug)]
pub(crate) struct ByName;

impl Orders for ByName {
    const ORDERS: &'static [Sort] = &[Sort::Name];
}

/// Newest first, or A to Z by name.
#[derive(Debug)]
pub(crate) struct NewestOrByName;

impl Orders for NewestOrByName {
    const ORDERS: &'static [Sort] = &[Sort::CreatedAt, Sort::Name];
}

/// The rows that a job changed are listed in the order of changes, which has an index for it.
pub(crate) fn of_job(job: Option<JobId>, sort: Sort) -> Option<Fault> {
    (job.is_some() && sort != Sort::UpdatedAt).then(|| {
        let detail =
            "what a job changed is listed in the order of changes; send sort=updated_at, too";
        Fault::new("/changed_by_job", "contradiction", detail)
    })
}
