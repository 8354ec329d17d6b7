//! Limits on the resources of one owner, and on the mails that users can cause.

use std::ops::RangeInclusive;

use accunode_ports::budgets::MinFree;
use serde::{Serialize, Serializer};

use super::{
    layers::Layers,
    read::{MIB, parse_bytes, parse_within},
};

/// The limits of one user or organization; 0 is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct BudgetsConfig {
    /// Open event streams in one process.
    pub event_streams: u32,
    /// Open event streams of all members of one organization, in one process.
    pub event_streams_per_organization: u32,
    /// Open event streams of one user, in one process.
    pub event_streams_per_user: u32,
    /// Bytes of the stored files of one owner.
    pub file_bytes: u64,
    /// Stored uploads and rescorings of one owner.
    pub jobs: u32,
    /// Uploads and rescorings of one owner that have not ended.
    pub open_jobs: u32,
    /// Stored failed and skipped rows of one upload.
    pub rows_per_job: u32,
    /// Stored failed and skipped rows of one owner.
    pub rows_per_owner: u32,
}

/// The limits on mails that users can cause; 0 is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct MailsConfig {
    /// Mails of one kind to one address in a day.
    pub per_address_per_day: u32,
    /// Mails of one kind to one address in a minute.
    pub per_address_per_minute: u32,
    /// Mails of all users of one organization in a day.
    pub per_organization_per_day: u32,
    /// Mails of one user, or of one network address if the caller is not signed in, in a
    /// day.
    pub per_sender_per_day: u32,
}

const COUNT: RangeInclusive<u32> = 0..=1_000_000_000;

pub(super) fn read_budgets(layers: &mut Layers) -> BudgetsConfig {
    let mut read = |key: &str, default: u32| {
        let rule = "must be a number up to 1000000000, 0 for no limit";
        layers
            .read(key, rule, |text| parse_within(text, COUNT))
            .unwrap_or(default)
    };
    BudgetsConfig {
        event_streams: read("budgets.event_streams", 1_000),
        event_streams_per_organization: read("budgets.event_streams_per_organization", 100),
        event_streams_per_user: read("budgets.event_streams_per_user", 10),
        jobs: read("budgets.jobs", 2_000),
        open_jobs: read("budgets.open_jobs", 50),
        rows_per_job: read("budgets.rows_per_job", 100_000),
        rows_per_owner: read("budgets.rows_per_owner", 1_000_000),
        file_bytes: layers
            .read(
                "budgets.file_bytes",
                "must be a number of bytes such as 20GiB, 0 for no limit",
                |text| parse_bytes(text).filter(|bytes| i64::try_from(*bytes).is_ok()),
            )
            .unwrap_or(20 * 1024 * MIB),
    }
}

pub(super) fn read_mails(layers: &mut Layers) -> MailsConfig {
    let mut read = |key: &str, default: u32| {
        let rule = "must be a number of mails up to 1000000000, 0 for no limit";
        layers
            .read(key, rule, |text| parse_within(text, COUNT))
            .unwrap_or(default)
    };
    MailsConfig {
        per_address_per_day: read("mails.per_address_per_day", 10),
        per_address_per_minute: read("mails.per_address_per_minute", 1),
        per_organization_per_day: read("mails.per_organization_per_day", 500),
        per_sender_per_day: read("mails.per_sender_per_day", 100),
    }
}

/// The minimum of free disk space, as configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MinFreeDisk(pub MinFree);

impl Serialize for MinFreeDisk {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            MinFree::Bytes(bytes) => serializer.collect_str(&bytes),
            MinFree::Percent(percent) => serializer.collect_str(&format_args!("{percent}%")),
        }
    }
}

pub(super) fn read_min_free_disk(layers: &mut Layers) -> MinFreeDisk {
    let rule = "must be a number of bytes such as 1GiB, or a share of the disk such as 5%; 0 \
                switches the check off";
    let read = layers.read("min_free_disk", rule, |text| match text.strip_suffix('%') {
        Some(share) => parse_within(share.trim(), 0..=99).map(MinFree::Percent),
        None => parse_bytes(text).map(MinFree::Bytes),
    });
    MinFreeDisk(read.unwrap_or(MinFree::Bytes(1024 * MIB)))
}
