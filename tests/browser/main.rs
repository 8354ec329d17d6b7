//! The console in a real browser: whole stories of its users, every page in both themes, and
//! what strangers write as names. Few tests, since each has a browser of its own.

mod kit;
mod pages;
mod pictures;
mod stories;
